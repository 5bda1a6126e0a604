"""A turn on the screen: events in, reasoning dimmed, text as Markdown, a line for each call, and live lines between."""

import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Protocol

from modules.chat.clean import clean
from modules.chat.frames import frames
from modules.chat.screen import TerminalScreen, cut
from modules.chat.tool_lines import ToolLines
from modules.chat.words import GO_ON
from modules.llm.events import Finished, ReasoningDelta, TextDelta, ToolCallDelta
from modules.session.asking import Notice, Retrying
from modules.session.calls import ToolEnded, ToolProgress, ToolStarted
from modules.session.turn import Paused, TurnEvent
from modules.tools.approval import Question

PATIENCE = 0.4  # seconds before the waiting is shown


class Piece(Protocol):
    """One stretch of the answer being drawn."""

    def feed(self, text: str) -> None: ...

    def draw(self) -> None: ...

    def finish(self) -> None: ...


class PlainText:
    """Text as it comes, cleaned, appended; ends on a new row. `dimmed` for reasoning on a terminal."""

    def __init__(self, screen: TerminalScreen, *, dimmed: bool = False) -> None:
        self._screen = screen
        self._dimmed = dimmed and not screen.plain
        self._arrived: list[str] = []
        self._last = "\n"

    def feed(self, text: str) -> None:
        self._arrived.append(text)

    def draw(self) -> None:
        text = "".join(self._arrived)
        self._arrived.clear()
        if self._last == "\n":
            text = text.lstrip("\n")
        if text:
            self._screen.write(self._screen.dim(text) if self._dimmed else clean(text))
            self._last = text[-1]

    def finish(self) -> None:
        self.draw()
        if self._last != "\n":
            self._screen.write("\n")


class Waiting:
    """A line that says what is being waited for and for how long; gone without a trace once something comes."""

    def __init__(self, screen: TerminalScreen, what: str, before: Callable[[], str] = str) -> None:
        self._screen = screen
        self.what = what
        self._before = before  # what has to be there before that can even begin, "" for nothing
        self._since = time.monotonic()
        self._shown = ""

    def feed(self, text: str) -> None:
        return

    def draw(self) -> None:
        waited = time.monotonic() - self._since
        if self._screen.plain or waited < PATIENCE:
            return
        columns = self._screen.size()[0]
        before = self._before()
        what = (
            cut(f"waits for {clean(before)}", columns - len(" … 10 s · Ctrl+C stops")) + " …" if before else self.what
        )
        line = f"{what} {waited:.0f} s · Ctrl+C stops"[: max(1, columns - 1)]
        if line != self._shown:
            self._shown = line
            self._screen.write(f"\r{self._screen.dim(line)}\x1b[K")

    def finish(self) -> None:
        if self._shown:
            self._screen.write("\r\x1b[K")


class Countdown(Waiting):
    """The seconds until a failed request is sent again."""

    def __init__(self, screen: TerminalScreen, retry: Retrying) -> None:
        super().__init__(screen, "")
        self._reason = retry.error.message
        self._until = time.monotonic() + retry.seconds
        if screen.plain:
            screen.say(f"{self._reason} Trying again in {retry.seconds:.0f} s.")

    def draw(self) -> None:
        if self._screen.plain:
            return
        left = max(0.0, self._until - time.monotonic())
        ending = f" Again in {left:.0f} s · Ctrl+C stops"
        room = self._screen.size()[0] - len(ending) - 1
        reason = self._reason if len(self._reason) <= room else self._reason[: max(0, room - 1)] + "…"
        line = (reason + ending)[: max(1, self._screen.size()[0] - 1)]
        if line != self._shown:
            self._shown = line
            self._screen.write(f"\r{self._screen.dim(line)}\x1b[K")


class Silence:
    """Nothing is drawn while someone else has the screen."""

    def feed(self, text: str) -> None: ...

    def draw(self) -> None: ...

    def finish(self) -> None: ...


