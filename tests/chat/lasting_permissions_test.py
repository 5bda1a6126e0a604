"""What is allowed in a folder for good: kept in the settings, listed, taken back; never for what asks each time."""

import time
import tomllib
from pathlib import Path

import pytest

from modules.tools.approval import Approval, Permission, standing
from modules.tools.tool import Plan, tool
from tests.harness.fake_tools import equip
from tests.harness.home import Home
from tests.harness.terminal import Terminal
from tests.wire import Answer, Call

GROQ = ("-m", "groq:gpt-oss-120b")
QUIET = 0.5  # seconds without a key, after which one is an answer


@pytest.fixture
def equipped(home: Home) -> Home:
    return equip(home)


def note(home: Home, folder: Path, *args: str) -> Terminal:
    home.groq.answer(Answer(Call("note_text", {"text": "one"})), Answer("Finished."))
    return home.open(*GROQ, *args, cwd=folder, columns=120, rows=40).prompt().enter("Go")


def test_it_holds_in_later_runs_in_this_folder_alone_and_is_listed_and_taken_back(
    equipped: Home, tmp_path: Path
) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    (equipped.folder / "settings.toml").write_text("# mine\n[models]\nrefresh = false\n")
    terminal = note(equipped, here).sees("f always in this folder")
    time.sleep(QUIET)
    terminal.type("f").sees("From now on without asking in this folder: note_text.").sees("Finished.").prompt()
    kept = (equipped.folder / "settings.toml").read_text()
    assert kept.startswith("# mine\n")
    assert tomllib.loads(kept)["tools"]["allow"] == {str(here): ["note_text"]}
    again = note(equipped, here).sees("Finished.").prompt()
    assert "Allowed without asking in this folder: note_text" in again.ask("/tools")
    declined = note(equipped, elsewhere).sees("Allow note_text?")
    time.sleep(QUIET)
    declined.type("n").sees("Finished.").prompt()
    again.enter(f"/set tools.allow {here}= --save").sees("tools.allow is {}").prompt()
    note(equipped, here).sees("Allow note_text?")


@tool
async def anything(text: str) -> str:
    """Anything."""
    return text


async def nothing(context: object) -> None: ...


def test_a_folders_rules_never_cover_what_asks_each_time(tmp_path: Path) -> None:
    approval = Approval()
    rules = {str(tmp_path): ["anything", "anything:/secret"], "/other": ["anything"]}
    approval.of_folder = lambda: standing(rules, tmp_path)
    assert not approval.needs(anything, Plan(nothing, "asks"))
    assert approval.needs(anything, Plan(nothing, "asks", line="/secret", apart=True))
    approval.of_folder = lambda: standing(rules, tmp_path / "inner")
    assert approval.needs(anything, Plan(nothing, "asks"))
    assert standing({"~": ["anything"]}, Path.home()) == [Permission("anything")]
