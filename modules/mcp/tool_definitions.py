"""What a server says of its tools, checked one by one: one that is wrong is left out, and the others stay."""

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from modules.mcp.naming import tool_name
from modules.text.plain_words import hides, one_line, plain
from modules.tools import argument_check

MOST = 500  # tools of one server
LONGEST_NAME = 256
DESCRIPTION_BYTES = 2_000  # of a description that is sent to models
LARGEST_SCHEMA_BYTES = 32 * 1024
LARGEST_ANNOTATIONS = 4 * 1024


class Definition(Struct, frozen=True):
    """A tool as a server describes it; `name` is the server's own. Words are plain and bounded."""

    name: str
    description: str = ""
    schema: dict[str, Any] = {}
    annotations: dict[str, Any] = {}

    @property
    def text(self) -> str:
        """All of it as lines, the same for definitions that mean the same."""
        rest = {"schema": self.schema, "annotations": self.annotations}
        return f"{self.description}\n{json.dumps(rest, indent=2, sort_keys=True, ensure_ascii=False)}\n"


def is_wanted(item: Any, only: Sequence[str], without: Sequence[str]) -> bool:
    """Whether the entry in mcp.json leaves the tool in."""
    name = item.get("name") if isinstance(item, dict) else None
    return name not in without and (not only or name in only)


def definitions(server: str, listed: list[Any]) -> tuple[list[Definition], list[str]]:
    """The tools that can be offered, and why others cannot, for the person. Takes a while for many."""
    sound: dict[str, Definition] = {}
    troubles: list[str] = []
    taken: set[str] = set()
    for item in listed[:MOST]:
        try:
            one = _definition(item)
            if tool_name(server, one.name) in taken:
                raise ValueError("there is another one of that name")
        except (ValueError, RecursionError) as error:
            name = item.get("name") if isinstance(item, dict) else ""
            name = one_line(name, 60) if isinstance(name, str) else ""
            error = ValueError("it is nested too deeply") if isinstance(error, RecursionError) else error
            troubles.append(f'The tool "{name}" of the MCP server "{server}" is left out: {error}.')
        else:
            taken.add(tool_name(server, one.name))
            sound[one.name] = one
    if len(listed) > MOST:
        troubles.append(f'The MCP server "{server}" has {len(listed)} tools, of which the first {MOST} are offered.')
    return list(sound.values()), troubles


def _definition(item: Any) -> Definition:
    """Raises ValueError with what makes the tool unfit."""
    if not isinstance(item, dict):
        raise ValueError("it is no object")
    name, annotations = item.get("name"), item.get("annotations")
    if not isinstance(name, str) or not name.strip():
        raise ValueError("it has no name")
    if len(name) > LONGEST_NAME or hides(name):
        raise ValueError("its name is too long, or has characters that cannot be seen")
    if not isinstance(annotations, dict) or len(json.dumps(annotations)) > LARGEST_ANNOTATIONS:
        annotations = {}
    words = _described(item.get("description")) or _described(item.get("title"))
    return Definition(name, words, _schema(item.get("inputSchema")), _plain_schema(annotations))


def _schema(schema: Any) -> dict[str, Any]:
    """The schema, whole. None, and the `[]` that PHP writes for an empty object, mean that there are no parameters."""
    schema = {} if schema in (None, []) else schema
    if not isinstance(schema, dict):
        raise ValueError("its inputSchema is no object")
    if schema.get("type") not in (None, "object"):
        raise ValueError('its inputSchema is not of the type "object"')
    try:
        size = len(json.dumps(schema, ensure_ascii=False).encode(errors="surrogatepass"))
    except RecursionError:
        size = LARGEST_SCHEMA_BYTES + 1
    if size > LARGEST_SCHEMA_BYTES:
        raise ValueError(f"its inputSchema is larger than {LARGEST_SCHEMA_BYTES // 1024} kB")
    given = {key: value for key, value in schema.items() if value is not None}
    properties = {} if given.get("properties") in (None, []) else given["properties"]
    whole = _plain_schema({**given, "type": "object", "properties": properties})
    if fault := argument_check.flaw(whole):
        raise ValueError(f"its inputSchema is wrong: {one_line(fault).rstrip('.')}")
    if any(map(hides, whole["properties"])):
        raise ValueError("the name of a parameter has characters that cannot be seen")
    return dict(whole)


def _described(text: Any) -> str:
    """A description as it is sent to models; "" for what is no text."""
    if not isinstance(text, str):
        return ""
    data = plain(text[: DESCRIPTION_BYTES * 20]).strip().encode()
    return (
        data.decode() if len(data) <= DESCRIPTION_BYTES else data[: DESCRIPTION_BYTES - 3].decode(errors="ignore") + "…"
    )


def _plain_schema(value: Any) -> Any:
    """A schema with its words for readers made plain; names and values that count stay as they are."""
    if isinstance(value, list):
        return [_plain_schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _described(item)
        if key in ("description", "title", "$comment") and isinstance(item, str)
        else _plain_schema(item)
        for key, item in value.items()
    }
