"""The bar below the line: the model, how full its window is, what was spent."""

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth

from modules.chat.command import ChatContext
from modules.chat.output.layout import cut
from modules.chat.wording.model_summary import compact
from modules.chat.wording.phrases import total
from modules.text.sanitize import clean

NEARLY_FULL = 80  # percent of the window, from which on the bar warns
BETWEEN = " · "
QUIET, WARNING = "class:bar", "class:warning"


def bar(context: ChatContext, columns: int) -> StyleAndTextTuples:
    """What there is room for in so many columns; what does not fit is left out from the right, a warning last."""
    conversation = context.conversation
    parts = [clean(conversation.model.full_name)]
    window, short = _window(context)
    parts += [window] if window else []
    parts += filter(None, [total(conversation.costs)])
    if conversation.reasoning:
        parts.append(f"reasoning {conversation.reasoning}")
    if not context.tooling.enabled:
        parts.append("tools off")
    if context.edited is not None:
        parts.insert(1, "edits a question")
    if context.attachments:
        parts.append(f"{len(context.attachments)} attached")
    while len(parts) > 1 and parts[-1] != (window if short else "") and not _fits(parts, columns):
        parts.pop()
    if short and not _fits(parts, columns):
        parts, window = [*parts[:-1], short], short
        if not _fits(parts, columns):
            room = columns - 1 - get_cwidth(short) - len(BETWEEN)
            parts = [cut(parts[0], room), short] if room > 1 else [short]
    found: StyleAndTextTuples = []
    left = max(1, columns - 1)
    for at, part in enumerate(parts):
        style = WARNING if short and part == window else QUIET
        found += [(QUIET, BETWEEN)] if at else []
        found.append((style, cut(part, left)))
        left -= get_cwidth(part) + len(BETWEEN)
    return found


def _window(context: ChatContext) -> tuple[str, str]:
    """How full the window is, and that it is nearly full in few words; "" for either where there is none to say."""
    conversation = context.conversation
    reader = conversation.reader(conversation.model)
    used, window = conversation.tokens(tools=context.tooling.specs(reader)), reader.window
    if not window:
        return (f"{compact(used)} tokens" if used else ""), ""
    percent = 100 * used // window
    words = f"{compact(used)} of {compact(window)} ({percent}%)"
    if percent < NEARLY_FULL:
        return words, ""
    full = "nearly full" if used < window else "too long"
    return f"{words}, {full}: /context", f"{percent}%, {full}"


def _fits(parts: list[str], columns: int) -> bool:
    return get_cwidth(BETWEEN.join(parts)) < columns
