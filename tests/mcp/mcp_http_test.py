"""Servers over HTTP as they really answer: forgotten sessions, dropped connections, odd errors, and the older way."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modules.errors import ToolFailed
from modules.llm.parts import Text
from modules.tools.tool import Output
from tests.harness.mcp_home import Place, named, status, text, until
from tests.harness.mcp_http_server import (
    GREETING,
    TOOL,
    Catching,
    Web,
    Writer,
    answer,
    begin_stream,
    drop,
    event,
    result,
    web,
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    assert place.left() == []


def error(code: Any, message: Any, number: Any = None) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}).encode()


# E1: how servers say that they do not know the session. OmniRoute#5957, python-sdk#3556, claude-code#62008,
# affine-mcp-server#301, anubis-mcp#53, mcp-go#689, punkpeye/fastmcp#121, neotoma#1923, zilla#2525
FORGOTTEN = [
    (404, error(-32001, "Session not found")),
    (404, error(-32000, "Not Found: Unknown Mcp-Session-Id header")),
    (404, error(-32600, "Session terminated")),
    (404, b""),
    (404, b"Not Found"),
    (404, b'{"detail": "Not Found"}'),
    (400, error(-32000, "Bad Request: No valid session ID provided")),
    (400, error(-32000, "Bad Request: Server not initialized")),
    (400, error(-32603, "Invalid or expired session")),
    (400, b"Invalid session ID\n"),
    (400, b'{"error": "something else entirely"}'),
    (410, b"Gone"),
    (500, b'{"error":"Error POSTing to endpoint (HTTP 400): No valid session ID provided"}'),
    (503, error(-32000, "Unknown session")),
    (200, error(-32600, "Invalid Request")),
    (200, error(-32001, "Session not found", 7)),
]


@pytest.mark.parametrize(("code", "body"), FORGOTTEN)
async def test_a_session_that_was_forgotten_is_begun_anew_and_the_call_repeated_once(
    place: Place, code: int, body: bytes
) -> None:
    async def forgetful(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        if message["method"] == "initialize" or message["session"] in one.sessions:
            return False
        answer(writer, code, body, "application/json" if body[:1] == b"{" else "text/plain")
        return True

    async with web() as one:
        one.special = forgetful
        place.write(web={"url": one.url})
        async with place.running() as servers:
            tool = named(await servers.tools(), "web__echo")
            one.forget()
            assert text(await place.call(tool, a=1)) == '{"a": 1}'
            assert (status(servers, "web").state, one.counted) == ("ready", 2)
            assert servers.news() == []


async def test_calls_side_by_side_share_the_new_session(place: Place) -> None:
    async def forgetful(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        if message["method"] == "initialize" or message["session"] in one.sessions:
            return False
        answer(writer, 404, b"")
        return True

    async with web() as one:
        one.special = forgetful
        place.write(web={"url": one.url})
        async with place.running() as servers:
            tool = named(await servers.tools(), "web__echo")
            one.forget()
            outputs = await asyncio.gather(*(place.call(tool, a=number) for number in range(5)))
            assert [text(output) for output in outputs] == [f'{{"a": {number}}}' for number in range(5)]
            assert one.counted == 2


async def test_a_list_that_is_asked_for_in_a_lost_session_is_had_in_a_new_one(place: Place) -> None:
    async def forgetful(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        match message["method"]:
            case "initialize":
                one.usual(message, Catching())
                greeting = {**GREETING, "capabilities": {"tools": {}, "resources": {}}}
                answer(writer, 200, result(message, greeting), **{"mcp-session-id": one.sessions[-1]})
            case _ if message["session"] not in one.sessions:
                answer(writer, 404, b"")
            case "resources/list":
                answer(writer, 200, result(message, {"resources": [{"uri": "a://1"}]}))
            case "resources/read":
                answer(writer, 200, result(message, {"contents": "inside"}))
            case _:
                return False
        return True

    async with web() as one:
        one.special = forgetful
        place.write(web={"url": one.url})
        async with place.running() as servers:
            await servers.tools()
            one.forget()
            assert [found.uri for found in await servers.resources()] == ["a://1"]
            one.forget()
            assert await servers.read("web", "a://1") == (Text("inside"),)
            assert one.counted == 3


async def test_only_the_tools_that_the_entry_wants_are_offered(place: Place) -> None:
    async def several(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        if message["method"] == "tools/list":
            answer(writer, 200, result(message, {"tools": [{**TOOL, "name": name} for name in ("a", "b", "c")]}))
            return True
        return False

    async with web() as one:
        one.special = several
        place.write(
            one={"url": one.url, "includeTools": ["a", "b"]},
            two={"url": one.url, "includeTools": ["a", "b"], "excludeTools": ["b"]},
        )
        async with place.running() as servers:
            assert [tool.name for tool in await servers.tools()] == ["one__a", "one__b", "two__a"]


async def test_a_server_that_forgets_each_session_at_once_is_asked_twice_and_no_more(place: Place) -> None:
    async def forgetful(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        if message["method"] == "tools/call":
            answer(writer, 404, error(-32001, "Session not found"))
            return True
        return False

    async with web() as one:
        one.special = forgetful
        place.write(web={"url": one.url})
        async with place.running() as servers:
            tool = named(await servers.tools(), "web__echo")
            with pytest.raises(ToolFailed, match=r"answered with an error \(HTTP 404\): Session not found"):
                await place.call(tool)
            assert one.asked.count("tools/call") == 2


@pytest.mark.parametrize(
    ("code", "body", "said"),
    [
        (400, error(-32602, "Unknown tool: echo"), "Unknown tool: echo"),
        (404, error(-32601, "Method not found"), "Method not found"),
        (500, b"<html><h1>Oops</h1></html>", "Oops"),
        (403, b"", "other headers"),
        (200, error(-32000, "Database is locked", 7), "Database is locked"),
        (200, error(-32001, "Request timed out upstream", 7), "Request timed out upstream"),
        (200, b'{"jsonrpc":"2.0","id":1,"error":"quota used up"}', "quota used up"),
        (200, b'{"error":{"code":"E_BUSY","msg":"try later"}}', "E_BUSY: try later"),
        (200, error(-32603, {"detail": "inner"}, 7), "inner"),
    ],
)
async def test_an_error_of_the_server_is_told_in_its_words_and_repeats_nothing(
    place: Place, code: int, body: bytes, said: str
) -> None:
    async def failing(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        if message["method"] == "tools/call":
            answer(writer, code, body, "application/json" if body[:1] == b"{" else "text/html")
            return True
        return False

    async with web() as one:
        one.special = failing
        place.write(web={"url": one.url})
        async with place.running() as servers:
            tool = named(await servers.tools(), "web__echo")
            with pytest.raises(ToolFailed, match=said):
                await place.call(tool)
            assert (one.asked.count("tools/call"), status(servers, "web").state) == (1, "ready")


async def test_what_a_server_offers_in_a_new_session_is_looked_at_before_the_call_is_repeated(place: Place) -> None:
    async def changing(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        if message["method"] == "tools/list" and one.counted > 1:
            answer(writer, 200, result(message, {"tools": [{**TOOL, "description": "Tells someone else."}]}))
            return True
        if message["method"] == "tools/call" and message["session"] not in one.sessions:
            answer(writer, 404, b"")
            return True
        return False

    async with web() as one:
        one.special = changing
        place.write(web={"url": one.url})
        async with place.running() as servers:
            tool = named(await servers.tools(), "web__echo")
            one.forget()
            with pytest.raises(ToolFailed, match="has changed this tool"):
                await place.call(tool)
            assert one.asked.count("tools/call") == 1


async def test_a_server_that_was_restarted_at_its_address_goes_on_and_its_state_is_true_meanwhile(place: Place) -> None:
    port = 20_000 + os.getpid() % 10_000  # none that the system gives to others while nobody listens
    place.write(web={"url": f"http://127.0.0.1:{port}/mcp"})
    async with place.running() as servers:
        async with web(port):
            tool = named(await servers.tools(), "web__echo")
            assert status(servers, "web").state == "ready"
        await servers.check()
        assert status(servers, "web").state == "failed"
        assert "it cannot be reached" in status(servers, "web").trouble
        with pytest.raises(ToolFailed, match="cannot be reached"):
            await place.call(tool)
        async with web(port):
            assert text(await place.call(tool, a=2)) == '{"a": 2}'
            assert status(servers, "web").state == "ready"


async def test_a_forgotten_session_is_seen_when_the_state_is_looked_at(place: Place) -> None:
    async def forgetful(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        if message["method"] != "initialize" and message["session"] not in one.sessions:
            answer(writer, 404, b"")
            return True
        return False

    async with web() as one:
        one.special = forgetful
        place.write(web={"url": one.url})
        async with place.running() as servers:
            await servers.tools()
            one.forget()
            await servers.check()
            assert (status(servers, "web").state, servers.news()) == ("not started", [])


async def drop_before(one: Web, message: dict[str, Any], writer: Writer) -> None:
    drop(writer)


async def drop_in_json(one: Web, message: dict[str, Any], writer: Writer) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{"jsonrpc"')
    await writer.drain()
    drop(writer)


async def drop_in_stream(one: Web, message: dict[str, Any], writer: Writer) -> None:
    begin_stream(writer)
    writer.write(b": working\n\n")
    await writer.drain()
    drop(writer)


async def end_stream(one: Web, message: dict[str, Any], writer: Writer) -> None:
    begin_stream(writer)
    event(writer, {"jsonrpc": "2.0", "method": "notifications/message", "params": {}}, id="7")
    await writer.drain()
    writer.close()


async def no_answer(one: Web, message: dict[str, Any], writer: Writer) -> None:
    answer(writer, 202, b"")


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (drop_before, "broke the connection before the answer was there"),
        (drop_in_json, "broke the connection before the answer was there"),
        (drop_in_stream, "(broke|closed) the connection before the answer was there"),
        (end_stream, "closed the connection before the answer was there"),
        (no_answer, "took the request without an answer"),
    ],
)
async def test_a_connection_that_drops_in_a_call_fails_at_once_in_words(place: Place, way: Any, said: str) -> None:
    """E6: today's limit of a call is two minutes, and nobody is there to answer."""

    async def dropping(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        if message["method"] != "tools/call" or one.asked.count("tools/call") > 1:
            return False
        await way(one, message, writer)
        return True

    async def silent(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        begin_stream(writer)  # one for news, on which no answer will come
        return True

    async with web() as one:
        one.special, one.stream = dropping, silent
        place.write(web={"url": one.url})
        async with place.running() as servers:
            tool = named(await servers.tools(), "web__echo")
            with pytest.raises(ToolFailed, match=said):
                await asyncio.wait_for(place.call(tool), 60)
            assert one.asked.count("tools/call") == 1, "it may have done its work"
            assert text(await place.call(tool, a=1)) == '{"a": 1}'
            assert status(servers, "web").state == "ready"


@pytest.mark.parametrize(
    "written",
    [
        b"data: %b\n",
        b"data: %b",
        b"\xef\xbb\xbfdata: %b\n\n",
        b"event: message\r\ndata: %b\r\n\r\n",
        b": ping\n\nevent: ping\ndata: x\n\ndata:%b\n\n",
        b"data: [%b]\n\n",
    ],
)
async def test_a_stream_is_read_however_it_is_written(place: Place, written: bytes) -> None:
    async def streaming(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        if message["method"] != "tools/call":
            return False
        begin_stream(writer)
        writer.write(written % result(message, {"content": "said"}))
        await writer.drain()
        writer.close()
        return True

    async with web() as one:
        one.special = streaming
        place.write(web={"url": one.url})
        async with place.running() as servers:
            assert text(await place.call(named(await servers.tools(), "web__echo"))) == "said"


async def test_a_stream_that_the_server_breaks_off_on_purpose_is_asked_for_again(place: Place) -> None:
    numbers: list[int] = []

    async def polled(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        if message["method"] != "tools/call":
            return False
        numbers.append(message["id"])
        begin_stream(writer)
        event(writer, "", id="1", retry="10")
        await writer.drain()
        writer.close()
        return True

    async def rest(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        if not (last := int(one.headers[-1].get("last-event-id", "0"))):
            return False
        begin_stream(writer)
        if last < 6:
            event(writer, "", id=str(last + 1))
        else:
            event(writer, json.loads(result({"id": numbers[0]}, {"content": "late"})))
        await writer.drain()
        writer.close()
        return True

    async with web() as one:
        one.special, one.stream = polled, rest
        place.write(web={"url": one.url})
        async with place.running() as servers:
            assert text(await place.call(named(await servers.tools(), "web__echo"))) == "late"


async def test_progress_extends_the_time_of_a_call_up_to_a_maximum(place: Place) -> None:
    """E5: claude-code#58687."""
    going = asyncio.Event()

    async def slow(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        if message["method"] != "tools/call":
            return False
        begin_stream(writer)
        token, steps = message["params"]["_meta"]["progressToken"], message["params"]["arguments"]["steps"]
        for step in range(steps):
            params = {"progressToken": token, "progress": step}
            event(writer, {"jsonrpc": "2.0", "method": "notifications/progress", "params": params})
            await writer.drain()
            await asyncio.sleep(0.4)
        event(writer, json.loads(result(message, {"content": "done"})))
        going.set()
        return True

    async with web() as one:
        one.special = slow
        place.write(web={"url": one.url, "timeout": 3, "max_timeout": 8})
        async with place.running() as servers:
            tool = named(await servers.tools(), "web__echo")
            calls = (place.call(tool, steps=10), place.call(tool, steps=1000))  # side by side, as both take seconds
            done, failed = await asyncio.gather(*calls, return_exceptions=True)
            assert isinstance(done, Output)
            assert text(done) == "done"
            assert isinstance(failed, ToolFailed)
            assert "still at work after 8 seconds, the most for one call" in str(failed)


async def test_odd_content_reaches_the_model(place: Place) -> None:
    """E3: content that is a string, none beside structured content, and kinds that nobody knows."""
    content: list[Any] = [
        {"content": "plain words"},
        {"content": [], "structuredContent": {"sum": 3}},
        {"content": [{"type": "text", "text": ""}], "structuredContent": {"sum": 3}},
        {"content": {"type": "text", "text": "one block"}},
        {"content": ["words", {"type": "json", "json": {"a": 1}}, {"type": "text", "content": "elsewhere"}]},
        {"content": None, "toolResult": "an old form"},
        "bare words",
        {"content": [], "isError": True, "error": "why it failed"},
    ]

    async def odd(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        if message["method"] != "tools/call":
            return False
        answer(writer, 200, result(message, content[message["params"]["arguments"]["at"]]))
        return True

    async with web() as one:
        one.special = odd
        place.write(web={"url": one.url})
        async with place.running() as servers:
            tool = named(await servers.tools(), "web__echo")
            told = [text(await place.call(tool, at=at)) for at in range(len(content))]
    assert told[:4] == ["plain words", '{"sum": 3}', '{"sum": 3}', "one block"]
    assert told[4] == 'words\n{"type": "json", "json": {"a": 1}}\nelsewhere'
    assert told[5:] == ["an old form", "bare words", "why it failed"]


class Old:
    """A server of the older transport: a stream, and an address beside it."""

    def __init__(self) -> None:
        self.streams: list[Writer] = []
        self.posted: list[str] = []
        self.lost = False

    async def stream(self, one: Web, message: dict[str, Any], writer: Writer) -> bool:
        begin_stream(writer)
        writer.write(b"event: endpoint\ndata: /messages?session_id=1\n\n")
        self.streams.append(writer)
        return True

    async def special(self, one: Web, message: dict[str, Any], writer: Writer) -> bool:
        if message["path"] == "/mcp":
            answer(writer, 405, b"")
            return True
        self.posted.append(message.get("method", ""))
        if self.lost:
            self.lost = False
            answer(writer, 404, b"Could not find session")
            return True
        answer(writer, 202, b"Accepted", "text/plain")
        if message.get("method") == "tools/call" and message["params"]["arguments"].get("drop"):
            drop(self.streams[-1])
        elif "id" in message:
            caught = Catching()
            one.usual(message, caught)
            event(self.streams[-1], json.loads(caught.body), event="message")
        return True


@pytest.mark.parametrize("kind", ["sse", ""])
async def test_a_server_of_the_older_transport_is_used_whether_its_entry_says_so_or_not(
    place: Place, kind: str
) -> None:
    async with web() as one:
        old = Old()
        one.special, one.stream = old.special, old.stream
        place.write(web={"url": one.url, "type": kind})
        async with place.running() as servers:
            tool = named(await servers.tools(), "web__echo")
            assert text(await place.call(tool, a=1)) == '{"a": 1}'
            with pytest.raises(ToolFailed, match="ended before it answered"):
                await asyncio.wait_for(place.call(tool, drop=True), 60)
            assert text(await place.call(tool, a=2)) == '{"a": 2}'
            old.lost = True
            assert text(await place.call(tool, a=3)) == '{"a": 3}'
            assert len(old.streams) == 3
            await until(lambda: status(servers, "web").state == "ready")


async def test_a_stream_of_the_older_transport_that_names_another_host_gets_nothing(place: Place) -> None:
    async def elsewhere(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        begin_stream(writer)
        writer.write(b"event: endpoint\ndata: http://127.0.0.2:9/messages\n\n")
        return True

    async with web() as one:
        one.stream = elsewhere
        place.write(web={"url": one.url, "type": "sse"})
        async with place.running() as servers:
            assert await servers.tools() == []
            assert "names another host, 127.0.0.2:9" in servers.news()[0]


async def test_a_greeting_that_leaves_out_what_nobody_needs_is_taken(place: Place) -> None:
    async def terse(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        if message["method"] == "initialize":
            answer(writer, 200, result(message, {"protocolVersion": "1.0", "serverInfo": {"name": "x"}}))
            return True
        return False

    async with web() as one:
        one.special = terse
        place.write(web={"url": one.url})
        async with place.running() as servers:
            assert [tool.name for tool in await servers.tools()] == ["web__echo"]


@pytest.mark.parametrize("status", [400, 404, 410, 500])
async def test_a_server_that_knows_no_get_keeps_its_session(place: Place, status: int) -> None:
    """E1: what a framework says of a path without that method is no word on the session."""
    told = asyncio.Event()

    async def no_such_route(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        answer(writer, status, b"<pre>Cannot GET /mcp</pre>")
        told.set()
        return True

    async with web() as one:
        one.stream = no_such_route
        place.write(web={"url": one.url})
        async with place.running() as servers:
            tool = named(await servers.tools(), "web__echo")
            await asyncio.wait_for(told.wait(), 20)
            for words in ("first", "second"):
                assert words in str(await place.call(tool, text=words))
            assert one.asked.count("initialize") == 1
