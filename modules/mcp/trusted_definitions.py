"""What a server offered when it was last trusted: its tools hold until the person has seen what has changed."""

import difflib
import os
from pathlib import Path

import msgspec
from msgspec import Struct

from modules.config import private_file
from modules.errors import UsageError
from modules.mcp.tool_definitions import Definition
from modules.own_files import read_bytes

LARGEST_BYTES = 32_000_000
NAMED = 10  # tools in one piece of news


class Pin(Struct):
    """A tool as it is trusted. `changed` is what the server says of it now, where that is something else."""

    definition: Definition
    changed: Definition | None = None
    gone: bool = False


class _File(Struct):
    version: int = 1
    tools: list[Pin] = []


class Pins:
    """The tools of one server in the order in which they were first seen; kept in a private file over runs.

    What is seen first is trusted: the person has written the entry. A tool that vanishes keeps its pin, so that it
    cannot come back as something else.
    """

    def __init__(self, path: Path, server: str, *, in_chat: bool = True) -> None:
        self._path = path
        self._server = server
        self._in_chat = in_chat
        self._shown: dict[str, Definition] = {}
        self._pins: dict[str, Pin] = {}
        self._kept = b""
        self.trouble = ""
        try:
            self._kept = read_bytes(path, LARGEST_BYTES)
            file = msgspec.json.decode(self._kept, type=_File)
        except FileNotFoundError:
            self.known = False
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            self.known = False
            self.trouble = f"{path} cannot be read, so the tools of {server} are taken as they are now: {error}."
        else:
            self.known = True
            self._pins = {pin.definition.name: pin for pin in file.tools}

    @property
    def seen(self) -> bool:
        """Whether the server has ever listed its tools, in this run or an earlier one."""
        return self.known or bool(self._pins)

    @property
    def offered(self) -> list[Definition]:
        """The tools that may be declared to models."""
        return [pin.definition for pin in self._pins.values() if not pin.gone and pin.changed is None]

    @property
    def changed(self) -> list[str]:
        """The tools that are off until the person has seen the difference."""
        return [name for name, pin in self._pins.items() if not pin.gone and pin.changed is not None]

    def problem(self, definition: Definition) -> str:
        """Why the tool that was declared to a model with this definition must not be called; "" where it may be."""
        pin = self._pins.get(definition.name)
        if pin is None or pin.gone:
            return f'The MCP server "{self._server}" does not offer the tool "{definition.name}" any more.'
        if pin.changed is not None or pin.definition.text != definition.text:
            return f'The MCP server "{self._server}" has changed this tool. It is off until the user has looked at it.'
        return ""

    def see(self, listed: list[Definition]) -> list[str]:
        """Take note of what the server offers now, and return what the person should know of it."""
        now = {one.name: one for one in listed}
        happened: dict[str, list[str]] = {}
        for name, pin in self._pins.items():
            seen = now.pop(name, None)
            before, pin.gone = (pin.changed, pin.gone), seen is None
            if seen is not None:
                pin.changed = seen if seen.text != pin.definition.text else None
            if (pin.changed, pin.gone) != before:
                happened.setdefault("gone" if pin.gone else "changed" if pin.changed else "back", []).append(name)
        self._pins |= {name: Pin(one) for name, one in now.items()}
        if self.known and now:
            happened["new"] = list(now)
        return [self._notice(what, names) for what, names in happened.items()] + self._save()

    def difference(self) -> str:
        """The changed tools before and after, as a unified diff; from now on they may be accepted."""
        lines: list[str] = []
        self._shown = {}
        for name in self.changed:
            pin = self._pins[name]
            if pin.changed is not None:
                self._shown[name] = pin.changed
                old, new = pin.definition.text.splitlines(), pin.changed.text.splitlines()
                lines += difflib.unified_diff(old, new, f"{name} (trusted)", f"{name} (now)", lineterm="", n=2)
        return "\n".join(lines)

    def accept(self) -> list[str]:
        """Trust the changes as `difference` has shown them; the names of their tools. Raises UsageError before that."""
        accepted = [name for name, shown in self._shown.items() if self._pins[name].changed == shown]
        if self.changed and not accepted:
            raise UsageError("What has changed was not shown yet.", cure="Look at the difference first.")
        for name in accepted:
            self._pins[name] = Pin(self._shown[name])
        self._shown = {}
        self._save()
        return accepted

    def _notice(self, what: str, names: list[str]) -> str:
        quoted = ", ".join(f'"{name}"' for name in names[:NAMED])
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        tools = f"the tool{'s' if len(names) > 1 else ''} {quoted}{more}"
        match what:
            case "gone":
                return f'The MCP server "{self._server}" does not offer {tools} any more.'
            case "back":
                return f'The MCP server "{self._server}" offers {tools} again as before.'
            case "new":
                return f'The MCP server "{self._server}" offers more: {tools}.'
        cure = f"/mcp accept {self._server} shows" if self._in_chat else "The chat shows"
        return f'The MCP server "{self._server}" changed {tools}: off until you have looked. {cure} the difference.'

    def _save(self) -> list[str]:
        """Write the file whole or not at all, if there is anything to write."""
        data = msgspec.json.format(msgspec.json.encode(_File(tools=list(self._pins.values()))), indent=1)
        if data == self._kept:
            return []
        temporary = self._path.with_suffix(f".{os.getpid()}.new")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(temporary, "wb", opener=private_file) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError as error:
            return [f"{self._path} cannot be written, so changes of tools will not be noticed: {error.strerror}."]
        self.known, self._kept = True, data
        return []
