"""Rules about the JSON Schema of a tool's parameters."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from tests.wire.facts import Dialect


def schema_rules(dialect: Dialect, schema: object, strict: object, where: str) -> Iterator[str]:
    """Name the rules that the parameters break: T1 an object, T3 its top, T4 the draft, T5 names, T6 what is missing.

    A strict schema closes its object and requires every property.
    """
    if not isinstance(schema, dict) or schema.get("type") != "object":
        yield f"T1: {where}: schema must be a JSON Schema of 'type: \"object\"'"
        return
    properties: dict[str, Any] = schema.get("properties", {})
    closed = schema.get("additionalProperties") is False and set(schema.get("required", [])) == set(properties)
    if strict is True and not closed:
        yield (
            f"T1: {where}: Invalid schema: 'additionalProperties' must be false and 'required' must list"
            " every key in properties."
        )
    for word in ("oneOf", "anyOf", "allOf", *(() if dialect == "anthropic" else ("enum", "not"))):
        if word in schema:
            yield f"T3: {where}: schema must have type 'object' and not have '{word}' at the top level."
    if wrong := _malformed(json.dumps(schema)):
        yield f"T4: {where}: JSON schema is invalid. It must match JSON Schema draft 2020-12 ({wrong})."
        return
    if dialect == "anthropic":
        if not all(re.fullmatch(r"[a-zA-Z0-9_.-]{1,64}", name) for name in properties):
            yield f"T5: {where}.properties: Property keys should match pattern '^[a-zA-Z0-9_.-]{{1,64}}$'"
        return
    if "properties" not in schema:
        yield f"T6: {where}: Invalid schema: In context=(), object schema missing properties."
    if any(_lacks_items(value) for value in properties.values()):
        yield f"T6: {where}: Invalid schema: array schema missing items."


@cache
def _malformed(text: str) -> str:
    """What is wrong with a schema by the current draft, or which of its references leads nowhere."""
    schema = json.loads(text)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return error.message
    return next((reference for reference in _references(schema) if not _resolves(reference, schema)), "")


def _lacks_items(value: object) -> bool:
    match value:
        case {"type": "array", **rest} if "items" not in rest:
            return True
        case dict():
            return any(_lacks_items(item) for item in value.values())
        case list():
            return any(_lacks_items(item) for item in value)
    return False


def _references(value: object) -> Iterator[str]:
    match value:
        case dict():
            for key, item in value.items():
                if key == "$ref" and isinstance(item, str):
                    yield item
                else:
                    yield from _references(item)
        case list():
            for item in value:
                yield from _references(item)


def _resolves(reference: str, schema: dict[str, Any]) -> bool:
    found: Any = schema
    if not reference.startswith("#"):
        return False
    for step in reference[1:].split("/")[1:]:
        if not isinstance(found, dict) or step not in found:
            return False
        found = found[step]
    return True
