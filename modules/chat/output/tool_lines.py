"""A call on the screen: one line with a mark, a name, what it was given and how long it took, and its output folded."""

import json
import textwrap
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from modules.chat.looks.theme import colored
from modules.chat.output.layout import cut
from modules.chat.output.picture_rows import write_pictures
from modules.chat.output.screen import TerminalScreen
from modules.chat.wording.phrases import count
from modules.llm.message import INTERRUPTED_CALL
from modules.llm.parts import Attached, Image, ToolCall, ToolResult
from modules.session.conversation import Conversation
from modules.session.node import Node
from modules.session.turns.tool_calls import DECLINED, ToolEnded
from modules.text.sanitize import clean

if TYPE_CHECKING:
    from modules.chat.pictures.shown_pictures import ShownPictures

DONE, FAILED, NOT_RUN = "✓", "✗", "–"
FOLDED = 3  # lines of a result that are shown
CHANGED = 60  # lines of a diff: what was said yes to stays readable above
LONG_SECONDS = 0.5  # from which on the time is told
INDENT = "  "
NARROWEST = 10  # columns in which words are wrapped
LONGEST_VALUE = 60  # columns of a list or an object among the arguments, so that those behind it are seen
WIDEST_CHARS = 1000  # of a text of which one line is made


def numbered(conversation: Conversation) -> list[tuple[ToolCall, ToolResult | None]]:
    """All calls of the conversation with their results, in the order in which they were made; the first is number 1."""
    path = conversation.tree.path
    results = {one.call_id: one for node in path if node.role == "tool" for one in node.message.results}
    return [(call, results.get(call.id)) for node in calling(path) for call in node.message.calls]


def calling(path: Sequence[Node]) -> list[Node]:
    """The answers on a path that may hold calls: those that results follow, and the last message.

    Every other answer holds none, as each call is given its result where it was made. So a long conversation need not
    be decoded whole to number the calls in it.
    """
    spoken = [node for node in path if node.role != "system"]
    return [
        node
        for node, after in zip(spoken, [*spoken[1:], None], strict=False)
        if node.role == "assistant" and (after is None or after.role == "tool")
    ]


def brief(call: ToolCall, only_first: bool = False) -> str:
    """The arguments in one line, as JSON where they are no text: the first as it is, others with their names.

    A first one that says nothing by itself, such as true, has its name too.
    """
    arguments = call.parsed()
    if arguments is None:
        return _line(call.arguments)
    words: list[str] = []
    for at, (name, value) in enumerate(arguments.items()):
        if isinstance(value, str):
            word = _line(value) or '""'
        else:
            word = cut(_line(json.dumps(value, ensure_ascii=False)), LONGEST_VALUE)
        bare = at == 0 and isinstance(value, str | int | float) and not isinstance(value, bool)
        words.append(word if bare else f"{_line(name)}={word}")
    return " ".join(words[:1] if only_first else words)


class ToolLines:
    """Draws the calls of one turn: each gets its line when it has ended; what still runs is told in one live line."""

    def __init__(
        self,
        screen: TerminalScreen,
        conversation: Conversation,
        *,
        chat: bool = True,
        previews: dict[str, str] | None = None,
        pictures: "ShownPictures | None" = None,
    ) -> None:
        self._screen = screen
        self._pictures = pictures
        self._chat = chat  # where a command shows what was left out
        self._conversation = conversation
        self._began: dict[str, tuple[str, float]] = {}
        self._said: dict[str, str] = {}
        self._previews = {} if previews is None else previews  # of calls, by their ids; whoever gives it keeps them
        self._ended: set[str] = set()
        self._waiting: dict[str, ToolEnded] = {}  # have ended before one that was called before them
        self._before = len(numbered(conversation))

    @property
    def running(self) -> bool:
        return bool(self._began)

    @property
    def ended(self) -> int:
        """How many calls have their results."""
        return len(self._ended)

    def start(self, call: ToolCall, preview: str = "") -> None:
        self._began[call.id] = (call.name, time.monotonic())
        if preview:
            self._previews[call.id] = preview

    def progress(self, call: ToolCall, line: str) -> None:
        self._said.pop(call.id, None)  # who spoke last comes last
        self._said[call.id] = _line(line)

    async def prepare(self, result: ToolResult) -> None:
        """Have the pictures of a result ready to be written with it."""
        if self._pictures is not None:
            await self._pictures.prepare(result.call_id, result.parts)

    async def prepare_made(self, picture: Image) -> None:
        """Have a picture ready that the model itself made."""
        if self._pictures is not None:
            await self._pictures.prepare_made(picture)

    def write_made(self, picture: Image) -> None:
        """Print a picture that the model itself made."""
        write_pictures(self._screen, self._pictures.take_made(picture) if self._pictures is not None else ())

    def end(self, event: ToolEnded) -> None:
        """Print the call's line and the beginning of its output, once all calls before it have theirs."""
        self._began.pop(event.call.id, None)
        self._said.pop(event.call.id, None)
        self._waiting[event.call.id] = event
        for call, _ in numbered(self._conversation)[self._before :]:
            if call.id not in self._ended:
                if (ready := self._waiting.pop(call.id, None)) is None:
                    return
                self._print(ready.call, ready.result, ready.seconds)

    def close(self) -> None:
        """Tell also of the calls that the turn's end has cut off."""
        for call, result in numbered(self._conversation)[self._before :]:
            if result is not None and call.id not in self._ended:
                began, ready = self._began.pop(call.id, None), self._waiting.pop(call.id, None)
                seconds = ready.seconds if ready else None if began is None else time.monotonic() - began[1]
                self._print(call, result, seconds)

    def running_words(self) -> str:
        """What runs and for how long, and what it said last; "" where nothing does."""
        if not self._began:
            return ""
        seconds = time.monotonic() - min(began for _, began in self._began.values())
        names = ", ".join(dict.fromkeys(_line(name) for name, _ in self._began.values()))
        many = f"{count(len(self._began), 'tool')} run: " if len(self._began) > 1 else ""
        return " · ".join((f"{many}{names} {seconds:.0f} s", *[*self._said.values()][-1:]))

    def _print(self, call: ToolCall, result: ToolResult, seconds: float | None) -> None:
        self._ended.add(call.id)
        self.write(call, result, self._number(call), seconds)

    def write(self, call: ToolCall, result: ToolResult, number: int, seconds: float | None = None) -> None:
        """Print the line of a call that has this number, and the beginning of its output."""
        columns = self._screen.size()[0]
        mark = mark_of(result)
        shown_by = number if self._chat else 0
        changes = changed(self._previews.get(call.id, ""), shown_by) if mark == DONE else []
        self._screen.write(self._colored(mark, headline(call, result, number, columns, seconds, bool(changes))) + "\n")
        if mark != NOT_RUN:
            for text in _rows(folded(result, shown_by), columns - 1 - len(INDENT), whole=mark == FAILED):
                self._screen.write(self._screen.dim(cut(INDENT + text, columns - 1)) + "\n")
        write_pictures(self._screen, self._pictures.take(call.id) if self._pictures is not None else ())
        for text in changes:
            self._screen.write(self._difference(cut(INDENT + text, columns - 1)) + "\n")

    def _number(self, call: ToolCall) -> int:
        """By which commands name the call; 0 where it is none of the conversation."""
        return next((at for at, (one, _) in enumerate(numbered(self._conversation), 1) if one.id == call.id), 0)

    def _colored(self, mark: str, line: str) -> str:
        if self._screen.plain or mark == NOT_RUN:
            return line
        return colored(mark, "done" if mark == DONE else "error", self._screen.theme) + line.removeprefix(mark)

    def _difference(self, line: str) -> str:
        role = {"+": "added", "-": "removed"}.get(line.lstrip()[:1])
        return self._screen.dim(line) if role is None else colored(line, role, self._screen.theme)


