"""mcp.json: what it may say, what is said of what it must not, and names for tools."""

import json
import os
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from modules.errors import ConfigError
from modules.llm.parts import NAME
from modules.mcp.configuration.mcp_json import read
from modules.mcp.configuration.server_config import ServerConfig
from modules.mcp.naming import file_name, tool_name

VARIABLES = {"TOKEN": "t0k3n", "HOST": "example.org"}


def entries(folder: Path, servers: Any, whole: Any = None) -> tuple[list[ServerConfig], list[str]]:
    path = folder / "mcp.json"
    path.write_text(whole if whole is not None else json.dumps({"mcpServers": servers}))
    path.chmod(0o600)
    return read(path, lambda name: VARIABLES.get(name, ""))


def trouble(folder: Path, **entry: Any) -> str:
    """What is said of an entry beside a good one, which stays."""
    found, troubles = entries(folder, {"bad": entry, "good": {"command": "x"}})
    assert [one.name for one in found] == ["good"]
    (said,) = troubles
    assert said.startswith(str(folder / "mcp.json"))
    return said


def test_a_program_and_a_url_are_read(tmp_path: Path) -> None:
    found, troubles = entries(
        tmp_path,
        {
            "files": {"command": "npx", "args": ["-y", "server"], "env": {"A": "1"}, "cwd": "/tmp", "timeout": 30},
            "web": {"type": "http", "url": "https://example.org/mcp", "headers": {"X-Key": "k"}},
        },
    )
    assert troubles == []
    files, web = found
    assert (files.command, files.args, files.env, files.cwd, files.timeout) == (
        "npx",
        ("-y", "server"),
        {"A": "1"},
        "/tmp",
        30,
    )
    assert (web.url, web.headers, web.disabled, web.shown) == (
        "https://example.org/mcp",
        {"X-Key": "k"},
        False,
        "https://example.org/mcp",
    )


def test_variables_are_put_in_and_not_shown(tmp_path: Path) -> None:
    program = {"command": "x", "args": ["--key=${TOKEN}"], "env": {"T": "${TOKEN}", "M": "${NOT_SET:-quiet}"}}
    web = {"url": "https://${HOST}/mcp", "headers": {"Authorization": "Bearer ${TOKEN}"}}
    (first, second), _ = entries(tmp_path, {"a": program, "b": web})
    assert (first.args, first.env) == (("--key=t0k3n",), {"T": "t0k3n", "M": "quiet"})
    assert (second.url, second.headers) == ("https://example.org/mcp", {"Authorization": "Bearer t0k3n"})
    assert "t0k3n" not in f"{first!r}{first.shown}{second!r}{second.shown}"


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    said = trouble(tmp_path, command="x", env={"KEY": "${MISSING}"})
    assert 'mcpServers.bad.env.KEY names the variable "MISSING", which is not set' in said


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({}, "command is missing"),
        ({"command": "x", "url": "https://example.org"}, "exclude each other"),
        ({"command": 7}, ".command: Expected `str`, got `int`"),
        ({"command": "x", "args": ["a", True]}, ".args[1]: Expected `str`"),
        ({"command": "x", "env": {"PORT": [80]}}, ".env[...]: Expected `str`"),
        ({"command": "./here.sh"}, "must be a whole path"),
        ({"command": "x", "cwd": "."}, "must be a whole path"),
        ({"command": "x", "timeout": 5000}, 'timeout may be seconds or milliseconds: write "5000 s" or "5000 ms"'),
        ({"command": "x", "timeout": -1}, "timeout is longer than 3600 seconds, or nothing"),
        ({"command": "x", "timeout": 90, "max_timeout": 60}, "max_timeout is in seconds"),
        ({"command": "x", "startup_timeout": 0}, "startup_timeout is in seconds"),
        ({"command": "x", "type": "sse"}, "does not go with the rest"),
        ({"url": "https://example.org", "type": "websocket"}, 'type is "websocket", which is none of'),
        ({"url": "https://example.org", "httpUrl": "https://example.org/mcp"}, "httpUrl and url say two different"),
        ({"command": "x", "disabled": False, "enabled": False}, "enabled and disabled say two different things"),
        ({"command": "x", "envFile": ".env"}, "envFile must be a whole path"),
        ({"command": "x", "envFile": "/no/such/.env"}, "envFile: /no/such/.env"),
        ({"command": "x", "environment": ["A=1"]}, ".environment: Expected `object`, got `array`"),
        ({"command": "x", "tools": {"a": True}}, ".tools: Expected `array`, got `object`"),
        ({"command": "x", "env": {"K": "${input:key}"}}, 'env.K holds "${input:key}", which only the program'),
        ({"command": "x", "args": ["${workspaceFolder}/a"]}, 'args[0] holds "${workspaceFolder}"'),
        ({"command": "x", "env": {"K": "$UNSET_ONE"}}, 'names the variable "UNSET_ONE", which is not set'),
        ({"command": "x", "type": "http"}, "does not go with the rest"),
        ({"command": "x\0y"}, "NUL"),
        ({"command": "x", "env": {"A=B": "1"}}, "cannot hold 'A=B'"),
        ({"url": "http://example.org/mcp"}, "must begin with https://"),
        ({"url": "ftp://example.org"}, "must begin with https://"),
        ({"url": "https://"}, "must begin with https://"),
        ({"url": "http://127.0.0.1.example.org/"}, "must begin with https://"),
        ({"url": "https://me:pw@example.org"}, "holds a user name"),
        ({"url": "https://example.org", "headers": {"A": "x\ny"}}, "headers cannot hold 'A'"),
        ({"url": "https://[1"}, "is no URL"),
    ],
)
def test_a_bad_entry_loses_itself_and_is_told_of_with_its_key(tmp_path: Path, entry: dict[str, Any], said: str) -> None:
    assert said in trouble(tmp_path, **entry)


