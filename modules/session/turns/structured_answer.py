"""An answer that is to be JSON: found in what a model said, and checked against the schema that it must fit."""

import json
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from modules.llm.generation.answer_schema import AnswerSchema
from modules.tools.argument_check import flaw, problem, unresolved

BLOCK = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n`]*\n(.*?)^ {0,3}\1[`~]*[ \t]*$", re.MULTILINE | re.DOTALL)
NO_JSON = "It is no JSON"


class Checked(Struct, frozen=True):
    """What an answer came to: its `value`, or the `problem` with it in a sentence or more, "" where there is none."""

    text: str
    value: Any = None
    problem: str = ""


def checked(text: str, wanted: AnswerSchema) -> Checked:
    """The JSON that the text is, or that stands in a block of code in it, and whether it fits the schema."""
    why = ""
    for found in _places(text):
        try:
            value = json.loads(found, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            why = why or _reason(error)
            continue
        wrong = problem(value, dict(wanted.schema), of="the schema")
        return Checked(text, value, "".join(f"{line.rstrip('.')}. " for line in wrong.split("\n") if line).strip())
    return Checked(text, problem=f"{NO_JSON}: {why}." if text.strip() else "It says nothing.")


def unusable(schema: Any) -> str:
    """Why no answer could be checked with this schema, as a sentence; "" where one can."""
    if not isinstance(schema, dict):
        return "It is no JSON object."
    return _sentence(flaw(schema) or unresolved(schema))


def _places(text: str) -> Iterator[str]:
    """Where JSON may stand: the whole text, then each block of code."""
    yield text.strip()
    for block in BLOCK.finditer(text):
        yield block[2]


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[:1].lower()}{error.msg[1:]} in line {error.lineno}, column {error.colno}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "." if text else ""
