"""The schema of an answer as it is given after --schema: a file, JSON itself, or names in short."""

import json
import os
from pathlib import Path
from typing import Any

from modules.chat.input.short_schema import schema_of
from modules.errors import UsageError
from modules.llm.generation.answer_schema import AnswerSchema
from modules.own_files import read_text
from modules.session.turns.structured_answer import unusable

LARGEST_BYTES = 1_000_000
CURE = 'Give a file with a JSON Schema, the JSON itself, or names as in "name, age int".'


def schema_from(typed: str) -> AnswerSchema:
    """The schema that was meant. Raises UsageError for one that no answer could be checked with."""
    text, place = typed.strip(), "--schema"
    if text.startswith("{"):
        schema = _read(text, place)
    elif os.path.isfile(path := Path(os.path.expanduser(text))) or _is_path(text):  # names in short may be too long
        place = str(path)
        schema = _read(_text(path), place)
    else:
        schema = schema_of(text)
    if wrong := unusable(schema):
        raise UsageError(f"{place} cannot be used. {wrong}", cure=CURE)
    return AnswerSchema(schema)


def _is_path(text: str) -> bool:
    """Whether this can only be meant as a file, be it there or not."""
    return "\n" not in text and ("/" in text.partition(" ")[0] or "\\" in text or text.endswith(".json"))


def _text(path: Path) -> str:
    try:
        return read_text(path, LARGEST_BYTES)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", cure=CURE) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text.", cure=CURE) from error


def _read(text: str, place: str) -> Any:
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise UsageError(f"{place} is no JSON: {error.msg} in {where}.", cure=CURE) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{place} is no JSON: it is nested too deeply.", cure=CURE) from error
