"""Options and schemas as anyone may set them, and what of them a request must not hold."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from modules.llm.dialects import about
from modules.llm.generation.answer_schema import AnswerSchema
from modules.llm.models import Level, Model
from modules.llm.parts import Wire
from modules.settings.declarations import OptionSettings

options = st.builds(
    OptionSettings,
    temperature=st.sampled_from([None, 0.0, 0.2, 2.0]),
    top_p=st.sampled_from([None, 0.0, 1.0]),
    seed=st.sampled_from([None, 0, -7]),
    stop=st.sampled_from([(), ("END",), ("a", "b")]),
    max_output=st.sampled_from([None, 16, 10**9]),
    verbosity=st.sampled_from([None, "low", "high"]),
    service_tier=st.sampled_from(["", "auto", "flex", "standard_only", "of nobody"]),
)
NAME = {"type": "string"}
CLOSED = {"type": "object", "properties": {"a": NAME}, "required": ["a"], "additionalProperties": False}
SCHEMAS: list[dict[str, Any]] = [
    CLOSED,
    {"$schema": "https://json-schema.org/draft/2020-12/schema", **CLOSED, "required": []},
    {"type": "object", "properties": {"a": {"type": "integer", "minimum": 3}, "b": {"type": ["string", "null"]}}},
    {"type": "object", "properties": {"a": {"type": "array", "items": CLOSED, "minItems": 2}}, "required": ["a"]},
    {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": []},
    {"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}, "required": ["a"], "$defs": {"x": CLOSED}},
    {"type": "object", "properties": {"a": {"oneOf": [NAME, {"type": "integer"}]}}, "required": ["a"]},
    {"type": "object", "additionalProperties": NAME},
    {"type": "array", "items": NAME},
    {"allOf": [CLOSED]},
]
schemas = st.sampled_from([None, *map(AnswerSchema, SCHEMAS)])


def too_much(model: Model, level: Level | None, body: Wire) -> Iterator[str]:
    """What stands in a body of the options that the catalogue says the model does not take."""
    profile, dialect = model.profile, about(model.provider.dialect)
    usual = [name for name in dialect.options if name not in dialect.rare_options]
    allowed = set(usual if profile.options is None else profile.options)
    if not model.reasoning or (level == "none" and "none" in model.reasoning):
        allowed |= set(profile.options_at_none)
    for name, path in dialect.options.items():
        place: Any = body
        for step in path.format(profile).split("."):
            place = place.get(step) if isinstance(place, dict) else None
        if place is None or (name == "max_output" and dialect.needs_output_limit):
            continue
        if name not in allowed:
            yield f"{name} is sent"
        if name == "service_tier" and profile.service_tiers and place not in profile.service_tiers:
            yield f"{name} is {place}"
