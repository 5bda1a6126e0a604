"""Tools for tests, and a person who answers what is asked about them."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from inspect import isawaitable
from pathlib import Path

from modules.session.conversation import Conversation
from modules.session.turns.tool_calls import ToolEnded
from modules.session.turns.tooling import Limits, Tooling
from modules.session.turns.turn import TurnEvent, run_turn
from modules.tools.approval import Approval, Decision, Question
from modules.tools.tool import Tool, ToolContext
from modules.tools.toolbox import Source, Toolbox
from tests.harness.engine_harness import Talk

YES, NO = Decision(allowed=True), Decision()


def no_tools() -> Tooling:
    """What a chat has that has no tools."""
    return Tooling(lambda: Toolbox((), ToolContext(Path("/"), Path("/"))))


def tooling(
    folder: Path,
    *tools: Tool,
    sources: Sequence[Source] = (),
    limits: Limits | None = None,
    approval: Approval | None = None,
) -> Tooling:
    """These tools, in this folder; the program's own folder is beside it."""
    context = ToolContext(folder, folder.parent / "private", environment={"PATH": "/usr/bin:/bin", "HOME": str(folder)})
    return Tooling(lambda: Toolbox(tools, context, sources), approval, limits)


class Person:
    """Says something, answers every question in the same way, and remembers what was asked and what came of it."""

    def __init__(
        self,
        talk: Talk,
        tools: Tooling,
        answer: Callable[[Question], Decision | Awaitable[Decision]] = lambda question: YES,
    ) -> None:
        self.talk = talk
        self.tools = tools
        self.answer = answer
        self.asked: list[Question] = []
        self.events: list[TurnEvent] = []

    @property
    def conversation(self) -> Conversation:
        return self.talk.conversation

    @property
    def ended(self) -> list[ToolEnded]:
        return [event for event in self.events if isinstance(event, ToolEnded)]

    @property
    def results(self) -> list[str]:
        """The text of every result of the last turn, in the order in which the calls ended."""
        return [event.result.text for event in self.ended]

    async def say(self, text: str | None) -> None:
        """One turn to its end; None goes on from the results that are there."""
        from modules.llm.message import user

        self.events = []
        message = None if text is None else user(text)
        model = self.conversation.model
        async with aclosing(run_turn(self.conversation, self.talk.services, message, model, self.tools)) as turn:
            async for event in turn:
                self.events.append(event)
                if isinstance(event, Question):
                    self.asked.append(event)
                    answer = self.answer(event)
                    event.decision = await answer if isawaitable(answer) else answer


def names(tools: Iterable[Tool]) -> list[str]:
    return [tool.name for tool in tools]
