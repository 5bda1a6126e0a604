"""Whether a call's arguments, or an answer, fit a schema, which anyone may have written."""

import re
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec

LARGEST = 10_000  # values in a schema
DEEPEST = 60  # levels of it
PATIENCE_SECONDS = 0.5  # that checking one call may take, in which nothing else runs
MATCHING = 1_000_000  # ways in which a pattern may be tried on one text
UNIQUE = 1_000  # items that are compared with each other
TOLD = 5  # problems that are named at once
LONGEST_CHARS = 200  # that one of them takes

_SCHEMAS_BY_NAME = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"}
_VALUES = {"enum", "const", "default", "examples", "example"}

_end: ContextVar[float] = ContextVar("when this check gives up")


class _TooMuch(Exception):
    """The schema asks for more work than any call is worth."""


def problem(arguments: Any, schema: dict[str, Any], of: str = "the schema of this tool") -> str:
    """What is wrong with the arguments, "" when they fit: a line for each problem that names its place.

    `of` is what the schema is called.

    Nothing is fetched, whatever the schema refers to, and the work is bounded. A schema that cannot be applied is a
    problem, too. Patterns that could take long are left to the tool.
    """
    called = f"{of[:1].upper()}{of[1:]}"
    if fault := flaw(schema):
        return f"{called} cannot be used: {fault}"
    import jsonschema
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    checker = _checker(_draft(schema))
    token = _end.set(time.monotonic() + PATIENCE_SECONDS)
    try:
        tamed = _tamed(schema, max(_names(arguments), default=0))
        errors = checker(tamed, registry=Registry()).iter_errors(arguments)
        return "\n".join(_sentence(jsonschema.exceptions.best_match([error])) for error in islice(errors, TOLD))
    except Unresolvable as error:
        return f"{called} cannot be used: it refers to {_quoted(error.ref)}, which is not in it."
    except RecursionError:
        return f"{called} refers to itself without end, or the arguments are nested too deeply."
    except ArithmeticError:
        return "The arguments hold a number that is too large."
    except _TooMuch:
        return "The arguments take too long to check. Send less at once."
    finally:
        _end.reset(token)


def unresolved(schema: dict[str, Any]) -> str:
    """What a schema without a flaw refers to that is not in it; "" for nothing. Nothing is fetched."""
    from referencing import Registry, Resource
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012, specification_with

    usual = specification_with(str(schema.get("$schema", "")), default=DRAFT202012)
    resolver = Registry[Any]().resolver_with_root(Resource.from_contents(schema, default_specification=usual))
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable:
            return f"it refers to {_quoted(reference)}, which is not in it."
    return ""


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = [item for word, item in value.items() if word not in _VALUES]
    if isinstance(value, list):
        for item in value:
            yield from _references(item)


def _quoted(reference: str) -> str:
    return f'"{reference[:LONGEST_CHARS]}"'


def flaw(schema: dict[str, Any]) -> str:
    """Why no arguments could be checked with this schema; "" where they can."""
    if sum(1 for _ in islice(_values(schema), LARGEST + 1)) > LARGEST:
        return f"it has more than {LARGEST} values or {DEEPEST} levels."
    if not isinstance(schema.get("$schema", ""), str):
        return "$schema is not text."
    return _misspelt(msgspec.json.encode(schema))


@lru_cache(maxsize=512)
def _misspelt(schema: bytes) -> str:
    """What the rules for schemas say about this one. Patterns may be of a kind that Python does not know."""
    from jsonschema import FormatChecker
    from jsonschema.exceptions import SchemaError

    value = msgspec.json.decode(schema)
    try:
        _draft(value).check_schema(value, format_checker=FormatChecker(formats=()))
    except SchemaError as error:
        return f"{_sentence(error)}."
    except RecursionError:
        return "it is too deep."
    return ""


