"""The bar below the line: what the settings name, such as the model, how full its window is, and what was spent."""

from collections.abc import Callable

from msgspec import Struct
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth

from modules.chat.command import ChatContext
from modules.chat.output.layout import cut
from modules.chat.start.startup import short_folder
from modules.chat.wording.model_summary import compact
from modules.chat.wording.phrases import total
from modules.session.budget import dollars
from modules.text.sanitize import clean

NEARLY_FULL = 80  # percent of the window, from which on the bar warns
LONGEST_TITLE = 30
BETWEEN = " · "
QUIET, WARNING = "class:bar", "class:warning"


class Part(Struct, frozen=True):
    """What stands between two points. One with a `short` form warns: it is there last, and where need be in that."""

    words: str
    short: str = ""


def bar(context: ChatContext, columns: int) -> StyleAndTextTuples:
    """What there is room for in so many columns; what does not fit is left out from the right, a warning last."""
    parts = _fitted(_parts(context), columns)
    found: StyleAndTextTuples = []
    left = max(1, columns - 1)
    for at, part in enumerate(parts):
        found += [(QUIET, BETWEEN)] if at else []
        found.append((WARNING if part.short else QUIET, cut(part.words, left)))
        left -= get_cwidth(part.words) + len(BETWEEN)
    return found


def _parts(context: ChatContext) -> list[Part]:
    """All that is to be shown: what the settings name, and whatever warns besides."""
    shown = context.config.settings.screen.status
    found = [(name, ITEMS[name](context)) for name in (*shown, *(name for name in ITEMS if name not in shown))]
    parts = [part for name, part in found if part.words and (part.short or name in shown)]
    if context.edited is not None:
        parts.insert(1, Part("edits a question"))
    return parts


def _fitted(parts: list[Part], columns: int) -> list[Part]:
    """Those that there is room for: the first and the warnings go last."""
    while not _fits(parts, columns):
        at = next((at for at in range(len(parts) - 1, 0, -1) if not parts[at].short), 0)
        if not at:
            break
        parts = [*parts[:at], *parts[at + 1 :]]
    if _fits(parts, columns) or not any(part.short for part in parts):
        return parts
    parts = [Part(part.short or part.words, part.short) for part in parts]
    if not _fits(parts, columns) and not parts[0].short:
        room = columns - 1 - sum(get_cwidth(part.words) + len(BETWEEN) for part in parts[1:])
        parts = [*([Part(cut(parts[0].words, room))] if room > 1 else []), *parts[1:]]
    while len(parts) > 1 and not _fits(parts, columns):
        parts = parts[:-1]
    return parts


def _fits(parts: list[Part], columns: int) -> bool:
    return get_cwidth(BETWEEN.join(part.words for part in parts)) < columns


def _window(context: ChatContext) -> Part:
    """How full the window is, and that it is nearly full in few words."""
    conversation = context.conversation
    reader = conversation.reader(conversation.model)
    used, window = conversation.tokens(tools=context.tooling.specs(reader)), reader.window
    if not window:
        return Part(f"{compact(used)} tokens" if used else "")
    percent = 100 * used // window
    words = f"{compact(used)} of {compact(window)} ({percent}%)"
    if percent < NEARLY_FULL:
        return Part(words)
    full = "nearly full" if used < window else "too long"
    return Part(f"{words}, {full}: /context", f"{percent}%, {full}")


def _reasoning(context: ChatContext) -> Part:
    level = context.conversation.reasoning
    return Part(f"reasoning {level}" if level else "")


def _attached(context: ChatContext) -> Part:
    return Part(f"{len(context.attachments)} attached" if context.attachments else "")


def _budget(context: ChatContext) -> Part:
    """The limit that is nearly reached, or reached."""
    use = None if context.budget is None else context.budget.nearly(context.conversation)
    if use is None:
        return Part("")
    percent = int(100 * use.spent / use.limit)
    return Part(f"{use.period} {dollars(use.spent)} of {dollars(use.limit)} ({percent}%)", f"{use.period} {percent}%")


# What each word of the setting stands for; a test holds that none is missing.
ITEMS: dict[str, Callable[[ChatContext], Part]] = {
    "model": lambda context: Part(clean(context.conversation.model.full_name)),
    "window": _window,
    "cost": lambda context: Part(total(context.conversation.costs)),
    "reasoning": _reasoning,
    "tools": lambda context: Part("" if context.tooling.enabled else "tools off"),
    "attached": _attached,
    "budget": _budget,
    "folder": lambda context: Part(clean(short_folder(context.conversation.folder))),
    "title": lambda context: Part(cut(clean(context.conversation.title), LONGEST_TITLE)),
}
