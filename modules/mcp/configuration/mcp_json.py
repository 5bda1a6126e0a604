"""mcp.json: which servers there are, as this program and others write it."""

import errno
import os
import re
import shlex
import stat
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from modules.config import read_env
from modules.errors import ConfigError
from modules.mcp.configuration.jsonc import plain_json
from modules.mcp.configuration.server_config import WHOLE_CALL_SECONDS, Login, RawEntry, ServerConfig, problems
from modules.mcp.configuration.variables import Expansion, Lookup
from modules.mcp.forms import ALLOWING, servers_in, uniform
from modules.own_files import read_bytes

LARGEST_BYTES = 1_000_000


def read(path: Path, lookup: Lookup) -> tuple[list[ServerConfig], list[str]]:
    """The servers in that file, in its order, and what is wrong with others; a bad entry loses only itself.

    `lookup` gives the value of a variable, "" where it is unset. Raises ConfigError where the file is no use.
    """
    written = _servers(path)
    entries: list[ServerConfig] = []
    troubles: list[str] = []
    for name, (place, value) in written.items():
        try:
            entry, unknown = _entry(path, place, name, value, lookup)
        except ConfigError as error:
            troubles.append(str(error))
        else:
            entries.append(entry)
            troubles += [_unknown(f"{path}: {place}.{key}", key) for key in unknown]
    return entries, troubles


def any_enabled(path: Path) -> bool:
    """Whether the file names a server that is to be used; variables are not looked up for that."""
    try:
        entries, _ = read(path, lambda name: name)
    except ConfigError:
        return False
    return any(not entry.disabled for entry in entries)


def _unknown(place: str, key: str) -> str:
    if key in ALLOWING:
        return f"{place} does nothing: each call is asked about, and your answer may hold for later calls."
    return f"{place} is not known and does nothing."


def _servers(path: Path) -> dict[str, tuple[str, Any]]:
    """The servers of the file, each with its place in it. Raises ConfigError."""
    try:
        _refuse_shared(path)
        data = read_bytes(path, LARGEST_BYTES)
    except OSError as error:
        cure = "It names servers, nothing else." if error.errno == errno.EFBIG else "Correct that, or move it away."
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", cure=cure) from error
    try:
        whole = msgspec.json.decode(plain_json(data.removeprefix(b"\xef\xbb\xbf").decode()))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not JSON: {error}.", cure="Correct it, or move it away.") from error
    try:
        return servers_in(whole)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}.", cure='It begins {"mcpServers": {"name": {"command": …') from error


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


def _entry(path: Path, where: str, name: str, value: Any, lookup: Lookup) -> tuple[ServerConfig, list[str]]:
    place = f"{path}: {where}"
    if not re.fullmatch(r"[^\s\x00-\x1f\x7f:]{1,60}", name) or not name.isprintable():
        raise ConfigError(f"{path}: {where!a} is no name.", cure="Use letters, digits and hyphens.")
    if not isinstance(value, dict):
        raise ConfigError(f"{place}: Expected `object`, got `{type(value).__name__}`.", cure="Correct it.")
    try:
        uniformed, unknown, keys = uniform(value)
    except ValueError as error:
        key, _, what = str(error).partition("\t")
        raise ConfigError(f"{place}.{key} {what}.", cure="Correct it.") from error
    try:
        written = msgspec.convert(uniformed, RawEntry)
    except msgspec.ValidationError as error:
        what, _, key = str(error).partition(" - at `$")
        key = re.sub(r"^\.(\w+)", lambda found: f".{keys.get(found[1], found[1])}", key.rstrip("`"))
        raise ConfigError(f"{place}{key}: {what}.", cure="Correct it.") from error
    shown = written.url or shlex.join([written.command, *written.args])
    if written.disabled:  # what it would need does not have to be there
        return ServerConfig(name=name, shown=shown, command=written.command, url=written.url, disabled=True), unknown
    expand = Expansion(place, lookup)
    entry = ServerConfig(
        name=name,
        shown=shown,
        command=_path(expand("command", written.command)),
        args=tuple(expand(f"args[{at}]", arg) for at, arg in enumerate(written.args)),
        env={key: expand(f"env.{key}", text) for key, text in written.env.items()},
        env_file=_path(expand("envFile", written.env_file)),
        cwd=_path(expand("cwd", written.cwd)),
        url=expand("url", written.url),
        headers={key: expand(f"headers.{key}", text) for key, text in written.headers.items()},
        timeout=written.timeout,
        max_timeout=written.max_timeout or max(WHOLE_CALL_SECONDS, written.timeout),
        startup_timeout=written.startup_timeout,
        type=written.type,
        only=written.only,
        without=written.without,
        login=Login(
            expand("oauth.clientId", written.login.client_id),
            expand("oauth.clientSecret", written.login.client_secret),
            written.login.scope,
            written.login.redirect,
        ),
    )
    for key, problem in problems(entry):
        raise ConfigError(f"{place}.{keys.get(key, key)} {problem}.", cure="Correct it.")
    return _with_env_file(entry, place), unknown


def _with_env_file(entry: ServerConfig, place: str) -> ServerConfig:
    """The entry with the variables of its file; what stands in the entry itself counts more."""
    if not entry.env_file:
        return entry
    path = Path(entry.env_file)
    try:
        _refuse_shared(path)
        held = read_env(path)
    except OSError as error:
        raise ConfigError(f"{place}.envFile: {path} cannot be read: {error.strerror}.", cure="Check it.") from error
    except ConfigError as error:
        raise ConfigError(f"{place}.envFile: {error.message}", cure=error.cure) from error
    return replace(entry, env={key: text for key, text in held.items() if text is not None} | entry.env)


def _path(text: str) -> str:
    return os.path.expanduser(text) if text.startswith("~") else text
