"""Arguments are checked against schemas that anyone may have written: the answer is readable, and it always comes."""

import time
from typing import Any

import pytest

from modules.tools.argument_check import flaw, problem

WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "array", "items": {"type": "object", "properties": {"day": {"type": "integer"}}}},
    },
    "required": ["city"],
    "additionalProperties": False,
}


def test_arguments_that_fit_are_no_problem() -> None:
    assert problem({"city": "Oslo", "days": [{"day": 1}]}, WEATHER) == ""


def test_each_problem_is_named_with_its_place() -> None:
    told = problem({"days": [{"day": 1}, {"day": "x"}], "unit": "C"}, WEATHER)
    assert set(told.splitlines()) == {
        "days[1].day: 'x' is not of type 'integer'",
        "'city' is a required property",
        "Additional properties are not allowed ('unit' was unexpected)",
    }


def test_of_alternatives_the_nearest_is_told() -> None:
    schema = {"anyOf": [{"required": ["id"]}, {"properties": {"name": {"type": "string"}}, "required": ["name"]}]}
    assert problem({"name": 1}, schema) == "name: 1 is not of type 'string'"


def test_what_is_told_of_huge_arguments_is_short() -> None:
    many = {"days": ["x" * 10_000] * 50, "city": ["y"] * 100_000}
    told = problem(many, WEATHER)
    assert len(told) < 1500
    assert "is not of type 'string'" in told


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "text"},
        {"properties": []},
        {"required": "a"},
        {"properties": {"a": {"minimum": "x"}}},
        {"$schema": 5},
        {"properties": {f"p{number}": {"type": "string"} for number in range(10_000)}},
    ],
)
def test_a_schema_that_is_none_is_told_of_before_any_call(schema: dict[str, Any]) -> None:
    assert flaw(schema)
    assert problem({}, schema).startswith("The schema of this tool cannot be used: ")


def test_a_schema_that_goes_too_deep_is_told_of() -> None:
    schema: dict[str, Any] = {}
    for _ in range(500):
        schema = {"items": schema}
    assert "levels" in flaw(schema)


def test_nothing_is_fetched_whatever_a_schema_refers_to() -> None:
    for where in ("http://127.0.0.1:1/schema", "file:///etc/passwd", "#/no"):
        assert "which is not in it" in problem({}, {"$ref": where})


def test_a_schema_that_refers_to_itself_may_do_so_and_may_not_go_on_for_ever() -> None:
    tree = {"properties": {"child": {"$ref": "#"}, "name": {"type": "string"}}}
    assert problem({"child": {"child": {"name": 1}}}, tree) == "child.child.name: 1 is not of type 'string'"
    assert "refers to itself without end" in problem({}, {"$ref": "#"})


def test_a_schema_that_doubles_its_work_at_every_step_is_given_up() -> None:
    steps = {f"s{at}": {"allOf": [{"$ref": f"#/$defs/s{at - 1}"}] * 2} for at in range(1, 50)}
    schema = {"$ref": "#/$defs/s49", "$defs": {"s0": {"type": "object"}, **steps}}
    began = time.monotonic()
    assert "too long to check" in problem({"a": 1}, schema)
    assert "too long to check" in problem({"a": 1}, {**schema, "unevaluatedProperties": False})
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|a)*b", "(a*)*" * 5 + "b", r"(a)\1+b", ".*.*.*.*.*x", "a?" * 40])
def test_a_pattern_that_could_take_for_ever_is_left_to_the_tool(pattern: str) -> None:
    text = "a" * 5000
    assert problem({"a": text}, {"properties": {"a": {"pattern": pattern}}}) == ""
    assert problem({text: 1}, {"patternProperties": {pattern: {}}, "additionalProperties": False}) == ""


def test_a_simple_pattern_holds_and_one_of_another_language_does_not_lose_the_tool() -> None:
    assert "does not match" in problem({"a": "X1"}, {"properties": {"a": {"pattern": r"^[a-z]+-\d{2}$"}}})
    assert problem({"a": "X1"}, {"properties": {"a": {"pattern": r"^\p{L}+$"}}}) == ""


def test_numbers_and_lists_without_measure_do_not_stop_the_check() -> None:
    assert "too large" in problem({"a": 10**400}, {"properties": {"a": {"multipleOf": 0.1}}})
    assert problem({"a": [{}] * 100_000}, {"properties": {"a": {"uniqueItems": True}}}) == ""
    assert "non-unique" in problem({"a": [1, 1]}, {"properties": {"a": {"uniqueItems": True}}})
