"""The model picker in a real pseudo-terminal: what is on the screen, what the keys do, and what is left behind."""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pyte
import pytest

from modules.config import ROOT

SCRIPT = """
import asyncio, os, sys
from pathlib import Path
from modules.chat.command import ChatContext, CommandRegistry
from modules.chat.dialogs.model_picker import pick_model
from modules.chat.prompt.prompt_factory import prompt_of
from modules.chat.output.screen import TerminalScreen
from modules.chat.terminal.terminal_state import TerminalState
from modules.config import Config
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.models import Model
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation
from modules.session.turns.tooling import Tooling

config = Config(dict(os.environ))
screen = TerminalScreen(plain=config.plain, color=config.color)
models = load(Path("tests/data/catalogue.yaml"), None, config.get)
ollama = models.providers["ollama"]
models.learn(ollama, [Model(name=name, id=name, provider=ollama, known=False) for name in sys.argv[1:]])
conversation = Conversation(models.find(config.get("START", models.default)).model)
services, tooling = ServiceManager(config.key), Tooling(None)
context = ChatContext(config, models, services, conversation, CommandRegistry(), screen, tooling, saves=False)

async def choose():
    prompt = prompt_of(context, screen, TerminalState())
    context.ask = prompt.ask
    screen.say("what was said before")
    async with prompt.alive():
        choice = await pick_model(context)
        if choice and choice.note:
            screen.say(choice.note)
        screen.say(f"chosen: {choice and ascii(choice.model.full_name)}")
        screen.say(f"after: {ascii(await prompt.next())}")

asyncio.run(choose())
"""

KEYS = {
    "up": "\x1b[A",
    "down": "\x1b[B",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "page up": "\x1b[5~",
    "page down": "\x1b[6~",
    "enter": "\r",
    "escape": "\x1b",
}
CURRENT = "anthropic:claude-sonnet-5.5"


class _Screen(pyte.Screen):
    """Says where the cursor is when it is asked, as terminals do."""

    def __init__(self, columns: int, rows: int, answer: Callable[[str], object]) -> None:
        super().__init__(columns, rows)
        self._answer = answer

    def write_process_input(self, data: str) -> None:
        self._answer(data)


class Terminal:
    """A person's terminal, with the picker open in it."""

    def __init__(self, child: "pexpect.spawn[bytes]", columns: int, rows: int) -> None:
        self._child = child
        self._screen = _Screen(columns, rows, child.send)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._screen.display]

    @property
    def pointed(self) -> str:
        """The name at the pointer."""
        return next((line[2:].split()[0] for line in self.lines if line.startswith(">")), "")

    @property
    def names(self) -> list[str]:
        return [line[2:].split()[0] for line in self.lines if re.match(r"[> ][• ] \w+:\S", line)]

    def type(self, text: str) -> None:
        self._child.send(text)

    def press(self, *keys: str) -> None:
        self.type("".join(KEYS[key] for key in keys))

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)
        self._child.setwinsize(rows, columns)

    def until(self, holds: Callable[[], object]) -> None:
        """Read until the screen is as it should be; shows the screen where that does not come."""
        deadline = time.monotonic() + 25
        while not holds():
            if time.monotonic() > deadline:
                pytest.fail("The screen stayed like this:\n" + "\n".join(self.lines))
            try:
                got = self._child.read_nonblocking(65536, timeout=0.05)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                got = b""
            self.raw += got
            self._stream.feed(got)

    def until_shown(self, text: str) -> None:
        self.until(lambda: text in "\n".join(self.lines))

    def until_pointed(self, name: str) -> None:
        self.until(lambda: self.pointed == name)


