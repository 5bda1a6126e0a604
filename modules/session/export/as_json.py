"""A conversation as JSON of our own, with nothing left out: docs/export.md says what stands where."""

from collections.abc import Iterator
from dataclasses import replace as other
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
from msgspec.structs import replace

from modules.llm.ledger.ledger import Ledger
from modules.llm.models import Model
from modules.session.conversation import Conversation
from modules.session.counting.prices import Spent
from modules.session.node import Node
from modules.text.safe_json import safe_json

FORMAT, VERSION = "parlance", 1
INDENT = " "
_NO_JSON = (TypeError, ValueError, RecursionError)


def as_json(conversation: Conversation) -> str:
    """The whole tree, with what was sent to whom. The same conversation gives the same text, always."""
    models = _Models()
    head = {
        "format": FORMAT,
        "version": VERSION,
        "id": conversation.id,
        "title": conversation.title,
        "folder": conversation.folder,
        "kind": "one-shot" if conversation.one_shot else "chat",
        "source": conversation.source,
        "system": conversation.system,
        "reasoning": conversation.reasoning,
        "model": models.place(conversation.model),
        "previous": None if conversation.previous is None else models.place(conversation.previous),
        "head": conversation.head,
        "branches": conversation.branch_names,
        "views": [msgspec.to_builtins(view) for view in conversation.views],
        "pins": sorted(conversation.pins),
        "tools": [msgspec.to_builtins(tool) for tool in conversation.tools],
    }
    messages = [_message(node) for node in conversation.nodes]
    spent = [_spent(one, models) for one in conversation.spent]
    ledgers = [f"{safe_json(key)}: {_ledger(ledger)}" for key, ledger in conversation.ledgers.items()]
    fields = [f"{safe_json(name)}: {safe_json(value)}" for name, value in head.items()]
    lists = {"models": models.listed(), "messages": messages, "spent": spent}
    fields += [f'"{name}": {_block(rows, "[]", 1)}' for name, rows in lists.items()]
    fields.append(f'"ledgers": {_block(ledgers, "{}", 1)}')
    return _block(fields, "{}", 0) + "\n"


class _Models:
    """The models of a conversation, each once."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}

    def place(self, model: Model) -> int:
        """Where the model stands in the list."""
        return self._rows.setdefault(safe_json(msgspec.to_builtins(_without_password(model))), len(self._rows))

    def listed(self) -> list[str]:
        return list(self._rows)


def _without_password(model: Model) -> Model:
    """The model at its address without the name and password that may stand there."""
    url = urlsplit(model.provider.base_url)
    bare = urlunsplit(url._replace(netloc=url.netloc.rpartition("@")[2]))
    return other(model, provider=replace(model.provider, base_url=bare)) if "@" in url.netloc else model


def _block(rows: list[str], brackets: str, depth: int) -> str:
    """Rows that stand one below the other, so that a file of it can be compared and read line by line."""
    if not rows:
        return brackets
    inner = ",\n".join(INDENT * (depth + 1) + row for row in rows)
    return f"{brackets[0]}\n{inner}\n{INDENT * depth}{brackets[1]}"


def _message(node: Node) -> str:
    head = {"id": node.id, "parent": node.parent, "created": node.created}
    try:
        return safe_json(head | _told(node.message))
    except _NO_JSON:  # a payload that the file of conversations does not keep either
        return safe_json(head | _told(replace(node.message, native=None)))


def _told(message: Any) -> dict[str, Any]:
    """The fields of a message; its payload as it is, since that is JSON already."""
    told: dict[str, Any] = msgspec.to_builtins(replace(message, native=None))
    return told | {"native": message.native}


def _spent(spent: Spent, models: _Models) -> str:
    row = {"model": models.place(spent.model), "usage": msgspec.to_builtins(spent.usage), "created": spent.created}
    return safe_json(row)


def _ledger(ledger: Ledger) -> str:
    head = {
        "last_message": abs(ledger.path[-1]) if ledger.path else 0,
        "prefix_digest": ledger.prefix_digest,
        "reasoning_from": ledger.reasoning_from,
        "drops_unreadable_reasoning": ledger.drops_unreadable_reasoning,
        "pictures_from": ledger.pictures_from,
    }
    fields = [f'"{name}": {safe_json(value)}' for name, value in head.items()]
    return _block([*fields, f'"entries": {_block(list(_entries(ledger)), "[]", 3)}'], "{}", 2)


def _entries(ledger: Ledger) -> Iterator[str]:
    for at, entry in enumerate(ledger.entries):
        digest = ledger.digests[at] if at < len(ledger.digests) else None
        head = {"covers_until": entry.covers_until, "digest": digest}
        try:
            yield safe_json(head | {"wire": entry.wire})
        except _NO_JSON:  # its ledger begins anew when it is read
            yield safe_json(head | {"wire": None})