# E7: as other programs write it, with what is meant by it; their documentation names these keys.
FORMS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"command": ["npx", "-y", "server"]}, {"command": "npx", "args": ("-y", "server")}),  # opencode
    ({"command": "npx -y server"}, {"command": "npx", "args": ("-y", "server")}),
    ({"command": {"path": "x", "args": ["a"], "env": {"A": "1"}}}, {"command": "x", "args": ("a",), "env": {"A": "1"}}),
    ({"type": "local", "command": ["x"], "environment": {"A": 1}}, {"type": "stdio", "env": {"A": "1"}}),
    ({"command": "x", "args": ["--port", 8080]}, {"args": ("--port", "8080")}),
    ({"command": "x", "env": {"A": True, "B": None}}, {"env": {"A": "true"}}),
    ({"url": "https://example.org/mcp", "type": "streamable-http"}, {"type": "http"}),
    ({"url": "https://example.org/mcp", "type": "streamableHttp"}, {"type": "http"}),
    ({"url": "https://example.org/sse", "transport": "SSE"}, {"type": "sse"}),
    ({"url": "https://example.org/mcp", "type": "remote"}, {"type": ""}),
    ({"httpUrl": "https://example.org/mcp"}, {"url": "https://example.org/mcp", "type": "http"}),  # Gemini CLI
    ({"serverUrl": "https://example.org/mcp"}, {"url": "https://example.org/mcp", "type": ""}),  # Windsurf
    ({"transport": {"type": "stdio", "command": "x"}}, {"command": "x", "type": "stdio"}),  # Continue
    ({"command": "x", "enabled": False}, {"disabled": True}),
    ({"command": "${UNSET_ONE}", "disabled": True}, {"disabled": True}),
    ({"command": "x", "isActive": True}, {"disabled": False}),
    ({"command": "x", "timeout": 60_000}, {"timeout": 60}),
    ({"type": "local", "command": ["x"], "timeout": 5000}, {"timeout": 5}),  # opencode counts in milliseconds
    ({"httpUrl": "https://example.org", "timeout": 3000}, {"timeout": 3}),  # so does Gemini CLI
    ({"command": "x", "timeout": "90 s"}, {"timeout": 90}),
    ({"command": "x", "tool_timeout_sec": 45}, {"timeout": 45}),  # Codex
    ({"command": "x", "startup_timeout_sec": 60}, {"startup_timeout": 60}),
    ({"command": "x", "startupTimeout": 60_000}, {"startup_timeout": 60}),
    ({"command": "x", "startup_timeout_ms": 5000}, {"startup_timeout": 5}),
    ({"command": "x"}, {"startup_timeout": 30, "timeout": 120, "max_timeout": 1800}),
    ({"url": "https://${env:HOST}/mcp"}, {"url": "https://example.org/mcp"}),  # VS Code, Cursor
    ({"command": "x", "env": {"T": "{env:TOKEN}"}}, {"env": {"T": "t0k3n"}}),
    ({"command": "x", "env": {"T": "$TOKEN"}}, {"env": {"T": "t0k3n"}}),
    ({"command": "x", "env": {"T": "${env:NONE:-else}"}}, {"env": {"T": "else"}}),
    ({"url": "https://example.org", "headers": {"A": "Bearer ${TOKEN}"}}, {"headers": {"A": "Bearer t0k3n"}}),
    (
        {"url": "https://example.org", "bearer_token_env_var": "TOKEN"},
        {"headers": {"Authorization": "Bearer t0k3n"}},
    ),
    ({"command": "x", "includeTools": ["a"], "excludeTools": ["b"]}, {"only": ("a",), "without": ("b",)}),
]


