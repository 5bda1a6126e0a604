"""Variables in mcp.json: their values come from the program's own environment, and from nowhere else."""

import re
from collections.abc import Callable
from pathlib import Path

from modules.errors import ConfigError

Lookup = Callable[[str], str]  # the value of a variable, "" where it is unset

# `${NAME}` and `${NAME:-otherwise}`, with `env:` before the name in VS Code and Cursor, `{env:NAME}` in opencode.
_VARIABLE = re.compile(r"\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
_BARE = re.compile(r"\$([A-Z_][A-Z0-9_]*)")  # a value that is nothing else, as Gemini CLI has it
_FOREIGN = re.compile(r"\$\{(input|workspaceFolder|workspaceRoot|fileWorkspaceFolder|command|config|file)\b[^}]*\}")
_PLACE = re.compile(r"\$\{(userHome|pathSeparator|/)\}")


class Expansion:
    """Puts the values of variables where their names stand. `place` names the file and the server."""

    def __init__(self, place: str, lookup: Lookup) -> None:
        self._place = place
        self._lookup = lookup

    def __call__(self, key: str, text: str) -> str:
        """The text with values. Raises ConfigError for a variable that is unset, and for what only editors know."""
        if found := _FOREIGN.search(text):
            raise ConfigError(
                f'{self._place}.{key} holds "{found[0]}", which only the program that wrote it knows.',
                cure="Write the value itself, or a variable of the environment such as ${NAME}.",
            )
        if bare := _BARE.fullmatch(text):
            return self._value(key, bare[1], None)
        text = _PLACE.sub(lambda found: str(Path.home()) if found[1] == "userHome" else "/", text)
        return _VARIABLE.sub(lambda found: self._value(key, found[1] or found[3], found[2]), text)

    def _value(self, key: str, name: str, otherwise: str | None) -> str:
        got = self._lookup(name)
        if not got and otherwise is None:
            unset = f'{self._place}.{key} names the variable "{name}", which is not set.'
            raise ConfigError(unset, cure="Set it, in .env of the config folder for instance.")
        return got or otherwise or ""
