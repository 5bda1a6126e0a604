"""What the prompt offers of MCP servers, asked the way prompt_toolkit asks, with servers that really run."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent, Completion
from prompt_toolkit.document import Document

from modules.chat.command import ChatContext, parse_command
from modules.chat.commands import COMMANDS
from modules.chat.input.completer import ChatCompleter
from modules.chat.input.mcp_mentions import attach, named
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation
from tests.chat.completer_test import CATALOGUE, Lines
from tests.harness.mcp_home import Place
from tests.harness.tool_helpers import tooling


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    assert place.left() == []


@asynccontextmanager
async def chatting(place: Place, *, started: bool = True) -> AsyncIterator[ChatContext]:
    """A chat with the servers of that place."""
    async with place.running() as servers:
        if started:
            await servers.tools()
        config = place.config()
        models = load(CATALOGUE, None, config.get)
        conversation = Conversation(models.find(models.default).model)
        tools = tooling(place.root, sources=[servers])
        assert not started or tools.toolbox  # made, as by a turn
        yield ChatContext(config, models, ServiceManager(config.key), conversation, COMMANDS, Lines(), tools)


async def completions(chat: ChatContext, line: str) -> list[Completion]:
    found = ChatCompleter(chat).get_completions_async(Document(line), CompleteEvent(text_inserted=True))
    return [one async for one in found]


async def offered(chat: ChatContext, line: str) -> list[str]:
    """The lines that choosing would make."""
    return [line[: len(line) + one.start_position] + one.text for one in await completions(chat, line)]


async def test_an_at_sign_offers_the_servers_after_the_models_and_then_what_one_lists(place: Place) -> None:
    place.add()
    place.add("off", disabled=True)
    async with chatting(place) as chat:
        assert (await offered(chat, "@"))[-3:] == ["@offline:guide ", "@faulty:", "@off:"]
        assert await offered(chat, "see @") == ["see @faulty:", "see @off:"]
        assert (await completions(chat, "see @fau"))[0].display_meta_text == "MCP server, ready"
        assert await offered(chat, "see @faulty:") == ["see @faulty:note://1 "]
        assert (await completions(chat, "@faulty:not"))[-1].display_meta_text == "A note"
        for line in ("see @other:", "see @off:", "me@faulty:", "see @faulty:1 x"):
            assert await offered(chat, line) == [], line


async def test_the_words_of_mcp_are_offered_one_by_one(place: Place) -> None:
    place.add()
    place.add("it's")
    async with chatting(place) as chat:
        assert await offered(chat, "/mcp pro") == ["/mcp prompt"]
        assert await offered(chat, "/mcp log ") == ["/mcp log faulty", """/mcp log 'it'"'"'s'"""]
        assert await offered(chat, "/mcp prompt fau") == ["/mcp prompt faulty "]
        (greet,) = await completions(chat, "/mcp prompt faulty ")
        assert (greet.text, greet.display_meta_text) == ("prompt faulty greet ", "Greets.")
        (who,) = await completions(chat, "/mcp prompt faulty greet ")
        assert (who.text, who.display_meta_text) == ("prompt faulty greet who=", "must be given")
        assert await offered(chat, "/mcp prompt faulty greet who=A") == []
        assert await offered(chat, "/mcp prompt faulty greet who='A b") == []
        assert await offered(chat, "/mcp prompt faulty greet who=A ") == []
        assert await offered(chat, "/mcp resources ") == []


async def test_whatever_is_offered_of_odd_names_is_harmless_and_works_when_it_is_sent(place: Place) -> None:
    place.add("faulty", "odd lists")
    async with chatting(place) as chat:
        got = []
        for prompt in await offered(chat, "/mcp prompt faulty "):
            keys = await offered(chat, prompt) if prompt.endswith(" ") else []
            for line in [f"{key}'a value'" for key in keys] or [prompt]:
                command = parse_command(line)
                assert command is not None
                await COMMANDS.get(command.name).run(chat, command.args)
                got.append(json.loads(chat.draft))
        assert got == [
            {"name": "keys", "arguments": {"the key": "a value"}},
            {"name": "keys", "arguments": {"who's": "a value"}},
            *({"name": name, "arguments": {}} for name in ("two words", 'it\'s "so"', "$(a) `b`; c", "-x")),
        ]
        found = await completions(chat, "what is @faulty:a:")
        assert {one.text for one in found} == {
            f"faulty:a://{rest} " for rest in ("1", "11", 'it\'s-"so"', "odd", "odd-x")
        }
        for one in reversed(found):
            await attach(chat, named(chat, f"what is @{one.text}?"))
        assert len(chat.attachments) == len(found)
        about = [one.display_meta_text for one in [*found, *await completions(chat, "/mcp prompt faulty ")]]
        assert all(text.isprintable() and len(text) <= 80 for text in about)
        assert {text[:8] for text in about} == {"", "One line"}


async def test_a_list_without_end_is_offered_in_part_and_keeps_nobody_waiting(place: Place) -> None:
    place.add("faulty", "odd lists")
    async with chatting(place) as chat, asyncio.timeout(25):  # a key is not held up for longer than its patience
        while not (found := await offered(chat, "see @faulty:")):
            pass
        assert len(found) == 200
        assert len(await offered(chat, "@faulty:b")) >= 200


async def test_a_server_that_does_not_run_is_not_started_and_one_that_does_not_answer_is_not_waited_for(
    place: Place,
) -> None:
    place.add("faulty", "lists nothing")
    async with chatting(place, started=False) as chat:
        for line in ("see @faulty:", "/mcp prompt faulty "):
            assert await offered(chat, line) == []
        assert (await completions(chat, "see @"))[0].display_meta_text == "MCP server, not started"
        assert place.starts() == 0
        assert chat.tooling.servers is not None
        await chat.tooling.servers.tools()
        async with asyncio.timeout(5):  # the server's own time for a list is twice that
            for _ in range(3):
                assert await offered(chat, "see @faulty:") == []
        asked = [request["method"] for request in place.asked()]
        assert asked.count("resources/list") == 1


async def test_a_list_that_has_come_once_is_offered_until_the_server_ends(place: Place) -> None:
    place.add()
    async with chatting(place) as chat:
        assert chat.tooling.servers is not None
        await chat.tooling.servers.resources()
        assert await offered(chat, "see @faulty:") == ["see @faulty:note://1 "]
        assert [request["method"] for request in place.asked()].count("resources/list") == 1
        await chat.tooling.servers.close()
        assert await offered(chat, "see @faulty:") == []


async def test_a_server_with_the_name_of_a_provider_is_no_server_where_a_model_is_meant(place: Place) -> None:
    place.add("groq")
    async with chatting(place) as chat:
        assert not {"@groq:", "@groq:note://1 "} & {*await offered(chat, "@groq"), *await offered(chat, "@groq:")}
        assert await offered(chat, "see @groq:") == ["see @groq:note://1 "]