@pytest.mark.parametrize(("entry", "meant"), FORMS)
def test_what_other_programs_write_is_taken(tmp_path: Path, entry: dict[str, Any], meant: dict[str, Any]) -> None:
    (found,), troubles = entries(tmp_path, {"one": entry})
    assert troubles == []
    assert {key: getattr(found, key) for key in meant} == meant


@pytest.mark.parametrize(
    "whole",
    [
        '{"servers": {"one": {"command": "x"}}, "inputs": []}',  # VS Code
        '{"mcp": {"servers": {"one": {"command": "x"}}}}',
        '{"mcp": {"one": {"type": "local", "command": ["x"]}}}',
        '{"context_servers": {"one": {"command": "x"}}}',
        '{"mcpServers": [{"name": "one", "command": "x"}]}',
        '{"one": {"command": "x"}}',
        '// mine\n{"mcpServers": {/* the\nfirst */ "one": {"command": "x", "args": [],}, // and last\n},}',
    ],
)
def test_a_file_in_the_form_of_another_program_is_read(tmp_path: Path, whole: str) -> None:
    (found,), troubles = entries(tmp_path, {}, whole)
    assert (found.name, found.command, troubles) == ("one", "x", [])


def test_comments_and_commas_within_quotes_are_text(tmp_path: Path) -> None:
    held = 'a // b /* c */ ,] \\" ,}'
    (found,), _ = entries(tmp_path, {}, json.dumps({"mcpServers": {"one": {"command": "x", "args": [held]}}}))
    assert found.args == (held,)


def test_an_error_in_a_file_with_comments_names_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is not JSON: .*byte"):
        entries(tmp_path, {}, '{\n// one\n"mcpServers": {]}')


def test_variables_of_a_file_go_to_the_server_and_what_the_entry_says_counts_more(tmp_path: Path) -> None:
    (tmp_path / "its.env").write_text('A=1\nexport B="two"\n# C=3\n')
    (tmp_path / "its.env").chmod(0o600)
    (found,), troubles = entries(
        tmp_path, {"one": {"command": "x", "envFile": str(tmp_path / "its.env"), "env": {"A": "own"}}}
    )
    assert (found.env, troubles) == ({"A": "own", "B": "two"}, [])
    (tmp_path / "its.env").chmod(0o666)
    assert "can be written by others" in trouble(tmp_path, command="x", envFile=str(tmp_path / "its.env"))


def test_a_permission_that_another_program_gave_is_told_to_do_nothing(tmp_path: Path) -> None:
    (_,), (said,) = entries(tmp_path, {"one": {"command": "x", "autoApprove": ["*"], "description": "One."}})
    assert "mcpServers.one.autoApprove does nothing: each call is asked about" in said


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.8.8.8"])
def test_this_machine_may_be_spoken_to_in_the_clear(tmp_path: Path, host: str) -> None:
    (entry,), troubles = entries(tmp_path, {"local": {"url": f"http://{host}:8000/mcp"}})
    assert (entry.is_local, troubles) == (True, [])


