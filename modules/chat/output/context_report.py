"""What fills a window, for the screen: a bar for each kind of thing, and the largest by name with how to lose them."""

from collections.abc import Sequence
from typing import assert_never

from prompt_toolkit.utils import get_cwidth

from modules.chat.output.layout import cut
from modules.chat.output.tool_lines import brief
from modules.chat.wording.model_summary import compact
from modules.llm.parts import Image
from modules.session.fitting.every_window import Filled
from modules.session.fitting.relief import Relief
from modules.session.fitting.window_use import Kind, Thing, WindowUse
from modules.text.sanitize import clean

WIDEST = 100  # columns
MOST_BAR, LEAST_BAR = 30, 6  # columns of a bar
NUMBERS = 13  # columns of the tokens and the share
QUOTED, LONGEST_NAME = 40, 60  # columns of words that stand for a text, and of a name
EIGHTHS = " ▏▎▍▌▋▊▉█"
TOTAL = {False: ("█", "·", "▒"), True: ("#", ".", "-")}  # what is used, free, kept for the answer; where it is plain
LABELS: dict[Kind, str] = {
    "instructions": "instructions",
    "tool": "tools",
    "summary": "summary",
    "question": "questions",
    "answer": "answers",
    "reasoning": "reasoning",
    "result": "tool results",
    "attached": "pictures and files",
}


def headline(use: WindowUse) -> str:
    """How full the window is, in one sentence."""
    about = "" if use.measured else "about "
    used = f"{use.model.full_name}: {about}{compact(use.total)}"
    if use.window is None:
        return f"{used} tokens. The size of its window is not known."
    if use.fits:
        full = ""
    elif use.total > use.window:
        full = " It does not fit."
    else:
        full = " That leaves no room for an answer." if use.measured else " It may not fit."
    return f"{used} of {compact(use.window)} tokens ({_percent(use.total, use.window)}).{full}"


def bars(use: WindowUse, columns: int, *, plain: bool) -> list[str]:
    """The window as one bar, and a row with a bar for each kind of thing in it; no row is wider than `columns`."""
    columns = min(columns, WIDEST)
    shares = _shares(use)
    rows = [*shares, *_rest(use)]
    widest = max((get_cwidth(name) for name, _ in rows), default=0)
    name_columns = max(1, min(widest, columns - NUMBERS - 1))
    bar_columns = min(MOST_BAR, columns - name_columns - NUMBERS - 2)
    if bar_columns < LEAST_BAR:
        bar_columns = 0
    largest = max((tokens for _, tokens in shares), default=0)
    lines = [_whole_bar(use, columns, plain=plain)] if use.window else []
    for at, (name, tokens) in enumerate(rows):
        bar = _bar(tokens if at < len(shares) else 0, largest, bar_columns, plain=plain)
        shown = cut(name, name_columns)
        padded = shown + " " * (name_columns - get_cwidth(shown))
        numbers = f"{compact(tokens):>6} {_percent(tokens, use.window or use.total):>4}"
        lines.append(cut("  ".join([padded, *([bar] if bar_columns else []), numbers]), columns))
    return lines


def largest(things: Sequence[tuple[Thing, Relief | None]], use: WindowUse, columns: int) -> list[tuple[str, str, str]]:
    """A row for each thing: its tokens, its name, and what takes it out."""
    most = max(10, min(columns - 8, LONGEST_NAME))
    return [(f"{compact(thing.tokens):>5}", cut(name_of(thing, use), most), cure(relief)) for thing, relief in things]


def name_of(thing: Thing, use: WindowUse) -> str:
    """What a thing is called, in one line of clean text."""
    return " ".join(clean(_name(thing, use)).split())


def cure(relief: Relief | None) -> str:
    """What is typed to be rid of a thing."""
    if relief is None:
        return "stays"
    match relief.way:
        case "trim":
            return "/compact --trim"
        case "summarise":
            return "/compact"
        case "unpin":
            return f"/unpin {relief.question}, then /compact"
        case "undo":
            return "/undo" if relief.question == 1 else f"/undo {relief.question}"
        case "tools off":
            return f"/tools off {relief.tool}"
        case "no instructions":
            return "/system -"
        case "no folder instructions":
            return "/instructions off"
        case _:
            assert_never(relief.way)


def model_rows(found: Sequence[Filled], current: str) -> list[tuple[str, str, str]]:
    """A row for each model: its name, marked where it is the current one, how full it would be, and whether it fits."""
    return [
        (
            f"{'*' if one.model.full_name == current else ' '} {one.model.full_name}",
            f"{_percent(one.tokens, one.window) if one.window else '?':>5}",
            _verdict(one),
        )
        for one in found
    ]


