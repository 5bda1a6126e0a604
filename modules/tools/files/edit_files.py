"""The tools that change files: the person sees the difference, and exactly that is done."""

import asyncio
import difflib
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

from modules.daemon_thread import in_thread
from modules.errors import ToolFailed
from modules.tools.files.access.atomic_replace import FileChange, looked_at
from modules.tools.files.access.paths import Place, place_of, plan_to_read
from modules.tools.files.encodings import as_size, encoded, encoding_of, line_end_of
from modules.tools.files.nearest import nearest
from modules.tools.tool import ALWAYS, Plan, ToolContext, tool

MOST_PLACES = 10  # line numbers in a message
LABOR = 1_000_000  # pairs of lines that are the same; with more of them the search for the least difference never ends
CONTEXT = 3  # lines around a change


@tool(effect="write", when=ALWAYS)
def edit_file(path: str, old: str, new: str, context: ToolContext, all: bool = False) -> Plan:
    """Replace a text in a file. It must be there exactly once, unless all are meant.

    Args:
        old: exactly as in the file, spaces and line ends included
        all: replace every occurrence
    """
    place = place_of(path, context)
    return _planned(place, partial(_edit, place, old, new, all))


@tool(effect="write", when=ALWAYS)
def write_file(path: str, content: str, context: ToolContext) -> Plan:
    """Make a new file, or replace all of one. To change a part, use edit_file.

    Args:
        content: all of the text
    """
    place = place_of(path, context)
    if path.endswith("/"):
        raise ToolFailed(f"{place.shown} is a folder.")
    return _planned(place, partial(_write, place, content))


def _planned(place: Place, look: Callable[[], Plan]) -> Plan:
    """The plan that looking at the file comes to.

    A failure says what is in the file. Where the person must be asked about the place, that is said after a yes only.
    """
    try:
        return look()
    except ToolFailed as error:
        if not place.reasons:
            raise
        return plan_to_read(place, partial(_fail, error))


async def _fail(error: ToolFailed, context: ToolContext) -> None:
    raise error


def _edit(place: Place, old: str, new: str, all: bool) -> Plan:
    data = looked_at(place)
    if data is None:
        raise ToolFailed(f"There is no {place.shown}. write_file makes new files.")
    if not old or old == new:
        raise ToolFailed("old is empty." if not old else "old and new are the same.")
    text, encoding = _decoded(place, data)
    old, new = _as_in(text, old, new)
    places = _occurrences(text, old)
    if not places:
        raise ToolFailed(f"old is not in {place.shown}. {nearest(text, old)}")
    if len(places) > 1 and not all:
        lines = ", ".join(map(str, places[:MOST_PLACES])) + (", …" if len(places) > MOST_PLACES else "")
        raise ToolFailed(
            f"old is in {place.shown} {len(places)} times, at lines {lines}. Give more of the text around the one "
            "that is meant, or set all to true."
        )
    after = text.replace(old, new)
    return _plan(place, data, _bytes(place, after, data, encoding), text, after)


def _write(place: Place, content: str) -> Plan:
    data = looked_at(place)
    encoding = "utf-8" if data is None else encoding_of(data, whole=True)
    if not data or not encoding:
        before = f"[a binary file of {as_size(len(data))}]\n" if data else ""
        return _plan(place, data, content.encode(), before, content)
    before = data.decode(encoding, errors="replace")
    if line_end_of(before) == "\r\n" and "\r\n" not in content:
        content = content.replace("\n", "\r\n")
    return _plan(place, data, _bytes(place, content, data, encoding), before, content)


def _plan(place: Place, old: bytes | None, new: bytes, before: str, after: str) -> Plan:
    if old == new:
        raise ToolFailed(f"{place.shown} says so already.")
    change = FileChange(place, old, new)
    preview = difference(place.shown, before, after, new=old is None)
    return Plan(
        partial(_do, change, _summary(preview)),
        asks=place.asks("changes" if old is not None else "makes"),
        preview=preview,
        line=str(place.real) if _apart(place) else "",
        apart=_apart(place),
    )


