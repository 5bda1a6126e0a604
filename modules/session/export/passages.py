"""A conversation in the order in which it is read: the spoken path, then what leaves it, each answer with its calls."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from modules.llm.history import Message
from modules.llm.parts import ToolCall, ToolResult
from modules.session.conversation import Conversation
from modules.session.node import Node

NOBODY = "A model"


class CalledTool(Struct, frozen=True):
    """A call, and what it came to; None where no result is there."""

    call: ToolCall
    result: ToolResult | None


class Passage(Struct, frozen=True):
    """One message as it is read: who said it, when, and in which turn of its line, counted from 1.

    `results` are those of a tool's message that no call stands before.
    """

    node: Node
    speaker: str
    turn: int
    calls: tuple[CalledTool, ...] = ()
    results: tuple[ToolResult, ...] = ()

    @property
    def message(self) -> Message:
        return self.node.message


class Line(Struct, frozen=True):
    """Passages that follow one another. `after` is the message that the line leaves, None for the spoken path.

    Where a line begins anew, `after` is 0. `name` is what the person called the branch.
    """

    passages: tuple[Passage, ...]
    after: int | None = None
    name: str = ""


def lines_of(conversation: Conversation, *, tree: bool) -> list[Line]:
    """The spoken path, and with `tree` every branch that leaves it, or another branch, in the order of saying."""
    speakers = Speakers(conversation)
    path = [conversation.nodes[id - 1] for id in conversation.path]
    found = [Line(_passages(path, speakers, 0))]
    if not tree:
        return found
    children: dict[int, list[int]] = {}
    for node in conversation.nodes:
        children.setdefault(node.parent, []).append(node.id)
    told = set(conversation.path)
    turns = {passage.node.id: passage.turn for passage in found[0].passages}
    names = {id: name for name, id in conversation.branch_names.items()}
    for node in conversation.nodes:
        if node.id in told:
            continue
        branch = [node]
        while below := children.get(branch[-1].id):
            branch.append(conversation.nodes[below[-1] - 1])
        told.update(one.id for one in branch)
        passages = _passages(branch, speakers, turns.get(node.parent, 0))
        turns.update((passage.node.id, passage.turn) for passage in passages)
        name = next((names[one.id] for one in branch if one.id in names), "")
        found.append(Line(passages, node.parent, name))
    return found


class Speakers:
    """Who said what: the names of the models that spoke, as the catalogue had them then."""

    def __init__(self, conversation: Conversation) -> None:
        spoke = [conversation.model, *(one.model for one in conversation.spent)]
        self._names = {(model.issuer, model.id): model.full_name for model in spoke}

    def name(self, message: Message) -> str:
        """Who said this message, in words for people."""
        match message.role:
            case "user":
                return "You" if message.is_question else "Parlance"
            case "system":
                return "Instructions"
            case "tool":
                return "Tools"
            case "assistant":
                origin = message.origin
                if origin is None:
                    return NOBODY
                return self._names.get((origin.issuer, origin.model)) or origin.model or NOBODY


def _passages(nodes: Sequence[Node], speakers: Speakers, turn: int) -> tuple[Passage, ...]:
    return tuple(_each(nodes, speakers, turn))


def _each(nodes: Sequence[Node], speakers: Speakers, turn: int) -> Iterator[Passage]:
    for at, node in enumerate(nodes):
        message = node.message
        turn += message.is_question
        before = nodes[at - 1].message if at else None
        if message.role == "tool":
            called = {call.id for call in before.calls} if before is not None else set()
            if left := tuple(result for result in message.results if result.call_id not in called):
                yield Passage(node, speakers.name(message), turn, results=left)
            continue
        after = nodes[at + 1].message if at + 1 < len(nodes) else None
        results = {one.call_id: one for one in after.results} if after is not None and after.role == "tool" else {}
        calls = tuple(CalledTool(call, results.get(call.id)) for call in message.calls)
        yield Passage(node, speakers.name(message), turn, calls)
