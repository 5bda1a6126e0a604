"""The commands as they are declared, as they are told to people, and as they are read from a line."""

import io
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from modules.chat.command import ChatContext, CommandLine, CommandRegistry, parse_ask, parse_command
from modules.chat.commands import COMMANDS
from modules.chat.known_elsewhere import ELSEWHERE
from modules.chat.output.screen import TerminalScreen
from modules.config import ROOT, Config
from modules.errors import UnknownCommand, UnknownModel
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation
from modules.tools.tool import tool
from tests.harness.tool_helpers import tooling

WIDTH = 80
MODELS = load(ROOT / "models.yaml", None, lambda variable: "")
NAMES = [command.name for command in COMMANDS]
every_command = pytest.mark.parametrize("name", NAMES)


class TestADeclaration:
    @every_command
    def test_is_complete(self, name: str) -> None:
        command = COMMANDS.get(name)
        assert re.fullmatch(rf"/{command.name}( \[[^\]]+\])*", command.usage)
        assert re.fullmatch(r"[A-Z].*\.", command.summary)
        assert len(command.summary) <= 64
        assert command.help.startswith(command.summary)
        assert command.help.endswith(".")
        assert all(line.endswith(".") for line in command.help.splitlines() if line), "the screen wraps, not the source"

    def test_has_names_and_aliases_that_no_other_has(self) -> None:
        words = [word for command in COMMANDS for word in (command.name, *command.aliases)]
        assert len(words) == len(set(words))
        assert all(word == word.lower() for word in words)

    def test_fits_a_line_of_help(self) -> None:
        usage = max(len(command.usage) for command in COMMANDS)
        assert [c.summary for c in COMMANDS if usage + 2 + len(c.summary) > WIDTH] == []

    @every_command
    def test_is_found_by_its_name_its_aliases_and_nothing_shorter_that_is_unclear(self, name: str) -> None:
        command = COMMANDS.get(name)
        for word in (name, f"/{name}", name.upper(), *command.aliases):
            assert COMMANDS.get(word) is command

    def test_is_found_by_the_beginning_of_its_name(self) -> None:
        assert COMMANDS.get("ret").name == "retry"
        assert COMMANDS.get("reas").name == "reasoning"

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("modle", "/model"),
            ("re", "/reasoning or /redo or /retry"),
            ("zzz", "/help lists the commands"),
            ("", "/help"),
        ],
    )
    def test_that_is_not_there_is_answered_with_the_nearest(self, typed: str, said: str) -> None:
        with pytest.raises(UnknownCommand) as raised:
            COMMANDS.get(typed)
        assert said in str(raised.value)
        assert "put a space before it" in str(raised.value)

    def test_is_not_found_where_there_is_none(self) -> None:
        with pytest.raises(UnknownCommand):
            CommandRegistry().get("help")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("/help", ("help", "")),
        ("/model groq:llama-3.1-70b", ("model", "groq:llama-3.1-70b")),
        ("/model   -  ", ("model", "-")),
        ("/?", ("?", "")),
        ("/system Two\nlines.", ("system", "Two\nlines.")),
        ("/MODEL x", ("MODEL", "x")),
        ("/exit\n", ("exit", "")),
        ("exit", ("exit", "")),
        (" Quit ", ("exit", "")),
        ("/usr/bin is full?", None),
        ("/usr/bin", None),
        ("/etc/passwd: who reads it?", None),
        ("/", None),
        ("// a comment", None),
        ("/2 of it", None),
        (" /help", None),
        ("exit the loop?", None),
        ("/tmp.txt", None),
        ("what does /help do", None),
        ("", None),
    ],
)
def test_a_line_is_a_command_only_where_it_can_be_nothing_else(line: str, found: tuple[str, str] | None) -> None:
    assert parse_command(line) == (CommandLine(*found) if found else None)


