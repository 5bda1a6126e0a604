"""A switch thought through: what another model would get of the conversation, and what its next turn would cost."""

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from modules.llm.events import Usage
from modules.llm.ledger import ledger_key
from modules.llm.message import Message
from modules.llm.models import Level, Model
from modules.llm.parts import Image, Reasoning
from modules.llm.price import Price
from modules.session.conversation import Conversation
from modules.session.prices import cost_of, is_dated, price_of
from modules.session.switch import Handover, documents, handover


class Plan(Struct, frozen=True):
    """What would happen with a switch to `model`.

    `answers` counts the answers that go back as they came, because they are from this endpoint. `renamed` counts tool
    calls that go under ids of ours. `reasoning` maps the models whose reasoning stays behind to how many pieces, `own`
    counts the pieces that go back. `left_out` names images and documents. `read` of the tokens this very model has
    read before, so its provider may still have them in the cache. `cold` and `warm` are the dollars for reading the
    next request without and with that cache, None where unknown. `level` is a reasoning level that the model does not
    take.
    """

    model: Model
    told: Handover
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


def plan(conversation: Conversation, model: Model) -> Plan:
    """What a switch to `model` would mean for the conversation as it stands. Nothing is changed."""
    messages, told, level = conversation.messages, handover(conversation, model), conversation.reasoning
    stripped = _stripped(conversation, model)
    answers = renamed = own = 0
    behind: Counter[str] = Counter()
    for at, message in enumerate(messages):
        if message.origin is None:
            continue
        goes_back = _is_own(message, model) and message.native is not None
        answers += goes_back
        renamed += sum(bool(call.native_id) for call in message.calls) if model.tools and not goes_back else 0
        if goes_back and at >= stripped:
            own += _thoughts(message)
        else:
            behind[message.origin.model] += _thoughts(message)
    price, read = price_of(model), min(_read(conversation, model), told.tokens)
    writes = price is not None and price.cache_write is not None
    fresh = told.tokens - read
    return Plan(
        model=model,
        told=told,
        answers=answers,
        renamed=renamed,
        reasoning={name: pieces for name, pieces in behind.items() if pieces},
        own=own,
        left_out=list(_left_out(conversation, model)),
        read=read,
        price=price,
        cold=cost_of(model, Usage(input=told.tokens, cache_write=told.tokens if writes else 0)),
        warm=cost_of(model, Usage(input=told.tokens, cache_read=read, cache_write=fresh if writes else 0)),
        level=level if level and model.known and level not in model.reasoning else None,
    )


def _is_own(message: Message, model: Model) -> bool:
    origin = message.origin
    return origin is not None and (origin.issuer, origin.dialect) == (model.provider.issuer, model.provider.dialect)


def _stripped(conversation: Conversation, model: Model) -> int:
    """The position before which the model's provider gets no reasoning back, because it could not read it."""
    ledger = conversation.ledgers.get(ledger_key(model))
    return ledger.stripped if ledger else 0


def _thoughts(message: Message) -> int:
    return sum(isinstance(part, Reasoning) for part in message.parts)


def _left_out(conversation: Conversation, model: Model) -> Iterator[str]:
    shown = conversation.seen_by(model)
    for message in conversation:
        parts = (*(() if shown else message.images), *(() if model.documents else documents(message)))
        yield from (part.name or ("image" if isinstance(part, Image) else "document") for part in parts)


def _read(conversation: Conversation, model: Model) -> int:
    """About how many tokens of the next request this very model has read and answered; caches are each model's own."""
    ledger = conversation.ledgers.get(ledger_key(model))
    if ledger is None or not ledger.entries:
        return 0
    same = 0
    while same < len(ledger.path) and ledger.path[same : same + 1] == conversation.path[same : same + 1]:
        same += 1
    for message in reversed(conversation.messages[: same + 1]):  # the answer to what was frozen stands after it
        if message.origin and message.usage and _is_own(message, model) and is_dated(message.origin.model, model.id):
            return message.usage.input
    return 0
