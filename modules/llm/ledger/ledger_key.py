"""Which models read the same: those of one issuer that are shown the same things share a ledger."""

import hashlib
from dataclasses import fields

from modules.llm.models import Model, Profile

# Facts that change no byte of a message: models that differ only there share a ledger. Any other fact, a new one too,
# parts the ledgers of models where it is not what is usual.
BESIDE_MESSAGES = frozenset({
    "name", "id", "provider", "aliases", "retired", "retiring", "restricted", "successor", "window", "max_output",
    "price", "known", "note",
})  # fmt: skip
BESIDE_MESSAGES_IN_PROFILE = frozenset({
    "usage_option", "tokens_field", "effort", "output_limit", "context", "refused", "stops", "options",
    "options_at_none", "service_tiers", "seed_field", "answer_format", "format_with_tools", "format_streams", "draws",
})  # fmt: skip
# Facts that keys begin with; conversations are saved under those keys, so their order stays.
FIRST_FACTS = ("tools", "vision", "documents", "reasoning", "profile")


def ledger_key(model: Model) -> str:
    """Whose ledger a model reads: the same for all models of an issuer that are shown the same things."""
    usual = Profile()
    departs = {
        name: value
        for name in Profile.__struct_fields__
        if name not in BESIDE_MESSAGES_IN_PROFILE and (value := getattr(model.profile, name)) != getattr(usual, name)
    }
    departs |= {
        field.name: value
        for field in fields(model)
        if field.name not in (*BESIDE_MESSAGES, *FIRST_FACTS) and (value := getattr(model, field.name)) != field.default
    }
    shown = (
        model.tools, model.vision, model.documents, bool(model.reasoning), departs,
        sorted(model.profile.refused_in_messages),
    )  # fmt: skip
    return f"{model.provider.dialect} {model.issuer} {hashlib.sha256(repr(shown).encode()).hexdigest()[:8]}"
