"""MCP servers as tools: listed, pinned, called, asked for prompts and resources, over pipes and over HTTP."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from modules.errors import ToolFailed, UsageError
from modules.llm.base import ToolSpec
from modules.llm.message import Message
from modules.llm.parts import File, Image, Text
from modules.mcp.tool_definitions import Definition, definitions
from modules.mcp.transport.content import messages_of, output_of, parts_of, resource_of
from modules.mcp.trusted_definitions import Pins
from modules.session.turns.tooling import tooling_of
from modules.tools.approval import Approval
from modules.tools.tool import Output
from tests.harness.engine_harness import Talk
from tests.harness.home import Home
from tests.harness.mcp_faulty_server import PNG
from tests.harness.mcp_home import Place, named, status, text, until
from tests.harness.tool_helpers import Person, tooling
from tests.wire import Answer, Call


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    assert place.left() == []


async def test_a_server_that_others_wrote_is_used_as_a_tool(place: Place) -> None:
    place.write(time={"command": sys.executable, "args": ["-m", "mcp_server_time"]})
    async with place.running() as servers:
        tools = await servers.tools()
        assert [tool.name for tool in tools] == ["time__get_current_time", "time__convert_time"]
        output = await place.call(tools[0], timezone="Europe/Berlin")
        assert json.loads(text(output))["timezone"] == "Europe/Berlin"
        wrong = await place.call(tools[0], timezone="Nowhere/Land")
        assert wrong.is_error
        with pytest.raises(ToolFailed, match="timezone"):
            await place.call(tools[0])


async def test_nothing_of_the_sdk_is_there_before_a_server_is_needed(place: Place) -> None:
    place.add()
    code = (
        "import sys; from modules.config import Config; from modules.mcp.servers import Servers; "
        "Servers(Config({'PARLANCE_HOME': sys.argv[1]})); "
        "print([name for name in ('mcp', 'pydantic', 'anyio', 'httpx2', 'jsonschema') if name in sys.modules])"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(place.home), stdout=asyncio.subprocess.PIPE
    )
    assert (await process.communicate())[0] == b"[]\n"
    assert place.starts() == 0


async def test_every_tool_asks_and_names_its_server_whatever_it_says_of_itself(place: Place) -> None:
    place.add()
    async with place.running() as servers:
        tool = named(await servers.tools(), "faulty__echo")
        plan = await tool.prepare({"text": "x"}, place.context)
        assert (tool.effect, tool.source) == ("execute", 'MCP server "faulty"')
        assert plan.asks == 'runs a tool of the MCP server "faulty"'


async def test_arguments_are_checked_before_anything_is_sent(place: Place) -> None:
    place.add()
    async with place.running() as servers:
        tool = named(await servers.tools(), "faulty__echo")
        with pytest.raises(ToolFailed, match="text"):
            await tool.prepare({"text": 7}, place.context)
    assert not any(request["method"] == "tools/call" for request in place.asked())


async def test_progress_pictures_and_structured_results_arrive(place: Place) -> None:
    place.add()
    async with place.running() as servers:
        tools = await servers.tools()
        assert text(await place.call(named(tools, "faulty__steps"))) == "done"
        assert place.told == ["half (1 of 2)"]
        assert (await place.call(named(tools, "faulty__image"))).parts == (Image("image/png", PNG),)
        assert text(await place.call(named(tools, "faulty__data"))) == '{"sum": 3}'
        assert (await place.call(named(tools, "faulty__passing"))).is_error


async def test_known_tools_are_offered_at_once_and_the_server_starts_behind(place: Place) -> None:
    place.add()
    async with place.running() as servers:
        assert status(servers).tools is None, "nobody knows yet how many it has"
        first = await servers.tools()
    async with place.running() as servers:
        assert (status(servers).state, status(servers).tools) == ("not started", len(first))
        again = await servers.tools()
        assert status(servers).state == "starting"
        assert [tool.spec for tool in again] == [tool.spec for tool in first]
        assert text(await place.call(named(again, "faulty__echo"), text="soon")) == "soon"
    assert place.starts() == 2


async def test_a_changed_description_disables_the_tool_until_it_is_accepted(place: Place) -> None:
    place.add("faulty", "changes")
    async with place.running() as servers:
        await servers.tools()
    async with place.running() as servers:
        tool = named(await servers.tools(), "faulty__echo")
        with pytest.raises(ToolFailed, match="has changed this tool"):
            await place.call(tool, text="x")
        assert any('changed the tool "echo": off' in text and "/mcp accept faulty" in text for text in servers.news())
        assert "faulty__echo" not in [tool.name for tool in await servers.tools()]
        assert not any(request["method"] == "tools/call" for request in place.asked())
    async with place.running() as servers:  # it stays off over a restart
        assert "faulty__echo" not in [tool.name for tool in await servers.tools()]
        assert status(servers).changed == ("echo",)
        with pytest.raises(UsageError, match="not shown"):
            servers.accept("faulty")
        shown = servers.difference("faulty")
        assert "-Says it again.\n+Says it again, and to someone else." in shown
        assert servers.accept("faulty") == ["echo"]
        tool = named(await servers.tools(), "faulty__echo")
        assert tool.spec.description == "Says it again, and to someone else."
        assert text(await place.call(tool, text="trusted")) == "trusted"
        assert servers.difference("faulty") == ""


async def test_a_tool_that_changes_while_the_server_runs_is_stopped_too(place: Place) -> None:
    place.add()
    async with place.running() as servers:
        tools = await servers.tools()
        plan = await named(tools, "faulty__echo").prepare({"text": "x"}, place.context)
        await place.call(named(tools, "faulty__change"))
        with pytest.raises(ToolFailed, match="has changed this tool"):
            await plan.do(place.context)  # it was asked about in the words of before
        assert status(servers).changed == ("echo",)


async def test_a_tool_that_vanishes_cannot_be_called_nor_come_back_as_another(place: Place) -> None:
    place.add("faulty", "vanishes")
    async with place.running() as servers:
        await servers.tools()
    async with place.running() as servers:
        with pytest.raises(ToolFailed, match="does not offer the tool"):
            await place.call(named(await servers.tools(), "faulty__passing"))
        assert any('does not offer the tool "passing" any more' in text for text in servers.news())
        assert "faulty__passing" not in [tool.name for tool in await servers.tools()]
    assert '"name": "passing"' in (place.state / "faulty.json").read_text()


async def test_new_tools_of_a_known_server_are_told_of(place: Place) -> None:
    place.add("faulty", "vanishes")
    (place.root / "faulty").write_text("x")  # as if it had been started before
    async with place.running() as servers:
        await servers.tools()
        assert servers.news() == []
    (place.root / "faulty").unlink()
    async with place.running() as servers:
        await servers.tools()
        await until(lambda: status(servers).state == "ready")
        assert servers.news() == ['The MCP server "faulty" offers more: the tool "passing".']
        assert [tool.name for tool in await servers.tools()][-1] == "faulty__passing"


async def test_pins_that_cannot_be_read_are_told_of(place: Place) -> None:
    place.add()
    place.state.mkdir(parents=True)
    (place.state / "faulty.json").write_text("{")
    async with place.running() as servers:
        assert len(await servers.tools()) == 10
        assert "cannot be read" in servers.news()[0]


async def test_what_is_kept_of_a_server_is_private(place: Place) -> None:
    place.add("faulty", "stderr")
    async with place.running() as servers:
        await servers.tools()
    assert {path.name: path.stat().st_mode & 0o777 for path in place.state.iterdir()} == {
        "faulty.json": 0o600,
        "faulty.log": 0o600,
    }
    assert place.state.stat().st_mode & 0o777 == 0o700


async def test_prompts_and_resources_are_reached_and_start_the_server(place: Place) -> None:
    place.add()
    place.add("broken", "exits")
    async with place.running() as servers:
        (prompt,) = await servers.prompts()
        assert (prompt.server, prompt.name, prompt.arguments) == ("faulty", "greet", {"who": True})
        said = (Text("Greet Ada."),)
        assert await servers.prompt("faulty", "greet", {"who": "Ada"}) == [
            Message("user", said),
            Message("assistant", said),
        ]
        (resource,) = await servers.resources()
        assert (resource.uri, resource.name, resource.media_type) == ("note://1", "A note", "text/plain")
        assert await servers.read("faulty", "note://1") == (Text("[resource note://1]\nRemember the milk."),)
        with pytest.raises(UsageError, match='no MCP server "other"'):
            await servers.read("other", "note://1")


async def test_a_server_can_be_restarted_and_a_disabled_one_is_left_alone(place: Place) -> None:
    place.add()
    place.add("off", disabled=True)
    async with place.running() as servers:
        assert {tool.source for tool in await servers.tools()} == {'MCP server "faulty"'}
        await servers.restart("faulty")
        assert (status(servers).state, place.starts()) == ("ready", 2)
        assert (status(servers, "off").state, place.starts("off")) == ("disabled", 0)
        with pytest.raises(ToolFailed, match="switched off"):
            await servers.read("off", "note://1")


async def test_a_restart_takes_the_entry_as_it_stands_now(place: Place) -> None:
    place.add("faulty", "exits")
    async with place.running() as servers:
        assert await servers.tools() == []
        place.add()
        place.add("new")
        await servers.restart("faulty")
        await servers.restart("new")
        assert {tool.source for tool in await servers.tools()} == {'MCP server "faulty"', 'MCP server "new"'}
        place.entries.clear()
        place.write()
        with pytest.raises(UsageError, match='no MCP server "new"'):
            await servers.restart("new")


async def test_a_session_has_the_servers_where_there_is_an_mcp_json(place: Place) -> None:
    assert tooling_of(place.config(), Approval(), None, enabled=True).servers is None
    place.add()
    tooling = tooling_of(place.config(), Approval(), None, enabled=True)
    assert tooling.servers is not None
    await tooling.toolbox.gather()
    assert "faulty__echo" in tooling.toolbox
    await tooling.close()


async def test_a_file_that_cannot_be_used_is_news_and_no_more(place: Place) -> None:
    place.file.write_text("{")
    async with place.running() as servers:
        assert await servers.tools() == []
        assert "is not JSON" in servers.news()[0]


async def test_a_model_calls_a_server_and_is_told_of_it_in_the_same_words_on_the_next_run(
    home: Home, place: Place
) -> None:
    place.add()
    for number in range(2):
        home.anthropic.answer(Answer(Call("faulty__echo", {"text": f"run {number}"})), Answer("It came back."))
        async with place.running() as servers, Talk(home) as talk:
            person = Person(talk, tooling(place.root, sources=[servers]))
            await person.say("Echo, please.")
            assert person.results == [f"run {number}"]
            assert [question.tool.source for question in person.asked] == ['MCP server "faulty"']
    first, _, second, _ = home.anthropic.chats
    assert first.body["tools"] == second.body["tools"]
    assert first.body["tools"][0]["input_schema"]["required"] == ["text"]


async def test_an_interrupted_call_is_taken_back_and_the_next_turn_uses_the_same_server(
    home: Home, place: Place
) -> None:
    place.add()
    home.anthropic.answer(Answer(Call("faulty__hang", {})))
    async with place.running() as servers, Talk(home) as talk:
        person = Person(talk, tooling(place.root, sources=[servers]))
        turn = asyncio.ensure_future(person.say("Hang."))
        await until(lambda: any(request["method"] == "tools/call" for request in place.asked()))
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
        assert "Interrupted by the user" in talk.conversation.messages[-1].results[0].text
        await until(lambda: place.asked()[-1]["method"] == "notifications/cancelled")
        home.anthropic.answer(Answer(Call("faulty__echo", {"text": "here"})), Answer("Still there."))
        await person.say("And now?")
        assert person.results == ["here"]
    assert place.starts() == 1


@pytest.mark.parametrize(
    "changed",
    [
        Definition("echo", "Says it. ", {"type": "object"}, {"readOnlyHint": True}),
        Definition("echo", "Says it.", {"type": "object", "properties": {}}, {"readOnlyHint": True}),
        Definition("echo", "Says it.", {"type": "object"}, {"readOnlyHint": False}),
        Definition("echo", "Says it.", {"type": "object"}, {"readOnlyHint": 1}),
    ],
)
def test_any_change_of_a_definition_is_seen(tmp_path: Path, changed: Definition) -> None:
    pins = Pins(tmp_path / "pins.json", "faulty")
    trusted = Definition("echo", "Says it.", {"type": "object"}, {"readOnlyHint": True})
    assert pins.see([trusted]) == []
    pins = Pins(tmp_path / "pins.json", "faulty")
    assert (len(pins.see([changed])), pins.offered, pins.changed) == (1, [], ["echo"])
    assert (len(pins.see([trusted])), pins.offered, pins.changed) == (1, [trusted], [])


def test_what_was_not_shown_cannot_be_accepted(tmp_path: Path) -> None:
    pins = Pins(tmp_path / "pins.json", "faulty")
    pins.see([Definition("echo", "one")])
    pins.see([Definition("echo", "two")])
    assert "+two" in pins.difference()
    pins.see([Definition("echo", "three")])
    with pytest.raises(UsageError, match="not shown"):
        pins.accept()
    assert pins.changed == ["echo"]


def test_a_schema_of_a_server_is_kept_whole_and_its_words_are_made_plain() -> None:
    ways = [{"required": ["a"], "properties": {"a": {}}}, {"required": ["b c"], "properties": {"b c": {}}}]
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "anyOf": ways}
    (one,), troubles = definitions("faulty", [{"name": "pick", "inputSchema": schema, "title": "Pick\u200b one"}])
    assert troubles == []
    assert one.schema["anyOf"] == ways
    assert one.description == "Pick one"
    told = ToolSpec("pick", one.description, one.schema).schema
    assert list(told["properties"]) == ["a"]
    assert "b c" in told["description"]


def test_a_parameter_that_nobody_can_see_loses_its_tool() -> None:
    schema = {"type": "object", "properties": {"pa\u200bth": {"type": "string"}}}
    assert "cannot be seen" in definitions("faulty", [{"name": "pick", "inputSchema": schema}])[1][0]


def test_content_of_every_kind_becomes_parts_or_a_note() -> None:
    pdf = "JVBERi0xLjQK"
    parts = parts_of(
        [
            {"type": "text", "text": "words"},
            {"type": "image", "data": "bm90IGEgcGljdHVyZQ==", "mimeType": "image/png"},
            {"type": "image", "data": "%%%", "mimeType": "image/png"},
            {"type": "audio", "data": "", "mimeType": "audio/wav"},
            {"type": "resource_link", "uri": "file:///x", "name": "x"},
            {"type": "resource", "resource": {"uri": "file:///y.pdf", "blob": pdf}},
            {"type": "resource", "resource": {"uri": "file:///z", "text": "inside"}},
            {"type": "video"},
            {"type": "video", "data": "A" * 300, "title": "Cats"},
            7,
            None,
        ]
    )
    assert parts == (
        Text("words"),
        Text("[image/png, 13 bytes, left out: it is no picture and no PDF]"),
        Text("[image/png, left out: it is not base64]"),
        Text("[audio, left out: audio/wav]"),
        Text("[resource file:///x, x]"),
        File("application/pdf", pdf, "file:///y.pdf"),
        Text("[resource file:///z]\ninside"),
        Text("[left out: content of the kind 'video']"),
        Text('{"type": "video", "data": "[300 characters, left out]", "title": "Cats"}'),
        Text("7"),
        Text("[left out: no content]"),
    )
    assert output_of({"content": "what went wrong", "isError": True}) == Output(
        (Text("what went wrong"),), is_error=True
    )


def test_resources_and_prompts_in_another_form_are_taken() -> None:
    """E3."""
    assert resource_of({"contents": "words"}) == (Text("words"),)
    assert resource_of({"contents": {"uri": "a://1", "text": "inside"}}) == (Text("[resource a://1]\ninside"),)
    assert resource_of({"content": ["a", None, 7]}) == (Text("a"), Text("7"))
    assert resource_of({}) == ()
    said = Message("user", (Text("words"),))
    assert messages_of({"messages": "words"}) == messages_of({"messages": ["words", 7]}) == [said]
    assert messages_of({"messages": {"role": "user", "content": "words"}}) == [said]


class Http:
    """A server of the SDK's own making on loopback; `answer` puts something else in its place."""

    def __init__(self) -> None:
        self.seen: list[dict[str, str]] = []
        self.answer: tuple[int, dict[str, str], bytes] | None = None
        self.url = ""