def _draft(schema: dict[str, Any]) -> Any:
    """The rules that a schema names, those of 2020-12 where it names none."""
    from jsonschema.validators import Draft202012Validator, validator_for

    return validator_for(schema, default=Draft202012Validator)


@lru_cache
def _checker(draft: Any) -> Any:
    """The draft with a clock beside every rule, and with the ones that can take for ever made harmless."""
    from jsonschema import validators

    rules = dict(draft.VALIDATORS)
    unique = rules["uniqueItems"]

    def unique_up_to_a_bound(validator: Any, wanted: Any, items: Any, schema: Any) -> Iterator[Any]:
        if not isinstance(items, list) or len(items) <= UNIQUE:
            yield from unique(validator, wanted, items, schema) or ()

    rules["uniqueItems"] = unique_up_to_a_bound
    rules["pattern"] = _pattern
    extend: Callable[..., Any] = validators.extend  # untyped in its stubs
    return extend(draft, {name: _timed(rule) for name, rule in rules.items()})


def _timed(rule: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
    def timed(*given: Any) -> Iterator[Any]:
        if time.monotonic() > _end.get():
            raise _TooMuch
        yield from rule(*given) or ()

    return timed


def _pattern(validator: Any, pattern: str, text: Any, schema: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if isinstance(text, str) and _quick(pattern, len(text)) and not re.search(pattern, text):
        yield ValidationError(f"{text!r} does not match {pattern!r}")


def _quick(pattern: str, length: int) -> bool:
    """Whether Python's matching is sure to end soon: it has no bound of its own, and nothing can stop it."""
    bare = re.sub(r"\[\^?\]?[^\]]*\]", "x", re.sub(r"\\.", "x", pattern, flags=re.DOTALL))
    repeated = len(re.findall(r"[*+{]", bare))
    either = len(re.findall(r"[?|]", bare))
    if re.search(r"\)[*+{]", bare) or re.search(r"\\[1-9]|\(\?P=", pattern) or repeated > 8 or either > 20:
        return False
    try:
        re.compile(pattern)  # it is written for another language's expressions
    except (re.error, OverflowError, RecursionError):
        return False
    return int(max(length, 1) ** (repeated + 1) * 2**either) <= MATCHING


def _tamed(schema: Any, longest: int) -> Any:
    """The schema without rules that would escape the clock. `longest` is the length of a name in the arguments."""
    if isinstance(schema, list):
        return [_tamed(item, longest) for item in schema]
    if not isinstance(schema, dict):
        return schema
    left_out = {"$schema", "unevaluatedProperties", "unevaluatedItems"}
    patterns = schema.get("patternProperties")
    if isinstance(patterns, dict) and not all(_quick(pattern, longest) for pattern in patterns):
        left_out |= {"patternProperties", "additionalProperties"}
    tamed: dict[str, Any] = {}
    for key, value in schema.items():
        if key in left_out:
            continue
        if key in _SCHEMAS_BY_NAME and isinstance(value, dict):
            tamed[key] = {name: _tamed(one, longest) for name, one in value.items()}
        else:
            tamed[key] = value if key in _VALUES else _tamed(value, longest)
    return tamed


def _names(value: Any) -> Iterator[int]:
    """How long each name in the arguments is."""
    if isinstance(value, dict):
        yield from map(len, value)
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _names(item)


def _values(value: Any, depth: int = 0) -> Iterator[None]:
    """One for each value of the schema, and more than any schema may have where it is too deep."""
    yield None
    if depth > DEEPEST:
        yield from (None for _ in range(LARGEST + 1))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _values(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _values(item, depth + 1)


def _sentence(error: Any) -> str:
    """One problem with its place. Both ends of a long one count: the value first, and last what was expected."""
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    return _short(f"{_short(place.lstrip('.'), LONGEST_CHARS // 2)}: {error.message}" if place else str(error.message))


def _short(text: str, most: int = LONGEST_CHARS) -> str:
    half = most // 2
    return text if len(text) <= most else f"{text[:half]}…{text[-half:]}"
