"""Rules about what an answer is to be: JSON by a schema, and the options that it is generated with.

J1 the schema is one that the API binds an answer to, J2 what it goes together with, J3 the form of the field; O1 a
value that an option may have.
"""

import re
from collections.abc import Iterator
from typing import Any

from tests.wire.facts import Dialect, ModelFacts

# platform.claude.com/docs/en/build-with-claude/structured-outputs: JSON Schema limitations.
_UNBOUND = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
            "pattern", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "oneOf", "allOf",
            "not", "if", "prefixItems")  # fmt: skip
_TIERS: dict[Dialect, tuple[str, ...]] = {
    "anthropic": ("auto", "standard_only"),
    "openai": ("auto", "default", "flex", "scale", "priority", "fast"),
    "groq": ("auto", "on_demand", "flex", "performance"),
}


def answer_rules(dialect: Dialect, body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    """Name the rules about the answer that a body breaks."""
    match dialect:
        case "anthropic":
            yield from _claude(body)
        case "openai":
            yield from _responses(body)
        case "groq" | "chat":
            if "response_format" in body:
                wanted = body["response_format"]
                yield from _openai_format(wanted, wanted.get("json_schema"), "response_format", body)
            if dialect == "groq":
                yield from _groq(body, facts)
            yield from _stops(body.get("stop"), 4, "stop")
        case "gemini":
            yield from _gemini(body)
        case "ollama":
            if not isinstance(body.get("format", "json"), dict) and body.get("format", "json") != "json":
                yield 'J3: invalid format: expected "json" or a JSON schema'
    tier = body.get("service_tier")
    if tier is not None and tier not in _TIERS.get(dialect, (tier,)):
        yield f"O1: Invalid value: '{tier}' for 'service_tier'."
    yield from _numbers(dialect, body)


def _responses(body: dict[str, Any]) -> Iterator[str]:
    text = body.get("text") or {}
    for name in text.keys() - {"format", "verbosity"}:
        yield f"E12: Unknown parameter: 'text.{name}'."
    if text.get("verbosity") not in (None, "low", "medium", "high"):
        yield f"O1: Invalid value: '{text['verbosity']}' for 'text.verbosity'."
    if "format" in text:
        yield from _openai_format(text["format"], text["format"], "text.format", body)


def _numbers(dialect: Dialect, body: dict[str, Any]) -> Iterator[str]:
    place = {"gemini": "generationConfig", "ollama": "options"}.get(dialect)
    where = (body.get(place) or {}) if place else body
    for name, most in (("temperature", 2), ("top_p", 1), ("topP", 1)):
        value = where.get(name)
        if value is not None and (not isinstance(value, int | float) or not 0 <= value <= most):
            yield f"O1: Invalid '{name}': expected a number from 0 to {most}."
    for name in ("seed", "random_seed"):
        if name in where and (not isinstance(where[name], int) or isinstance(where[name], bool)):
            yield f"O1: Invalid type for '{name}': expected an integer."


def _stops(stops: Any, most: int, name: str) -> Iterator[str]:
    if stops is None:
        return
    if not isinstance(stops, list) or not 1 <= len(stops) <= most or not all(isinstance(one, str) for one in stops):
        yield f"O1: Invalid '{name}': expected 1 to {most} strings."


def _claude(body: dict[str, Any]) -> Iterator[str]:
    yield from _stops(body.get("stop_sequences"), 8191, "stop_sequences")
    if any(not str(one).strip() for one in body.get("stop_sequences", ())):
        yield "O1: stop_sequences: each stop sequence must contain non-whitespace"
    config = body.get("output_config") or {}
    for name in config.keys() - {"effort", "format"}:
        yield f"E12: output_config.{name}: Extra inputs are not permitted"
    if "format" not in config:
        return
    wanted = config["format"]
    if wanted.get("type") != "json_schema" or wanted.keys() != {"type", "schema"}:
        yield "J3: output_config.format: Input tag does not match 'json_schema'"
        return
    for part in _parts(wanted["schema"]):
        if _is_object(part) and part.get("additionalProperties") is not False:
            yield (
                "J1: output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to "
                "false"
            )
        for word in _UNBOUND:
            if word in part:
                yield f"J1: output_config.format.schema: property '{word}' is not supported"
    if _recursive(wanted["schema"]):
        yield "J1: output_config.format.schema: Recursive schemas are not supported"


def _openai_format(wanted: Any, named: Any, where: str, body: dict[str, Any]) -> Iterator[str]:
    kind = wanted.get("type")
    if kind not in ("text", "json_object", "json_schema"):
        yield f"J3: Invalid value: '{kind}' for '{where}.type'."
    if kind == "json_object" and "json" not in str(body.get("messages", body.get("input"))).lower():
        yield f"J2: 'messages' must contain the word 'json' in some form, to use '{where}' of type 'json_object'."
    if kind != "json_schema":
        return
    if not isinstance(named, dict) or not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", str(named.get("name", ""))):
        yield f"J3: Missing required parameter: '{where}.json_schema.name'."
        return
    schema = named.get("schema") or {}
    start = f"J1: Invalid schema for response_format '{named['name']}'"
    if schema.get("type") != "object":
        yield f"{start}: schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{schema.get('type')}\"'."
    if named.get("strict") is not True:
        return
    for part in _parts(schema):
        if _is_object(part) and part.get("additionalProperties") is not False:
            yield f"{start}: 'additionalProperties' is required to be supplied and to be false."
        if _is_object(part) and set(part.get("required", ())) != set(part.get("properties", {})):
            yield f"{start}: 'required' is required to be an array including every key in properties."
        for word in ("oneOf", "allOf", "not", "if", "default"):
            if word in part:
                yield f"{start}: '{word}' is not permitted."


def _groq(body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    """console.groq.com/docs/structured-outputs: not streamed, not beside tools, and a schema with gpt-oss only."""
    kind = (body.get("response_format") or {}).get("type")
    if kind in (None, "text"):
        return
    if body.get("stream") is True:
        yield "J2: Streaming is not supported with structured outputs"
    if body.get("tools"):
        yield "J2: json mode cannot be combined with tool/function calling"
    if kind == "json_schema" and "gpt-oss" not in str(body.get("model")):
        yield "J1: This model does not support response format `json_schema`."


def _gemini(body: dict[str, Any]) -> Iterator[str]:
    config = body.get("generationConfig") or {}
    yield from _stops(config.get("stopSequences"), 5, "generation_config.stop_sequences")
    schema = config.get("responseJsonSchema", config.get("responseSchema"))
    if schema is not None and config.get("responseMimeType") != "application/json":
        yield "J2: response_json_schema is only supported with response_mime_type application/json"


def _is_object(part: dict[str, Any]) -> bool:
    return part.get("type") == "object" or "object" in (part.get("type") or ())


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """The schema and all that stand in it."""
    if isinstance(schema, list):
        for part in schema:
            yield from _parts(part)
    elif isinstance(schema, dict):
        yield schema
        for word in ("properties", "$defs", "definitions"):
            yield from _parts([*schema.get(word, {}).values()])
        for word in ("items", "anyOf", "oneOf", "allOf"):
            yield from _parts(schema.get(word))


def _recursive(schema: dict[str, Any], part: Any = None, above: tuple[str, ...] = ()) -> bool:
    part = schema if part is None else part
    if isinstance(part, list):
        return any(_recursive(schema, one, above) for one in part)
    if not isinstance(part, dict):
        return False
    reference = part.get("$ref")
    if isinstance(reference, str):
        name = reference.rpartition("/")[2]
        target = schema.get("$defs", {}).get(name) or schema.get("definitions", {}).get(name)
        return reference in above or reference == "#" or _recursive(schema, target or [], (*above, reference))
    return any(_recursive(schema, one, above) for one in part.values() if isinstance(one, dict | list))