@pytest.mark.parametrize(
    ("line", "model", "question"),
    [
        ("@groq:gpt-oss-20b Why?", "groq:gpt-oss-20b", "Why?"),
        ("@groq/llama-3.1-8b Why?", "groq:gpt-oss-20b", "Why?"),
        ("@haiku   Two\nlines.", "anthropic:claude-haiku-5.5", "Two\nlines."),
        ("@GPT-6.1-Sol Why?", "openai:gpt-6.1-sol", "Why?"),
        ("@openai:some-new-model Why?", "openai:some-new-model", "Why?"),
    ],
)
def test_a_line_asks_another_model_where_the_word_after_the_sign_is_one(line: str, model: str, question: str) -> None:
    found = parse_ask(line, MODELS)
    assert found is not None
    assert (found[0].full_name, found[1]) == (model, question)


@pytest.mark.parametrize(
    "line",
    [
        "@anna are you there?",
        "@media print { }",
        "@haiku",
        "@",
        "@ haiku Why?",
        "me@groq:x Why?",
        "@pytest.fixture def x",
    ],
)
def test_a_line_is_a_message_where_the_word_after_the_sign_is_no_model(line: str) -> None:
    assert parse_ask(line, MODELS) is None


def test_a_provider_without_a_model_is_no_message() -> None:
    with pytest.raises(UnknownModel):
        parse_ask("@groq: Why?", MODELS)


def test_a_name_in_capitals_is_understood_among_the_aliases_of_a_persons_own_file(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text("providers: {groq: {models: {mine: {aliases: [Fast]}}}}\n")
    models = load(ROOT / "models.yaml", tmp_path / "models.yaml", lambda variable: "")
    found = parse_ask("@fast Why?", models)
    assert found is not None
    assert found[0].full_name == "groq:mine"


async def test_the_list_of_tools_says_what_a_model_is_not_offered(tmp_path: Path) -> None:
    @tool(effect="read", free=True)
    async def look() -> str:
        """Look."""
        return "nothing"

    config = Config({"PARLANCE_HOME": str(tmp_path)})
    tools = tooling(tmp_path, *(replace(look, spec=replace(look.spec, name=f"look_{n}")) for n in range(130)))

    async def listed(name: str) -> str:
        out, conversation = io.StringIO(), Conversation(MODELS.find(name).model)
        screen = TerminalScreen(out, plain=True)
        chat = ChatContext(config, MODELS, ServiceManager(config.key), conversation, COMMANDS, screen, tools)
        await COMMANDS.get("tools").run(chat, "")
        return out.getvalue().splitlines()[-1]

    assert await listed("anthropic:sonnet") == "on  look_129"
    assert await listed("groq:gpt-oss-120b") == "130 are on, and gpt-oss-120b takes 128: the last 2 are left out."
    assert await listed("ollama:gemma3") == "ollama:gemma3 takes no tools, so it is offered none."
    for n in range(130):
        tools.toolbox.switch(f"look_{n}", on=False)
    assert await listed("ollama:gemma3") == "Each tool is switched off; /tools on NAME switches one on."


@pytest.mark.parametrize(
    ("typed", "never"), [("expot", "/exit"), ("edti", "/exit"), ("view", "/new"), ("under", "/undo")]
)
def test_likeness_alone_never_leads_to_a_command_that_leaves_or_takes_away(typed: str, never: str) -> None:
    with pytest.raises(UnknownCommand) as raised:
        COMMANDS.get(typed)
    assert never not in raised.value.cure


@pytest.mark.parametrize("typed", sorted(ELSEWHERE))
def test_a_command_of_another_program_leads_to_what_does_the_same_here(typed: str) -> None:
    for name in re.findall(r"(?<![\w/])/(\w+)", ELSEWHERE[typed]):
        assert COMMANDS.get(name).name == name
    with pytest.raises(UnknownCommand) as raised:
        COMMANDS.get(typed)
    assert raised.value.cure.startswith(ELSEWHERE[typed])


@pytest.mark.parametrize(("typed", "meant"), [("eixt", "/exit"), ("nwe", "/new"), ("exi", "/exit"), ("und", "/undo")])
def test_mixed_up_letters_and_a_beginning_of_such_a_command_are_asked_back_and_not_obeyed(
    typed: str, meant: str
) -> None:
    with pytest.raises(UnknownCommand) as raised:
        COMMANDS.get(typed)
    assert f"Did you mean {meant}" in raised.value.cure
