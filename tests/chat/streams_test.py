"""Standard streams in any state: letters that an encoding lacks, nobody at the other end, a full disk, a wait."""

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.harness.home import Home
from tests.harness.terminal import CTRL_C, Terminal
from tests.wire import Answer, Call, Fault, Reasoning

OSS = ("-m", "groq:gpt-oss-120b")
SAID = "Naïve “quotes” — 日本 🎉 ½"
NO_LOCALE = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}  # what Python would do by itself where there is none
ENCODINGS: dict[str, Mapping[str, str]] = {
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "ascii strictly": {"PYTHONIOENCODING": "ascii:strict"},
    "cp437": {"PYTHONIOENCODING": "cp437:ignore"},
    "no locale": {"LC_ALL": "POSIX", **NO_LOCALE},
    "C": {"LC_ALL": "C", "LANG": "", **NO_LOCALE},
}


def encoded(text: str, name: str) -> bytes:
    """The text as a pipe is to have it: ASCII that nobody asked for is UTF-8."""
    encoding = "utf-8" if name in ("no locale", "C") else name.partition(" ")[0]
    return text.encode(encoding, "backslashreplace")


def ran(home: Home, *args: str | bytes, env: Mapping[str, str] | None = None, **how: Any) -> Any:
    """Run the program to its end, its streams as bytes."""
    how = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    argv: list[str | bytes] = [*home.argv(), *args]
    return subprocess.run(argv, env=home.env(**(env or {})), cwd=home.folder, check=False, timeout=50, **how)


def kept(home: Home) -> str:
    """What the conversation that was last holds of the answer, by what the next question sends."""
    assert home.run("-c", "-p", "And?").returncode == 0
    return str(home.groq.chats[-1].body["messages"][1]["content"])


class TestAnEncoding:
    @pytest.mark.parametrize("name", ENCODINGS)
    def test_that_lacks_letters_costs_no_answer(self, home: Home, name: str) -> None:
        home.groq.answer(Answer(SAID))
        done = ran(home, "-p", "Hm?", *OSS, env=ENCODINGS[name])
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout == encoded(f"{SAID}\n", name)
        assert kept(home) == SAID

    @pytest.mark.parametrize("name", ENCODINGS)
    def test_that_lacks_letters_has_every_other_output_as_well(self, home: Home, name: str) -> None:
        home.groq.answer(Answer(SAID))
        done = ran(home, "-p", "Hm?", "--json", *OSS, env=ENCODINGS[name])
        encoding = "utf-8" if name in ("no locale", "C") else name.partition(" ")[0]
        assert json.loads(done.stdout.decode(encoding))["text"] == SAID, "JSON has an escape of its own"
        listed = ran(home, "--list-models", env=ENCODINGS[name])
        assert (listed.returncode, listed.stderr) == (0, b"")
        refused = ran(home, "-p", "Hm?", "-m", "groq:日本", "-a", "ü.txt", env=ENCODINGS[name])
        assert refused.returncode in (1, 2)
        assert b"Traceback" not in refused.stderr

    @pytest.mark.parametrize("name", ENCODINGS)
    def test_of_the_terminal_that_lacks_letters_lets_the_chat_begin_and_answer(self, home: Home, name: str) -> None:
        home.groq.answer(Answer("A “plain” — answer."))
        chat = home.open(*OSS, env={**ENCODINGS[name], "TERM": "xterm-256color"}).prompt()
        chat.enter("Hello").until(lambda: "answer." in chat.text and "Traceback" not in chat.text).prompt()
        assert 'A "plain" - answer.' in chat.text or name == "cp1252" or "437" in name or name == "latin-1"
        assert chat.leave() == 0

    def test_of_what_is_piped_in_is_found_out_and_said(self, home: Home) -> None:
        for data, encoding in (("Grüße – “hi”".encode("cp1252"), "cp1252"), ("Grüße".encode("utf-16"), "utf-16")):
            done = ran(home, "-p", "Sum up.", *OSS, stdin=None, input=data)
            assert (done.returncode, done.stdout[:7]) == (0, b"Answer ")
            assert done.stderr.decode() == f"parlance: What was piped in is not UTF-8; it was read as {encoding}.\n"
            assert home.groq.chats[-1].body["messages"][-1]["content"] == f"Sum up.\n\n{data.decode(encoding)}"

    def test_of_what_is_piped_in_is_the_one_that_was_asked_for(self, home: Home) -> None:
        data = "Привет".encode("koi8-r")
        assert ran(home, *OSS, stdin=None, input=data, env={"PYTHONIOENCODING": "koi8-r"}).returncode == 0
        assert home.groq.chats[-1].body["messages"][-1]["content"] == "Привет"

    def test_of_an_argument_may_be_another(self, home: Home) -> None:
        args = (b"-p", "Café?".encode("latin-1"), b"-s", "Größe".encode("latin-1"))
        done = ran(home, *args, *OSS)
        assert (done.returncode, done.stdout[:7]) == (0, b"Answer ")
        messages = [message["content"] for message in home.groq.chats[-1].body["messages"]]
        assert messages == ["Größe", "Café?"]
        refused = ran(home, b"-p", b"Hm?", b"-m", b"caf\xe9", b"-a", b"caf\xe9.txt")
        assert refused.returncode in (1, 2)
        assert b"Traceback" not in refused.stderr


