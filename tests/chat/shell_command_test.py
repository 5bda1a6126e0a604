"""Commands that a person types behind `!` and `!!`: who has the terminal, what is ended, and what a model is given."""

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.harness.home import KEYS, Home
from tests.harness.terminal import CTRL_C, PATIENCE
from tests.wire import Answer

MODEL = ("-m", "groq:gpt-oss-20b")


def runs(pid: int) -> bool:
    """Whether there is such a process, which is no zombie."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def waits_until(gone: Path) -> int:
    deadline = time.monotonic() + PATIENCE
    while not gone.exists() or not gone.read_text().strip():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(gone.read_text())


def body(home: Home) -> str:
    return json.dumps(home.groq.chats[-1].body)


class TestACommandBehindOneSign:
    def test_runs_in_the_working_folder_and_nothing_of_it_is_sent(self, home: Home) -> None:
        (home.folder / "here.txt").touch()
        chat = home.open(*MODEL).prompt()
        assert "here.txt" in chat.ask("!ls *.txt")
        chat.enter("Hm?").sees("Answer 1 from groq.").prompt()
        assert "here.txt" not in body(home)

    def test_has_the_terminal_and_gives_it_back(self, home: Home) -> None:
        chat = home.open(*MODEL).prompt()
        chat.enter("!test -t 0 && test -t 1 && stty -a | grep -c ' icanon'; printf 'Na%s? ' me; read n; echo \"<$n>\"")
        chat.sees("Name?").type("Ada\r").sees("<Ada>").prompt()
        chat.enter("Hm?").sees("Answer 1 from groq.").prompt()

    def test_leaves_the_line_in_a_row_of_its_own_where_its_last_row_has_no_end(self, home: Home) -> None:
        chat = home.open(*MODEL).prompt()
        chat.enter("!printf 'no end'").sees("no end").prompt()
        assert "no end" in chat.rows

    def test_tells_an_exit_code_that_is_not_0(self, home: Home) -> None:
        chat = home.open(*MODEL).prompt()
        assert "Exit code 3." in chat.ask("!exit 3")
        assert "Exit code" not in chat.ask("!true").replace("!true", "")

    def test_is_stopped_by_ctrl_c_with_all_that_it_has_started(self, home: Home) -> None:
        noted = home.folder / "pid"
        chat = home.open(*MODEL).prompt()
        chat.enter("!(trap '' INT; sh -c 'echo $$ > pid; exec sleep 500') & sleep 500")
        pid = waits_until(noted)
        chat.type(CTRL_C).sees("Still running in the background, and stopped: sleep.").prompt()
        assert not runs(pid)
        chat.enter("Hm?").sees("Answer 1 from groq.").prompt()

    def test_ends_with_the_program(self, home: Home) -> None:
        noted = home.folder / "pid"
        chat = home.open(*MODEL).prompt()
        chat.enter("!sh -c 'echo $$ > pid; exec sleep 500'")
        pid = waits_until(noted)
        chat.signal(signal.SIGTERM)
        assert chat.exit_code() == 128 + signal.SIGTERM
        assert not runs(pid)

    def test_gets_the_environment_without_keys_but_those_that_the_settings_name(self, home: Home) -> None:
        (home.folder / "settings.toml").write_text(
            '[tools]\nenvironment = ["OPENAI_API_KEY"]\n[models]\nrefresh = false\n'
        )
        chat = home.open(*MODEL, columns=160, env={"MINE": "my own", "COPY": KEYS["GROQ_API_KEY"]}).prompt()
        chat.enter('!echo "[$MINE|$GROQ_API_KEY|$COPY|$ANTHROPIC_API_KEY|${#OPENAI_API_KEY}]"')
        chat.sees(f"[my own||||{len(KEYS['OPENAI_API_KEY'])}]").prompt()

    def test_is_run_by_the_persons_own_shell(self, home: Home) -> None:
        shell = home.folder / "myshell"
        shell.write_text('#!/bin/sh\necho "mine: $2"\n')
        shell.chmod(0o755)
        chat = home.open(*MODEL, env={"SHELL": str(shell)}).prompt()
        chat.enter("!whatever it is").sees("mine: whatever it is").prompt()

    def test_waits_in_sight_while_an_answer_comes(self, home: Home) -> None:
        home.groq.answer(Answer(" ".join(f"word{n}" for n in range(60)), pace=0.02))
        chat = home.open(*MODEL).prompt()
        chat.enter("Hello").sees("word3")
        chat.enter("!echo ran-$((1+1))").sees("queued: !echo").sees("word59").sees("ran-2").prompt()
        assert chat.text.index("word59") < chat.text.index("ran-2")

    def test_runs_where_the_terminal_is_a_dumb_one(self, home: Home) -> None:
        chat = home.open(*MODEL, env={"TERM": "dumb"}).prompt()
        chat.enter("!printf 'Na%s? ' me; read name; echo \"<$name>\"")
        chat.sees("Name?").type("Ada\r").sees("<Ada>")
        chat.enter("!exit 4").sees("Exit code 4. >")
        chat.enter("Hm?").sees("Answer 1 from groq.")


class TestACommandBehindTwo:
    def test_gives_its_output_to_the_next_message_and_shows_it(self, home: Home) -> None:
        chat = home.open(*MODEL).prompt()
        chat.enter("!!echo one; echo two >&2; exit 3").sees("one").sees("two").sees("Exit code 3.")
        chat.sees("Attached to the next message: output of echo one").prompt()
        assert not home.groq.requests
        chat.enter("What is it?").sees("Answer 1 from groq.").prompt()
        assert "$ echo one; echo two >&2; exit 3\\none\\ntwo\\n[exit code 3]" in body(home)

    def test_is_taken_off_again_as_a_file_is(self, home: Home) -> None:
        chat = home.open(*MODEL).prompt()
        chat.enter("!!echo secret-output").sees("1 attached").prompt()
        assert "Nothing is attached." in chat.ask("/attach -")
        chat.enter("Hm?").sees("Answer 1 from groq.").prompt()
        assert "secret-output" not in body(home)

    def test_has_nobody_at_the_keyboard_and_its_output_cannot_touch_the_terminal(self, home: Home) -> None:
        chat = home.open(*MODEL).prompt()
        chat.enter("!!cat; printf '\\033]0;title\\007'; test -t 0 || echo none").sees("␛]0;title␇none").prompt()

    def test_is_stopped_by_ctrl_c_and_then_nothing_is_attached(self, home: Home) -> None:
        noted = home.folder / "pid"
        chat = home.open(*MODEL).prompt()
        chat.enter("!!echo begun; sh -c 'echo $$ > pid; exec sleep 500'").sees("begun")
        pid = waits_until(noted)
        chat.type(CTRL_C).sees("Stopped. Nothing is attached.").prompt()
        assert not runs(pid)

    def test_is_bounded_for_the_model_and_all_of_it_is_in_a_file(self, home: Home) -> None:
        chat = home.open(*MODEL).prompt()
        chat.enter("!!yes line | head -n 100000").sees("more bytes are not shown.").sees("1 attached").prompt()
        chat.enter("Hm?").sees("Answer 1 from groq.").prompt()
        assert len(body(home)) < 100_000
        assert "bytes left out; all of it is in" in body(home)
        kept = list((home.folder / "data" / "results").glob("typed_*.txt"))
        assert [one.stat().st_size for one in kept] == [500_000]


class TestWhatIsNoCommand:
    @pytest.mark.parametrize("line", ["!!! hurry", "!= is what?", " !touch ran", "a ! touch ran", "!?"])
    def test_is_sent_as_a_message(self, home: Home, line: str) -> None:
        chat = home.open(*MODEL).prompt()
        chat.enter(line).sees("Answer 1 from groq.").prompt()
        assert json.dumps(line) in body(home) or json.dumps(line.strip()) in body(home)
        assert not (home.folder / "ran").exists()

    def test_a_sign_alone_says_what_it_is_for(self, home: Home) -> None:
        chat = home.open(*MODEL).prompt()
        assert "runs it in your shell" in chat.ask("!")
        assert "runs it in your shell" in chat.ask("!!")

    def test_a_paste_of_one_line_with_an_end_waits_for_enter(self, home: Home) -> None:
        chat = home.open(*MODEL).prompt()
        chat.paste("!touch ran\n").until(lambda: "!touch ran" in chat.text)
        chat.type("x").until(lambda: chat.line.endswith("x"))
        assert not (home.folder / "ran").exists()

    @pytest.mark.parametrize("text", ["!touch ran\n!touch ran2", "!touch ran\nand what is this?"])
    def test_a_paste_of_several_lines_is_asked_about_and_never_run(self, home: Home, text: str) -> None:
        chat = home.open(*MODEL).prompt()
        chat.paste(text).until(lambda: text.rpartition("\n")[2] in chat.text)
        chat.type("\r").sees('A "!" runs a command only in a line alone.').type("\r").sees("Nothing was sent.")
        assert not (home.folder / "ran").exists()
        assert not home.groq.requests

    def test_several_lines_at_once_run_nothing_where_the_terminal_is_a_dumb_one(self, home: Home) -> None:
        chat = home.open(*MODEL, env={"TERM": "dumb"}).prompt()
        chat.type("first\r!touch ran\r").sees("2 lines came at once.").type("\r").sees("Answer 1 from groq.")
        chat.type("!touch ran\r\r").sees("> 2 lines came at once.").type("\r")
        chat.sees("Not run, since it came with other lines: !touch ran")
        chat.enter("!echo $((40+2))").sees("42")
        assert not (home.folder / "ran").exists()

    def test_a_question_without_the_chat_is_text(self, home: Home) -> None:
        assert home.run("-p", "!touch ran", *MODEL).returncode == 0
        assert "!touch ran" in body(home)
        assert not os.path.exists(home.folder / "ran")
