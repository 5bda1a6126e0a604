"""What a rulebook test case is: a request body, and the rule it breaks, if any."""

import base64
from dataclasses import dataclass
from typing import Any

from tests.wire.facts import Dialect, ModelFacts

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n not much of a picture").decode()
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"path": {"type": "string"}}}
ODD_SCHEMAS: dict[str, tuple[str, Any]] = {
    "a choice at the top": ("T3", {**SCHEMA, "oneOf": [{"required": ["path"]}]}),
    "all of at the top": ("T3", {"type": "object", "properties": {}, "allOf": [SCHEMA]}),
    "a type nobody knows": ("T4", {"type": "object", "properties": {"n": {"type": "float"}}}),
    "an older draft": ("T4", {"type": "object", "properties": {"n": {"type": "integer", "exclusiveMinimum": True}}}),
    "a reference to elsewhere": ("T4", {"type": "object", "properties": {"a": {"$ref": "other.json#/a"}}}),
    "a reference to nothing": ("T4", {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}}),
}
OPENAI_SCHEMAS: dict[str, tuple[str, Any]] = {
    **ODD_SCHEMAS,
    "an enumeration at the top": ("T3", {**SCHEMA, "enum": [{}]}),
    "no properties": ("T6", {"type": "object"}),
    "an array of what": ("T6", {"type": "object", "properties": {"a": {"anyOf": [{"type": "array"}]}}}),
}
LONE = "half \ud83d"


# What an answer is to be: a schema that every API binds one to, and one that is left open.
CLOSED: dict[str, Any] = {
    "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"], "additionalProperties": False,
}  # fmt: skip
OPEN: dict[str, Any] = {"type": "object", "properties": {"name": {"type": "string"}}}


@dataclass(frozen=True)
class Case:
    """A body. `rule` is empty for a valid one; `along` names rules that cannot but break with it."""

    dialect: Dialect
    name: str
    body: dict[str, Any]
    rule: str = ""
    facts: ModelFacts | None = None
    along: tuple[str, ...] = ()
