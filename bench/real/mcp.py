"""Official MCP servers, over pipes and over HTTP, called by a model that is played on loopback."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.real.checks import Board, free_port, listens, running
from tests.harness.home import Home
from tests.wire import Answer, Call

# Node binds to every address of the machine; this has the server listen on this machine alone.
LOOPBACK_ONLY = """
const { Server } = require("net");
const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  const known = rest.filter((value) => typeof value === "function");
  return isNaN(port) || typeof port === "object" ? listen.call(this, port, ...rest)
    : listen.call(this, { host: "127.0.0.1", port: Number(port) }, ...known);
};
"""


def check(board: Board, folder: Path) -> None:
    """All checks."""
    python, node = folder / "python/bin", folder / "node/node_modules/.bin"
    everything = node / "mcp-server-everything"
    with tempfile.TemporaryDirectory() as place:
        root = Path(place).resolve()
        (root / "notes.txt").write_text("milk\nbread\n")
        _time(board, [str(python / "mcp-server-time"), "--local-timezone", "Europe/Zurich"])
        _fetch(board, str(python / "mcp-server-fetch"))
        _files(board, str(node / "mcp-server-filesystem"), root)
        _memory(board, str(node / "mcp-server-memory"), root)
        _everything(board, "stdio", {"command": str(everything), "args": ["stdio"]})
        with _over_http(everything, root, port := free_port()):
            _everything(board, "HTTP", {"type": "http", "url": f"http://127.0.0.1:{port}/mcp"})
        with board.check(
            "MCP everything, HTTP", "a server that was restarted in the middle of a chat: the call is repeated"
        ):
            _restarted(everything, root)


@contextmanager
def _home(**servers: Any) -> Iterator[Home]:
    with tempfile.TemporaryDirectory() as place, Home(Path(place)) as home:
        path = home.folder / "mcp.json"
        path.write_text(json.dumps({"mcpServers": servers}))
        os.chmod(path, 0o600)
        yield home


def _called(home: Home, *calls: Call) -> list[str]:
    """What the model is given for its calls, each on its own, as the results stand in the request."""
    home.anthropic.answer(Answer(*calls), "Done.")
    done = home.run("-m", "anthropic:sonnet", "--yes", "-p", "Call.")
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stdout} {done.stderr}"
    return results(home)


def results(home: Home) -> list[str]:
    """The results in the last request."""
    request = home.anthropic.chats[-1]
    assert not request.broken, request.broken
    found = [
        block
        for message in request.body["messages"][-1:]
        for block in message["content"]
        if block["type"] == "tool_result"
    ]
    return [json.dumps(block, ensure_ascii=False) for block in found]


def _time(board: Board, argv: list[str]) -> None:
    with (
        board.check("MCP time, stdio", "a time is converted, and the time now is told"),
        _home(time={"command": argv[0], "args": argv[1:]}) as home,
    ):
        ask = {"source_timezone": "Asia/Tokyo", "time": "09:30", "target_timezone": "UTC"}
        converted, now = _called(
            home, Call("time__convert_time", ask), Call("time__get_current_time", {"timezone": "UTC"})
        )
        assert "00:30" in converted and "UTC" in now, (converted, now)
    with (
        board.check("MCP time, stdio", "a zone that is none: the server's own words come as an error"),
        _home(time={"command": argv[0], "args": argv[1:]}) as home,
    ):
        (said,) = _called(home, Call("time__get_current_time", {"timezone": "Mars/Base"}))
        assert '"is_error": true' in said and "Mars/Base" in said, said


def _fetch(board: Board, command: str) -> None:
    with (
        board.check("MCP fetch, stdio", "a page that is not there: the server's own words, no crash"),
        _home(fetch={"command": command}) as home,
    ):
        (said,) = _called(home, Call("fetch__fetch", {"url": f"http://127.0.0.1:{free_port()}/"}))
        assert '"is_error": true' in said and "127.0.0.1" in said, said


def _files(board: Board, command: str, root: Path) -> None:
    with (
        board.check("MCP filesystem, stdio", "a file is read, and one outside its folder is not"),
        _home(files={"command": command, "args": [str(root)]}) as home,
    ):
        calls = [
            Call("files__read_text_file", {"path": str(path)}) for path in (root / "notes.txt", Path("/etc/hostname"))
        ]
        inside, outside = _called(home, *calls)
        assert "bread" in inside and "outside allowed directories" in outside, (inside, outside)


def _memory(board: Board, command: str, root: Path) -> None:
    with (
        board.check("MCP memory, stdio", "what one call keeps the next one finds"),
        _home(memory={"command": command, "env": {"MEMORY_FILE_PATH": str(root / "memory.jsonl")}}) as home,
    ):
        entity = {"name": "Ada", "entityType": "person", "observations": ["likes engines"]}
        home.anthropic.answer(Answer(Call("memory__create_entities", {"entities": [entity]})))
        (found,) = _called(home, Call("memory__search_nodes", {"query": "engines"}))[-1:]
        assert "Ada" in found, found


def _everything(board: Board, way: str, entry: dict[str, Any]) -> None:
    server = f"MCP everything, {way}"
    with board.check(server, "words, a sum, structure and a picture come whole"), _home(every=entry) as home:
        said = _called(
            home,
            Call("every__echo", {"message": "Grüezi 🐘"}),
            Call("every__get-sum", {"a": 2, "b": 40}),
            Call("every__get-structured-content", {"location": "Chicago"}),
            Call("every__get-tiny-image", {}),
        )
        for words, result in zip(("Grüezi 🐘", "42", "temperature", "image"), said, strict=True):
            assert words in result and '"is_error": true' not in result, result
    with (
        board.check(server, "a long operation that reports progress is waited for"),
        _home(every={**entry, "timeout": 2}) as home,
    ):
        (told,) = _called(home, Call("every__trigger-long-running-operation", {"duration": 4, "steps": 8}))[-1:]
        assert "completed" in told, told


@contextmanager
def _over_http(everything: Path, root: Path, port: int) -> Iterator[None]:
    script = root / "loopback.cjs"
    script.write_text(LOOPBACK_ONLY)
    env = {"PORT": str(port), "NODE_OPTIONS": f"--require {script}"}
    with running([everything, "streamableHttp"], lambda: listens(port), root / "everything.log", env):
        yield


def _restarted(everything: Path, root: Path) -> None:
    port = free_port()
    with _home(every={"type": "http", "url": f"http://127.0.0.1:{port}/mcp"}) as home:
        with _over_http(everything, root, port):
            terminal = home.open("-m", "anthropic:sonnet", "--yes", columns=100, rows=40).prompt()
            home.anthropic.answer(Answer(Call("every__echo", {"message": "before"})), "Heard.")
            terminal.ask("Call.")
            (said,) = results(home)
            assert "before" in said, said
        with _over_http(everything, root, port):
            home.anthropic.answer(Answer(Call("every__echo", {"message": "after"})), "Heard again.")
            terminal.ask("Again.")
            (said,) = results(home)
            assert "after" in said and '"is_error": true' not in said, said
        assert terminal.leave() == 0