def _verdict(one: Filled) -> str:
    """Whether it fits, and if not, what would have to go."""
    used = f"{'' if one.measured else 'about '}{compact(one.tokens)}"
    if one.window is None:
        return f"{used}; the size of its window is not known"
    of = f"{used} of {compact(one.window)}"
    match one.goes:
        case "nothing":
            return f"{of}, fits"
        case "old results":
            return f"{of}, too long by {compact(one.over)}: old results, pictures and files have to go"
        case "first turns":
            turns = f"the first {one.turns} turns" if one.turns > 1 else "the first turn"
            return f"{of}, too long by {compact(one.over)}: a summary has to stand for {turns}"
        case "too much":
            return f"{of}, too long by {compact(one.over)}: the last turn has to go as well"
        case _:
            assert_never(one.goes)


def _shares(use: WindowUse) -> list[tuple[str, int]]:
    """The tokens of each kind, and of tools for each place they come from."""
    found: dict[str, int] = {}
    for kind in LABELS:
        for thing in use.things:
            if thing.kind == kind:
                label = _of_tools(thing.source) if kind == "tool" else LABELS[kind]
                found[label] = found.get(label, 0) + thing.tokens
    return list(found.items())


def _rest(use: WindowUse) -> list[tuple[str, int]]:
    """What is not filled."""
    if use.window is None:
        return []
    margin = [("margin of estimate", use.margin)] if use.margin else []
    return [("free", use.free or 0), ("kept for the answer", use.kept or 0), *margin]


def _of_tools(source: str) -> str:
    if source == "built in":
        return "built-in tools"
    if source.startswith("MCP server"):
        return f"tools of {source}"
    return "your own tools" if source else "tools"


def _name(thing: Thing, use: WindowUse) -> str:
    said = thing.said
    words = _quoted(said.text) if said is not None else ""
    match thing.kind:
        case "instructions":
            if said is None:
                return f"instructions {_quoted(thing.name)}" if thing.name else "what each request holds"
            return f"instructions {words}"
        case "tool":
            return f"tools of {thing.source}" if thing.name.endswith("*") else f"tool {thing.name}"
        case "summary":
            by = f" by {use.view.made_by}" if use.view is not None and use.view.made_by else ""
            return f"summary{by}"
        case "question":
            return f"your question {words}".rstrip()
        case "answer":
            calls = said.calls if said is not None else ()
            return f"answer {words}" if words else f"call of {calls[0].name}" if calls else "answer"
        case "reasoning":
            return f"reasoning before {words}" if words else "reasoning before a call"
        case "result":
            return f"result of {_called(thing)}"
        case "attached":
            what = "picture" if isinstance(thing.attached, Image) else "file"
            name = f"{what} {thing.attached.name}".rstrip() if thing.attached is not None else what
            return f"{name}, result of {_called(thing)}" if thing.call is not None else name
        case _:
            assert_never(thing.kind)


def _called(thing: Thing) -> str:
    if thing.call is None:
        return "a tool"
    return f"{thing.call.name} {brief(thing.call, only_first=True)}".rstrip()


def _quoted(text: str) -> str:
    words = " ".join(text[: 4 * QUOTED].split())
    if not words:
        return ""
    return f'"{cut(words, QUOTED)}"'


def _percent(tokens: int, of: int) -> str:
    share = 100 * tokens // of if of else 0
    return f"{share}%" if share or not tokens else "<1%"


def _bar(tokens: int, largest: int, columns: int, *, plain: bool) -> str:
    """A bar in eighths of a column, filled up with blanks; what is more than nothing is seen."""
    if not tokens or not largest or not columns:
        return " " * columns
    if plain:
        return ("#" * max(1, round(columns * tokens / largest))).ljust(columns)
    whole, rest = divmod(max(1, round(8 * columns * tokens / largest)), 8)
    return ("█" * whole + (EIGHTHS[rest] if rest else "")).ljust(columns)


def _whole_bar(use: WindowUse, columns: int, *, plain: bool) -> str:
    """The window from its beginning: what is used, what is free, what is kept for the answer."""
    used, free, kept = TOTAL[plain]
    window = use.window or 1
    last = min(columns, round(columns * ((use.kept or 0) + use.margin) / window))
    first = (
        min(columns - last if use.fits else columns, max(1, round(columns * use.total / window))) if use.total else 0
    )
    last = min(last, columns - first)
    return used * first + free * (columns - first - last) + kept * last
