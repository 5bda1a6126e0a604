"""A tool's schema as every API takes it: nothing that one refuses, nothing lost that a tool takes, always the same."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from modules.llm.base import ChatRequest, ToolSpec
from modules.llm.conversion.portable_schema import portable
from modules.llm.dialects import about
from modules.llm.message import user
from modules.tools.tool import tool
from tests.harness.transformer_harness import FOUR, REQUESTS, facts_of
from tests.wire.facts import Dialect
from tests.wire.rulebook import broken_rules

A, B = {"type": "string"}, {"type": "integer"}
DEEP: dict[str, Any] = {"type": "string"}
for _ in range(400):
    DEEP = {"type": "object", "properties": {"in": DEEP}}

# What a tool says, and arguments that it takes.
SCHEMAS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "nothing at all": ({}, [{}, {"a": 1}]),
    "an object of nothing": ({"type": "object"}, [{}]),
    "properties that are null": ({"type": "object", "properties": None}, [{}]),
    "its draft and its name": (
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$id": "urn:x",
            "type": "object",
            "properties": {"a": A},
        },
        [{"a": "x"}],
    ),
    "one of two": (
        {"type": "object", "oneOf": [{"properties": {"a": A}, "required": ["a"]}, {"properties": {"b": B}}]},
        [{"a": "x"}, {"b": 1}],
    ),
    "any of two, both with the same name": (
        {"type": "object", "anyOf": [{"properties": {"a": A}}, {"properties": {"a": B}}]},
        [{"a": "x"}, {"a": 1}],
    ),
    "all of two": ({"allOf": [{"properties": {"a": A}, "required": ["a"]}, {"properties": {"b": B}}]}, [{"a": "x"}]),
    "a reference at the top": (
        {
            "$ref": "#/$defs/Args",
            "$defs": {"Args": {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}}, "A": A},
        },
        [{"a": "x"}],
    ),
    "a reference in a circle": (
        {"$ref": "#/$defs/T", "$defs": {"T": {"type": "object", "properties": {"t": {"$ref": "#/$defs/T"}}}}},
        [{"t": {"t": {}}}],
    ),
    "a reference to itself": ({"$ref": "#/$defs/T", "$defs": {"T": {"$ref": "#/$defs/T"}}}, [{}]),
    "a reference to elsewhere": ({"type": "object", "properties": {"a": {"$ref": "other.json#/x"}}}, [{"a": 1}]),
    "conditions": (
        {"type": "object", "properties": {"a": A}, "not": {"required": ["b"]}, "if": {}, "then": {"required": ["a"]}},
        [{"a": "x"}],
    ),
    "an enumeration": ({"type": "object", "enum": [{}, {"a": 1}]}, [{}, {"a": 1}]),
    "arrays of anything": ({"type": "object", "properties": {"a": {"type": "array"}}}, [{"a": [1, "x"]}]),
    "a tuple of an older draft": (
        {"type": "object", "properties": {"a": {"type": "array", "items": [A, B], "additionalItems": False}}},
        [{"a": ["x", 1]}],
    ),
    "bounds of an older draft": (
        {"type": "object", "properties": {"a": {"type": "integer", "minimum": 0, "exclusiveMinimum": True}}},
        [{"a": 1}],
    ),
    "a requirement of an older draft": ({"type": "object", "properties": {"a": {**A, "required": True}}}, [{"a": "x"}]),
    "kinds that are none": (
        {"type": "object", "properties": {"a": {"type": "float"}, "b": {"type": "any"}}},
        [{"a": 1.5, "b": "x"}],
    ),
    "schemas that are true and false": ({"type": "object", "properties": {"a": True, "b": False}}, [{"a": 1}]),
    "names that some refuse": (
        {
            "type": "object",
            "properties": {"filter[id]": A, "$top": B, "x" * 65: A, "plain": A},
            "required": ["$top", "plain"],
            "additionalProperties": False,
        },
        [{"$top": 1, "plain": "x", "filter[id]": "y"}],
    ),
    "properties called like keywords": (
        {"type": "object", "properties": {"items": A, "required": B, "enum": {"type": "array", "items": A}}},
        [{"items": "x", "required": 1, "enum": ["x"]}],
    ),
    "half a character": ({"type": "object", "properties": {"a": {**A, "description": "half \ud83d"}}}, [{"a": "x"}]),
    "four hundred levels": ({"type": "object", "properties": {"in": DEEP}}, [{"in": {"in": {}}}]),
    "references that double": (
        {
            "$ref": "#/$defs/n0",
            "$defs": {f"n{i}": {"allOf": [{"$ref": f"#/$defs/n{i + 1}"}] * 2} for i in range(60)},
        },
        [{}],
    ),
}


@tool
async def own(path: str, count: int = 3, tags: list[str] | None = None) -> str:
    """Do something."""
    return f"{path} {count} {tags}"


def body(name: Dialect, *tools: ToolSpec, **more: Any) -> dict[str, Any]:
    model = FOUR[name]
    request = ChatRequest(model, (user("Hi."),), tools=tools, **more)
    return REQUESTS[model.provider.dialect](request).body


def told(name: Dialect, request: dict[str, Any]) -> list[dict[str, Any]]:
    """The tools of a request as name, description and schema, whatever the dialect calls them."""
    tools = [one.get("function", one) for one in request["tools"]]
    if name == "gemini":
        tools = tools[0]["functionDeclarations"]
    key = {"anthropic": "input_schema", "gemini": "parametersJsonSchema"}.get(name, "parameters")
    return [{"name": one["name"], "description": one["description"], "schema": one[key]} for one in tools]


@pytest.mark.parametrize("name", FOUR)
@pytest.mark.parametrize("case", SCHEMAS)
def test_every_provider_takes_the_tool_whatever_its_schema_says(case: str, name: Dialect) -> None:
    request = body(name, ToolSpec("odd", "Odd \ud83d.", SCHEMAS[case][0]))
    assert broken_rules(name, request, facts_of(FOUR[name])) == []


@pytest.mark.parametrize("case", SCHEMAS)
def test_what_the_tool_takes_its_schema_allows(case: str) -> None:
    schema, taken = SCHEMAS[case]
    validator = Draft202012Validator(portable(schema))
    assert taken
    assert [arguments for arguments in taken if not validator.is_valid(arguments)] == []


@pytest.mark.parametrize("case", SCHEMAS)
def test_a_schema_is_told_in_the_same_bytes_every_time_and_left_as_it_was(case: str) -> None:
    before = json.dumps(SCHEMAS[case][0])
    once = json.dumps(portable(SCHEMAS[case][0]))
    assert json.dumps(portable(json.loads(before))) == once
    assert json.dumps(SCHEMAS[case][0]) == before
    assert json.dumps(portable(json.loads(once))) == once or case == "names that some refuse"


def test_a_schema_is_made_portable_once() -> None:
    spec = ToolSpec("odd", "Odd.", SCHEMAS["one of two"][0])
    assert spec.schema is spec.schema


def test_a_tool_of_our_own_is_told_as_its_signature_says_it() -> None:
    schema = portable(own.spec.parameters)
    assert {key: schema[key] for key in own.spec.parameters} == own.spec.parameters


def test_a_property_of_a_refused_name_can_still_be_given_by_that_name() -> None:
    schema = portable(SCHEMAS["names that some refuse"][0])
    assert list(schema["properties"]) == ["plain"]
    assert '"filter[id]"' in schema["description"]
    assert '"$top"' in schema["description"]
    assert schema["required"] == ["plain"]
    assert "additionalProperties" not in schema


@pytest.mark.parametrize("name", FOUR)
def test_a_long_description_reaches_every_provider_whole(name: Dialect) -> None:
    words = " ".join(f"word{n}" for n in range(400))
    request = body(name, ToolSpec("long", words, {"type": "object", "properties": {}, "description": "The end."}))
    assert broken_rules(name, request, facts_of(FOUR[name])) == []
    (one,) = told(name, request)
    whole = f"{one['description']} {one['schema']['description']}".replace("… …", "").split()
    assert whole == [*words.split(), "The", "end."]


@pytest.mark.parametrize("name", FOUR)
def test_a_tool_that_says_nothing_is_described_by_its_name(name: Dialect) -> None:
    assert told(name, body(name, ToolSpec("quiet", " ", {})))[0]["description"] == "quiet"


@pytest.mark.parametrize("name", FOUR)
def test_no_more_tools_are_declared_than_the_dialect_takes(name: Dialect) -> None:
    request = body(name, *(ToolSpec(f"t{n}", "One.", {}) for n in range(200)))
    assert broken_rules(name, request, facts_of(FOUR[name])) == []
    most = about(FOUR[name].provider.dialect).most_tools or 200
    assert [one["name"] for one in told(name, request)] == [f"t{n}" for n in range(most)]


@pytest.mark.parametrize("name", FOUR)
def test_a_model_that_may_not_call_is_told_so_and_its_tools_stay_declared(name: Dialect) -> None:
    request = body(name, own.spec, tool_choice="none")
    assert broken_rules(name, request, facts_of(FOUR[name])) == []
    assert len(request["tools"]) == 1
    if name == "ollama":  # has no word for it
        assert "tool_choice" not in request
        return
    key = "toolConfig" if name == "gemini" else "tool_choice"
    none = {"anthropic": {"type": "none"}, "gemini": {"functionCallingConfig": {"mode": "NONE"}}}.get(name, "none")
    assert request[key] == none
    assert key not in body(name, own.spec)
    assert key not in body(name, tool_choice="none")
