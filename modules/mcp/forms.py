"""The forms in which other programs write their servers, brought into one: where two meanings are possible, in words.

Claude, Cursor, VS Code, Gemini CLI, Windsurf, Cline, Codex, opencode, Zed and Copilot share the idea and not the keys.
"""

import re
import shlex
from collections.abc import Mapping
from typing import Any

TOP = ("mcpServers", "servers", "mcp_servers", "context_servers", "mcp", "amp.mcpServers")  # where servers stand
LONGEST_SECONDS = 3600  # a number without a unit up to this is seconds
SHORTEST_MILLISECONDS = 10_000  # and from this on milliseconds

ALIASES: Mapping[str, tuple[str, ...]] = {
    "command": ("cmd",),
    "args": ("arguments",),
    "env": ("environment", "envs"),
    "env_file": ("envFile", "env-file"),
    "cwd": ("workingDirectory", "working_directory", "workingDir", "working_dir"),
    "url": ("httpUrl", "http_url", "serverUrl", "server_url", "uri"),
    "headers": ("httpHeaders", "http_headers"),
    "type": ("transport", "transportType", "transport_type"),
    "timeout": (
        "timeout_sec", "timeout_seconds", "timeoutSeconds", "timeout_ms", "timeoutMs", "tool_timeout_sec",
        "toolTimeout", "requestTimeout", "request_timeout", "callTimeout", "tool_timeout",
    ),
    "startup_timeout": (
        "startupTimeout", "startup_timeout_sec", "startup_timeout_seconds", "startupTimeoutSeconds",
        "startup_timeout_ms", "startupTimeoutMs", "startupTimeoutSec", "connectTimeout", "connect_timeout",
        "connectionTimeout", "connectionTimeoutMs", "connection_timeout", "initTimeout", "initializationTimeout",
    ),
    "max_timeout": ("maxTimeout", "max_timeout_sec", "max_timeout_ms", "maxTimeoutMs", "maxTotalTimeout"),
    "disabled": (),
    "enabled": ("isActive", "active", "enable"),
    "only": ("includeTools", "include_tools", "enabledTools", "enabled_tools", "tools"),
    "without": ("excludeTools", "exclude_tools", "disabledTools", "disabled_tools"),
    "oauth": ("auth",),
}  # fmt: skip
DURATIONS = ("timeout", "startup_timeout", "max_timeout")
TYPES: Mapping[str, str] = {
    "stdio": "stdio", "local": "stdio", "command": "stdio", "sse": "sse", "http": "http", "https": "http",
    "streamablehttp": "http", "remote": "", "auto": "", "": "",
}  # fmt: skip
# Written for people or for an editor, and nothing that a server needs.
QUIET = ("description", "name", "title", "version", "icon", "gallery", "$schema", "comment", "_comment", "note", "id",
         "tags", "metadata", "dev", "source", "bearer_token_env_var", "env_http_headers")  # fmt: skip
ALLOWING = ("autoApprove", "alwaysAllow", "trust", "autoapprove", "always_allow", "allowedTools")

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|sec|secs|seconds?|m|min|minutes?|h|hours?)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def servers_in(whole: Any) -> dict[str, tuple[str, Any]]:
    """The servers of a file by name, each with where it stands; raises ValueError where there is no place for any."""
    if not isinstance(whole, dict):
        raise ValueError('"mcpServers" is missing')
    found: dict[str, tuple[str, Any]] = {}
    places = [key for key in TOP if key in whole]
    if not places and whole and all(isinstance(one, dict) and {"command", "url"} & set(one) for one in whole.values()):
        return {name: (name, value) for name, value in whole.items()}  # nothing but the servers
    if not places:
        raise ValueError('"mcpServers" is missing')
    for key in places:
        servers, place = whole[key], key
        if isinstance(servers, dict) and key == "mcp" and isinstance(servers.get("servers"), dict):
            servers, place = servers["servers"], "mcp.servers"
        if isinstance(servers, list) and servers and all(isinstance(one, dict) and one.get("name") for one in servers):
            servers = {str(one["name"]): one for one in servers}
        if not isinstance(servers, dict):
            raise ValueError(f'"{place}" is not an object')
        for name, value in servers.items():
            if name in found:
                raise ValueError(f'"{name}" stands in "{found[name][0].rpartition(".")[0]}" and in "{place}"')
            found[name] = (f"{place}.{name}", value)
    return found


