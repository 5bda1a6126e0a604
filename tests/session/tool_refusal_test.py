"""Endpoints that refuse tools, or a field about them: the conversation goes on without, says so, and remembers."""

from dataclasses import replace
from pathlib import Path

import pytest

from modules.errors import ProviderError
from modules.llm.parts import Text
from tests.harness.cases import NAMES
from tests.harness.many_providers import Stage
from tests.llm.scenarios_caching_test import Saved
from tests.wire import Answer, Call, Status
from tests.wire.facts import Dialect

every_endpoint = pytest.mark.parametrize("name", NAMES)

NO_TOOLS = {
    "anthropic": "tools: Extra inputs are not permitted",
    "openai": "Unsupported parameter: 'tools' is not supported with this model.",
    "groq": "`tool calling` is not supported with this model",
    "gemini": "Function calling is not enabled for models/gemini-3-mute",
    "chat": "registry.ollama.ai/library/gemma3:latest does not support tools",
    "ollama": "registry.ollama.ai/library/gemma3:latest does not support tools",
}
MORE_NO_TOOLS = (
    Status(400, message='"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
    Status(404, message="No endpoints found that support tool use. To learn more about provider routing, visit: …"),
    Status(500, message="tools param requires --jinja flag"),
    Status(400, message="deepseek-reasoner does not support Function Calling"),
    Status(400, message="Function calling is not enabled for this model"),
)


@every_endpoint
async def test_an_endpoint_that_refuses_tools_is_told_of_calls_as_text_and_not_asked_again(name: Dialect) -> None:
    async with Stage() as stage:
        x, other = stage.add("X", name), stage.add("A", "anthropic")
        await stage.say(other, "How late is it?", Answer("Let me look.", Call("clock")))
        await stage.tell(other, (Text("noon"),))
        await stage.say(x, "Sure?", Status(400, message=NO_TOOLS[name]), "Noon it is.")
        assert stage.recovered == ["Context: tools left out for X, which takes none."]
        assert "[called clock()]" in stage.last(x)
        assert "[result of clock] noon" in stage.last(x)
        assert '"tools":' not in stage.last(x)
        await stage.say(x, "Really?")
        assert stage.recovered == []
        assert stage.extends(x, since=1)
        sibling = replace(x, name="X2", id=f"{x.id}-2")
        await stage.say(sibling, "And you?")
        assert '"tools":' in stage.last(x)
        await stage.say(other, "And you?")
        assert stage.extends(other)
        sent = len(stage.chats(x))
        with pytest.raises(ProviderError):
            await stage.say(x, "Hm?", Status(400, message=NO_TOOLS[name]))
        assert len(stage.chats(x)) == sent + 1


@pytest.mark.parametrize("status", MORE_NO_TOOLS, ids=lambda status: str(status.status))
async def test_a_server_that_runs_without_tools_is_understood_whatever_its_words(status: Status) -> None:
    async with Stage() as stage:
        x = stage.add("X", "chat")
        await stage.say(x, "Hello", status, "Hello.")
        assert stage.recovered == ["Context: tools left out for X, which takes none."]


NO_CHOICE = (
    "property 'tool_choice' is unsupported",
    "tool_choice: Extra inputs are not permitted",
    "Unknown parameter: 'tool_choice'.",
    "`tool_choice` 'none' is not supported with this model",
)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "ollama"])  # which has no such field
@pytest.mark.parametrize("words", NO_CHOICE)
async def test_an_endpoint_that_knows_no_tool_choice_is_asked_without_it_and_keeps_its_tools(
    name: Dialect, words: str
) -> None:
    async with Stage(choice="none") as stage:
        x = stage.add("X", name)
        await stage.say(x, "Hello", Status(400, message=words), "Hello.")
        field = "toolConfig" if name == "gemini" else "tool_choice"
        assert stage.recovered == [f'Context: the field "{field}" is left out for {x.provider.title}.']
        assert f'"{field}":' in stage.chats(x)[0].raw.decode()
        assert f'"{field}":' not in stage.last(x)
        assert '"tools":' in stage.last(x)


async def test_that_a_model_takes_no_tools_is_known_after_a_restart(tmp_path: Path) -> None:
    async with Saved(tmp_path) as stage:
        x = stage.add("X", "chat")
        await stage.restart()
        await stage.say(x, "Hello", Status(400, message=NO_TOOLS["chat"]), "Hello.")
        await stage.restart()
        await stage.say(x, "Still there?")
        assert stage.recovered == []
        assert stage.extends(x, since=1)
        stage.leave()
