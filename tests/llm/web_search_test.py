"""Searches that providers run by themselves: declared, read, given back as they came, and told truly to all others."""

import json
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from modules.llm.base import ToolSpec
from modules.llm.citations import Source
from modules.llm.events import Cited, ProviderSearch, TextDelta
from modules.llm.message import user
from modules.llm.models import Profile
from modules.llm.parts import Opaque, Text, ToolResult
from modules.session.turns.ask import Notice, ask
from tests.harness.cases import CLOCK, TOOLS
from tests.harness.many_providers import CLAUDE, GROQ, OPENROUTER, Stage
from tests.wire import Answer, Call, Cites, Page, Reasoning, Search, Status, Usage
from tests.wire.facts import Dialect

NATIVE = ToolSpec("web_search", "", {}, native=True)
OURS = ToolSpec(
    "web_search",
    "Search the web.",
    {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)
MILL = Page("https://mills.example/wheel", "Mill wheels")
RIVER = Page("https://rivers.example/husum", "The river at Husum")
SEARCHED = Search("mill wheel", (MILL, RIVER))
FOUND = Answer("I look. ", SEARCHED, "The wheel ", Cites("turns", (MILL,)), ", ", Cites("slowly", (RIVER, MILL)), ".")
PROFILES: dict[Dialect, Profile] = {
    "anthropic": structs.replace(CLAUDE, web_search="web_search_20250305"),
    "openai": Profile(web_search="web_search"),
    "groq": structs.replace(GROQ, web_search="browser_search"),
    "chat": structs.replace(OPENROUTER, web_search="openrouter:web_search"),
    "gemini": Profile(thinking="level", call_signature="skip_thought_signature_validator", web_search="google_search"),
}
IDS = {"groq": "openai/gpt-oss-120b", "anthropic": "claude-opus-5-5"}
every_searching_endpoint = pytest.mark.parametrize("name", PROFILES)


def add(stage: Stage, letter: str, name: Dialect, **changes: Any) -> Any:
    changes = {"profile": PROFILES[name], **({"id": IDS[name]} if name in IDS else {}), **changes}
    return stage.add(letter, name, **changes)


def native(tools: tuple[ToolSpec, ...] = TOOLS) -> tuple[ToolSpec, ...]:
    return (*tools, NATIVE)


@every_searching_endpoint
async def test_a_search_of_the_provider_is_declared_in_its_own_form_beside_the_tools(name: Dialect) -> None:
    async with Stage(tools=native()) as stage:
        x = add(stage, "X", name)
        await stage.say(x, "?")
        tools = stage.chats(x)[-1].body["tools"]
    expected: dict[Dialect, Any] = {
        "anthropic": {"type": "web_search_20250305", "name": "web_search"},
        "openai": {"type": "web_search"},
        "groq": {"type": "browser_search"},
        "chat": {"type": "openrouter:web_search"},
        "gemini": {"googleSearch": {}},
    }
    assert tools[-1] == expected[name]


@pytest.mark.parametrize("name", ["anthropic", "openai", "groq", "chat", "gemini", "ollama"])
async def test_a_model_without_a_search_of_its_provider_is_told_of_none(name: Dialect) -> None:
    async with Stage(tools=(NATIVE,)) as stage:
        x = stage.add("X", name)
        await stage.say(x, "?")
        assert not stage.chats(x)[-1].body.get("tools")


@every_searching_endpoint
async def test_what_was_searched_and_found_is_told_while_it_happens_and_kept(name: Dialect) -> None:
    async with Stage(tools=native()) as stage:
        x = add(stage, "X", name)
        said = await stage.say(x, "Does it turn?", FOUND)
        assert said.text == "I look. The wheel turns, slowly."
        searches = [event for event in stage.events if isinstance(event, ProviderSearch)]
        notes = [part for part in said.parts if isinstance(part, Opaque)]
    if name == "chat":  # OpenRouter says what is cited, and not what was looked for
        assert not searches
        assert not notes
        return
    assert searches[-1].query == "mill wheel"
    titled = name != "openai"
    assert searches[-1].sources == tuple(Source(page.url, page.title if titled else "") for page in (MILL, RIVER))
    assert [part.kind for part in notes] == ["web_search"]
    assert '"mill wheel"' in notes[0].summary
    assert MILL.url in notes[0].summary
    assert RIVER.url in notes[0].summary


@pytest.mark.parametrize("name", ["anthropic", "openai", "chat", "gemini"])
async def test_the_pages_that_words_rest_on_are_kept_with_the_place_of_the_words(name: Dialect) -> None:
    async with Stage(tools=native()) as stage:
        x = add(stage, "X", name)
        said = await stage.say(x, "Does it turn?", FOUND)
        told = {event.url for event in stage.events if isinstance(event, Cited)}
    assert told == {MILL.url, RIVER.url}
    whole, named = "", []
    for part in said.parts:
        if isinstance(part, Text):
            named += [(one.url, one.title, (whole + part.text)[: len(whole) + one.at]) for one in part.citations]
            whole += part.text
    if name == "chat":  # where only the end of what was said is known
        assert {(url, title) for url, title, _ in named} == {(MILL.url, MILL.title), (RIVER.url, RIVER.title)}
        return
    assert [(url, title, words.rsplit(" ", 1)[-1]) for url, title, words in named] == [
        (MILL.url, MILL.title, "turns"),
        (RIVER.url, RIVER.title, "slowly"),
        (MILL.url, MILL.title, "slowly"),
    ]


async def test_a_sentence_that_came_in_many_cited_pieces_is_one_sentence_for_others() -> None:
    async with Stage(tools=native()) as stage:
        a, r = add(stage, "A", "anthropic"), add(stage, "R", "openai")
        await stage.say(a, "Does it turn?", FOUND)
        await stage.say(r, "Sure?")
        assert "The wheel turns, slowly." in stage.last(r)


async def test_a_talk_searches_at_every_provider_in_turn_and_each_gets_its_own_back_byte_for_byte() -> None:
    async with Stage(tools=native()) as stage:
        models = {name: add(stage, name[:2].upper(), name) for name in PROFILES}
        for _ in range(2):
            for model in models.values():
                await stage.say(model, "And now?", Answer(Reasoning("Hm."), *FOUND.parts))
        plain = stage.add("Q", "chat", tools=False)
        await stage.say(plain, "What was found?")
        assert stage.last(plain).count(MILL.url) == 8  # once for each search that was told of
        for model in models.values():
            await stage.say(model, "Once more.")
            assert stage.extends(model)
            sent = stage.last(model)
            for private in ("srvtoolu_", "encrypted_content", "ws_", "toolCall", "executed_tools"):
                owner = {"srvtoolu_": "anthropic", "encrypted_content": "anthropic", "ws_": "openai"}.get(
                    private, "gemini" if private == "toolCall" else ""
                )
                mine = model is models.get(owner)  # type: ignore[call-overload]  # "" is nobody's
                if private == "encrypted_content" and model is models["openai"]:
                    continue  # its reasoning has a field of that name
                assert (f'"{private}' in sent) == mine, (private, model.name)


async def test_what_is_encrypted_goes_home_untouched_through_the_whole_talk() -> None:
    async with Stage(tools=native()) as stage:
        a, r = add(stage, "A", "anthropic"), add(stage, "R", "openai")
        said = await stage.say(a, "?", FOUND)
        blocks = said.native
        assert [block["type"] for block in blocks][:3] == ["text", "server_tool_use", "web_search_tool_result"]
        assert blocks[1]["input"] == {"query": "mill wheel"}
        await stage.say(r, "?")
        await stage.say(a, "?")
        assert stage.entries(a)[1]["content"] == blocks


async def test_an_error_of_a_search_is_told_and_goes_back() -> None:
    async with Stage(tools=native()) as stage:
        a, r = add(stage, "A", "anthropic"), add(stage, "R", "openai")
        await stage.say(a, "?", Answer(Search("x", error="max_uses_exceeded"), "I could not search."))
        assert [event for event in stage.events if isinstance(event, ProviderSearch)][-1].failed == "max uses exceeded"
        await stage.say(r, "?")
        assert "which failed: max uses exceeded" in stage.last(r)
        await stage.say(a, "?")
        assert "max_uses_exceeded" in stage.last(a)


async def test_a_paused_search_is_gone_on_with_in_the_same_answer() -> None:
    async with Stage(tools=native()) as stage:
        a, r = add(stage, "A", "anthropic"), add(stage, "R", "openai")
        use = Search("mill wheel", (MILL,), id="srvtoolu_01x")
        paused = Answer("I look.", replace(use, ended=False), stop="pause_turn")
        rest = Answer(replace(use, query=""), Cites("It turns.", (MILL,)))
        said = await stage.say(a, "?", paused, rest)
        first, second = stage.chats(a)
        assert second.body["messages"][:-1] == first.body["messages"]
        assert second.body["messages"][-1]["content"][-1]["type"] == "server_tool_use"
        assert said.text == "I look.It turns."
        assert said.stop == "end_turn"
        await stage.say(r, "?")
        await stage.say(a, "?")
        assert stage.last(a).count('"srvtoolu_01x"') == 2


async def test_an_answer_that_stopped_in_its_search_leaves_a_history_that_all_take() -> None:
    async with Stage(tools=native()) as stage:
        a, r = add(stage, "A", "anthropic"), add(stage, "R", "openai")
        paused = Answer("I look.", replace(SEARCHED, ended=False), stop="end_turn")
        said = await stage.say(a, "?", paused)
        assert said.native is None
        await stage.say(a, "Go on.")
        await stage.say(r, "Go on.")
        assert '\\"mill wheel\\"' in stage.last(r)


@pytest.mark.parametrize("name", [name for name in PROFILES if name != "chat"])  # OpenRouter names no query
async def test_what_was_searched_is_told_where_the_answer_was_interrupted_behind_it(name: Dialect) -> None:
    async with Stage(tools=native()) as stage:
        x, r = add(stage, "X", name), add(stage, "R", "openai")
        await stage.say(x, "Hello?")
        stage.servers[x.provider.name].answer(Answer("I look. ", SEARCHED, "The wheel turns on and on."))
        turn = ask(stage.conversation, stage.services, user("?"), x, stage.tools)
        async with aclosing(turn) as events:
            async for event in events:
                if isinstance(event, TextDelta) and "wheel" in event.text:
                    break
        said = stage.conversation.messages[-1]
        assert (said.state, said.native is None or name == "anthropic") == ("interrupted", True)
        await stage.say(r, "Go on.")
        assert '\\"mill wheel\\"' in stage.last(r)


async def test_calls_of_our_own_search_and_of_theirs_stand_in_one_talk_under_names_of_their_own() -> None:
    async with Stage(tools=(CLOCK, OURS)) as stage:
        a, r = add(stage, "A", "anthropic"), add(stage, "R", "openai")
        for model in (a, r):  # the engine, called by both
            said = await stage.say(
                model, "?", Answer(Call("search_the_web" if model is a else "web_search", {"query": "x"}))
            )
            assert [call.name for call in said.calls] == ["web_search"]
            await stage.tell(model, ToolResult(said.calls[0].id, (Text("1. X"),)))
        stage.tools = native((CLOCK,))
        for model in (a, r, a, r):
            await stage.say(model, "And now?", FOUND)
        names = [
            block["name"]
            for message in stage.entries(a)
            for block in message["content"]
            if isinstance(block, dict) and block["type"] == "tool_use"
        ]
        assert names == ["search_the_web", "search_the_web"]
        assert [tool["name"] for tool in stage.chats(a)[-1].body["tools"]] == ["clock", "web_search"]


async def test_where_no_tool_may_be_called_no_search_of_the_provider_may_either() -> None:
    async with Stage(tools=native(), choice="none") as stage:
        for name in PROFILES:
            x = add(stage, name[:2].upper(), name)
            await stage.say(x, "?")
            body = stage.chats(x)[-1].body
            if name == "gemini":
                assert "googleSearch" not in json.dumps(body["tools"])
            else:
                assert body["tool_choice"] in ("none", {"type": "none"})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("anthropic", "Web search is not enabled for this organization."),
        ("openai", "Hosted tool 'web_search' is not supported with gpt-6.1-sol."),
        ("groq", "tools[2].type: browser_search is not supported with this model"),
        ("gemini", "Tool use with function calling is unsupported by the model."),
        ("chat", "Unknown tool type: openrouter:web_search"),
    ],
)
async def test_a_provider_that_refuses_its_search_is_asked_without_it_and_that_is_said(
    name: Dialect, words: str
) -> None:
    async with Stage(tools=native()) as stage:
        x = add(stage, "X", name)
        await stage.say(x, "?", Status(400, message=words), "No search, then.")
        assert [event.text for event in stage.events if isinstance(event, Notice)] == [
            f"Context: {x.provider.title} refuses its own web search; X has none."
        ]
        first, second = stage.chats(x)
        assert len(json.dumps(second.body["tools"])) < len(json.dumps(first.body["tools"]))
        await stage.say(x, "?", "Still none.")
        assert stage.recovered == []
        assert stage.chats(x)[-1].body["tools"] == second.body["tools"]


async def test_what_a_search_has_read_teaches_nothing_of_how_full_a_window_is() -> None:
    async with Stage(tools=native()) as stage:
        a = add(stage, "A", "anthropic")
        await stage.say(a, "?", Answer(*FOUND.parts, usage=Usage(90_000, 50)))
        assert stage.conversation.tokens(a) < 5_000
