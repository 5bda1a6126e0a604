"""Pictures that a model makes, in the chat and without it: drawn or saved at their place, kept, and exported."""

import base64
import json
import re
from pathlib import Path

import pytest

from tests.chat.pictures_test import APC, KITTY, SEQUENCES, picture, seen
from tests.harness.home import Home
from tests.harness.terminal import Terminal
from tests.wire import Answer, Drawn

MODEL = "openai:gpt-6.1-sol"
REAL = ("-m", MODEL)
ENCODED = base64.b64encode(picture()).decode()
DREW = Answer("Here it is:", Drawn(ENCODED), "Red and blue.")
SAVED = re.compile(r"\[picture 64×40 saved: (\S+?)\]")


def drawn(home: Home, answer: Answer = DREW, env: dict[str, str] = KITTY, columns: int = 200) -> Terminal:
    """A chat in which a model has made a picture."""
    home.openai.answer(answer)
    terminal = home.open(*REAL, env=env, cwd=home.folder, columns=columns).prompt()
    terminal.enter("Draw two colours")
    return terminal.until(lambda: re.search(r"sol · \d\S* in, ", terminal.text) is not None)


def test_a_picture_is_drawn_between_the_words_before_and_after_it(home: Home) -> None:
    terminal = drawn(home, columns=80)
    pieces = APC.findall(terminal.raw)
    assert b",c=7,r=2," in pieces[0][0]
    rows = seen(terminal)
    before, after = rows.index("Here it is:"), rows.index("Red and blue.")
    assert not any(rows[before + 1 : after])
    assert after - before == 1 + 1 + 2 + 1  # an empty row, the picture, an empty row


def test_print_and_a_resumed_chat_draw_it_again(home: Home) -> None:
    terminal = drawn(home)
    pieces = APC.findall(terminal.raw)
    terminal.type("/print\r").until(lambda: APC.findall(terminal.raw) == pieces * 2)
    assert terminal.leave() == 0
    again = home.open("-c", env=KITTY, cwd=home.folder, columns=200).prompt()
    again.type("/print all\r").until(lambda: APC.findall(again.raw)[-len(pieces) :] == pieces)


def test_where_it_cannot_be_drawn_a_line_says_where_it_is_saved(home: Home) -> None:
    terminal = drawn(home, env={})
    assert not SEQUENCES.search(terminal.raw)
    found = SAVED.search("".join(row.strip() for row in terminal.rows))
    assert found is not None, terminal.text
    assert Path(found[1]).read_bytes() == picture()
    assert Path(found[1]).stat().st_mode & 0o777 == 0o600


def test_an_answer_that_is_only_a_picture_is_no_empty_one_and_its_text_names_it(home: Home) -> None:
    terminal = drawn(home, Answer(Drawn(ENCODED)))
    assert APC.search(terminal.raw)
    assert "empty" not in terminal.text
    path = home.folder / "copied.md"
    terminal.type(f"/save {path}\r").until(path.exists)
    assert path.read_text() == "[image]\n"
    home.openai.answer("You are welcome.")
    terminal.enter("Thanks").sees("You are welcome.")
    assert ENCODED in home.openai.chats[-1].raw.decode()


def test_the_model_that_is_asked_next_is_shown_it(home: Home) -> None:
    terminal = drawn(home)
    home.anthropic.answer("It has two colours.")
    terminal.type("/model anthropic:claude-sonnet-5.5\r").sees("claude-sonnet-5.5").prompt()
    terminal.enter("How many colours has it?").sees("It has two colours.")
    assert ENCODED in home.anthropic.chats[-1].raw.decode()


def test_exports_hold_it_and_what_was_exported_as_json_comes_back_with_it(home: Home) -> None:
    home.openai.answer(DREW)
    assert home.run(*REAL, "-p", "Draw two colours").returncode == 0
    (id,) = home.ids()
    size = f"picture: image/png, {len(ENCODED) * 3 // 4} bytes"
    markdown, text = (home.run("show", id, f"--{kind}").stdout for kind in ("md", "txt"))
    assert f"*{size}*" in markdown.replace("\\", "")
    assert f"[{size}]" in text
    assert f'<img src="data:image/png;base64,{ENCODED}"' in home.run("show", id, "--html").stdout
    (home.folder / "out.json").write_text(home.run("show", id, "--json").stdout)
    elsewhere = {"PARLANCE_HOME": str(home.folder / "elsewhere")}
    assert home.run("import", str(home.folder / "out.json"), env=elsewhere).returncode == 0
    (brought,) = json.loads(home.run("sessions", "--all", "--json", env=elsewhere).stdout)
    assert f"base64,{ENCODED}" in home.run("show", str(brought["id"]), "--html", env=elsewhere).stdout


class TestWithoutTheChat:
    def test_a_pipe_gets_the_words_and_standard_error_the_path(self, home: Home) -> None:
        home.openai.answer(DREW)
        done = home.run(*REAL, "-p", "Draw two colours", cwd=home.folder)
        assert done.stdout == "Here it is:\nRed and blue.\n"
        found = SAVED.search(done.stderr)
        assert found is not None, done.stderr
        assert Path(found[1]).read_bytes() == picture()

    @pytest.mark.parametrize("form", ["--json", "--json-stream"])
    def test_json_has_the_path(self, home: Home, form: str) -> None:
        home.openai.answer(Answer(Drawn(ENCODED)))
        done = home.run(*REAL, form, "-p", "Draw two colours", cwd=home.folder)
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        (kept,) = lines[-1]["pictures"]
        assert kept["media_type"] == "image/png"
        assert Path(kept["path"]).read_bytes() == picture()
        if form == "--json-stream":
            assert {"type": "picture", **kept} in lines

    def test_where_nothing_is_saved_that_is_said(self, home: Home) -> None:
        home.openai.answer(DREW)
        done = home.run(*REAL, "--no-save", "--json", "-p", "Draw two colours", cwd=home.folder)
        assert json.loads(done.stdout)["pictures"] == [{"path": None, "media_type": "image/png"}]
        assert "[picture 64×40, which cannot be saved]" in done.stderr
