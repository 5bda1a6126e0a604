"""Servers that exit, hang, flood, lie and leave children behind: each is its own trouble and no one else's."""

import asyncio
import json
import logging
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modules.errors import ToolFailed
from modules.llm.parts import NAME
from modules.mcp.configuration.mcp_json import read
from modules.mcp.log import Log
from modules.mcp.naming import tool_name
from modules.mcp.server import PAUSE_SECONDS, Server
from modules.mcp.tool_definitions import definitions
from tests.harness.mcp_home import SECRET, Place, named, status, text, until


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Whatever a test does, nothing of its servers runs after it."""
    place = Place(tmp_path)
    yield place
    assert place.left() == []


async def test_a_server_that_exits_at_once_is_told_of_with_its_last_words(place: Place) -> None:
    place.add("faulty", "exits")
    place.add("sound")
    async with place.running() as servers:
        tools = await servers.tools()
        assert {tool.source for tool in tools} == {'MCP server "sound"'}
        assert (status(servers).state, status(servers).tools) == ("failed", None)
        (news,) = servers.news()
        assert "it ended by itself with exit code 1" in news
        assert '"no key was given"' in news
        assert servers.news() == []


@pytest.mark.parametrize("mode", ["silent", "wrong ids", "flood"])
async def test_a_server_that_never_answers_is_given_up_and_ended(place: Place, mode: str) -> None:
    place.add("faulty", mode, startup_timeout=0.6)
    async with place.running() as servers:
        assert await servers.tools() == []
        await until(lambda: status(servers).state == "failed")
        assert "it was not ready within 0.6 seconds" in status(servers).trouble


async def test_waiting_for_a_new_server_can_be_cancelled(place: Place) -> None:
    place.add("faulty", "silent")
    async with place.running() as servers:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(servers.tools(), 0.3)
        assert status(servers).state == "starting"


async def test_a_program_that_does_not_exist_is_named(place: Place) -> None:
    place.write(missing={"command": "no-such-program-4711"})
    async with place.running() as servers:
        assert await servers.tools() == []
        assert "no-such-program-4711" in servers.news()[0]


async def test_a_folder_that_does_not_exist_is_named(place: Place) -> None:
    place.add("faulty", cwd="/no/such/folder")
    async with place.running() as servers:
        assert await servers.tools() == []
        assert "the folder /no/such/folder" in servers.news()[0]


async def test_a_banner_and_lines_that_are_no_text_are_logged_and_passed_over(place: Place) -> None:
    place.add("faulty", "banner")
    async with place.running() as servers:
        tools = await servers.tools()
        assert text(await place.call(named(tools, "faulty__echo"), text="hello")) == "hello"
        assert any("Welcome to the faulty server" in line for line in servers.log("faulty"))


async def test_letters_that_are_broken_cost_no_answer(place: Place) -> None:
    place.add()
    async with place.running() as servers:
        output = await place.call(named(await servers.tools(), "faulty__broken"))
        assert text(output) == "half \ufffd and \ufffd"


async def test_an_answer_that_nobody_can_read_is_an_error_at_once(place: Place) -> None:
    place.add("faulty", "deep")
    async with place.running() as servers:
        tools = await servers.tools()
        for levels in (1_000, 100_000):
            for last in (False, True):
                with pytest.raises(ToolFailed, match="the answer cannot be read; it may be nested too deeply"):
                    await place.call(named(tools, "faulty__deep"), levels=levels, number_last=last)
        assert text(await place.call(named(tools, "faulty__deep"), levels=100)) == "[" * 100 + "]" * 100
        assert text(await place.call(named(tools, "faulty__echo"), text="hello")) == "hello"


def test_a_definition_that_is_nested_too_deeply_costs_itself_and_no_other() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    bad = [
        {"name": "one", "inputSchema": {"type": "object", "default": deep}},
        {"name": "two", "inputSchema": {}, "annotations": {"title": deep}},
        {"name": deep, "inputSchema": {}},
    ]
    sound, troubles = definitions("faulty", [*bad, {"name": "three", "description": deep, "inputSchema": {}}])
    assert [one.name for one in sound] == ["three"]
    assert [trouble.partition(" left out: ")[2] for trouble in troubles] == [
        "its inputSchema is larger than 32 kB.", "it is nested too deeply.", "it has no name.",
    ]  # fmt: skip


async def test_prompts_and_resources_with_names_that_nobody_could_read_are_left_out(place: Place) -> None:
    place.add("faulty", "bad names")
    async with place.running() as servers:
        (prompt,) = await servers.prompts()
        assert (prompt.name, prompt.description, prompt.arguments) == ("greet", "]52;c;aGk=xy z \ufffd", {})
        (resource,) = await servers.resources()
        assert (resource.uri, resource.name) == ("note://1", "]52;c;aGk=xy z \ufffd")


async def test_a_program_that_writes_only_junk_is_ended(place: Place) -> None:
    place.add("faulty", "junk")
    async with place.running() as servers:
        await servers.tools()
        assert "it writes to its standard output what is no message" in status(servers).trouble


async def test_a_line_without_end_is_cut_short_in_bounded_time_and_memory(place: Place) -> None:
    place.add("faulty", "huge line")
    async with place.running() as servers:
        began = time.process_time()
        await servers.tools()
        assert "it wrote a line of more than 16 MB" in status(servers).trouble
        assert time.process_time() - began < 4


async def test_standard_error_goes_to_a_private_file_and_is_shown_clean(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    place.add("faulty", "stderr", "banner")
    async with place.running() as servers:
        await servers.tools()
        shown = servers.log("faulty")
        assert any("warming up" in line for line in shown)
        assert not any(re.search(r"[\x00-\x1f\x7f-\x9f]", line) for line in shown)
        log = Path(status(servers).log)
        assert b"\x1b]0;owned" in log.read_bytes()
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert capfd.readouterr() == ("", "")
    assert not logging.getLogger("mcp").propagate


async def test_the_log_of_a_talkative_server_does_not_grow_without_end(place: Place) -> None:
    place.add("faulty", "stderr flood")
    async with place.running() as servers:
        await servers.tools()
        await until(lambda: len(servers.log("faulty")) == 20)
        assert sum(file.stat().st_size for file in place.state.glob("faulty.*")) < 1_100_000


async def test_a_bad_tool_costs_itself_and_not_the_server(place: Place) -> None:
    place.add("faulty", "bad tools")
    async with place.running() as servers:
        tools = await servers.tools()
        assert [tool.name for tool in tools] == [
            "faulty__no_schema",  # that is: no parameters
            "faulty__list_schema",  # as PHP writes an empty object
            "faulty__twice",
            tool_name("faulty", "name with blanks/and a slash"),
            tool_name("faulty", "n" * 90),
            "faulty__echo",
        ]
        assert named(tools, "faulty__twice").spec.description == "first"
        assert all(NAME.fullmatch(tool.name) for tool in tools)
        news = servers.news()
        assert len(news) == 9
        for name in ("array", "broken", "odd", "huge", "hidden", "twice"):
            assert any(f'"{name}"' in text for text in news), name
        assert "\x1b" not in "".join(news)
        assert text(await place.call(named(tools, "faulty__echo"), text="still here")) == "still here"


async def test_a_description_is_made_visible_and_short(place: Place) -> None:
    place.add("faulty", "bad tools")
    async with place.running() as servers:
        description = named(await servers.tools(), tool_name("faulty", "n" * 90)).spec.description
        assert description.startswith("ab[2Jccc")
        assert len(description.encode()) <= 2000


async def test_a_list_without_end_is_read_for_fifty_pages(place: Place) -> None:
    place.add("faulty", "endless cursor")
    async with place.running() as servers:
        assert len(await servers.tools()) == 50
        assert sum(request["method"] == "tools/list" for request in place.asked()) == 50


async def test_a_page_that_leads_to_itself_is_read_once(place: Place) -> None:
    place.add("faulty", "same cursor")
    async with place.running() as servers:
        assert [tool.name for tool in await servers.tools()] == ["faulty__echo", "faulty__echox"]
        assert servers.news() == []


async def test_a_server_that_dies_in_a_call_is_started_again_by_the_next(place: Place) -> None:
    place.add()
    async with place.running() as servers:
        tools = await servers.tools()
        with pytest.raises(ToolFailed, match="ended before it answered"):
            await place.call(named(tools, "faulty__die"))
        assert text(await place.call(named(tools, "faulty__echo"), text="again")) == "again"
        assert place.starts() == 2


async def test_a_server_that_cannot_start_again_is_tried_once_per_call(place: Place) -> None:
    place.add("faulty", "exits later")
    async with place.running() as servers:
        tools = await servers.tools()
        with pytest.raises(ToolFailed):
            await place.call(named(tools, "faulty__die"))
        for starts in (2, 3):
            with pytest.raises(ToolFailed, match="no key was given"):
                await place.call(named(tools, "faulty__echo"), text="x")
            await servers.tools()
            assert place.starts() == starts


# E2, E3: a server's own errors, in codes that the SDK has for itself and in forms that no standard has.
ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"error": {"code": -32000, "message": "Database is locked"}}, "Database is locked"),
    ({"error": {"code": -32001, "message": "Upstream timed out"}}, "Upstream timed out"),
    ({"error": {"code": -32000, "message": "Connection closed"}}, "answered with an error: Connection closed"),
    ({"error": {"code": -32601, "message": "Unknown tool: fail"}}, "Unknown tool: fail"),
    ({"error": "quota used up"}, "quota used up"),
    ({"error": {"code": "E_LOCKED", "message": "locked by Ann"}}, "E_LOCKED: locked by Ann"),
    ({"error": {"code": 4.5, "message": None, "detail": ["a", "b"]}}, r'\["a", "b"\]'),
    ({"error": {"message": "Invalid input", "data": {"field": "when"}}}, r'Invalid input \({"field": "when"}\)'),
    ({"error": {"code": -32000, "message": "two\nlines"}}, "two lines"),
    ({"error": ["a", 1]}, r'\["a", 1\]'),
    ({"error": {}}, "an error without words"),
    ({"error": None}, "an error without words"),
    ({}, "an error without words"),
    ({"error": {"code": 1, "message": "both"}, "result": None}, "both"),
    ({"error": {"code": -32700, "message": "Parse error"}, "id": None}, "Parse error"),
    ({"error": {"code": -32700, "message": "Parse error"}, "id": "none"}, "Parse error"),
    ({"error": {"code": -32000, "message": "no version"}, "jsonrpc": "none"}, "no version"),
]


@pytest.mark.parametrize(("answer", "said"), ERRORS)
async def test_an_error_of_a_server_is_told_in_its_words_and_ends_nothing(
    place: Place, answer: dict[str, Any], said: str
) -> None:
    place.add("faulty", "errors")
    async with place.running() as servers:
        tools = await servers.tools()
        with pytest.raises(ToolFailed, match=said):
            await asyncio.wait_for(place.call(named(tools, "faulty__fail"), **answer), 60)
        assert text(await place.call(named(tools, "faulty__echo"), text="still here")) == "still here"
        assert (place.starts(), status(servers).state) == (1, "ready")


@pytest.mark.parametrize(("flag", "failed"), [(True, True), ("true", True), ("False", False), (None, False)])
async def test_a_result_says_that_it_is_an_error_in_words_as_well(place: Place, flag: Any, failed: bool) -> None:
    place.add("faulty", "errors")
    async with place.running() as servers:
        tools = await servers.tools()
        result = {"content": [{"type": "text", "text": "no such row"}], "isError": flag}
        assert (await place.call(named(tools, "faulty__fail"), result=result)).is_error is failed


@pytest.mark.parametrize("schema", [None, [], {"type": None}, {"type": "object", "properties": []}, {"required": None}])
def test_a_schema_of_nothing_means_that_a_tool_takes_nothing(schema: Any) -> None:
    (one,), troubles = definitions("faulty", [{"name": "now", "inputSchema": schema}])
    assert troubles == []
    assert (one.schema["type"], one.schema["properties"]) == ("object", {})


@pytest.mark.parametrize(
    ("result", "said"),
    [("bare words", "bare words"), ({"content": "a string"}, "a string"), (["a", "b"], "a\nb"), (7, "7"), (None, "")],
)
async def test_a_result_in_another_form_reaches_the_model(place: Place, result: Any, said: str) -> None:
    place.add("faulty", "errors")
    async with place.running() as servers:
        tools = await servers.tools()
        assert text(await place.call(named(tools, "faulty__fail"), result=result)) == said


async def test_progress_extends_the_time_of_a_call_to_a_program_too(place: Place) -> None:
    """E5: without progress the same time is the end."""
    place.add("faulty", "paced", timeout=2)
    async with place.running() as servers:
        tools = await servers.tools()
        assert text(await place.call(named(tools, "faulty__pace"), steps=8)) == "done"
        assert len(place.told) >= 3


async def test_a_call_that_hangs_is_taken_back_and_the_connection_stays(place: Place) -> None:
    place.add(timeout=0.3)
    async with place.running() as servers:
        tools = await servers.tools()
        with pytest.raises(ToolFailed, match=r"did not answer within 0\.3 seconds"):
            await place.call(named(tools, "faulty__hang"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(place.call(named(tools, "faulty__hang")), 0.1)
        assert text(await place.call(named(tools, "faulty__echo"), text="usable")) == "usable"
        assert sum(request["method"] == "notifications/cancelled" for request in place.asked()) == 2
        assert place.starts() == 1


async def test_the_server_sees_no_key_of_ours_and_what_its_entry_gives_it(place: Place) -> None:
    place.add(env={"TOKEN": "${MY_TOKEN}", "MODE": "${MODE:-quiet}"})
    async with place.running(MY_TOKEN="t0k3n", SSH_AUTH_SOCK="/tmp/agent", HTTPS_PROXY="http://u:p@proxy") as servers:
        seen = json.loads(text(await place.call(named(await servers.tools(), "faulty__env"))))
    assert (seen.pop("TOKEN"), seen.pop("MODE")) == ("t0k3n", "quiet")
    assert set(seen) <= {"PATH", "HOME", "LC_ALL", "LC_CTYPE", "PWD", "SHLVL", "_"}
    assert SECRET not in json.dumps(seen)


async def test_a_secret_of_an_entry_is_shown_nowhere(place: Place) -> None:
    place.add("faulty", "exits", env={"TOKEN": "${MY_TOKEN}"})
    place.entries["faulty"]["args"].append("--key=${MY_TOKEN}")
    place.write()
    async with place.running(MY_TOKEN="t0k3n-of-mine") as servers:
        await servers.tools()
        told = f"{servers.status()} {servers.news()} {servers._servers['faulty'].entry!r}"
    assert "t0k3n-of-mine" not in told
    assert "--key=${MY_TOKEN}" in told


async def test_a_server_that_reads_no_more_holds_up_neither_a_call_nor_the_end(place: Place) -> None:
    place.add("faulty", "deaf", timeout=0.2)
    async with place.running() as servers:
        tools = await servers.tools()
        began = time.monotonic()
        with pytest.raises(ToolFailed, match="did not answer within"):
            await place.call(named(tools, "faulty__echo"), text="x" * 500_000)
        await servers.close()
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("mode", ["grandchild", "ignores", "escapes"])
async def test_closing_ends_a_server_and_all_that_it_has_started(place: Place, mode: str) -> None:
    place.add("one", mode)
    place.add("two", mode)
    async with place.running() as servers:
        assert len(await servers.tools()) == 20
        assert len(place.left()) >= 4
        began = time.monotonic()
        await servers.close()
        assert time.monotonic() - began < 5
        assert place.left() == []


async def test_children_of_a_server_that_died_are_ended_when_it_dies(place: Place) -> None:
    place.add("faulty", "grandchild")
    async with place.running() as servers:
        tools = await servers.tools()
        with pytest.raises(ToolFailed):
            await place.call(named(tools, "faulty__die"))
        await until(lambda: place.left() == [] and status(servers).trouble != "")
        assert "exit code 3" in status(servers).trouble


async def test_a_server_is_offered_no_sampling_and_no_roots(place: Place) -> None:
    place.add("faulty", "samples")
    async with place.running() as servers:
        await servers.tools()
        await until(lambda: sum(request["method"] == "an answer" for request in place.asked()) == 2)
    first = place.asked()[0]
    assert first["params"]["capabilities"] == {}
    assert all("error" in request for request in place.asked() if request["method"] == "an answer")


async def test_a_list_that_changes_without_end_costs_little_and_calls_get_through(place: Place) -> None:
    place.add("faulty", "restless")
    async with place.running() as servers:
        began = time.monotonic()
        tools = await servers.tools()
        for number in range(3):
            assert text(await place.call(named(tools, "faulty__echo"), text=f"{number}")) == f"{number}"
        listed = sum(request["method"] == "tools/list" for request in place.asked())
        assert listed < 4 + (time.monotonic() - began) / PAUSE_SECONDS


async def test_a_server_that_is_closed_before_it_has_begun_keeps_nobody_waiting(place: Place) -> None:
    place.add()
    entries, _ = read(place.file, lambda name: "")

    async def listed(tools: list[Any]) -> None:
        raise AssertionError("It was never asked.")

    server = Server(entries[0], {}, Log(place.root / "log"), listed, place.root / "login")
    server.start()
    await server.close()
    await asyncio.wait_for(server.settled(), 1)
    assert (server.state, place.starts()) == ("stopped", 0)


async def test_closing_during_a_start_leaves_nothing(place: Place) -> None:
    place.add("faulty", "silent")
    async with place.running() as servers:
        asking = asyncio.ensure_future(servers.tools())
        await until(lambda: place.left() != [])
        await servers.close()
        assert await asking == []
        assert place.left() == []
