"""What the messages of a conversation hold, each counted once, and about how many tokens its path takes at a model."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from operator import add, mul

from msgspec import Struct

from modules.llm.conversion.replay import reads, sees
from modules.llm.history import Message, refused_turns
from modules.llm.models import Model
from modules.llm.tokens.amounts import NOTHING, Amount, characters, is_same_for_all, of_message, of_request
from modules.llm.tokens.usual_weights import AMOUNTS
from modules.llm.tool_spec import ToolSpec
from modules.llm.web_searches import has_searched
from modules.session.node import Node

LOOKED_AT = 200  # messages from the end that are decoded to be counted; those before them need not be
BYTES_TO_A_TOKEN = 2  # of a row, in which text is packed
AT_ONCE_CHARS = 100_000  # of text that is counted while a person waits: about 5 ms
CHARS_TO_A_TOKEN = 4  # of what is not counted
FAR_BEYOND = 3.0  # times the estimate
REMEMBERED_EVERY = 50  # messages, so that an undo need not add up all of a path
_REASONING = AMOUNTS.index("reasoning")

Reader = tuple[str, str, bool, bool, bool]
Weights = Sequence[float]


class PathSum(Struct, frozen=True):
    """What a path takes up to a message: `tokens` that were counted or guessed, and the amounts that came since.

    `is_counted` where a provider has counted all before, instructions and tools included; `is_same` where every model
    is given all of it alike.
    """

    tokens: float = 0.0
    amount: Amount = NOTHING
    is_counted: bool = False
    is_same: bool = True


class _Given(Struct, frozen=True):
    """To whom a path is given: `head` is what instructions and tools take, and `trusted` whether it counts them."""

    model: Model
    reader: Reader
    weights: Weights
    head: float
    trusted: bool


class PathEstimate:
    """The amounts of a conversation's messages by id, and the sums of its paths, as they are asked for at each key.

    A model is given messages in its own way, so what differs is kept for each.
    """

    def __init__(self) -> None:
        self._same: dict[int, tuple[Message | None, Amount]] = {}
        self._given: dict[tuple[Reader, int], tuple[Message | None, Amount]] = {}
        self._sums: dict[Reader, dict[int, PathSum]] = {}
        self._head: tuple[str, tuple[ToolSpec, ...], Reader, Amount] | None = None

    def amounts(self, messages: Sequence[Message], path: Sequence[int], model: Model) -> list[Amount]:
        """What each message holds for this model; those of refused turns are left out."""
        reader = _reader(model)
        left_out = refused_turns(messages)
        return [
            NOTHING if at in left_out else self._amount(id, message, model, reader)
            for at, (id, message) in enumerate(zip(path, messages, strict=True))
        ]

    def uncounted(self, messages: Iterable[Message], path: Iterable[int]) -> int:
        """How many characters of these messages were never counted."""
        new = (message for id, message in zip(path, messages, strict=True) if id not in self._same)
        return sum(characters(message.parts) for message in new)

    def forget_guesses(self, model: Model) -> None:
        """Add the paths up anew when they are next wanted: what was guessed of them has been counted."""
        self._sums.pop(_reader(model), None)

    def tokens(
        self,
        path: Sequence[Node],
        model: Model,
        weights: Weights,
        system: str = "",
        tools: tuple[ToolSpec, ...] = (),
        *,
        trusted: bool = True,
    ) -> int:
        """About how many tokens a request with this path takes at a model, whose `weights` these are.

        From the last answer on whose provider has counted what came before, unless that is not to be `trusted`.
        """
        reader = _reader(model)
        sums = self._sums.setdefault(reader, {})
        head = tokens_of(self._of_head(system, tools, model), weights) if path or system else 0.0
        last = path[-1].id if path else 0
        if last not in sums:
            self._add_up(path, _Given(model, reader, weights, head, trusted))
        total = sums[last]
        return round(total.tokens + tokens_of(total.amount, weights) + (0.0 if total.is_counted else head))

    def _add_up(self, path: Sequence[Node], to: _Given) -> None:
        """Remember what the path takes, from the last message on of which that is known.

        Where there is much to count, what another provider has counted is taken for the beginning.
        """
        sums, at, start, guessed, room = self._sums[to.reader], len(path), PathSum(), 0.0, AT_ONCE_CHARS
        is_refused, uncounted = False, dict[int, int]()  # characters of each message, by id
        since: list[tuple[Node, Message]] = []  # the newest first
        while at:
            node = path[at - 1]
            if len(path) - at >= LOOKED_AT and not node.is_decoded and node.id not in sums:
                guessed += node.size / BYTES_TO_A_TOKEN
                at -= 1
                continue
            if not is_refused and node.id in sums:
                start = sums[node.id]
                break
            message = node.message
            if node.id not in self._same:
                room -= uncounted.setdefault(node.id, characters(message.parts))
            if not is_refused and is_counted_by(message, None if room < 0 else to.model) and (to.trusted or room < 0):
                start = self._counted(node, message, to)
                break
            is_refused = message.state == "refused" or (is_refused and message.role != "user")
            since.append((node, message))
            at -= 1
        start = PathSum(start.tokens + guessed, start.amount, start.is_counted, start.is_same)
        if at == len(path):
            sums[path[-1].id if path else 0] = start
        else:
            self._go_on(start, path[-1].id, since[::-1], max(0, -room), uncounted, to)

    def _go_on(
        self,
        start: PathSum,
        last: int,
        since: Sequence[tuple[Node, Message]],
        skipped: int,
        uncounted: Mapping[int, int],
        to: _Given,
    ) -> None:
        """Remember what the path up to the message `last` takes with these as well, which are all that are looked at.

        The first are only guessed, until so many characters are `skipped`.
        """
        sums, now = self._sums[to.reader], start
        left_out = refused_turns([message for _, message in since])
        for at, (node, message) in enumerate(since):
            if at not in left_out:
                if skipped > 0 and (size := uncounted.get(node.id, 0)):
                    skipped -= size
                    now = PathSum(now.tokens + size / CHARS_TO_A_TOKEN, now.amount, now.is_counted, now.is_same)
                elif is_counted_by(message, None) and self._is_beyond(now, message, to):
                    now = self._counted(node, message, to)
                else:
                    amount = array("I", map(add, now.amount, self._amount(node.id, message, to.model, to.reader)))
                    now = PathSum(now.tokens, amount, now.is_counted, now.is_same and node.id in self._same)
            if at % REMEMBERED_EVERY == 0:
                sums[node.id] = now
        sums[last] = now

    def _counted(self, node: Node, answer: Message, to: _Given) -> PathSum:
        amount = self._amount(node.id, answer, to.model, to.reader)
        return PathSum(counted_until(answer, amount, to.weights), is_counted=True)

    def _is_beyond(self, before: PathSum, answer: Message, to: _Given) -> bool:
        """Whether another provider has counted far more than is thought: then an estimate cannot know what it is."""
        if before.is_counted or not before.is_same or answer.usage is None:
            return False
        return answer.usage.input > FAR_BEYOND * (to.head + before.tokens + tokens_of(before.amount, to.weights))

    def _amount(self, id: int, message: Message, model: Model, reader: Reader) -> Amount:
        known = self._same.get(id) or self._given.get((reader, id))
        of = message if id < 0 else None  # an id that is negative may be of another message next time
        if known is not None and known[0] is of:
            return known[1]
        amount = of_message(message, model)
        if is_same_for_all(message):
            self._same[id] = of, amount
        else:
            self._given[reader, id] = of, amount
        return amount

    def _of_head(self, system: str, tools: tuple[ToolSpec, ...], model: Model) -> Amount:
        key = (system, tools, _reader(model))
        if self._head is None or self._head[:3] != key:
            self._head = (*key, of_request(system, tools, model))
        return self._head[3]


def is_counted_by(message: Message, model: Model | None) -> bool:
    """Whether this is an answer of the model's own issuer, or of any, which has counted what came before it.

    Where its provider has searched by itself, it has counted pages that nobody here has seen, and some more than once.
    """
    origin = message.origin
    return (
        message.role == "assistant"
        and message.usage is not None
        and message.usage.input > 0
        and message.state != "refused"
        and not has_searched(message.parts)
        and (model is None or (origin is not None and origin.issuer == model.issuer))
    )


def counted_until(answer: Message, amount: Amount, weights: Weights) -> float:
    """How many tokens a path takes up to such an answer and with it, reasoning only as far as it is read again."""
    usage = answer.usage
    assert usage is not None
    if not usage.output or answer.state != "complete":
        return usage.input + tokens_of(amount, weights)
    return usage.input + max(0, usage.output - usage.reasoning) + amount[_REASONING] * weights[_REASONING]


def tokens_of(amount: Amount, weights: Weights) -> float:
    """What the amounts take by these weights."""
    total: float = sum(map(mul, weights, amount))
    return total


def _reader(model: Model) -> Reader:
    return model.issuer, model.id, sees(model), reads(model), model.tools
