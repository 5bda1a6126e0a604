"""A JSON Schema in short: "name, age int, tags [str]", or a line for each name with what it means behind a colon.

The form is that of llm's concise schemas (llm.datasette.io/en/stable/schemas.html), with lists beside it.
"""

import re
from typing import Any

from modules.errors import UsageError
from modules.llm.catalogue.strict_yaml import nearest

KINDS = {
    "str": "string", "string": "string", "int": "integer", "integer": "integer", "float": "number", "number": "number",
    "bool": "boolean", "boolean": "boolean",
}  # fmt: skip
FORM = 'A name is followed by str, int, float or bool, in [ ] for a list, as in "name, age int, tags [str]".'


def schema_of(text: str) -> dict[str, Any]:
    """The schema of an object with all of these names. Raises UsageError for what is not of the form."""
    pieces = text.split("\n" if "\n" in text else ",")
    properties: dict[str, Any] = {}
    for piece in filter(None, map(str.strip, pieces)):
        head, _, described = piece.partition(":")
        name, *kinds = head.split(maxsplit=1) or [""]
        if not re.fullmatch(r"[\w.-]{1,64}", name):
            raise UsageError(f'"{piece}" begins with no name.', cure=FORM)
        if name in properties:
            raise UsageError(f'The name "{name}" is there twice.', cure="Give each once.")
        properties[name] = _kind(kinds[0].strip() if kinds else "str")
        if described.strip():
            properties[name]["description"] = described.strip()
    if not properties:
        raise UsageError("The schema has no names.", cure=FORM)
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _kind(word: str) -> dict[str, Any]:
    """What a kind is in JSON Schema."""
    if word.startswith("[") and word.endswith("]"):
        return {"type": "array", "items": _kind(word[1:-1].strip() or "str")}
    if word not in KINDS:
        raise UsageError(f'"{word}" is no kind of value.', cure=f"{nearest(word, ('str', 'int', 'float', 'bool'))}")
    return {"type": KINDS[word]}