@contextmanager
def terminal(
    folder: Path, *listed: str, columns: int = 80, rows: int = 24, opens: str = "Esc cancels", **environment: str
) -> Iterator[Terminal]:
    """The picker, opened with a key for Anthropic, and models that Ollama listed itself."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    variables = {"TERM": "xterm-256color", "ANTHROPIC_API_KEY": "sk-ant-test", "PARLANCE_HOME": str(folder)}
    child = pexpect.spawn(
        sys.executable,
        ["-c", SCRIPT, *listed],
        cwd=str(ROOT),
        env=kept | {"PYTHONUTF8": "1"} | variables | environment,
        dimensions=(rows, columns),
        echo=False,
    )
    child.delaybeforesend = None  # pexpect's own pauses are a third of the time these tests take
    child.ptyproc.delayafterclose = child.ptyproc.delayafterterminate = 0.01
    try:
        shown = Terminal(child, columns, rows)
        shown.until_shown(opens)
        yield shown
    finally:
        if child.isalive():  # ended here and waited for: pexpect gives up on what is not gone in a moment
            child.kill(signal.SIGKILL)
            child.wait()
        child.close()


def left(shown: Terminal) -> list[str]:
    """What is on the screen when the picker is gone, above the line."""
    shown.until(lambda: "chosen:" in "\n".join(shown.lines) and ">" in shown.lines)
    lines = [line for line in shown.lines if line]
    return lines[: lines.index(">")]


def test_the_list_shows_what_each_model_is_and_marks_the_current_one(tmp_path: Path) -> None:
    with terminal(tmp_path, columns=200) as shown:
        shown.until_pointed(CURRENT)
        line = next(line for line in shown.lines if line.startswith(">"))
        assert re.fullmatch(rf">• {CURRENT} +1M +\$2/\$10 +tools images PDF reasoning +key set", line)
        assert sum("•" in line for line in shown.lines) == 1


def test_models_that_can_be_used_at_once_come_first_and_the_others_are_dim(tmp_path: Path) -> None:
    with terminal(tmp_path, columns=200, rows=60) as shown:
        usable = [
            "key set" in line or "no key needed" in line for line in shown.lines if re.match(r"[> ][• ] \w+:", line)
        ]
        assert len(usable) == 12
        assert all(usable)
        shown.press("end")
        shown.until_shown("gemini-3.5-flash")
        unusable = [line for line in shown.lines if re.match(r"[> ][• ] \w+:", line)]
        assert all("needs " in line or "restricted" in line for line in unusable)
        assert re.search(rb"\x1b\[0?;?2m[^\n]*xai:grok-4.7", shown.raw)


@pytest.mark.parametrize(
    ("columns", "there", "gone"),
    [
        (40, "claude-opus-4.5     200k", "$5/$25"),
        (60, "200k  $5/$25", "tools images"),
        (80, "200k  $5/$25        tools images PDF reasoning", "key set\n"),
        (200, "tools images PDF reasoning  key set", "…"),
    ],
)
def test_columns_give_way_from_the_right(tmp_path: Path, columns: int, there: str, gone: str) -> None:
    with terminal(tmp_path, columns=columns) as shown:
        listed = "\n".join(line for line in shown.lines if re.match(r"[> ][• ] \w+:", line)) + "\n"
        assert there in listed
        assert gone not in listed
        assert len(shown.names) == 12
        assert all(len(line) < columns for line in shown.lines)


def test_a_narrow_list_still_says_that_a_key_is_missing(tmp_path: Path) -> None:
    with terminal(tmp_path, columns=40) as shown:
        shown.type("o120")
        shown.until_pointed("groq:gpt-oss-120b")
        shown.until_shown("needs GROQ_API_KEY: /key groq")


def test_typing_narrows_the_list_and_enter_chooses_without_a_trace(tmp_path: Path) -> None:
    with terminal(tmp_path) as shown:
        shown.type("haiku 4")
        shown.until(lambda: shown.names == ["anthropic:claude-haiku-4.5"])
        shown.press("enter")
        assert left(shown) == ["what was said before", "chosen: 'anthropic:claude-haiku-4.5'"]


def test_a_model_without_a_key_can_be_found_by_its_alias_and_chosen(tmp_path: Path) -> None:
    with terminal(tmp_path) as shown:
        shown.type("gpt-mini")
        shown.until_pointed("openai:gpt-6-luna")
        shown.press("enter")
        assert left(shown)[-1] == "chosen: 'openai:gpt-6-luna'"


def test_what_can_be_used_at_once_comes_first_unless_only_its_strewn_letters_match(tmp_path: Path) -> None:
    with terminal(tmp_path, "gnarly-otok") as shown:
        shown.type("5.5")
        shown.until(lambda: shown.names[:1] == ["anthropic:claude-opus-5.5"] and shown.names[-1] == "openai:gpt-5.5")
        shown.type("\x15grok")
        shown.until(lambda: shown.names == ["xai:grok-4.7", "xai:grok-4.3", "ollama:gnarly-otok"])


@pytest.mark.parametrize("key", ["\x1b", "\x03", "\x04"])
def test_escape_ctrl_c_and_ctrl_d_cancel_without_a_trace(tmp_path: Path, key: str) -> None:
    with terminal(tmp_path) as shown:
        shown.type("opus")
        shown.until_pointed("anthropic:claude-opus-5.5")
        shown.type(key)
        assert left(shown) == ["what was said before", "chosen: None"]


def test_the_keys_move_the_pointer_and_stop_at_both_ends(tmp_path: Path) -> None:
    with terminal(tmp_path) as shown:
        first, third = "anthropic:claude-opus-5.5", "anthropic:claude-haiku-5.5"
        shown.press("down")
        shown.until_pointed(third)
        shown.type("\x10\x10")
        shown.until_pointed(first)
        shown.press("up", "up")
        shown.type("\x0e\x0e")
        shown.until_pointed(third)
        shown.press("home", "page down")
        shown.until_pointed("offline:guide")
        shown.press("end", "down")
        shown.until_pointed("gemini:gemini-3.5-flash")
        assert len(shown.names) == 12
        shown.press("page up")
        shown.until(lambda: shown.pointed.partition(":")[0] in ("groq", "openrouter", "mistral"))
        shown.press("home")
        shown.until_pointed(first)


def test_a_model_that_no_list_holds_can_be_used_by_its_id(tmp_path: Path) -> None:
    with terminal(tmp_path) as shown:
        shown.type("groq:whatever-9b")
        shown.until_shown(">  use groq:whatever-9b (limits unknown)")
        shown.press("enter")
        assert left(shown)[-1] == "chosen: 'groq:whatever-9b'"


def test_the_current_model_is_in_the_list_even_if_no_catalogue_holds_it(tmp_path: Path) -> None:
    with terminal(tmp_path, START="ollama:my-own") as shown:
        shown.until_pointed("ollama:my-own")


def test_what_is_no_name_is_not_offered(tmp_path: Path) -> None:
    with terminal(tmp_path) as shown:
        shown.type("groq:what ever")
        shown.until_shown("No model matches.")


def test_a_name_that_is_gone_leads_to_its_successor_and_says_why(tmp_path: Path) -> None:
    with terminal(tmp_path) as shown:
        shown.type("groq:llama-3.1-70b")
        shown.until_shown("was retired by Groq; gpt-oss-120b is its successor.")
        shown.press("enter")
        said = "llama-3.1-70b was retired by Groq; gpt-oss-120b is its successor."
        assert left(shown)[-2:] == [said, "chosen: 'groq:gpt-oss-120b'"]


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_model_that_is_not_for_everybody_is_marked_and_can_still_be_chosen(tmp_path: Path, columns: int) -> None:
    with terminal(tmp_path, columns=columns) as shown:
        shown.type("70b")
        shown.until_pointed("groq:llama-3.3-70b-versatile")
        assert "restricted" in next(line for line in shown.lines if line.startswith(">"))
        shown.until_shown("enterprise customers only since 16 August 2026")
        shown.press("enter")
        assert "Groq recommends gpt-oss-120b." in " ".join(left(shown))
        assert left(shown)[-1] == "chosen: 'groq:llama-3.3-70b-versatile'"


def test_what_matches_nothing_cannot_be_chosen_and_the_nearest_is_named(tmp_path: Path) -> None:
    with terminal(tmp_path, columns=60) as shown:
        shown.type("claude-sonett-5.5")
        shown.until_shown('No model is called "claude-sonett-5.5". Did you mean')
        shown.until_shown(f"   {CURRENT}, ")
        shown.press("enter")
        shown.type("\x15")
        shown.until_pointed(CURRENT)


def test_models_that_a_provider_listed_itself_are_there_and_cannot_touch_the_screen(tmp_path: Path) -> None:
    with terminal(tmp_path, "qwen-local:7b", "evil\x1b[2J\x9b31m") as shown:
        shown.type("ollama:")
        shown.until(lambda: {"ollama:gemma3", "ollama:qwen-local:7b"} <= set(shown.names))
        shown.until_shown("ollama:evil␛[2J")
        assert b"evil\x1b[2J" not in shown.raw
        shown.type("qwen-l")
        shown.until_pointed("ollama:qwen-local:7b")
        shown.press("enter")
        assert left(shown) == ["what was said before", "chosen: 'ollama:qwen-local:7b'"]


def test_a_very_long_name_leaves_room_for_the_columns_and_is_told_in_full(tmp_path: Path) -> None:
    name = "organisation/a-model-with-a-name-that-goes-on"
    with terminal(tmp_path, name) as shown:
        assert re.search(r"claude-opus-5 +1M +\$5/\$25", "\n".join(shown.lines))
        shown.type("organisation")
        shown.until_shown(f"   ollama:{name} · ")


def test_a_resize_keeps_what_was_typed_and_where_the_pointer_is(tmp_path: Path) -> None:
    with terminal(tmp_path) as shown:
        shown.type("sonnet")
        shown.press("down")
        shown.until_pointed("anthropic:claude-sonnet-5")
        shown.resize(40, 24)
        shown.until(lambda: shown.pointed == "anthropic:claude-sonnet-5" and "$" not in "".join(shown.lines[:5]))
        assert sum("Model: sonnet" in line for line in shown.lines) == 1
        shown.resize(120, 10)
        shown.until_shown("tools images PDF reasoning  key set")
        shown.until_pointed("anthropic:claude-sonnet-5")
        assert sum("Model: sonnet" in line for line in shown.lines) == 1
        shown.press("enter")
        assert left(shown)[-1] == "chosen: 'anthropic:claude-sonnet-5'"
        assert not any("Model:" in line for line in shown.lines)


def test_a_low_terminal_has_a_short_list_that_scrolls(tmp_path: Path) -> None:
    with terminal(tmp_path, rows=8) as shown:
        assert len(shown.names) == 4
        assert shown.lines[0] == "what was said before"
        shown.press("end")
        shown.until_pointed("gemini:gemini-3.5-flash")
        shown.press("enter")
        assert left(shown) == ["what was said before", "chosen: 'gemini:gemini-3.5-flash'"]


def test_colour_is_used_lightly_and_not_at_all_where_it_is_unwelcome(tmp_path: Path) -> None:
    def colours(shown: Terminal) -> set[int]:
        codes = {int(code) for sgr in re.findall(rb"\x1b\[([\d;]+)m", shown.raw) for code in sgr.split(b";")}
        return {code for code in codes if code >= 30} - {39, 49}  # these two take a colour back

    with terminal(tmp_path) as shown:
        assert colours(shown) == {38}, "of the 256, one"
    with terminal(tmp_path, NO_COLOR="1") as shown:
        shown.until_pointed(CURRENT)
        assert not colours(shown)


def test_tab_ctrl_z_and_a_pasted_page_do_no_harm(tmp_path: Path) -> None:
    with terminal(tmp_path) as shown:
        shown.type("\t\x1a\x11\x1b[200~opus\n  4.8\n\x1b[201~")
        shown.until_shown("Model: opus 4.8")
        shown.until_pointed("anthropic:claude-opus-4.8")


def test_what_is_typed_after_choosing_goes_to_what_comes_next(tmp_path: Path) -> None:
    with terminal(tmp_path) as shown:
        shown.press("enter")
        left(shown)
        shown.type("hello\r")
        shown.until_shown("after: 'hello'")


def test_a_terminal_that_cannot_show_a_list_says_what_to_type(tmp_path: Path) -> None:
    with terminal(tmp_path, opens="chosen: None", TERM="dumb") as shown:
        shown.until_shown('"/model NAME" chooses')
        assert b"\x1b" not in shown.raw