def mark_of(result: ToolResult) -> str:
    """How a call came out: done, failed, or not run at all, which no words of a tool that ran can claim."""
    if not result.ran and (result.text.startswith(DECLINED) or result.text == INTERRUPTED_CALL):
        return NOT_RUN
    return FAILED if result.is_error else DONE


def headline(
    call: ToolCall,
    result: ToolResult,
    number: int,
    columns: int,
    seconds: float | None = None,
    only_first: bool = False,
) -> str:
    """A call in one row: its mark, number and name, what it was given, and how long it took or why it did not run.

    With `only_first` of what it was given only that, because the rest is told elsewhere.
    """
    mark, ending = mark_of(result), f"{seconds:.1f} s" if seconds is not None and seconds > LONG_SECONDS else ""
    if mark == NOT_RUN:
        ending = "declined" if result.text.startswith(DECLINED) else "not run"
    head = f"{mark} #{number} {_line(call.name)}"
    room = columns - len(head) - len(ending) - 5
    given = brief(call, only_first) if room > 0 else ""
    return cut("  ".join(filter(None, (head, cut(given, room), ending))), columns - 1)


def changed(preview: str, number: int) -> list[str]:
    """The first lines of a diff below its heading, cleaned, and how many more there are; none of another preview.

    `number` 0 names no command that shows them.
    """
    if not preview.startswith("--- "):
        return []
    lines = preview.removesuffix("\n").split("\n")[2:]
    left = len(lines) - CHANGED
    shown = [clean(line.expandtabs(4)) for line in (lines[:CHANGED] if left > 1 else lines)]
    return [*shown, f"… {left} more lines{_shown_by(number)}"] if left > 1 else shown


def folded(result: ToolResult, number: int) -> list[str]:
    """The first lines of a result, cleaned, and how many more there are; of a failure the last: they say why.

    `number` as for `changed`.
    """
    lines = [clean(line.expandtabs(4)).rstrip() for line in result.text.strip("\n").split("\n")] if result.text else []
    lines += [f"[{part.media_type} {clean(part.name)}]" for part in result.parts if isinstance(part, Attached)]
    left = len(lines) - FOLDED
    if left <= 1:
        return lines
    if result.is_error:
        return [f"… {left} lines before{_shown_by(number)}", *lines[-FOLDED:]]
    return [*lines[:FOLDED], f"… {left} more lines{_shown_by(number)}"]


def _shown_by(number: int) -> str:
    return f", /tool {number} shows all" if number else ""


def _rows(lines: list[str], columns: int, *, whole: bool) -> list[str]:
    """The lines as rows to be cut; one alone that is to be read whole, such as why a call failed, takes a few rows."""
    if not whole or len(lines) != 1 or columns < NARROWEST:
        return lines
    return textwrap.wrap(lines[0], columns, max_lines=FOLDED, placeholder=" …", break_on_hyphens=False) or lines


def _line(text: str) -> str:
    """The beginning of a text in one line, cleaned."""
    return clean(" ".join(text[:WIDEST_CHARS].split()))
