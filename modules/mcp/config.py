"""mcp.json: which servers there are, in the form that most programs share."""

import os
import re
import shlex
import stat
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from modules.errors import ConfigError

LARGEST = 1_000_000  # bytes
LONGEST_CALL = 3600.0  # seconds; a larger timeout was meant as milliseconds
TRANSPORTS = {"stdio": False, "http": True, "streamable-http": True, "streamableHttp": True}  # whether it has a URL

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


class Written(Struct, frozen=True):
    """An entry as it is written."""

    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    cwd: str = ""
    url: str = ""
    headers: dict[str, str] = {}
    timeout: float = 120.0
    disabled: bool = False
    type: str = ""


class Entry(Written, frozen=True, kw_only=True):
    """One server: a program to start, or a URL. `shown` is either as it was written, without values of variables."""

    name: str
    shown: str

    def __repr__(self) -> str:  # its values may be secrets
        return f"Entry({self.name!r})"

    @property
    def is_local(self) -> bool:
        """Whether the URL leads to this machine."""
        return is_loopback(urlsplit(self.url).hostname or "")


Lookup = Callable[[str], str]


def read(path: Path, lookup: Lookup) -> tuple[list[Entry], list[str]]:
    """The servers in that file, in its order, and what is wrong with others; a bad entry loses only itself.

    `lookup` gives the value of a variable, "" where it is unset. Raises ConfigError where the file is no use.
    """
    written = _servers(path)
    entries: list[Entry] = []
    troubles: list[str] = []
    for name, value in written.items():
        try:
            entry, unknown = _entry(path, name, value, lookup)
        except ConfigError as error:
            troubles.append(str(error))
        else:
            entries.append(entry)
            troubles += [f"{path}: mcpServers.{name}.{key} is not known and does nothing." for key in unknown]
    return entries, troubles


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by its very name."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _servers(path: Path) -> dict[str, Any]:
    try:
        _refuse_shared(path)
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", cure="Check its permissions.") from error
    if len(data) > LARGEST:
        raise ConfigError(f"{path} is larger than 1 MB.", cure="It names servers, nothing else.")
    try:
        whole = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not JSON: {error}.", cure="Correct it, or move it away.") from error
    servers = whole.get("mcpServers") if isinstance(whole, dict) else None
    if not isinstance(servers, dict):
        raise ConfigError(f'{path}: "mcpServers" is missing.', cure='It begins {"mcpServers": {"name": {"command": …')
    return servers


def _refuse_shared(path: Path) -> None:
    """The file starts programs: whoever can write it, or replace it, can run anything as this user."""
    if not path.is_file():
        raise ConfigError(f"{path} is no file.", cure="Move it away.")
    for place in (path.resolve(), path.parent.resolve()):
        about = place.stat()
        if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ConfigError(f"{place} can be written by others, so no MCP server is started.", cure="chmod go-w it.")
        if hasattr(os, "getuid") and about.st_uid not in (os.getuid(), 0):
            raise ConfigError(f"{place} belongs to someone else, so no MCP server is started.", cure="chown it.")


def _entry(path: Path, name: str, value: Any, lookup: Lookup) -> tuple[Entry, list[str]]:
    place = f"{path}: mcpServers.{name}"
    if not re.fullmatch(r"[^\s\x00-\x1f\x7f:]{1,60}", name) or not name.isprintable():
        raise ConfigError(f"{path}: mcpServers.{name!a} is no name.", cure="Use letters, digits and hyphens.")
    try:
        written = msgspec.convert(value, Written)
    except msgspec.ValidationError as error:
        what, _, key = str(error).partition(" - at `$")
        raise ConfigError(f"{place}{key.rstrip('`')}: {what}.", cure="Correct it.") from error
    unknown = sorted(set(value) - set(Written.__struct_fields__))
    expand = _Expansion(place, lookup)
    entry = Entry(
        name=name,
        shown=written.url or shlex.join([written.command, *written.args]),
        command=_path(expand("command", written.command)),
        args=tuple(expand(f"args[{at}]", arg) for at, arg in enumerate(written.args)),
        env={key: expand(f"env.{key}", text) for key, text in written.env.items()},
        cwd=_path(expand("cwd", written.cwd)),
        url=expand("url", written.url),
        headers={key: expand(f"headers.{key}", text) for key, text in written.headers.items()},
        timeout=written.timeout,
        disabled=written.disabled,
        type=written.type,
    )
    for key, problem in _problems(entry):
        raise ConfigError(f"{place}.{key} {problem}.", cure="Correct it.")
    return entry, unknown


class _Expansion:
    """Puts the values of variables where `${NAME}` or `${NAME:-otherwise}` stands."""

    def __init__(self, place: str, lookup: Lookup) -> None:
        self._place = place
        self._lookup = lookup

    def __call__(self, key: str, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            got = self._lookup(found[1])
            if not got and found[2] is None:
                unset = f'{self._place}.{key} names the variable "{found[1]}", which is not set.'
                raise ConfigError(unset, cure="Set it, in .env of the config folder for instance.")
            return got or found[2]

        return _VARIABLE.sub(value, text)


def _path(text: str) -> str:
    return os.path.expanduser(text) if text.startswith("~") else text


def _problems(entry: Entry) -> Iterator[tuple[str, str]]:
    """The keys of an entry that cannot be meant as they are. Values are not repeated: they may be secrets."""
    if entry.type and entry.type not in TRANSPORTS:
        yield "type", f'"{entry.type}" is none of stdio and http'
    if bool(entry.command) == bool(entry.url):
        yield "command", "is missing, and there is no url" if not entry.url else "and url exclude each other"
    if entry.type and TRANSPORTS.get(entry.type) is not bool(entry.url):
        yield "type", "does not go with the rest"
    if not 0 < entry.timeout <= LONGEST_CALL:
        yield "timeout", f"is in seconds, at most {LONGEST_CALL:g}"
    if "/" in entry.command and not os.path.isabs(entry.command):
        yield "command", "with a slash must be a whole path, beginning with / or ~"
    if entry.cwd and not os.path.isabs(entry.cwd):
        yield "cwd", "must be a whole path, beginning with / or ~"
    for key, text in (("command", entry.command), *(("args", arg) for arg in entry.args)):
        if "\0" in text:
            yield key, "holds a NUL character"
    for name, text in entry.env.items():
        if not name or "=" in name or "\0" in name + text:
            yield "env", f"cannot hold {name!a}"
    if entry.url:
        yield from _url_problems(entry)


def _url_problems(entry: Entry) -> Iterator[tuple[str, str]]:
    try:
        url = urlsplit(entry.url)
        host, _ = url.hostname or "", url.port
    except ValueError:
        yield "url", "is no URL"
        return
    if url.scheme not in ("http", "https") or not host or not entry.url.isprintable() or " " in entry.url:
        yield "url", "must begin with https://"
    elif url.scheme == "http" and not is_loopback(host):
        yield "url", "must begin with https://, as only this machine itself is spoken to without"
    if url.username is not None:
        yield "url", "holds a user name: put it into headers"
    for name, text in entry.headers.items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or not re.fullmatch(r"[\t\x20-\x7e]*", text):
            yield "headers", f"cannot hold {name!a}: HTTP has no such header"
