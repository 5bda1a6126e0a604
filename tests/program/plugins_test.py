"""Packages that bring something of their own: the example of the documents, really installed, and some that fail."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modules.config import ROOT
from tests.harness.home import Home
from tests.harness.terminal import Terminal
from tests.wire import Answer, Call, WireServer

EXAMPLE = ROOT / "docs/example_plugin"
OSS = ("-m", "groq:gpt-oss-120b")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the example is installed in."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation"]
    options = ("--no-compile", "--disable-pip-version-check", "--target", str(folder))
    done = subprocess.run([*pip, *options, str(EXAMPLE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def shed() -> Iterator[WireServer]:
    with WireServer("chat") as server:
        yield server


def package(folder: Path, name: str, points: str, code: str) -> Path:
    """A package as an installer leaves it: its module, and what it declares."""
    (folder / f"{name}.py").write_text(code)
    about = folder / f"{name}-2.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n")
    (about / "entry_points.txt").write_text(points)
    return folder


def chat(home: Home, *folders: Path) -> Terminal:
    return home.open(*OSS, env={"PYTHONPATH": ":".join(map(str, folders))}, columns=120, cold=True).prompt()


def listed(home: Home, *folders: Path) -> "subprocess.CompletedProcess[str]":
    return home.run("plugins", env={"PYTHONPATH": ":".join(map(str, folders))}, python=("-B",))


class TestTheExample:
    def test_is_listed_with_all_that_it_brings(self, home: Home, example: Path) -> None:
        done = listed(home, example)
        assert done.returncode == 0
        rows = [line.split("\t") for line in done.stdout.splitlines()]
        assert [(row[0], row[2], row[3]) for row in rows] == [
            (group, "parlance-example 1.0", "works") for group in ("commands", "providers", "tools")
        ]

    def test_has_a_command_that_runs_and_is_completed_and_helped_with(self, home: Home, example: Path) -> None:
        terminal = chat(home, example)
        terminal.type("/shout hello there\r").sees("HELLO THERE").sees("Answer 1 from groq.").prompt()
        assert home.groq.chats[0].body["messages"][-1]["content"] == "HELLO THERE"
        terminal.type("/sho").sees("Ask in capital letters.")
        terminal.type("\x15/help shout\r").sees("every letter of them large")

    def test_has_a_tool_that_a_model_calls(self, home: Home, example: Path) -> None:
        home.groq.answer(Answer(Call("roll_dice", {"sides": 2, "times": 3})), "Rolled.")
        terminal = chat(home, example)
        terminal.type("Roll.\r").sees("Rolled.").prompt()
        result = next(one for one in home.groq.chats[1].body["messages"] if one["role"] == "tool")
        assert len(result["content"].strip("[]").split(",")) == 3
        terminal.type("/tools\r").sees("roll_dice")

    def test_has_a_provider_that_answers(self, home: Home, example: Path, shed: WireServer) -> None:
        env = {"PYTHONPATH": str(example), "SHED_BASE_URL": f"{shed.base_url}/v1", "SHED_KEY": "test-key"}
        done = home.run("-p", "Hm?", "-m", "shed:little", env=env, python=("-B",))
        assert (done.stderr, done.returncode) == ("", 0)
        assert shed.chats[0].body["model"] == "little"

    def test_is_gone_when_it_is_not_installed_any_more(self, home: Home, example: Path) -> None:
        assert listed(home, example).returncode == 0
        assert "No package" in listed(home).stdout
        terminal = chat(home)
        terminal.type("/shout hello\r").sees('There is no command "/shout".')


class TestAPluginThatFails:
    def test_is_named_and_the_others_work(self, home: Home, example: Path, tmp_path: Path) -> None:
        broken = package(tmp_path, "broken", "[parlance.commands]\nbad = broken:bad\n", "1 / 0\n")
        done = listed(home, example, broken)
        assert done.returncode == 1
        assert 'The plugin "bad" of broken 2.0 cannot be used: ZeroDivisionError: division by zero.' in done.stdout
        assert "pip uninstall broken" in done.stdout
        terminal = chat(home, example, broken)
        terminal.type("/shout hello\r").sees("broken 2.0 cannot be used").sees("Answer 1 from groq.")

    @pytest.mark.parametrize(
        ("code", "said"),
        [
            ("bad = 3\n", "is not a tool, or several"),
            ("raise SystemExit(3)\n", "SystemExit: 3"),
            ("", "has no attribute"),
        ],
        ids=["no-tool", "exits", "missing"],
    )
    def test_of_tools_is_said_with_the_first_turn(self, home: Home, tmp_path: Path, code: str, said: str) -> None:
        terminal = chat(home, package(tmp_path, "broken", "[parlance.tools]\nbad = broken:bad\n", code))
        terminal.type("Hello.\r").sees("broken 2.0 cannot be used").sees("Answer 1 from groq.")
        assert said in " ".join(terminal.text.split())

    def test_of_providers_is_said_and_the_program_starts(self, home: Home, tmp_path: Path) -> None:
        place = tmp_path / "site"
        place.mkdir()
        (place / "models.yaml").write_text("providers:\n  shed: {dialect: nonsense}\n")
        code = "import pathlib\nMODELS = pathlib.Path(__file__).with_name('models.yaml')\n"
        terminal = chat(home, package(place, "broken", "[parlance.providers]\nbad = broken:MODELS\n", code))
        assert "What it says is left out." in " ".join(terminal.text.split())
        terminal.type("Hello.\r").sees("Answer 1 from groq.")

    def test_cannot_hide_a_command_of_the_program(self, home: Home, tmp_path: Path) -> None:
        code = (
            "from parlance.chat.command import command\n"
            "@command('/model [name]')\nasync def bad(chat, args):\n    'Steal it.'\n    chat.screen.say('Stolen.')\n"
        )
        terminal = chat(home, package(tmp_path, "broken", "[parlance.commands]\nbad = broken:bad\n", code))
        terminal.type("/nonsense\r").sees("There is no command")
        terminal.type("/model groq:qwen\r").sees("groq:gpt-oss-120b → groq:qwen")
        assert "Stolen." not in terminal.text


def test_a_package_may_bring_a_theme(home: Home, tmp_path: Path) -> None:
    code = "from pathlib import Path\ntheme = Path(__file__).with_name('amber.toml')\nnone = 7\n"
    folder = package(tmp_path, "lamp", "[parlance.themes]\namber = lamp:theme\nbroken = lamp:none\n", code)
    (folder / "amber.toml").write_text('background = "dark"\nabout = "amber on black"\n[looks]\nerror = 214\n')
    terminal = chat(home, folder).type("/theme amber\r").sees("Theme: amber, amber on black.").prompt()
    terminal.type("/nope\r").sees("There is no command")
    assert b"\x1b[38;5;214mThere is no command" in terminal.raw
    terminal.type("/theme broken\r").sees('The plugin "broken" of lamp 2.0 cannot be used')
