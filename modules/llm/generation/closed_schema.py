"""A JSON Schema as APIs take it that bind an answer to one: every object closed, and nothing in it but its shape.

Whatever fits the closed schema has the shape that was asked for. Its limits, such as a least number, are left out: the
whole schema is checked once the answer is there.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from modules.llm.parts import Wire

# What platform.claude.com/docs/en/build-with-claude/structured-outputs and developers.openai.com/api/docs/guides/
# structured-outputs both name as supported, and that says what the answer is made of.
KEPT = ("description", "title", "enum", "const", "$ref")
BY_NAME = ("properties", "$defs", "definitions")
# Where one of these stands, no closed object has the same meaning.
OPEN = ("patternProperties", "allOf", "prefixItems", "propertyNames", "$dynamicRef", "$recursiveRef")


class _Open(Exception):
    """The schema allows what no closed one does."""


def closed(schema: Mapping[str, Any], *, recursive: bool = True) -> Wire | None:
    """The schema closed; None where it allows objects with any names, or an answer that is no object.

    Where it may not be `recursive`, None also where a part of it refers to itself.
    """
    if schema.get("type") != "object" or "anyOf" in schema or "oneOf" in schema or "$ref" in schema:
        return None
    try:
        return None if not recursive and _turns(schema, schema, (), set()) else _closed(schema)
    except (_Open, RecursionError):
        return None


def is_strict(schema: Mapping[str, Any]) -> bool:
    """Whether every object of a closed schema needs all its properties: OpenAI's strict mode takes no other."""
    names = set(schema.get("properties", {}))
    within = [*_within(schema)]
    return names == set(schema.get("required", ())) and all(map(is_strict, within))


def _closed(schema: Any) -> Wire:
    if not isinstance(schema, dict) or any(word in schema for word in OPEN):
        raise _Open
    wire: Wire = {word: schema[word] for word in KEPT if word in schema}
    kinds = schema.get("type", ())
    if kinds:
        wire["type"] = kinds
    for word in BY_NAME:
        if isinstance(schema.get(word), dict):
            wire[word] = {name: _closed(part) for name, part in schema[word].items()}
    for word in ("anyOf", "oneOf"):
        if word in schema:
            wire["anyOf"] = [*wire.get("anyOf", ()), *map(_closed, schema[word])]
    if "array" in _listed(kinds):
        wire["items"] = _closed(schema.get("items"))
    if "object" in _listed(kinds):
        if schema.get("additionalProperties", False) is not False or not schema.get("properties"):
            raise _Open
        wire |= {"required": [name for name in schema.get("required", ()) if name in schema["properties"]]}
        wire |= {"additionalProperties": False}
    elif not (kinds or wire.keys() & {"enum", "const", "$ref", "anyOf"}):
        raise _Open  # anything fits
    return wire


def _listed(kinds: Any) -> Sequence[Any]:
    return [kinds] if isinstance(kinds, str) else list(kinds or ())


def _within(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The schemas that stand in this one."""
    named = [part for word in BY_NAME for part in dict(schema.get(word, {})).values()]
    return [part for part in (*named, *schema.get("anyOf", ()), schema.get("items")) if isinstance(part, dict)]


def _turns(schema: Any, whole: Mapping[str, Any], above: tuple[str, ...], done: set[str]) -> bool:
    """Whether a reference in the schema leads back to what it stands in; those that are `done` do not."""
    if isinstance(schema, list):
        return any(_turns(part, whole, above, done) for part in schema)
    if not isinstance(schema, dict):
        return False
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference not in done:
        if reference in above or _turns(_at(reference, whole), whole, (*above, reference), done):
            return True
        done.add(reference)
    values = (part for word, part in schema.items() if word not in ("enum", "const", "default"))
    return any(_turns(part, whole, above, done) for part in values)


def _at(reference: str, whole: Mapping[str, Any]) -> Any:
    """What a reference inside the schema leads to; None where it leads elsewhere."""
    place: Any = whole if reference.startswith("#") else None
    for step in reference[1:].split("/")[1:]:
        place = place.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(place, dict) else None
    return place
