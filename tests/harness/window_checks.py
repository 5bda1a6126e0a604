"""What must stand in a request by what was said and by the views that were made, found without the program's help."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from modules.llm.message import WireEntry
from modules.session.conversation import Conversation
from modules.session.export import own_json
from modules.session.export.as_json import as_json
from modules.session.export.as_markdown import as_markdown
from modules.session.export.as_text import as_text
from modules.session.views.view import View
from tests.harness.window_readers import READERS, REGISTRY

MARK = re.compile(r"[ms]\d{5}z")  # "m" in what was said, "s" in a summary; no other text holds the like

Row = tuple[Any, ...]
Epoch = tuple[str, int, str]  # a model's full name, the number of its view, 0 for none, and the first instructions


class Said:
    """All that was said, each piece with a mark of its own, and all views that were made, with those undone."""

    def __init__(self) -> None:
        self._count = 0
        self.parts: dict[str, tuple[int, int]] = {}  # where each mark stands: the message, and the part in it
        self.views: dict[int, View] = {}
        self.undone: set[int] = set()

    def mark(self, kind: str = "m") -> str:
        """One that nothing else has."""
        self._count += 1
        return f"{kind}{self._count:05d}z"

    def note(self, talk: Conversation) -> None:
        """Learn where the marks of new messages stand."""
        for node in talk.nodes[max((message for message, _ in self.parts.values()), default=0) :]:
            for at, part in enumerate(node.message.parts):
                texts = [getattr(part, "text", "")]
                for mark in MARK.findall("".join(texts)):
                    self.parts.setdefault(mark, (node.id, at))

    def held(self, name: str, path: Sequence[int]) -> View | None:
        """The view that a model of this full name is to be given on a path."""
        there = set(path)
        views = [view for view in self.views.values() if view.model == name and view.number not in self.undone]
        return max((view for view in views if view.place in there), key=lambda view: view.number, default=None)

    def epoch(self, name: str, talk: Conversation) -> Epoch:
        """Within which each request to a model extends the one before it."""
        view = self.held(name, talk.path)
        return name, 0 if view is None else view.number, talk.system

    def must_hold(self, text: str, view: View | None, talk: Conversation) -> None:
        """A request holds all that its model is to be given, and nothing else; turns that were refused may go."""
        path = talk.tree.path
        found, meant = set(MARK.findall(text)), self.marks(view, talk.path) | set(MARK.findall(talk.system))
        refused = {id for one in path if one.message.state == "refused" for id in (one.id, one.parent)}
        free = {mark for mark, (message, _) in self.parts.items() if message in refused}
        assert found - free == meant - free, f"more: {found - meant - free}, less: {meant - found - free}, {view}"

    def must_leave(self, view: View, talk: Conversation) -> None:
        """A new view leaves pinned turns, the newest instructions and a question without an answer word for word.

        What an earlier view had in their place, which it builds on, stays so.
        """
        path = talk.tree.path
        before = self.held(view.model, talk.path)
        new = {message for message, _ in {*view.stubs} - {*(before.stubs if before is not None else ())}}
        summed = {id for id in talk.path if id <= view.summarized_until} - {*view.verbatim}
        if before is not None and view.summary == before.summary:
            summed = set()
        told = [node.id for node in path if node.role == "system"]
        stays, turn, refused = {*told[-1:]}, list[int](), False
        for node in reversed(path):
            refused = refused or node.message.state == "refused"
            turn.append(node.id)
            if node.is_question:
                if not refused and (node.id in talk.pins or talk.asked is node.message):
                    stays |= {*turn} - {*told}
                turn, refused = [], False
        assert not stays & (new | summed), f"{stays & (new | summed)} of {view}"

    def marks(self, view: View | None, path: Sequence[int]) -> set[str]:
        """All that a model with this view is given of a path, and nothing else."""
        there = set(path)
        if view is None:
            return {mark for mark, (message, _) in self.parts.items() if message in there}
        until, verbatim, stubs = view.summarized_until, set(view.verbatim), set(view.stubs)
        shown = {
            mark
            for mark, (message, part) in self.parts.items()
            if message in there and (message in verbatim if message <= until else (message, part) not in stubs)
        }
        return shown | set(MARK.findall(view.summary))


def digests(entries: Sequence[WireEntry]) -> list[tuple[int, str]]:
    """Each entry of a request: which position it covers up to, and a digest of its bytes."""
    return [(one.covers_until, hashlib.sha256(json.dumps(one.wire).encode()).hexdigest()) for one in entries]


def exports(talk: Conversation, *, tree: bool = False) -> list[str]:
    """What a person is given of a conversation: the spoken path, with `tree` all of it."""
    return [make(talk, tree=tree) for make in (as_markdown, as_text)]


def told(talk: Conversation) -> Mapping[str, Any]:
    """All that is kept of a conversation, but for what it cost."""
    value: dict[str, Any] = json.loads(as_json(talk))
    del value["spent"], value["models"]  # which has those that were paid for, behind all others
    value["ledgers"] = {key: one for key, one in value["ledgers"].items() if one["last_message"]}  # nothing was sent
    return value


def must_be_same(one: Any, other: Any, place: str = "") -> None:
    """Say where two values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            must_be_same(one.get(key), other.get(key), f"{place} {key}")
    else:
        assert one == other, f"{place}: {str(one)[:300]} and {str(other)[:300]}"


def without_views(talk: Conversation) -> Conversation:
    """The same conversation as if nobody had ever made a view or a pin in it."""
    value = json.loads(as_json(talk))
    value["ledgers"] = {key: ledger for key, ledger in value["ledgers"].items() if " view " not in key}
    value |= {"views": [], "pins": []}
    return own_json.read(json.dumps(value), REGISTRY, next(iter(READERS.values())), talk.learned)
