"""A view: what one model is given in place of a part of the conversation, which itself stays as it was said."""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from modules.llm.history import Message
from modules.llm.models import Model
from modules.llm.parts import File, Image, Part, Text, ToolResult, room_note, safe_name
from modules.session.node import Node

HEAD = "[A summary{by}, in place of the conversation up to this point. What comes after it is word for word.]"


class View(Struct, frozen=True, kw_only=True):
    """What stands in place of what, for one model. Ids are those of messages, which never change, and so does a view.

    `number` counts from 1 in its conversation, `model` is the full name of the model that is given it. `place` is the
    newest message that it says anything of: it holds on each path through that message. `summary` stands for all up to
    `summarized_until` (0 for none), of which the messages in `verbatim` stay word for word. `stubs` are parts that a
    line stands for: the message, and the position of the part in it. `made_by` has written the summary.
    `made_after` and `undone_after` say how many messages the conversation had then; None where it was not undone.
    """

    number: int
    model: str
    place: int
    made_after: int
    summary: str = ""
    summarized_until: int = 0
    verbatim: tuple[int, ...] = ()
    stubs: tuple[tuple[int, int], ...] = ()
    made_by: str = ""
    created: float = 0.0
    undone_after: int | None = None

    @property
    def stubbed(self) -> dict[int, frozenset[int]]:
        """By message, the positions of the parts that a line stands for; what stays word for word has none."""
        found: dict[int, set[int]] = {}
        for message, part in self.stubs:
            if message > self.summarized_until:
                found.setdefault(message, set()).add(part)
        return {message: frozenset(parts) for message, parts in found.items()}

    def shows(self, path: Sequence[int]) -> tuple[int, ...]:
        """The ids of what is given in place of this path; one that is not as it was said is below zero."""
        stubbed = self.stubbed
        after = tuple(-id if id in stubbed else id for id in path if id > self.summarized_until)
        return (-self.summarized_until, *self.verbatim, *after) if self.summarized_until else after

    def is_of(self, messages: int) -> bool:
        """Whether it can be of a conversation of so many messages; one that was read may say anything."""
        named = (self.place, self.summarized_until, *self.verbatim, *(message for message, _ in self.stubs))
        in_order = all(0 < id <= self.summarized_until for id in self.verbatim) and [*self.verbatim] == sorted(
            {*self.verbatim}
        )
        return all(0 <= id <= min(messages, self.place) for id in named) and in_order and self.number > 0

    def was_given_at(self, message: int) -> bool:
        """Whether its model was given it when this message was said."""
        return self.made_after < message <= (message if self.undone_after is None else self.undone_after)


class Reading(Struct, frozen=True):
    """The conversation as one model is given it: the messages, and their ids as `View.shows` has them."""

    messages: Sequence[Message]
    path: tuple[int, ...]


def ledger_name(key: str, view: View | None) -> str:
    """The name of the ledger that readers of this key have under a view: a view begins one of its own."""
    return key if view is None else f"{key} view {view.number}"


def view_number(ledger: str) -> int | None:
    """Which view a ledger of this name is of; None for the one of the whole conversation."""
    _, found, number = ledger.rpartition(" view ")
    return int(number) if found and number.isdecimal() else None


def nodes_with(view: View, path: Sequence[Node]) -> Iterator[Node]:
    """The spoken path as a model is given it that has this view; the nodes of what is as it was said are the same."""
    if view.summarized_until:
        by = f" by {view.made_by}" if view.made_by else ""
        text = Text(f"{HEAD.format(by=by)}\n\n{view.summary}")
        yield Node(-view.summarized_until, 0, Message("user", (text,), continues=True))
    stubbed, verbatim = view.stubbed, frozenset(view.verbatim)
    answer: Node | None = None
    for node in path:
        if node.role == "assistant":
            answer = node
        if node.id <= view.summarized_until:
            if node.id in verbatim:
                yield node
        elif node.id in stubbed:
            message = with_stubs(node.message, stubbed[node.id], answer)
            yield Node(-node.id, node.parent, message, node.created)
        else:
            yield node


def with_stubs(message: Message, parts: frozenset[int], answer: Node | None) -> Message:
    """The message with a line in place of the parts at these positions; `answer` is the last one before it."""
    names = _tools(answer) if message.role == "tool" else {}
    shown = (_stub(part, names) if at in parts else part for at, part in enumerate(message.parts))
    return replace(message, parts=tuple(shown), native=None)


def _tools(answer: Node | None) -> dict[str, str]:
    """The tools that the answer called, by the ids of its calls."""
    return {} if answer is None else {call.id: safe_name(call) for call in answer.message.calls}


def _stub(part: Part, tools: dict[str, str]) -> Part:
    if isinstance(part, ToolResult):
        return replace(part, parts=(Text(result_stub(part, tools.get(part.call_id, "a tool"))),))
    return Text(room_note(part)) if isinstance(part, Image | File) else part


def result_stub(result: ToolResult, tool: str) -> str:
    """The line that stands for the result of a tool."""
    pictures = sum(isinstance(part, Image) for part in result.parts)
    held = [f"{max(1, len(result.text.encode()) // 1000)} kB"] if result.text else []
    held += ["1 picture" if pictures == 1 else f"{pictures} pictures"] if pictures else []
    return f"[result of {tool}, {', '.join(held)}, left out to save room; the tool can be called again]"


def next_number(views: Sequence[View]) -> int:
    """The number of the view that is made next."""
    return max((view.number for view in views), default=0) + 1


def holding(views: Sequence[View], model: Model, is_spoken: Callable[[int], bool]) -> View | None:
    """The view that this model is given on the spoken path: the newest that was not undone; None for none."""
    name = model.full_name
    held = (view for view in reversed(views) if view.model == name and view.undone_after is None)
    return next((view for view in held if is_spoken(view.place)), None)