def uniform(value: Mapping[str, Any]) -> tuple[dict[str, Any], list[str], dict[str, str]]:
    """The entry with our keys and plain values, the keys that are not known, and how each of ours was written.

    Raises ValueError with the key, a tab, and what is not clear about it.
    """
    given = _spread(value)
    entry: dict[str, Any] = {}
    used: dict[str, str] = {}
    for key, written in given.items():
        name = next((name for name, aliases in ALIASES.items() if key == name or key in aliases), None)
        if name is None or written is None:
            continue
        milliseconds = "httpUrl" in given or given.get("type") in ("local", "remote")
        plain = _plain(name, key, written, milliseconds=milliseconds)
        if name in entry and entry[name] != plain:
            raise ValueError(f"{key}\tand {used[name]} say two different things")
        entry[name], used[name] = plain, key
    _with_type(entry, used)
    _with_command(entry)
    _with_credentials(entry, given)
    if entry.pop("enabled", True) is False:
        if entry.get("disabled") is False:
            raise ValueError("enabled\tand disabled say two different things")
        entry["disabled"] = True
    known = {*ALIASES, *(alias for aliases in ALIASES.values() for alias in aliases), *QUIET}
    return entry, sorted(set(given) - known), used


def _spread(value: Mapping[str, Any]) -> dict[str, Any]:
    """The entry without the objects that some put a command or a transport into."""
    given = dict(value)
    if isinstance(command := given.get("command"), dict):
        given |= {"command": command.get("path"), **{key: one for key, one in command.items() if key != "path"}}
    if isinstance(transport := given.get("transport"), dict):
        del given["transport"]
        given |= transport
    return given


def _plain(name: str, key: str, value: Any, *, milliseconds: bool) -> Any:
    """The value of a key in our form; one of a wrong kind stays as it is, to be refused with its kind."""
    if name in DURATIONS:
        return _seconds(key, value, milliseconds=milliseconds)
    if name in ("disabled", "enabled") and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if name in ("env", "headers") and isinstance(value, dict):
        return {one: _word(text) for one, text in value.items() if text is not None}
    if name == "args" and isinstance(value, list):
        return [_word(one) if not isinstance(one, bool) else one for one in value]
    if name == "only" and value == ["*"]:
        return []
    if name == "type" and isinstance(value, str):
        kind = re.sub(r"[^a-z]", "", value.lower())
        if kind not in TYPES:
            raise ValueError(f'{key}\tis "{value:.40}", which is none of stdio, http and sse')
        return TYPES[kind]
    return value


def _word(value: Any) -> Any:
    """A number or a truth value as a variable or an argument has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _seconds(key: str, value: Any, *, milliseconds: bool) -> Any:
    if isinstance(value, str) and (found := _DURATION.fullmatch(value.strip().lower())):
        if unit := found[2]:
            return float(found[1]) * _UNITS["ms" if unit == "ms" else unit[0]]
        value = float(found[1])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if re.search(r"(_ms|Ms)$", key) or (milliseconds and key == "timeout"):
        return value / 1000
    if re.search(r"(_sec|_seconds|Sec|Seconds)$", key) or value <= LONGEST_SECONDS:
        return value
    if value < SHORTEST_MILLISECONDS:
        raise ValueError(f'{key}\tmay be seconds or milliseconds: write "{value:g} s" or "{value:g} ms"')
    return value / 1000


def _with_type(entry: dict[str, Any], used: Mapping[str, str]) -> None:
    """What the key of the URL says of its kind. A URL without a type may be of either kind: the server shows which."""
    if used.get("url") in ("httpUrl", "http_url") and not entry.get("type"):
        entry["type"] = "http"


def _with_command(entry: dict[str, Any]) -> None:
    """A command that is a list, or a whole line, is split into its words."""
    command = entry.get("command")
    if isinstance(command, list) and command and all(isinstance(one, str) for one in command):
        entry["command"], entry["args"] = command[0], [*command[1:], *(entry.get("args") or [])]
    elif isinstance(command, str) and not entry.get("args") and command[:1] not in ("/", "~") and " " in command:
        try:
            words = shlex.split(command)
        except ValueError:
            return
        entry["command"], entry["args"] = words[0], words[1:]


def _with_credentials(entry: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Headers whose values stand in variables, as Codex writes them; and what a login is to be made with."""
    headers = dict(entry.get("headers") or {})
    if isinstance(variable := given.get("bearer_token_env_var"), str):
        headers.setdefault("Authorization", f"Bearer ${{{variable}}}")
    if isinstance(names := given.get("env_http_headers"), dict):
        headers |= {header: f"${{{variable}}}" for header, variable in names.items() if header not in headers}
    if headers:
        entry["headers"] = headers
    oauth = entry.pop("oauth", None)
    if isinstance(oauth, dict):
        named = {re.sub(r"[^a-z]", "", key.lower()): value for key, value in oauth.items()}
        scope = named.get("scope", named.get("scopes"))
        port = named.get("callbackport") or named.get("redirectport")
        entry["login"] = {
            "client_id": str(named.get("clientid") or ""),
            "client_secret": str(named.get("clientsecret") or ""),
            "scope": " ".join(map(str, scope)) if isinstance(scope, list) else str(scope or ""),
            "redirect": str(named.get("redirecturi") or (f"http://localhost:{port}/callback" if port else "")),
        }
