"""A turn on the screen: events in, text as Markdown, a line for each call, and above the prompt what still changes."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import assert_never

from modules.chat.output.answer_pieces import NoSegment, Piece, reasoning_piece, text_piece
from modules.chat.output.code_numbers import Numbers
from modules.chat.output.frame_loop import frames
from modules.chat.output.provider_searches import ProviderSearches
from modules.chat.output.running_line import StatusLine, countdown, since_now
from modules.chat.output.screen import TerminalScreen
from modules.chat.output.spoken_turn import Announcements
from modules.chat.output.tool_lines import ToolLines
from modules.chat.wording.fit_words import made_words, making_words
from modules.chat.wording.phrases import GO_ON
from modules.llm.events import Cited, Finished, PictureMade, ProviderSearch, ReasoningDelta, TextDelta, ToolCallDelta
from modules.llm.parts import Image
from modules.session.counting.prices import Spent
from modules.session.fitting.ways import FitEvent, Made, Making, Misfit
from modules.session.turns.ask import Notice, Retrying
from modules.session.turns.tool_calls import CallEvent, ToolEnded, ToolProgress, ToolStarted
from modules.session.turns.turn import Paused, TurnEvent
from modules.text.sanitize import clean
from modules.tools.approval import Question


class TurnRenderer:
    """Draws one turn's events. Adding an event costs next to nothing; drawing happens in frames."""

    def __init__(
        self,
        screen: TerminalScreen,
        waiting_for: str,
        tools: ToolLines,
        before: Callable[[], str] = str,
        numbers: Numbers | None = None,
    ) -> None:
        self._screen = screen
        self._name = waiting_for
        self._kind = "waiting"
        self._before = before  # what has to be there before the answer can even begin, "" for nothing
        self._numbers = numbers or Numbers()
        self._piece: Piece = NoSegment()
        self._status = since_now(self._waiting)
        self._last = ""  # the kind that was last written for good
        self.tools = tools
        self._searches = ProviderSearches(screen)
        self.finished: Finished | None = None
        self.beside: list[Spent] = []  # on what was no part of the answer, and was told already
        self.paused = False  # the turn stopped although the model wants to go on
        self._told = Announcements(screen) if screen.spoken else None
        if self._told is not None:
            self._told.become("waiting", self._waiting_for())

    def add(self, event: TurnEvent) -> None:
        match event:
            case TextDelta(text):
                self._take("text", text)
            case ReasoningDelta(text) if self._screen.reasoning != "hidden":
                self._take("reasoning", text)
            case ReasoningDelta():
                self._become("thinking")
            case ToolCallDelta(_, name, _) if name:
                self._become(f"writes {clean(name)}")
            case ToolCallDelta():
                pass
            case Retrying():
                self._become("retrying")
                self._status = countdown(event)
                if self._screen.plain:
                    self._screen.say(f"{event.error.message} Trying again in {event.seconds:.0f} s.")
            case Notice(text):
                if self._kind in ("text", "reasoning"):
                    self._begin("calls")  # what is said after the last words stands apart from them
                self._screen.say(text)
            case Finished():
                self.finished = event
                self._numbers.stored()
            case Paused(text):
                self.paused = True
                self._begin("calls")
                self._screen.say(f"{text} {GO_ON}")
            case _:
                self._add_work(event)

    def _add_search(self, event: ProviderSearch | Cited) -> None:
        match event:
            case ProviderSearch(query, None):
                self._become("searching")
                self._status = since_now(lambda: f"{self._name} searches the web {clean(query)}".rstrip())
            case ProviderSearch():
                self._begin("calls")
                self._searches.end(event)
                self._become("waiting")
            case Cited():
                mark = self._searches.mark(event)
                if self._kind == "text" and not event.late:  # rows that are finished never change
                    self._piece.feed(mark)
            case _:
                assert_never(event)

    def _add_work(self, event: ProviderSearch | Cited | PictureMade | CallEvent | FitEvent) -> None:
        match event:
            case PictureMade():
                self._begin("calls")
                self.tools.write_made(picture_of(event))
                self._become("waiting")
            case ProviderSearch() | Cited():
                self._add_search(event)
            case Question() | Misfit():
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
            case Making(by):
                self._become("fitting")
                self._status = since_now(lambda: making_words(by))
            case Made():
                self._begin("calls")
                self._screen.say(made_words(event))
                self.beside += event.spent
                self._become("waiting")
            case _:
                assert_never(event)

    def draw(self) -> None:
        """Bring the screen up to date; what runs stands in a row of its own, always, so that nothing jumps."""
        self._piece.draw()
        if self._told is not None:
            self._told.go_on()
        if self._kind in ("asking", "closed"):
            self._screen.status("", "")
        else:
            self._screen.status(self._status.words(), self._status.ending())

    def close(self) -> None:
        """Everything is on the screen, and nothing runs any more."""
        self._become("closed")
        self.tools.close()
        self._searches.close()
        self._screen.status("", "")

    def wait(self) -> None:
        """The person has decided, and the answer comes next."""
        self._become("waiting")

    def _waiting(self) -> str:
        before = self._before()
        return f"waits for {clean(before)} …" if before else f"{self._name} …"

    def _waiting_for(self) -> str:
        return clean(self._before()) or self._name

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
        self._kind, self._piece = kind, NoSegment()
        if self._told is not None:
            self._told.become(kind, self._waiting_for() if kind == "waiting" else self._name)
        match kind:
            case "text" | "reasoning":
                if self._last:
                    self._screen.write("\n")
                self._last = kind
                text = self._numbers.next_text
                self._piece = text_piece(self._screen, text()) if kind == "text" else reasoning_piece(self._screen)
                self._status = since_now(lambda: f"{self._name} {'answers' if kind == 'text' else 'thinks'} …")
            case "waiting":
                self._status = since_now(self._waiting)
            case "thinking":
                self._status = since_now(lambda: f"{self._name} thinks …")
            case "running":
                self._status = StatusLine(self.tools.running_words)
            case "asking" | "calls" | "closed" | "fitting" | "retrying" | "searching":
                pass
            case _:
                self._status = since_now(lambda: f"{self._name} {kind} …")


def picture_of(made: PictureMade) -> Image:
    """The picture as it came, which is what is shown of it."""
    return Image(made.media_type, made.base64)


async def show(
    events: AsyncGenerator[TurnEvent, None],
    answer: TurnRenderer,
    decide: Callable[[Question | Misfit], Awaitable[None]],
) -> bool:
    """Draw the events as they come, a dozen times a second, and leave a whole screen behind whatever happens.

    `decide` puts a question to the person, and has the screen meanwhile. True when the turn came to its end.
    """
    async with _drawing(answer), contextlib.aclosing(events) as stream:
        async for event in stream:
            if isinstance(event, ToolEnded):
                await answer.tools.prepare(event.result)
            elif isinstance(event, PictureMade):
                await answer.tools.prepare_made(picture_of(event))
            answer.add(event)
            if isinstance(event, Question | Misfit):
                answer.draw()
                await decide(event)
                if isinstance(event, Misfit):
                    answer.wait()
    return True


@contextlib.asynccontextmanager
async def _drawing(answer: TurnRenderer) -> AsyncIterator[None]:
    try:
        async with frames(answer.draw):
            yield
    finally:
        answer.close()