@asynccontextmanager
async def over_http() -> AsyncIterator[Http]:
    import uvicorn
    from mcp.server.mcpserver import MCPServer

    http, served = Http(), MCPServer("loopback")

    @served.tool()
    def add(a: int, b: int) -> int:
        """Adds two numbers."""
        return a + b

    app = served.streamable_http_app()

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            http.seen.append({key.decode(): value.decode() for key, value in scope["headers"]})
            if http.answer is not None:
                code, headers, body = http.answer
                pairs = [(key.encode(), value.encode()) for key, value in headers.items()]
                await send({"type": "http.response.start", "status": code, "headers": pairs})
                await send({"type": "http.response.body", "body": body})
                return
        await app(scope, receive, send)

    listening = socket.create_server(("127.0.0.1", 0))
    http.url = f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
    server = uvicorn.Server(uvicorn.Config(outer, log_config=None, ws="none", timeout_graceful_shutdown=1))
    running = asyncio.ensure_future(server.serve([listening]))
    try:
        yield http
    finally:
        server.should_exit = True
        await running


async def test_a_server_over_http_is_a_network_tool_and_gets_its_headers(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # which this machine is spoken to without
    async with over_http() as http:
        place.write(web={"url": http.url, "headers": {"Authorization": "Bearer ${TOKEN}"}})
        async with place.running(TOKEN="t0k3n") as servers:
            tool = named(await servers.tools(), "web__add")
            assert (tool.effect, text(await place.call(tool, a=1, b=2))) == ("network", "3")
            assert status(servers, "web").where == http.url
        assert {headers["authorization"] for headers in http.seen} == {"Bearer t0k3n"}
        assert {headers["accept-encoding"] for headers in http.seen} == {"identity"}


async def test_a_session_that_the_server_has_forgotten_is_begun_again(place: Place) -> None:
    async with over_http() as http:
        place.write(web={"url": http.url})
        async with place.running() as servers:
            tool = named(await servers.tools(), "web__add")
            http.answer = (404, {}, b"")
            with pytest.raises(ToolFailed, match="HTTP 404"):
                await place.call(tool, a=1, b=2)
            http.answer = None
            assert text(await place.call(tool, a=1, b=2)) == "3"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, {}, b""), "asks for a login"),
        ((307, {"location": "{elsewhere}"}, b""), "not followed"),
        ((200, {"content-type": "application/json", "content-encoding": "gzip"}, b"x"), "compressed"),
        ((200, {"content-type": "application/json"}, b" " * 33 * 1024 * 1024), "larger than 32 MB"),
        ((200, {"content-type": "text/html"}, b"<html>"), "text/html"),
        ((200, {"content-type": "application/json"}, b"{}"), "JSON"),
    ],
)
async def test_an_answer_that_is_not_mcp_is_told_in_one_line(
    place: Place, answer: tuple[int, dict[str, str], bytes], said: str
) -> None:
    async with over_http() as http, over_http() as elsewhere:
        code, headers, body = answer
        http.answer = (code, {key: value.format(elsewhere=elsewhere.url) for key, value in headers.items()}, body)
        place.write(web={"url": http.url})
        async with place.running() as servers:
            assert await servers.tools() == []
            (news,) = servers.news()
            assert said in news
            assert "\n" not in news
        assert elsewhere.seen == []


async def test_a_redirect_within_the_same_server_is_not_followed_either(place: Place) -> None:
    async with over_http() as http:
        http.answer = (307, {"location": f"{http.url}/"}, b"")
        place.write(web={"url": http.url})
        async with place.running() as servers:
            assert await servers.tools() == []
        assert len(http.seen) == 1


async def test_a_url_where_nobody_listens_is_told_of(place: Place) -> None:
    with socket.socket() as taken:  # bound and not listened to, so that nobody else gets the port meanwhile
        taken.bind(("127.0.0.1", 0))
        place.write(web={"url": f"http://127.0.0.1:{taken.getsockname()[1]}/mcp"})
        async with place.running() as servers:
            assert await servers.tools() == []
            assert "it cannot be reached" in servers.news()[0]
