"""Conversations that an earlier release saved: whose words and whose ledgers they hold, in the terms of this one.

Until 0.1 the issuer of an answer was the bare host, and what an endpoint had refused stood in its ledger. Both are
read as what they meant, so that such a conversation goes on with the bytes that it had.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import replace as replaced

from msgspec.structs import replace

from modules.llm.catalogue.learned_facts import LearnedFacts
from modules.llm.history import Message
from modules.llm.ledger.ledger import Ledger
from modules.llm.ledger.ledger_key import ledger_key
from modules.llm.models import Model, ModelRegistry, Provider

IMPORTED = "imported"  # the dialect of what came from other programs: its issuer is no host
IMAGES = "images"  # among what a ledger left out: all pictures
# The fields that a profile had, in their order: the old key is a digest of how it was printed.
PROFILE_THEN = (
    "replay", "call_ids", "strict_roles", "string_content", "null_content", "reasoning_required", "call_signature",
    "usage_option", "tokens_field", "effort", "thinking", "mid_system",
)  # fmt: skip


class Issuers:
    """Who a stored host was: the provider whose address it is, the one whose models spoke here first."""

    def __init__(self, spoke: Sequence[Model], models: ModelRegistry) -> None:
        self._spoke = spoke
        self._providers = models.providers

    def renamed(self, message: Message) -> Message:
        """The message with its issuer as it is called now."""
        origin = message.origin
        if origin is None or " " in origin.issuer or origin.dialect == IMPORTED:
            return message
        provider = self._provider(origin.issuer, origin.dialect, origin.model)
        if provider is None:
            return message
        return replace(message, origin=replace(origin, issuer=provider.issuer_of(origin.model)))

    def _provider(self, host: str, dialect: str, model_id: str) -> Provider | None:
        here = [one.provider for one in sorted(self._spoke, key=lambda one: one.id != model_id)]
        for provider in (*here, *self._providers.values()):
            if (provider.host, provider.dialect) == (host, dialect):
                return provider
        return None


def adopt(
    ledgers: dict[str, Ledger], refused: dict[str, frozenset[str]], spoke: Iterable[Model], learned: LearnedFacts
) -> dict[str, Ledger]:
    """The ledgers under the keys of today; `refused` is what each of them left out, which is learned of its models."""
    adopted = {key: ledger for key, ledger in ledgers.items() if not _is_old(key)}
    for model in spoke:
        for was in (model, replaced(model, tools=False)):
            key = _old_key(was)
            if (ledger := ledgers.get(key)) is None:
                continue
            for facts in _facts(model, refused.get(key, frozenset())):
                learned.note(model, lasting=False, **facts)
            now = ledger_key(learned.applied(model))
            if now not in adopted:
                adopted[now] = copy(ledger)
                adopted[now].saved = 0  # under this name nothing of it is in the file yet
    return adopted


def _is_old(key: str) -> bool:
    return key.count(" ") == 2 and key.split(" ")[0] != "offline"


def _facts(model: Model, refused: frozenset[str]) -> Iterator[dict[str, object]]:
    if IMAGES in refused:
        yield {"images": 0}
    if f"tools {model.id}" in refused:
        yield {"tools": False}
    fields = [name for name in refused if name != IMAGES and not name.startswith("tools ")]
    if fields:
        yield {"refused": tuple(path for name in sorted(fields) for path in (name, f"messages.*.{name}"))}


def _old_key(model: Model) -> str:
    profile = ", ".join(f"{name}={getattr(model.profile, name)!r}" for name in PROFILE_THEN)
    shown = f"({model.tools!r}, {model.vision!r}, {model.documents!r}, {bool(model.reasoning)!r}, Profile({profile}))"
    digest = hashlib.sha256(shown.encode()).hexdigest()[:8]
    return f"{model.provider.dialect} {model.provider.host} {digest}"
