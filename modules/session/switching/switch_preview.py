"""A switch thought through: what another model would get of the conversation, and what its next turn would cost."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import assert_never

from msgspec import Struct

from modules.llm.catalogue.price import Price
from modules.llm.conversion.replay import held, hidden_images, missed, pieces_of_reasoning
from modules.llm.events import Usage
from modules.llm.history import Message, refused_turns
from modules.llm.models import Level, Model
from modules.llm.parts import File, Image, Text
from modules.llm.tool_spec import ToolChoice, ToolSpec
from modules.session.conversation import Conversation
from modules.session.counting.prices import cost_of, is_dated, price_of
from modules.session.switching.held_back import held_back_words
from modules.session.switching.switch import SwitchSummary, handover


class SwitchPreview(Struct, frozen=True):
    """What would happen with a switch to `model`, which is as it turned out to be.

    `answers` counts the answers that go back as they came. `renamed` counts tool calls that go under ids of ours.
    `reasoning` maps the models whose reasoning stays behind to how many pieces, `own` counts the pieces that go back.
    `left_out` names images and documents. `read` of the tokens this very model has read before, so its provider may
    still have them in the cache. `cold` and `warm` are the dollars for reading the next request without and with that
    cache, None where unknown. `level` is a reasoning level that the model does not take. `learned` says in words what
    the model turned out to be, `held_back` which of a person's options it is not sent.
    """

    model: Model
    summary: SwitchSummary
    answers: int
    renamed: int
    reasoning: dict[str, int]
    own: int
    left_out: list[str]
    read: int
    price: Price | None
    cold: float | None
    warm: float | None
    level: Level | None
    learned: list[str]
    held_back: str


def plan(
    conversation: Conversation, model: Model, tools: tuple[ToolSpec, ...] = (), choice: ToolChoice = "auto"
) -> SwitchPreview:
    """What a switch to `model` would mean for the conversation as it stands. Nothing is changed."""
    summary, level, reader = (
        handover(conversation, model, tools, choice),
        conversation.reasoning,
        conversation.reader(model),
    )
    behind: Counter[str] = Counter()
    own = 0
    messages = conversation.read_by(model).messages
    for at, how in summary.replays.items():
        message = messages[at] if at < len(messages) else None
        if message is not None and message.origin is not None:
            behind[message.origin.model] += how.reasoning
            own += pieces_of_reasoning(message) - how.reasoning
    price, read = price_of(model), min(_read(conversation, model), summary.tokens)
    writes = price is not None and price.cache_write is not None
    fresh = summary.tokens - read
    return SwitchPreview(
        model=reader,
        summary=summary,
        answers=sum(how.way != "projected" for how in summary.replays.values()),
        renamed=sum(how.renamed for how in summary.replays.values()),
        reasoning={name: pieces for name, pieces in behind.items() if pieces},
        own=own,
        left_out=list(_left_out(messages, reader)),
        read=read,
        price=price,
        cold=cost_of(model, Usage(input=summary.tokens, cache_write=summary.tokens if writes else 0)),
        warm=cost_of(model, Usage(input=summary.tokens, cache_read=read, cache_write=fresh if writes else 0)),
        level=level if level and model.known and level not in model.reasoning else None,
        learned=conversation.learned.of(model).words(),
        held_back=held_back_words(conversation.options, reader, level),
    )


def _left_out(messages: Sequence[Message], model: Model) -> Iterator[str]:
    hidden = hidden_images(messages, model)
    refused = refused_turns(messages)
    for message in (one for at, one in enumerate(messages) if at not in refused):
        for part in held(message):
            left_out = missed(part, model) is not None
            match part:
                case Text():
                    pass
                case Image():
                    hidden -= 1
                    if left_out or hidden >= 0:
                        yield part.name or "image"
                case File():
                    if left_out:
                        yield part.name or "document"
                case _:
                    assert_never(part)


def _read(conversation: Conversation, model: Model) -> int:
    """About how many tokens of the next request this very model has read and answered; caches are each model's own."""
    ledger, reading = conversation.known_ledger(model), conversation.read_by(model)
    if not ledger.entries:
        return 0
    same = 0
    while same < len(ledger.path) and ledger.path[same : same + 1] == reading.path[same : same + 1]:
        same += 1
    for message in reversed(reading.messages[: same + 1]):  # the answer to what was frozen stands after it
        if (
            message.origin
            and message.usage
            and message.origin.issuer == model.issuer
            and is_dated(message.origin.model, model.id)
        ):
            return message.usage.input
    return 0