def test_a_key_that_is_not_known_is_told_of_and_the_entry_stays(tmp_path: Path) -> None:
    (entry,), (said,) = entries(tmp_path, {"time": {"command": "x", "evn": {}}})
    assert entry.name == "time"
    assert "mcpServers.time.evn is not known" in said


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "a:b", "x" * 61, "\x1b[2J"])
def test_a_name_that_cannot_be_typed_is_refused(tmp_path: Path, name: str) -> None:
    found, (said,) = entries(tmp_path, {name: {"command": "x"}})
    assert (found, "is no name" in said) == ([], True)


@pytest.mark.parametrize(
    "whole", ["", "[]", "{", '{"tools": {}}', '{"mcpServers": []}', "\ufeff[", "[" * 100_000, '{"a": 1 /* open']
)
def test_a_file_that_is_something_else_is_refused_with_its_path(tmp_path: Path, whole: str) -> None:
    with pytest.raises(ConfigError, match=r"mcp\.json"):
        entries(tmp_path, {}, whole)


@pytest.mark.parametrize("mode", [0o620, 0o602])
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_that_others_can_write_starts_nothing(tmp_path: Path, mode: int, what: str) -> None:
    entries(tmp_path, {"time": {"command": "x"}})
    path = tmp_path / "mcp.json"
    os.chmod(path if what == "file" else tmp_path, mode | (0o100 if what == "folder" else 0))
    with pytest.raises(ConfigError, match="can be written by others"):
        read(path, lambda name: "")


def test_a_file_of_someone_else_starts_nothing(tmp_path: Path) -> None:
    entries(tmp_path, {"time": {"command": "x"}})
    if os.getuid() != 0:  # only root can give a file away; its own rule is the same
        return
    os.chown(tmp_path / "mcp.json", 12345, -1)
    with pytest.raises(ConfigError, match="belongs to someone else"):
        read(tmp_path / "mcp.json", lambda name: "")


def test_names_that_are_legal_stay_as_they_are() -> None:
    assert tool_name("time", "get_current_time") == "time__get_current_time"


@pytest.mark.parametrize("server", ["1password", "42", "-x", "_x", "üx"])
def test_a_name_begins_with_a_letter_whatever_the_server_is_called(server: str) -> None:
    """B6: Gemini refuses every request that declares another (qwen-code#6970)."""
    name = tool_name(server, "look_up")
    assert name[0] in string.ascii_letters
    assert NAME.fullmatch(name)
    assert name == tool_name(server, "look_up") != tool_name(f"mcp-{server}", "look_up")


def test_a_name_of_ninety_letters_is_shortened_and_stays_the_same() -> None:
    name = tool_name("files", "read_" * 18)
    assert len(name) == 64
    assert name.startswith("files__read_read_")
    assert name == "files__" + ("read_" * 18)[:46] + "_55dd74d6ad"


NAMES = some.text(some.sampled_from([*string.ascii_letters[:3], "1", "_", "-", ".", "/", "ü"]), min_size=1, max_size=40)


@given(NAMES, NAMES, NAMES, NAMES)
def test_two_tools_never_share_a_name_and_every_name_is_legal(one: str, tool: str, other: str, second: str) -> None:
    first = tool_name(one, tool)
    assert NAME.fullmatch(first)
    assert ((one, tool) == (other, second)) == (first == tool_name(other, second))


def test_names_that_look_alike_are_told_apart() -> None:
    pairs = [("a", "_b"), ("a_", "b"), ("a__b", "c"), ("a", "b__c"), ("a.b", "c"), ("a/b", "c"), ("A.b", "c")]
    shortened = tool_name("a.b", "c")
    pairs.append(("a_b", shortened.removeprefix("a_b__")))  # a tool whose name was made to look like that
    assert len({tool_name(*pair) for pair in pairs}) == len(pairs)
    assert len({file_name(name).lower() for name in ("Time", "time", "TIME", "ti/me", "ti_me")}) == 5
