"""What changes for a conversation when another model takes over: computed before anything is sent."""

from collections.abc import Sequence

from msgspec import Struct

from modules.llm.base import ChatRequest
from modules.llm.conversion.replay import LeftOut, Replay
from modules.llm.history import user
from modules.llm.models import Model
from modules.llm.parts import Attached
from modules.llm.service_manager import prepare
from modules.llm.tool_spec import ToolChoice, ToolSpec
from modules.session.conversation import Conversation

NOTHING_TYPED = "…"


class SwitchSummary(Struct, frozen=True):
    """What the new model will see of the conversation.

    `turns` and `calls` carry over, `left_out` is what does not. `replays` say how each message goes, by position.
    `summarised` of the turns are given as a summary, `stubs` stand for results, pictures and files.
    `tokens` of `window` (None where unknown) are about what its first request reads.
    """

    turns: int
    calls: int
    left_out: LeftOut
    replays: dict[int, Replay]
    tokens: int
    window: int | None
    summarised: int = 0
    stubs: int = 0

    @property
    def fits(self) -> bool:
        return self.window is None or self.tokens < self.window


def handover(
    conversation: Conversation, model: Model, tools: tuple[ToolSpec, ...] = (), choice: ToolChoice = "auto"
) -> SwitchSummary:
    """What `model` would see of the conversation as it stands, by making the request that it would get.

    `tools` are those that would be declared. Nothing is changed.
    """
    request = scratch_request(conversation, model, tools, choice)
    sent = prepare(request)
    replays = sent.messages.replays if sent.messages else {}
    said = len(request.messages) - 1
    view = conversation.view(model)
    until = view.summarized_until if view is not None else 0
    stay = view.verbatim if view is not None else ()
    return SwitchSummary(
        turns=conversation.turns,
        calls=sum(len(message.calls) for message in conversation),
        left_out=sent.left_out,
        replays={at: how for at, how in replays.items() if at < said},
        tokens=conversation.tokens(model, tools),
        window=request.model.window,
        summarised=sum(
            node.is_question and node.id <= until and node.id not in stay for node in conversation.tree.path
        ),
        stubs=sum(map(len, view.stubbed.values())) if view is not None else 0,
    )


def scratch_request(
    conversation: Conversation,
    model: Model,
    tools: tuple[ToolSpec, ...] = (),
    choice: ToolChoice = "auto",
    attached: Sequence[Attached] = (),
) -> ChatRequest:
    """The request that a question asked now would become; making it leaves no trace.

    "…" stands for the question.
    """
    reader = conversation.reader(model)
    tools, choice = conversation.declared(reader, tools, choice)
    reading = conversation.read_by(model)
    return ChatRequest(
        model=reader,
        messages=(*reading.messages, user(NOTHING_TYPED, *attached)),
        system=conversation.system,
        reasoning=conversation.reasoning,
        tools=tools,
        session=conversation.id,
        path=(*reading.path, len(conversation.nodes) + 1),
        ledger=conversation.known_ledger(model),
        tool_choice=choice,
        reasoning_shown=conversation.reasoning_shown,
        options=conversation.options,
        answer_schema=conversation.answer_schema,
    )


def left_out_words(left_out: LeftOut, model: Model) -> str:
    """What a model is not shown, as part of a sentence."""
    counted = (
        (left_out.images, "picture"),
        (left_out.documents, "document"),
        (left_out.reasoning, "earlier piece of reasoning"),
    )
    words = [_count(number, what) for number, what in counted if number]
    words_left_out = f"{', '.join(words)} left out" if words else ""
    if not left_out.calls:
        return words_left_out
    return f"{words_left_out}, tool calls told as text" if words_left_out else "tool calls told as text"


def _count(number: int, what: str) -> str:
    if number == 1:
        return f"1 {what}"
    first, of, rest = what.partition(" of ")
    return f"{number} {first}s{of}{rest}"
