"""On which line of a TOML file each key stands: read statement by statement, since the parser tells no places."""

import tomllib
from typing import Any

Path = tuple[str, ...]
MOST_LINES = 200  # of one statement: a longer one is passed over with all that follows


def key_lines(text: str) -> dict[Path, int]:
    """The line of each table and key, from 1 on, in a text that the parser takes. Some may be missing."""
    found: dict[Path, int] = {}
    table: Path = ()
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        length = _length(lines, at)
        if not length:
            break
        statement = "\n".join(lines[at : at + length])
        if statement.lstrip().startswith("["):
            table = _only_path(tomllib.loads(statement))
            for depth in range(1, len(table) + 1):  # those around it need no head of their own
                found.setdefault(table[:depth], at + 1)
        elif parsed := tomllib.loads(statement):
            for path in _paths(parsed):
                found.setdefault((*table, *path), at + 1)
        at += length
    return found


def _length(lines: list[str], at: int) -> int:
    """How many lines the statement there takes; 0 where that is not found."""
    for length in range(1, MOST_LINES + 1):
        try:
            tomllib.loads("\n".join(lines[at : at + length]))
        except (ValueError, RecursionError):
            if at + length >= len(lines):
                return 0
        else:
            return length
    return 0


def _only_path(value: Any) -> Path:
    """The name in the head of a table, with one key in each step."""
    path: list[str] = []
    while isinstance(value, dict) and value:
        name = next(iter(value))
        path.append(name)
        value = value[name]
    return tuple(path)


def _paths(value: dict[str, Any]) -> list[Path]:
    return [
        path
        for name, inner in value.items()
        for path in ((name,), *((name, *rest) for rest in (_paths(inner) if isinstance(inner, dict) else ())))
    ]
