"""Long results are kept whole for later runs, within bounds; with --no-save they go with the program."""

import json
import os
import signal
import stat
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.tools.result_files import (
    DAY_SECONDS,
    GRACE_SECONDS,
    LARGEST_BYTES,
    OLDEST,
    ResultFiles,
    TemporaryResultFiles,
)
from modules.tools.tool import tool
from tests.harness.engine_harness import Talk
from tests.harness.fake_tools import equip
from tests.harness.home import Home
from tests.harness.terminal import CTRL_D, Terminal
from tests.harness.tool_helpers import Person, tooling
from tests.wire import Answer, Call

OSS = ("-m", "groq:gpt-oss-120b")
WAYS: dict[str, Callable[[Terminal], Any]] = {
    "Ctrl+D": lambda terminal: terminal.type(CTRL_D),
    "SIGTERM": lambda terminal: terminal.signal(signal.SIGTERM),
    "SIGHUP": lambda terminal: terminal.signal(signal.SIGHUP),
}


@pytest.fixture
def passing(tmp_path: Path) -> Path:
    """A folder for temporary files that has nothing else in it."""
    folder = tmp_path / "passing"
    folder.mkdir()
    return folder


def with_a_long_result(home: Home, passing: Path) -> Terminal:
    """The program with --no-save, and one result in a file."""
    equip(home).groq.answer(Answer(Call("lines", {"count": 20_000})), "Long.")
    terminal = home.open(*OSS, "--no-save", env={"TMPDIR": str(passing)}).prompt()
    terminal.enter("Go").sees("Long.").prompt()
    return terminal


def aged(path: Path, seconds: float) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def tidied() -> None:
    """Wait for what is done in the background."""
    for thread in threading.enumerate():
        if thread.name == "tidying":
            thread.join()


@pytest.mark.parametrize("way", WAYS)
def test_with_no_save_a_long_result_is_there_for_the_run_and_gone_with_it(home: Home, passing: Path, way: str) -> None:
    terminal = with_a_long_result(home, passing)
    (folder,) = passing.iterdir()
    (whole,) = folder.iterdir()
    assert (stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE(whole.stat().st_mode)) == (0o700, 0o600)
    assert whole.read_text().endswith("\nline 20000")
    assert f"all of it is in {whole} " in json.dumps(home.groq.chats[1].body)
    terminal.enter("/tool 1").sees("The whole is in").prompt()
    WAYS[way](terminal)
    terminal.exit_code()
    assert list(passing.iterdir()) == []
    assert not (home.folder / "data").exists()


def test_what_a_killed_program_left_is_removed_by_a_later_one_and_what_is_in_use_is_not(
    home: Home, tmp_path: Path, passing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(passing))
    terminal = with_a_long_result(home, passing)
    (folder,) = passing.iterdir()
    other = passing / "parlance-elsewhere"
    (passing / f"{folder.name}-link").symlink_to(tmp_path)
    other.mkdir()
    aged(other, 2 * GRACE_SECONDS)  # not ours by its name
    for killed in (False, True):
        if killed:
            terminal.signal(signal.SIGKILL)
            terminal.exit_code()
        aged(folder, 2 * GRACE_SECONDS)
        ResultFiles(tmp_path / "results").tidy([])
        tidied()
        assert folder.exists() is not killed
    assert sorted(passing.iterdir()) == [other, passing / f"{folder.name}-link"]


def test_where_nothing_temporary_can_be_made_there_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/proc/nowhere")
    for result_files in (TemporaryResultFiles(), ResultFiles(Path("/proc/nowhere"))):
        assert result_files.write("call", b"much") is None
        result_files.tidy(["call"])
        tidied()
        result_files.close()


async def test_kept_results_are_bounded_by_age_and_size_but_for_those_of_the_conversation(
    home: Home, tmp_path: Path
) -> None:
    @tool(effect="read", free=True)
    async def flood() -> str:
        """Say much."""
        return "x" * 100_000

    folder = tmp_path / "private" / "results"
    home.anthropic.answer(Answer(Call("flood")), "Much.", "And on.")
    work = tmp_path / "work"
    work.mkdir()
    async with Talk(home) as talk:
        await Person(talk, tooling(work, flood)).say("Go.")
        tidied()
        (mine,) = folder.iterdir()
        aged(mine, 2 * OLDEST)
        for name, size, age in (
            ("old", 1, OLDEST + DAY_SECONDS),
            ("large", LARGEST_BYTES // 2, 3 * DAY_SECONDS),
            ("larger", LARGEST_BYTES // 2, 4 * DAY_SECONDS),
            ("today", 1, DAY_SECONDS / 2),
        ):
            (folder / f"{name}.txt").touch()
            os.truncate(folder / f"{name}.txt", size)
            aged(folder / f"{name}.txt", age)
        await Person(talk, tooling(work, flood)).say("Go on.")
        tidied()
    assert sorted(path.stem for path in folder.iterdir()) == sorted(["large", "today", mine.stem])
    assert time.time() - mine.stat().st_mtime < DAY_SECONDS