class Answer:
    """Draws one turn's events. Adding an event costs next to nothing; drawing happens in frames."""

    def __init__(
        self, screen: TerminalScreen, waiting_for: str, tools: ToolLines, before: Callable[[], str] = str
    ) -> None:
        self._screen = screen
        self._name = waiting_for
        self._kind = "waiting"
        self._before = before
        self._piece: Piece = Waiting(screen, f"{waiting_for} …", before)
        self._last = ""  # the kind that was last written for good
        self.tools = tools
        self.finished: Finished | None = None
        self.paused = False  # the turn stopped although the model wants to go on

    def add(self, event: TurnEvent) -> None:
        match event:
            case TextDelta(text):
                self._take("text", text)
            case ReasoningDelta(text) if self._screen.show_reasoning:
                self._take("reasoning", text)
            case ReasoningDelta():
                self._become("thinking")
            case ToolCallDelta(_, name, _) if name:
                self._become(f"writes {clean(name)}")
            case Retrying():
                self._piece.finish()
                self._kind, self._piece = "retrying", Countdown(self._screen, event)
            case Notice(text):
                if self._kind in ("text", "reasoning"):
                    self._begin("calls")  # what is said after the last words stands apart from them
                else:
                    self._piece.finish()
                self._screen.say(text)
            case Finished():
                self.finished = event
            case _:
                self._add_call(event)

    def _add_call(self, event: TurnEvent) -> None:
        match event:
            case Question():
                self._begin("asking")
            case ToolStarted(call, preview):
                self.tools.start(call, preview)
                self._become("running")
            case ToolProgress(call, line):
                self.tools.progress(call, line)
            case ToolEnded():
                self._begin("calls")
                self.tools.end(event)
                self._become("running" if self.tools.running else "waiting")
            case Paused(text):
                self.paused = True
                self._begin("calls")
                self._screen.say(f"{text} {GO_ON}")

    def draw(self) -> None:
        self._piece.draw()

    def close(self) -> None:
        """Everything is on the screen, and the cursor at the beginning of a row."""
        self._become("closed")
        self.tools.close()

    def _take(self, kind: str, text: str) -> None:
        first = kind != self._kind
        self._become(kind)
        self._piece.feed(text)
        if first:
            self._piece.draw()  # the first words do not wait for the next frame

    def _begin(self, kind: str) -> None:
        """Make room for what is written for good: an empty row between words and calls."""
        self._become(kind)
        written = "calls" if kind == "asking" else kind
        if self._last and (written != "calls" or self._last != "calls"):
            self._screen.write("\n")
        self._last = written

    def _become(self, kind: str) -> None:
        if kind == self._kind:
            return
        self._piece.finish()
        self._kind = kind
        match kind:
            case "text" | "reasoning":
                if self._last:
                    self._screen.write("\n")
                self._last = kind
                self._piece = text_piece(self._screen) if kind == "text" else PlainText(self._screen, dimmed=True)
            case "running":
                self._piece = self.tools
            case "asking" | "calls" | "closed":
                self._piece = Silence()
            case "waiting":
                self._piece = Waiting(self._screen, f"{self._name} …", self._before)
            case "thinking":
                self._piece = Waiting(self._screen, f"{self._name} is thinking …")
            case _:
                self._piece = Waiting(self._screen, f"{self._name} {kind} …")


def text_piece(screen: TerminalScreen) -> Piece:
    """Markdown where the terminal can show it, else the text as it is."""
    if screen.plain:
        return PlainText(screen)
    from modules.chat.markdown.stream import (
        MarkdownStream,
    )  # loads rich and pygments, which the first prompt must not wait for

    return MarkdownStream(screen.write, screen.size)


async def show(
    events: AsyncGenerator[TurnEvent, None], answer: Answer, decide: Callable[[Question], Awaitable[None]]
) -> None:
    """Draw the events as they come, a dozen times a second, and leave a whole screen behind whatever happens.

    `decide` puts a question to the person, and has the screen meanwhile.
    """
    async with _drawing(answer), contextlib.aclosing(events) as stream:
        async for event in stream:
            answer.add(event)
            if isinstance(event, Question):
                await decide(event)


@contextlib.asynccontextmanager
async def _drawing(answer: Answer) -> AsyncIterator[None]:
    try:
        async with frames(answer.draw):
            yield
    finally:
        answer.close()