class TestAnOutputThatTakesNothing:
    @pytest.mark.parametrize("way", ["gone", "full", "closed"])
    def test_of_errors_costs_no_answer(self, home: Home, way: str, tmp_path: Path) -> None:
        home.groq.answer(Answer(Call("nothing_of_that_name", {})), Answer("Good."))
        if way == "gone":
            reading, writing = os.pipe()
            os.close(reading)
        else:
            writing = os.open("/dev/full", os.O_WRONLY)
        closing: dict[str, Any] = {"preexec_fn": lambda: os.close(2)} if way == "closed" else {}
        done = ran(home, "-p", "Hm?", *OSS, "--allow", "current_time", stderr=writing, **closing)
        os.close(writing)
        assert (done.stdout, done.returncode) == (b"Good.\n", 0)

    @pytest.mark.parametrize("way", ["gone", "full"])
    def test_in_the_middle_of_an_answer_keeps_what_came(self, home: Home, way: str) -> None:
        home.groq.answer(Answer(" ".join(f"word{n}" for n in range(2000)), pace=0.002))
        reading, writing = os.pipe()
        out = writing if way == "gone" else os.open("/dev/full", os.O_WRONLY)
        running = home.start("-p", "Count", *OSS, stdout=out)
        os.close(writing)
        if way == "gone":
            assert os.read(reading, 5) == b"word0"
        os.close(reading)
        _, said = running.communicate(timeout=50)
        assert running.returncode == (141 if way == "gone" else 1)
        assert said == (b"" if way == "gone" else b"parlance: [Errno 28] No space left on device\n")
        home.groq.answer(Answer("Yes."))
        assert kept(home).startswith("word0 word1") is (way == "gone") or way == "full"


class TestAnInputThatDoesNotCome:
    def test_is_told_after_a_second_and_ctrl_c_ends_the_wait(self, home: Home) -> None:
        running = subprocess.Popen(
            home.argv("-p", "hi", *OSS),
            env=home.env(),
            cwd=home.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with running:
            assert running.stderr is not None
            told = running.stderr.readline().decode()
            assert told.startswith("parlance: Reading standard input to its end.")
            running.send_signal(signal.SIGINT)
            assert running.wait(50) == 130
            assert running.stderr.read() == b""
        assert not home.groq.requests

    def test_at_a_terminal_is_ended_by_ctrl_c(self, home: Home) -> None:
        argv = ["/bin/bash", "-c", 'sleep 1000 | exec "$@"', "sh", *home.argv("-p", "hi", *OSS)]
        shell = Terminal(argv, home.env(), home.folder, cold=True)
        shell.sees("Reading standard input").type(CTRL_C)
        assert shell.exit_code() == 130
        shell.close()

    def test_that_comes_in_pieces_is_waited_for_to_its_end(self, home: Home) -> None:
        script = '(printf "Line one"; read go <"$0"; printf " and two") | "$@"'
        os.mkfifo(home.folder / "go")
        argv = ["/bin/sh", "-c", script, str(home.folder / "go"), *home.argv("-p", "Sum up.", *OSS)]
        running = subprocess.Popen(argv, env=home.env(), stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        with running:
            assert running.stderr is not None
            assert b"Reading standard input" in running.stderr.readline()
            (home.folder / "go").write_text("\n")
            assert running.wait(50) == 0
        assert home.groq.chats[-1].body["messages"][-1]["content"] == "Sum up.\n\nLine one and two"


class TestWhatAModelWrote:
    WILD = "CR LF\r\nsoft\u00adhyphen, ខ្មែរ\u200bអក្សរ, \x1b]52;c;ZXZpbA==\x07 \x9b2J \ufeff end\r\n"

    def test_goes_into_a_pipe_byte_for_byte(self, home: Home) -> None:
        home.groq.answer(Answer(self.WILD))
        done = ran(home, "-p", "Hm?", *OSS)
        assert done.stdout == self.WILD.encode()

    @pytest.mark.parametrize("env", [{}, {"TERM": "dumb"}, {"NO_COLOR": "1"}])
    def test_touches_no_terminal(self, home: Home, env: Mapping[str, str]) -> None:
        home.groq.answer(Answer(self.WILD))
        asked = home.open("-p", "Hm?", *OSS, env=env)
        assert asked.exit_code() == 0
        assert "hyphen" in asked.text
        assert b"\x1b]52" not in asked.raw
        assert b"\x07" not in asked.raw
        assert "\x9b".encode() not in asked.raw
        assert "TERM" not in env or b"\x1b" not in asked.raw

    def test_is_drawn_at_a_terminal_as_in_the_chat_and_the_rest_stands_on_lines_of_its_own(self, home: Home) -> None:
        text = "# Title\n\nSome **bold** words\n\n" + "and on and on " * 40
        home.groq.answer(
            Answer(Reasoning("Ponder."), "I look **first**", Call("current_time", {})),
            Answer(Reasoning("Ponder."), text, fault=Fault.cut_mid_event(30)),
        )
        asked = home.open("-p", "Hm?", *OSS, "--allow", "current_time", rows=40)
        code = asked.exit_code()
        rows = [row for row in asked.rows if row]
        assert code == 75, asked.text
        assert rows[0] == "I look first"
        assert rows[1].startswith("✓ ")
        assert "Title" in rows
        assert "Some bold words" in rows
        assert any(row.startswith("parlance: ") for row in rows)
        assert "Ponder" not in asked.text
        assert "**" not in asked.text
        assert "/continue" not in asked.text
        assert not asked.screen.cursor.hidden