def _apart(place: Place) -> bool:
    """Whether a permission to change files leaves this one out: what is elsewhere, or hidden.

    Hidden files are what shells, git, editors and CI read and run by themselves.
    """
    hidden = any(name.lstrip("'\"").startswith(".") for name in place.shown.split("/"))
    return place.sensitive or place.outside or hidden


async def _do(change: FileChange, summary: str, context: ToolContext) -> str:
    stop = threading.Event()
    try:
        kept = await in_thread(change.carry_out, backups=context.private / "backups", stop=stop)
    except asyncio.CancelledError:
        stop.set()
        raise
    if kept is None:
        return f"Made {change.place.shown} ({summary})."
    return f"Changed {change.place.shown} ({summary}). As it was before: {kept}"


def difference(name: str, before: str, after: str, *, new: bool) -> str:
    """What changes, line by line, as `diff -u` says it. Line ends are shown where they are what changes."""
    if line_end_of(before) == line_end_of(after) == "\r\n":
        before, after = before.replace("\r\n", "\n"), after.replace("\r\n", "\n")
    start = "/dev/null" if new else name
    old, now = _lines(before), _lines(after)
    if _is_laborious(old, now):
        return "\n".join(_coarse(old, now, start, name))
    return "\n".join(difflib.unified_diff(old, now, start, name, lineterm=""))


def _is_laborious(old: list[str], now: list[str]) -> bool:
    """Whether lines come again so often that comparing each with each would take minutes."""
    often = Counter(now)
    popular = len(now) // 100 + 1 if len(now) >= 200 else len(now)  # difflib leaves out what is more frequent than this
    return sum(often[line] for line in old if often[line] <= popular) > LABOR


def _coarse(old: list[str], now: list[str], start: str, name: str) -> Iterator[str]:
    """A difference in one piece: what is the same at both ends, and between them all that goes and all that comes."""
    shared = min(len(old), len(now))
    first = next((at for at in range(shared) if old[at] != now[at]), shared)
    rest = shared - first
    last = next((at for at in range(rest) if old[-1 - at] != now[-1 - at]), rest)
    top, bottom = max(0, first - CONTEXT), min(last, CONTEXT)
    sizes = [len(lines) - last + bottom - top for lines in (old, now)]
    yield from (f"--- {start}", f"+++ {name}", f"@@ -{top + 1},{sizes[0]} +{top + 1},{sizes[1]} @@")
    yield from (f" {line}" for line in old[top:first])
    yield from (f"-{line}" for line in old[first : len(old) - last])
    yield from (f"+{line}" for line in now[first : len(now) - last])
    yield from (f" {line}" for line in old[len(old) - last : len(old) - last + bottom])


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if last := lines.pop():
        lines.append(f"{last}\n\\ No newline at end of file")
    return lines


def _summary(preview: str) -> str:
    marks = [line[:1] for line in preview.split("\n")[2:]]
    return f"+{marks.count('+')} -{marks.count('-')} lines"


def _decoded(place: Place, data: bytes) -> tuple[str, str]:
    encoding = encoding_of(data, whole=True)
    if not encoding:
        raise ToolFailed(f"{place.shown} is a binary file, which cannot be edited as text.")
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError as error:
        raise ToolFailed(f"{place.shown} begins as {encoding} and goes on as something else.") from error


def _bytes(place: Place, text: str, like: bytes, encoding: str) -> bytes:
    try:
        return encoded(text, like, encoding)
    except UnicodeEncodeError as error:
        letter = text[error.start]
        raise ToolFailed(f"{place.shown} is in {encoding}, which has no {letter!r}. Do without it.") from error


def _as_in(text: str, old: str, new: str) -> tuple[str, str]:
    """The two texts with the line ends that the file has."""
    with_cr = old.replace("\r\n", "\n").replace("\n", "\r\n")
    if line_end_of(text) == "\r\n" or (old not in text and with_cr in text):
        return with_cr, new.replace("\r\n", "\n").replace("\n", "\r\n")
    return old, new


def _occurrences(text: str, wanted: str) -> list[int]:
    """The lines in which it begins, counted from 1."""
    found: list[int] = []
    line, before, at = 1, 0, text.find(wanted)
    while at >= 0:
        line += text.count("\n", before, at)
        found.append(line)
        before, at = at, text.find(wanted, at + len(wanted))
    return found
