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
from modules.mcp.config import Entry, read
from modules.mcp.naming import file_name, tool_name

VARIABLES = {"TOKEN": "t0k3n", "HOST": "example.org"}


def entries(folder: Path, servers: Any, whole: Any = None) -> tuple[list[Entry], list[str]]:
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
            "web": {"type": "http", "url": "https://example.org/mcp", "headers": {"X-Key": "k"}, "disabled": True},
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
        True,
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
        ({"command": "x", "args": ["a", 1]}, ".args[1]: Expected `str`"),
        ({"command": "x", "env": {"PORT": 80}}, ".env[...]: Expected `str`"),
        ({"command": "./here.sh"}, "must be a whole path"),
        ({"command": "x", "cwd": "."}, "must be a whole path"),
        ({"command": "x", "timeout": 60000}, "in seconds"),
        ({"command": "x", "timeout": -1}, "in seconds"),
        ({"command": "x", "type": "sse"}, '"sse" is none of'),
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


@pytest.mark.parametrize("whole", ["", "[]", "{", '{"servers": {}}', '{"mcpServers": []}', "\ufeff[", "[" * 100_000])
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


def test_a_name_of_ninety_letters_is_shortened_and_stays_the_same() -> None:
    name = tool_name("files", "read_" * 18)
    assert len(name) == 64
    assert name.startswith("files__read_read_")
    assert name == "files__" + ("read_" * 18)[:46] + "_55dd74d6ad"


NAMES = some.text(some.sampled_from([*string.ascii_letters[:3], "_", "-", ".", "/", "ü"]), min_size=1, max_size=40)


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
