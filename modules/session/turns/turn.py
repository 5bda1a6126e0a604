"""One turn: the person's message goes in; the model answers and calls tools until it calls no more."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING, assert_never, get_args

from msgspec import Struct

from modules.llm.base import ToolSpec
from modules.llm.dialects import about
from modules.llm.events import ProviderSearch, StopReason
from modules.llm.message import Message, closing
from modules.llm.models import Model
from modules.llm.parts import ToolCall, ToolResult
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation
from modules.session.counting.prices import Spent
from modules.session.fitting.ways import FitEvent
from modules.session.turns.ask import AnswerEvent, Notice, ask
from modules.session.turns.tool_calls import CallEvent, Calls, failed
from modules.session.turns.tooling import Limits, Tooling

if TYPE_CHECKING:
    from modules.session.fitting.policy import Fitting


def _is_whole(stop: StopReason) -> bool:
    """Whether the calls of an answer that ended so are whole."""
    match stop:
        case "tool_use" | "end_turn" | "unknown":
            return True
        case "max_tokens" | "context_full" | "aborted" | "paused" | "refusal":
            return False
        case _:
            assert_never(stop)


RUNNABLE: tuple[StopReason, ...] = tuple(filter(_is_whole, get_args(StopReason)))


class Paused(Struct, frozen=True):
    """The turn stops here although the model wants to go on; every call has its result. `text` says why."""

    text: str


TurnEvent = AnswerEvent | FitEvent | CallEvent | Paused


async def run_turn(
    conversation: Conversation,
    services: ServiceManager,
    message: Message | None,
    model: Model,
    tooling: Tooling | None = None,
    fitting: "Fitting | None" = None,
) -> AsyncGenerator[TurnEvent, None]:
    """Say `message`, let `model` answer, run what it calls, and ask again until it calls nothing.

    Without a message the model answers the question at the end of the conversation, which is asked again, or goes on
    from the results of tools that nobody has answered yet. Before each request `fitting` sees to it that it fits the
    model; without one all is sent. Whatever ends the turn, each call has one result and any model may go on.
    Raises what `fitted_answer` raises.
    """
    repeats = _Repeats(tooling.limits.repeats if tooling else 0)
    before = len(conversation.spent)
    steps = 0
    while True:
        tools = await offered(conversation, model, tooling)
        for late in tooling.late() if tooling is not None else ():
            yield Notice(late)
        if tooling is not None and tools:
            tooling.toolbox.result_files.tidy(call.id for node in conversation.nodes for call in node.message.calls)
        if tooling is not None and (text := _left_out(tools, model)) and text not in tooling.said:
            tooling.said.add(text)
            yield Notice(text)
        try:
            answering = _answer(conversation, services, message, model, tools, fitting)
            async with aclosing(_with_news(answering, conversation.reader(model), tooling)) as answer:
                async for event in answer:
                    yield event
        except BaseException:  # stopped after the last word of an answer, its calls are there and will not run
            _close(conversation)
            raise
        steps += 1
        said = conversation.messages[-1]
        if tooling is None or not said.calls:
            return
        if not (tools or conversation.tools) or said.stop not in RUNNABLE:
            conversation.append(_not_run(said))
            return
        calls = Calls(said.calls, tooling.toolbox, tooling.approval, repeats.refused(said.calls))
        try:
            if conversation.journal is not None:
                await conversation.journal.settled()
            async with aclosing(calls.run()) as running:
                async for happened in running:
                    yield happened
        finally:
            _close(conversation, calls.results)
        message = None
        reason = repeats.reason or _spent_enough(tooling.limits, steps, conversation.spent[before:])
        if reason := reason or tooling.over_budget():
            yield Paused(reason)
            return


async def _with_news(
    answer: AsyncGenerator[AnswerEvent | FitEvent, None], reader: Model, tooling: Tooling | None
) -> AsyncGenerator[AnswerEvent | FitEvent, None]:
    """The answer, and before the first search of its provider that this is one."""
    async with aclosing(answer) as events:
        async for event in events:
            if isinstance(event, ProviderSearch) and tooling is not None and (text := tooling.news_of(reader)):
                yield Notice(text)
            yield event


def _answer(
    conversation: Conversation,
    services: ServiceManager,
    message: Message | None,
    model: Model,
    tools: tuple[ToolSpec, ...],
    fitting: "Fitting | None",
) -> AsyncGenerator[AnswerEvent | FitEvent, None]:
    """One answer, to a request that was made to fit where somebody sees to that."""
    if fitting is None:
        return ask(conversation, services, message, model, tools)
    from modules.session.turns.fitted_answer import fitted_answer  # not before the first question

    return fitted_answer(conversation, services, message, model, tools, fitting)


async def offered(conversation: Conversation, model: Model, tooling: Tooling | None) -> tuple[ToolSpec, ...]:
    """The tools that this model may call. Waits for those of servers."""
    if tooling is None or not tooling.enabled or not conversation.reader(model).tools:
        return ()
    await tooling.toolbox.gather()
    return tooling.specs(conversation.reader(model))


def unanswered_results(conversation: Conversation) -> bool:
    """Whether the conversation ends with results of tools that no model has answered yet."""
    spoken = (node.role for node in reversed(conversation.tree.path) if node.role != "system")
    return next(spoken, None) == "tool"


def _close(conversation: Conversation, results: Iterable[ToolResult] = ()) -> None:
    """Give each call of the last answer its result; one that has none was interrupted."""
    last = conversation.last
    if last is not None and (message := closing(last, results)):
        conversation.append(message)


def _not_run(said: Message) -> Message:
    """The results of calls that came in an answer which ended otherwise, or to a model that has no tools."""
    why = "there are no tools" if said.stop in RUNNABLE else f"the answer ended early ({said.stop})"
    parts = failed(f"Not run: {why}.").parts
    return Message("tool", tuple(ToolResult(call.id, parts, is_error=True, ran=False) for call in said.calls))


def _left_out(tools: tuple[ToolSpec, ...], model: Model) -> str:
    """What to say where the model's API has no room for all the tools."""
    room = about(model.provider.dialect).most_tools
    if room is None or len(tools) <= room:
        return ""
    return f"Context: {len(tools) - room} of {len(tools)} tools left out for {model.name}, which takes {room}."


class _Repeats:
    """Counts identical calls in a row. A model that is stuck asks the same again and again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._last = ("", "")
        self._count = 0
        self.reason = ""

    def refused(self, calls: Iterable[ToolCall]) -> dict[str, str]:
        """The calls that must not run, by id, each with the result that the model gets instead."""
        refused: dict[str, str] = {}
        for call in calls:
            this = (call.name, call.arguments)
            self._count = self._count + 1 if this == self._last else 1
            self._last = this
            if self._most and self._count >= self._most:
                refused[call.id] = f"Not run: the same call came {self._count} times in a row."
                self.reason = f"{call.name} was called {self._count} times in a row with the same arguments."
        return refused


def _spent_enough(limits: Limits, steps: int, spent: list[Spent]) -> str:
    tokens = sum(one.usage.input + one.usage.output for one in spent)
    dollars = sum(one.cost or 0.0 for one in spent)
    if limits.steps and steps >= limits.steps:
        return f"The model was asked {steps} times in this turn."
    if limits.dollars and dollars >= limits.dollars:
        return f"This turn has cost ${dollars:.2f}."
    if limits.tokens and tokens >= limits.tokens:
        return f"This turn has taken {tokens} tokens."
    return ""
