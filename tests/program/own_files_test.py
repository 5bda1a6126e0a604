"""Whatever stands in the place of a file of the program: it is passed over or told in a line, and nothing waits."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modules.config import ROOT
from modules.own_files import keep_found, write_whole
from tests.harness.home import Home

OSS = ("-m", "groq:gpt-oss-120b")


def a_socket(path: Path) -> None:
    where = os.getcwd()
    os.chdir(path.parent)  # the name of a socket may not be long
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path.name)
    finally:
        os.chdir(where)


def a_huge_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(3_000_000_000)  # which no disk holds, and whoever reads it all runs out of memory


KINDS: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "socket": a_socket,
    "folder": Path.mkdir,
    "dangling": lambda path: path.symlink_to("nowhere"),
    "looping": lambda path: path.symlink_to(path.name),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "huge": a_huge_file,
    "empty": Path.touch,
}
# What a person wrote is told of, and stops a run that would not be what they wanted; the rest is the program's own.
WRITTEN = ("settings.toml", "models.yaml", "mcp.json", ".env")
OWN = (
    "state/history", "state/learned.json", "state/catalogue", "state/model-lists",
    "data/conversations.db", "data/conversations.lock", "data/conversations.db-wal", "data/conversations.db-shm",
)  # fmt: skip


def put(path: Path, kind: str) -> None:
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    KINDS[kind](path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", OWN)
def test_no_question_is_kept_from_its_answer_by_what_the_program_keeps_for_itself(
    home: Home, place: str, kind: str
) -> None:
    put(home.folder / place, kind)
    for args in (("-p", "Hm?", *OSS), ("-c", "-p", "And?", *OSS)):
        done = home.run(*args)
        assert (done.stdout[:7], done.returncode) == ("Answer ", 0), done.stderr
        assert "Traceback" not in done.stderr
        assert all(line.startswith("parlance: ") for line in done.stderr.splitlines())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", WRITTEN)
def test_what_a_person_should_have_written_is_told_in_one_line_where_it_is_something_else(
    home: Home, place: str, kind: str
) -> None:
    put(home.folder / place, kind)
    done = home.run("-p", "Hm?", *OSS, "--tools", "current_time")
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") <= 1, done.stderr
    if kind != "empty":
        assert done.returncode == (2 if done.stderr and place != "mcp.json" else 0), done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_the_chat_begins_and_answers_whatever_stands_where_its_own_files_belong(home: Home, kind: str) -> None:
    for place in OWN:
        put(home.folder / place, kind)
    chat = home.open(*OSS, columns=200, rows=50).prompt()
    chat.enter("Hello").sees("Answer 1 from groq.").prompt()
    assert "Traceback" not in chat.text
    if kind not in ("dangling", "huge", "empty"):
        assert "What is typed is not kept for the next run: " in chat.text
    assert chat.leave() == 0


SCRIPT = """
import sys
from pathlib import Path
from modules.chat.prompt.line_history import LineHistory

history = LineHistory(Path(sys.argv[1]), lambda line: "secret" not in line)
for number in range(int(sys.argv[3])):
    history.store_string(f"{sys.argv[2]} {number}\\nof two rows, the second long" + "." * int(sys.argv[4]))
"""


def writing(path: Path, name: str, lines: int, long: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(path), name, str(lines), str(long)], cwd=ROOT)


def history_of(path: Path) -> list[str]:
    from modules.chat.prompt.line_history import LineHistory

    return list(LineHistory(path, lambda line: True).load_history_strings())


def test_two_programs_at_once_lose_no_line_of_each_other_and_the_file_stays_within_bounds(tmp_path: Path) -> None:
    path = tmp_path / "history"
    running = [writing(path, name, 3000, 2000) for name in ("one", "two")]
    assert [one.wait(60) for one in running] == [0, 0]
    assert path.stat().st_size < 8_100_000
    assert path.stat().st_mode & 0o777 == 0o600
    kept = path.read_text()
    assert kept.count("\n# ") == len(re.findall(r"\n\+(?:one|two) \d+\n\+of two rows", kept))
    for name in ("one", "two"):
        numbers = [int(found) for found in re.findall(rf"\n\+{name} (\d+)\n", kept)]
        assert numbers == sorted(numbers)
        assert numbers == list(range(numbers[0] if numbers else 3000, 3000)), "without a gap"


def test_a_line_that_may_not_be_written_down_is_not(tmp_path: Path) -> None:
    path = tmp_path / "history"
    assert writing(path, "secret", 3, 0).wait(60) == 0
    assert path.read_bytes() == b""


def test_forty_megabytes_of_earlier_lines_do_not_hold_the_first_prompt_up(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_bytes(b"".join(b"\n# 2026-01-01 00:00:00\n+line %d %s\n" % (n, b"x" * 80) for n in range(400_000)))
    began = time.process_time()
    lines = history_of(path)
    assert time.process_time() - began < 0.3, "a hundredth of it would do on a machine that is not busy"
    assert lines[0].startswith("line 399999 ")
    assert 5_000 < len(lines) <= 10_000
    path.write_bytes(path.read_bytes() + b"\n# now\n+" + b"y" * 5_000_000 + b"\n")
    assert len(history_of(path)[0]) == 5_000_000, "the newest is whole, however long it is"


def test_what_is_no_line_at_all_in_the_file_is_passed_over(home: Home) -> None:
    (home.folder / "state").mkdir()
    (home.folder / "state" / "history").write_bytes(b"\xff\x00nothing\n\n# now\n+caf\xc3\xa9\n+\xff\n\n# now\n")
    chat = home.open(*OSS).prompt()
    chat.type("\x1b[A").until(lambda: "café" in chat.text)
    chat.type("\x03").prompt()
    assert chat.leave() == 0


def test_what_is_no_file_is_never_put_away_for_one_though_a_link_leads_to_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "kept").symlink_to(tmp_path / "pipe")
    with pytest.raises(OSError, match="it is a pipe"):
        write_whole(tmp_path / "kept", b"data")
    keep_found(tmp_path / "kept", b"data")
    assert (tmp_path / "pipe").is_fifo()
    assert sorted(os.listdir(tmp_path)) == ["kept", "pipe"]
