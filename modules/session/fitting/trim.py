"""Stubs in place of old tool results, pictures and files, until a conversation fits: no model is asked for them."""

import time
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from modules.llm.history import Message, refused_turns
from modules.llm.models import Model
from modules.llm.parts import File, Image, Part, ToolResult
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation
from modules.session.fitting.cut import pinned
from modules.session.fitting.room import Counter
from modules.session.node import Messages, Node
from modules.session.views.view import View, next_number

LARGE_TOKENS = 1000  # parts from here on go before all smaller ones: then fewer have to go
STUB_TOKENS = 30
LEAST_SAVED_TOKENS = 50  # by a stub; less is not worth what it hides


class _Loss(Struct, frozen=True):
    """A part that may go: where it stands, and how many tokens a stub in its place saves."""

    message: int
    part: int
    saved: int


def trimmed(
    conversation: Conversation,
    model: Model,
    tools: tuple[ToolSpec, ...] = (),
    *,
    target: int | None = None,
    asking: bool = False,
) -> View | None:
    """What the model is to be given, with stubs for the oldest and largest parts; None where nothing can go.

    It builds on the view that holds, and goes as far as needed until a request takes `target` tokens; without one all
    old parts go. The last turn loses parts only for a target that is not reached otherwise, its results the newest
    last; the question itself stays, unless another one is being asked (`asking`), and so do pinned turns. Nothing is
    changed by this.
    """
    path, before = conversation.tree.path, conversation.view(model)
    nodes = _still_whole(path, before)
    last = max((at for at, node in enumerate(nodes) if node.is_question), default=-1)
    stays = frozenset(path[at].id for at in pinned(path, conversation.pins))
    gone = frozenset(before.stubs if before is not None else ())
    counter = Counter(conversation, model, tools)
    losses = [loss for loss in _losses(nodes, stays, counter) if (loss.message, loss.part) not in gone]
    newest = nodes[last].id if last >= 0 else 0
    old = sorted((loss for loss in losses if loss.message < newest), key=lambda one: one.saved < LARGE_TOKENS)
    if target is None:
        chosen = old
    else:
        last_resort = [loss for loss in losses if loss.message > newest or (asking and loss.message == newest)]
        chosen = []
        left = counter.with_view(before)
        for loss in [*old, *last_resort]:
            if left <= target:
                break
            chosen.append(loss)
            left -= loss.saved
    if not chosen:
        return None
    stubs = {*gone, *((loss.message, loss.part) for loss in chosen)}
    view = before or View(number=0, model=model.full_name, place=0, made_after=0)
    return replace(
        view,
        number=next_number(conversation.views),
        place=max(view.place, *(message for message, _ in stubs)),
        made_after=len(conversation.nodes),
        stubs=tuple(sorted(stubs)),
        created=time.time(),
    )


def _still_whole(path: Sequence[Node], view: View | None) -> list[Node]:
    """The nodes that are given as they are: none that a summary stands for or stays beside one, and none refused."""
    until = view.summarized_until if view is not None else 0
    refused = refused_turns(Messages(path))
    return [node for at, node in enumerate(path) if node.id > until and at not in refused]


def _losses(nodes: Sequence[Node], stays: frozenset[int], counter: Counter) -> Iterator[_Loss]:
    """What may go of these messages, oldest first."""
    for node, size in zip(nodes, counter.messages(nodes), strict=True):
        if node.id in stays or node.role not in ("user", "tool"):
            continue
        parts = node.message.parts
        for place, part in enumerate(parts):
            if isinstance(part, ToolResult | Image | File):
                saved = (size if len(parts) == 1 else _tokens(part, counter)) - STUB_TOKENS
                if saved >= LEAST_SAVED_TOKENS:
                    yield _Loss(node.id, place, saved)


def _tokens(part: Part, counter: Counter) -> int:
    return counter.message(Message("tool" if isinstance(part, ToolResult) else "user", (part,)))
