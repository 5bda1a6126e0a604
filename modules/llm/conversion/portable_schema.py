"""A tool's JSON Schema as every API takes it: it allows the same arguments or more, never fewer.

Arguments are checked against the tool's own schema before it runs, so what an API refuses may be left out here.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

Schema = dict[str, Any]

DEEPEST = 40  # levels; what is nested deeper may be anything
LONGEST_CHARS = 1024  # of a description in Chat Completions: "string_above_max_length"
PROPERTY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")  # Anthropic takes no other names
TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
KEPT = ("additionalProperties", "$defs", "definitions")
DROPPED = frozenset({"$schema", "$id", "$anchor", "$comment", "additionalItems"})
ONE = frozenset({"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"})
LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
REACHABLE = re.compile(r"#(/(\$defs|definitions|properties)/.+)?")


def portable(parameters: Schema) -> Schema:
    """The schema of one object with its properties: no references, choices or conditions at the top.

    The same bytes for the same schema. A property of a name that an API refuses stands in the description; the tool
    is still given it by that name.
    """
    described, required = _merged(parameters, parameters, set())
    properties = {name: _plain(value, parameters) for name, value in described.items()}
    odd = {name: properties.pop(name) for name in list(properties) if not PROPERTY.fullmatch(name)}
    texts = [parameters["description"]] if isinstance(parameters.get("description"), str) else []
    if odd:
        texts.append(f"More arguments, by exactly these names: {json.dumps(odd, ensure_ascii=False)}")
    schema: Schema = {"type": "object"}
    if any(text.strip() for text in texts):
        schema["description"] = "\n".join(texts)
    schema["properties"] = properties
    if needed := [name for name in required if name in properties]:
        schema["required"] = needed
    top = _plain({key: parameters[key] for key in KEPT if key in parameters}, parameters)
    if odd:
        top.pop("additionalProperties", None)
    return {**schema, **top}


def shortened(description: str, schema: Schema) -> tuple[str, Schema]:
    """Both for an API with a bound on the description; what is beyond it goes into the schema's own."""
    if len(description) <= LONGEST_CHARS:
        return description, schema
    cut = description.rfind(" ", LONGEST_CHARS // 2, LONGEST_CHARS - 1)
    at = LONGEST_CHARS - 2 if cut < 0 else cut
    rest = f"… {description[at:].strip()}"
    more = f"{rest}\n{schema['description']}" if "description" in schema else rest
    return f"{description[:at].rstrip()} …", {"type": "object", **schema, "description": more}


def _merged(schema: Any, root: Schema, followed: set[str], depth: int = 0) -> tuple[Schema, list[str]]:
    """All properties that an object of this schema may have, and those that it must have; each reference once."""
    if not isinstance(schema, dict) or depth > DEEPEST:
        return {}, []
    properties = dict(schema["properties"]) if isinstance(schema.get("properties"), dict) else {}
    required = list(_names(schema.get("required")))
    reference = schema.get("$ref")
    together = _listed(schema.get("allOf"))
    if isinstance(reference, str) and reference not in followed:
        followed.add(reference)
        together = [_found(reference, root), *together]
    for one in together:
        more, needed = _merged(one, root, followed, depth + 1)
        properties = {**more, **properties}
        required += needed
    for key in ("anyOf", "oneOf"):
        ways = [_merged(one, root, followed, depth + 1) for one in _listed(schema.get(key))]
        for name in dict.fromkeys(name for more, _ in ways for name in more):
            kinds = [more[name] for more, _ in ways if name in more]
            kinds = [kind for at, kind in enumerate(kinds) if kind not in kinds[:at]]
            properties.setdefault(name, kinds[0] if len(kinds) == 1 else {"anyOf": kinds})
        if ways:
            required += [name for name in ways[0][1] if all(name in needed for _, needed in ways)]
    return properties, list(dict.fromkeys(required))


def _plain(schema: Any, root: Schema, depth: int = 0) -> Schema:
    """A schema inside another: of the current draft, without names of its own and references to elsewhere."""
    if schema is False:
        return {"not": {}}
    if not isinstance(schema, dict) or depth > DEEPEST:
        return {}
    return dict(_keywords(schema, root, depth + 1))


def _keywords(schema: Schema, root: Schema, depth: int) -> Iterator[tuple[str, Any]]:
    tuples = isinstance(schema.get("items"), list)  # as drafts before 2020-12 had it
    for key, value in schema.items():
        if key == "items" and tuples:
            yield "prefixItems", [_plain(one, root, depth) for one in value]
            yield "items", _plain(schema.get("additionalItems", True), root, depth)
        elif key == "additionalProperties" and isinstance(value, bool):
            yield key, value
        elif key in ONE:
            yield key, _plain(value, root, depth)
        elif key in LISTS and isinstance(value, list) and value:
            yield key, [_plain(one, root, depth) for one in value]
        elif key in MAPS and isinstance(value, dict):
            yield key, {name: _plain(one, root, depth) for name, one in value.items()}
        elif key not in ONE | LISTS | MAPS and _sound(key, value, root):
            yield key, list(_names(value)) if key == "required" else value
    if _is_array(schema.get("type")) and "items" not in schema:
        yield "items", {}  # OpenAI demands it


def _sound(key: str, value: Any, root: Schema) -> bool:
    """Whether a plain keyword says something that every API understands."""
    match key:
        case "type":
            kinds = value if isinstance(value, list) else [value]
            return bool(kinds) and all(isinstance(kind, str) and kind in TYPES for kind in kinds)
        case "$ref":
            return isinstance(value, str) and bool(REACHABLE.fullmatch(value)) and _found(value, root) is not None
        case "exclusiveMinimum" | "exclusiveMaximum":
            return not isinstance(value, bool)  # a draft before the current one
        case "required" | "examples" | "enum":
            return isinstance(value, list)
        case "description" | "title" | "format" | "pattern":
            return isinstance(value, str)
    return key not in DROPPED


def _found(reference: str, root: Schema) -> Any:
    """What a reference inside the schema points to; None where that is nothing."""
    if not reference.startswith("#"):
        return None
    found: Any = root
    for step in reference[1:].split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or name not in found:
            return None
        found = found[name]
    return found


def _is_array(kind: Any) -> bool:
    return kind == "array" or (isinstance(kind, list) and "array" in kind)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _names(value: Any) -> Iterable[str]:
    return dict.fromkeys(name for name in _listed(value) if isinstance(name, str))
