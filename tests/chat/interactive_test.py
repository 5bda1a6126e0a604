"""The chat as a person meets it: the real program in a pseudo-terminal."""

import base64
import re
import signal
import stat
import time
from pathlib import Path

import pytest

from tests.harness.cases import PNG
from tests.harness.home import KEYS, Home
from tests.harness.terminal import CTRL_C, CTRL_D, CTRL_G, CTRL_J, CTRL_R, ESC, UP, Terminal
from tests.wire import Answer, Fault, Reasoning, Request, Status, Usage

OSS = ("-m", "groq:gpt-oss-120b")  # the SDK that is loaded fastest; it reasons and sees no images
SEES = "groq:qwen3.8-27b"
LONG = Answer(" ".join(f"word{n}" for n in range(200)), pace=0.005)


def said(request: Request) -> list[tuple[str, str]]:
    """Role and text of each message of a Chat Completions request."""
    return [(message["role"], message["content"]) for message in request.body["messages"]]


class TestThePrompt:
    @pytest.mark.parametrize("columns", [40, 200])
    def test_is_there_at_once_at_any_width(self, home: Home, columns: int) -> None:
        terminal = home.open(columns=columns).prompt()
        terminal.sees("anthropic:claude-sonnet-5.5").sees("/help lists the commands")
        assert all(re.fullmatch(r"\S.*|", row) for row in terminal.rows), "a word was cut at the edge"
        assert terminal.leave() == 0

    def test_ctrl_c_clears_the_line_and_twice_on_an_empty_one_leaves(self, home: Home) -> None:
        terminal = home.open().prompt()
        terminal.type("half a thought").prompt("half a thought").type(CTRL_C).prompt()
        terminal.type(UP).prompt("half a thought").type(CTRL_C).prompt()
        terminal.type(CTRL_C).sees("Press Ctrl+C again").prompt().type(CTRL_C)
        assert terminal.exit_code() == 0

    def test_ctrl_d_leaves_only_from_an_empty_line(self, home: Home) -> None:
        terminal = home.open().prompt().type("stay").prompt("stay").type(CTRL_D).type("!").prompt("stay!")
        terminal.type(CTRL_C).prompt().type(CTRL_D)
        assert terminal.exit_code() == 0

    def test_a_new_line_and_a_paste_do_not_send(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt()
        terminal.type("one").type(CTRL_J).type("two ").paste("three\nfour\r\nfive").sees("five")
        assert not home.groq.chats
        terminal.type("\r").sees("Answer 1 from groq.").prompt()
        assert said(home.groq.chats[0]) == [("user", "one\ntwo three\nfour\nfive")]

    def test_offers_the_commands_that_begin_as_typed(self, home: Home) -> None:
        terminal = home.open().prompt().type("/mo")
        terminal.sees("/model Go on with").sees("/models List the models").type(CTRL_C).prompt()
        terminal.type("/model groq:gpt-oss-12").sees("131k window").type(CTRL_C).prompt()
        assert terminal.leave() == 0

    def test_brings_back_what_was_typed_in_an_earlier_run(self, home: Home) -> None:
        first = home.open("-m", "offline:guide").prompt()
        first.enter("thanks for the fish").sees("You are welcome").prompt()
        assert first.leave() == 0
        kept = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (home.folder / "state").iterdir()}
        assert kept["history"] == 0o600
        assert set(kept.values()) == {0o600}
        second = home.open("-m", "offline:guide").prompt()
        second.type(UP).prompt("thanks for the fish").type(CTRL_C).prompt()
        second.type(CTRL_R).type("FISH").sees("thanks for the fish").type("\r").type("\r").sees("You are welcome")

    def test_up_and_down_stay_in_a_line_that_the_screen_wraps(self, home: Home) -> None:
        terminal = home.open("-m", "offline:guide", columns=20).prompt()
        terminal.enter("thanks").prompt()
        words = "one two three four five six seven"  # 33 characters in rows of 18 and 20
        terminal.type(words).until(lambda: terminal.line.endswith("six seven"), "the line")
        terminal.type(f"{UP}!").until(lambda: "!" in terminal.text, "the sign in the row above")
        assert "> thanks" not in terminal.rows[-3:]
        terminal.type("\x1b[B?").until(lambda: "?" in terminal.text)
        terminal.type(f"{UP}{UP}").until(lambda: terminal.line == "> thanks", "the history, from the first row on")
        terminal.type("\x1b[B").until(lambda: "seven" in terminal.line and "?" in terminal.text)

    def test_is_edited_in_the_editor_of_the_person(self, home: Home, tmp_path: Path) -> None:
        editor = tmp_path / "editor"
        # Stopped and gone on with, as by Ctrl+Z and fg in it, the editor keeps the terminal as it has made it.
        editor.write_text('#!/bin/sh\nkill -CONT $PPID; sleep 0.3\nstty -a > "$0.modes"\nprintf " a poem\\n" >> "$1"\n')
        editor.chmod(0o700)
        terminal = home.open(*OSS, env={"EDITOR": str(editor)}).prompt()
        terminal.type("write").prompt("write").type(CTRL_G).prompt("write a poem").type("\r")
        terminal.sees("Answer 1 from groq.").prompt()
        assert said(home.groq.chats[0]) == [("user", "write a poem")]
        assert " icanon " in (tmp_path / "editor.modes").read_text()

    def test_keeps_the_text_when_the_editor_fails(self, home: Home, tmp_path: Path) -> None:
        editor = tmp_path / "editor"
        editor.write_text("#!/bin/sh\necho No such luck.\nexit 1\n")
        editor.chmod(0o700)
        terminal = home.open(*OSS, env={"EDITOR": str(editor)}).prompt()
        terminal.type("write").prompt("write").type(CTRL_G).sees("No such luck.")
        terminal.prompt("write").type("!").prompt("write!").type("\r").sees("Answer 1 from groq.").prompt()
        assert said(home.groq.chats[0]) == [("user", "write!")]

    def test_keeps_its_bar_in_one_row(self, home: Home) -> None:
        home.groq.answer(Answer("Hm.", usage=Usage(60_000, 10)))
        terminal = home.open(*OSS, columns=40).prompt()
        terminal.enter("Hello").sees("60k of 131k").prompt()
        at = max(at for at, row in enumerate(terminal.rows) if row == ">")
        assert terminal.rows[at + 1] == "groq:gpt-oss-120b · 60k of 131k (45%)"
        assert not any(terminal.rows[at + 2 :]), "what is below the line is there only while a menu is open"


class TestAnAnswer:
    def test_keeps_the_keys_typed_meanwhile_for_the_next_prompt(self, home: Home) -> None:
        home.groq.answer(LONG)
        terminal = home.open(*OSS).prompt()
        terminal.enter("Count").sees("word9").type("and then?").sees("word199").prompt("and then?")
        assert terminal.words.count("and then?") == 1
        assert all(f" word{n} " in f" {terminal.words} " for n in range(200))

    @pytest.mark.parametrize("key", [CTRL_C, ESC], ids=["Ctrl+C", "Esc"])
    def test_stops_at_a_key_and_the_part_that_came_is_kept(self, home: Home, key: str) -> None:
        home.groq.answer(LONG)
        terminal = home.open(*OSS).prompt()
        terminal.enter("Count").sees("word9")
        pressed = time.monotonic()
        terminal.type(key)
        assert home.groq.wait_for_disconnect() - pressed < 1
        terminal.sees("Interrupted. What came from groq:gpt-oss-120b is kept.").prompt()
        assert "word199" not in terminal.text
        terminal.enter("Go on").sees("Answer 2").prompt()
        (_, count), (_, part), (_, note) = said(home.groq.chats[1])
        assert count == "Count"
        assert part.startswith("word0 word1")
        assert part in terminal.words, "what is on the screen is what the model is told"
        assert note == "[The user interrupted the answer above; it is not complete.]\n\nGo on"

    def test_stops_at_a_signal_from_elsewhere(self, home: Home) -> None:
        home.groq.answer(LONG)
        terminal = home.open(*OSS).prompt()
        terminal.enter("Count").sees("word9").signal(signal.SIGINT)
        home.groq.wait_for_disconnect()
        terminal.sees("Interrupted").prompt()
        assert terminal.leave() == 0

    def test_that_has_not_begun_stops_and_gives_the_question_back(self, home: Home) -> None:
        home.groq.answer(Answer("Late", fault=Fault.slow_headers(30)))
        terminal = home.open(*OSS).prompt()
        terminal.enter("Hello?")
        home.groq.wait_for(1)
        terminal.sees("Ctrl+C stops").type(CTRL_C).sees("Interrupted.").prompt("Hello?")
        terminal.type("\r").sees("Answer 2").prompt()
        assert said(home.groq.chats[1]) == [("user", "Hello?")]
        assert "Ctrl+C stops" not in terminal.text

    def test_that_breaks_off_is_marked_and_kept(self, home: Home) -> None:
        home.groq.answer(Answer("One two three four five six", fault=Fault.cut_mid_event(4)))
        terminal = home.open(*OSS).prompt()
        terminal.enter("Count").sees("The answer is incomplete").prompt().enter("Go on").sees("Answer 2").prompt()
        roles = [role for role, _ in said(home.groq.chats[1])]
        assert roles == ["user", "assistant", "user"]
        assert "The connection broke" in said(home.groq.chats[1])[2][1]

    def test_shows_reasoning_while_it_comes_and_folds_it_when_the_answer_begins(self, home: Home) -> None:
        thought = " ".join(f"thought{n}" for n in range(40))
        home.groq.answer(Answer(Reasoning(thought), "Answer 1.", pace=0.03))
        terminal = home.open(*OSS, columns=50).prompt().enter("Why?")
        terminal.until(lambda: any(row.startswith("│ thought0 thought1") for row in terminal.rows), "a bar beside it")
        terminal.sees("Answer 1.").prompt()
        assert re.search(r"^thought for \d+ s, about \d+ tokens$", terminal.text, re.M)
        assert "thought0" not in terminal.text
        terminal.enter("/reasoning show").sees("is shown").prompt()
        rows = [row.removeprefix("│ ") for row in terminal.rows if row.startswith("│ ")]
        assert " ".join(rows).split() == thought.split(), "all of the last one"

    def test_shows_all_reasoning_or_none_where_that_is_wished(self, home: Home) -> None:
        home.groq.answer(*[Answer(Reasoning(f"Ponder {n}. " + "more " * 30), f"Answer {n}.") for n in (1, 2, 3)])
        terminal = home.open(*OSS, columns=50).prompt()
        terminal.enter("/reasoning show").sees("is shown").prompt().enter("Why?").sees("Answer 1.").prompt()
        rows = [row for row in terminal.rows if row.startswith("│ ")]
        assert " ".join(row.removeprefix("│ ") for row in rows).split() == ["Ponder", "1.", *["more"] * 30]
        terminal.enter("/reasoning hide").sees("Reasoning is hidden.").prompt()
        terminal.enter("Why?").sees("Answer 2.").prompt()
        terminal.enter("/reasoning fold").sees("folded").prompt().enter("Why?").sees("Answer 3.").prompt()
        assert "Ponder 2." not in terminal.text
        assert "Ponder 3." not in terminal.text
        assert len(re.findall("^thought for ", terminal.text, re.M)) == 1

    def test_keeps_every_word_once_while_the_window_grows(self, home: Home) -> None:
        words = [f"word{n:03}" for n in range(300)]
        text = "\n\n".join(" ".join(words[at : at + 50]) for at in range(0, 300, 50))
        home.groq.answer(Answer(text, pace=0.004))
        terminal = home.open(*OSS, columns=50, rows=12).prompt()
        terminal.enter("Count")
        for step in range(1, 6):
            terminal.sees(f"word{step * 45:03}").resize(50 + step * 10, 12 + step)
        terminal.sees("word299").prompt()
        assert re.findall(r"word\d{3}", terminal.words) == words

    def test_has_its_layout_without_any_colour_where_none_is_wanted(self, home: Home) -> None:
        home.groq.answer(Answer(Reasoning("Ponder."), "## Title\n\n**bold** and `code`\n\n```python\nx = 1\n```\nEND"))
        terminal = home.open(*OSS, env={"NO_COLOR": "1"})
        terminal.prompt().enter("Why?").sees("END").prompt().enter("/nope").sees("no command").prompt()
        assert "bold and code" in terminal.words
        assert b"\x1b[1mbold" in terminal.raw
        codes = {code for found in re.findall(rb"\x1b\[([\d;]*)m", terminal.raw) for code in found.split(b";")}
        assert codes <= {b"", b"0", b"1", b"2", b"3", b"4", b"7", b"9"}, "bold and the like, and no colour"
        assert terminal.leave() == 0

    def test_holds_no_escape_sequence_on_a_dumb_terminal(self, home: Home) -> None:
        home.groq.answer(Answer(Reasoning("ALPHA. Ponder."), "## Title\n\n**bold** and `code`\n\n- OMEGA", pace=0.01))
        terminal = home.open(*OSS, env={"TERM": "dumb"})
        terminal.prompt().enter("Why?").sees("OMEGA").prompt()
        assert terminal.leave() == 0
        assert b"\x1b" not in terminal.raw
        assert b"**bold**" in terminal.raw


EVIL = "\x1b]52;c;ZXZpbA==\x07 \x1b]0;evil\x07 \x1b[2J\x1b[31m \x9b2J \u202e \x00 evil"


class TestWhatComesFromOutside:
    def check(self, terminal: Terminal) -> None:
        assert b"evil" in terminal.raw
        for forbidden in (b"\x1b]52", b"\x1b]0", b"\x1b[2J", b"\x9b2J", "\u202e".encode(), b"\x00", b"\x07"):
            assert forbidden not in terminal.raw, forbidden

    def test_cannot_touch_the_terminal_as_an_answer(self, home: Home) -> None:
        home.groq.answer(Answer(Reasoning(EVIL), EVIL + "\n\n```\n" + EVIL + "\n```\n\n| a |\n|---|\n|" + EVIL + "|"))
        terminal = home.open(*OSS).prompt()
        terminal.enter("Hello").sees("evil").prompt()
        self.check(terminal)

    def test_cannot_touch_the_terminal_as_an_error(self, home: Home) -> None:
        home.groq.answer(Status(400, message=EVIL), Status(404, message="no model " + EVIL, code="model_not_found"))
        terminal = home.open(*OSS).prompt()
        terminal.enter("Hello").sees("evil").prompt("Hello").type("\r").sees("no model").prompt("Hello")
        self.check(terminal)

    def test_cannot_touch_the_terminal_as_the_name_of_a_model(self, home: Home) -> None:
        home.groq.answer(Answer("Fine.", model=EVIL))
        home.groq.models = ["openai/gpt-oss-120b", EVIL]
        terminal = home.open(*OSS).prompt()
        terminal.enter("Hello").sees("answered as").prompt()
        terminal.enter("/models groq --refresh").sees("groq:gpt-oss-20b").prompt()
        self.check(terminal)


class TestATurnThatFails:
    def test_for_its_key_gives_the_question_back_and_names_what_to_do_but_never_the_key(self, home: Home) -> None:
        home.keys["GROQ_API_KEY"] = "gsk-wrong-91d04c7b3e"
        terminal = home.open(*OSS).prompt()
        terminal.enter("My question").sees("refused the key").prompt("My question")
        terminal.sees("GROQ_API_KEY").sees("https://console.groq.com/keys")
        assert b"91d04c7b3e" not in terminal.raw
        terminal.type(CTRL_C).prompt()
        assert terminal.leave() == 0

    def test_for_a_moment_counts_down_and_can_be_given_up(self, home: Home) -> None:
        home.groq.answer(Status(429, retry_after="5"))
        terminal = home.open(*OSS).prompt()
        terminal.enter("Now").sees("Again in 5 s").sees("Again in 4 s").type(CTRL_C).sees("Interrupted.").prompt("Now")
        assert len(home.groq.chats) == 1
        assert "Again in" not in terminal.text

    def test_for_a_moment_is_sent_again(self, home: Home) -> None:
        home.groq.answer(Status(503, retry_after="0.1"))
        terminal = home.open(*OSS).prompt()
        terminal.enter("Now").sees("Answer 2 from groq.").prompt()
        assert home.groq.chats[0].raw == home.groq.chats[1].raw

    def test_for_long_is_given_back_at_once(self, home: Home) -> None:
        home.groq.answer(Status(429, retry_after="3600"))
        terminal = home.open(*OSS).prompt()
        terminal.enter("Now").sees("limits the rate").prompt("Now")
        assert len(home.groq.chats) == 1


class TestALine:
    def test_that_begins_with_a_path_is_a_message(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt()
        terminal.enter("/usr/bin is full?").sees("Answer 1").prompt()
        assert said(home.groq.chats[0]) == [("user", "/usr/bin is full?")]

    def test_that_is_no_command_is_not_sent_and_the_nearest_is_named(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt()
        terminal.enter("/modle groq:qwen").sees('There is no command "/modle". Did you mean /model').prompt()
        assert terminal.leave() == 0
        assert not home.groq.requests

    def test_for_another_model_goes_there_for_one_turn_only(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt()
        terminal.enter("One").sees("Answer 1").prompt()
        terminal.enter("@groq:gpt-oss-20b Two").sees("Answer 2").prompt()
        terminal.enter("Three").sees("Answer 3").prompt()
        ids = ["openai/gpt-oss-120b", "openai/gpt-oss-20b", "openai/gpt-oss-120b"]
        assert [request.body["model"] for request in home.groq.chats] == ids
        texts = [text for _, text in said(home.groq.chats[2])]
        assert texts == ["One", "Answer 1 from groq.", "Two", "Answer 2 from groq.", "Three"]


class TestACommand:
    def test_undo_brings_the_question_back(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt()
        terminal.enter("One").sees("Answer 1").prompt().enter("/undo").sees("Taken back").prompt("One")
        terminal.type(" more").prompt("One more").type("\r").sees("Answer 2").prompt()
        assert said(home.groq.chats[1]) == [("user", "One more")]

    def test_retry_asks_another_model_the_same(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt()
        terminal.enter("One").sees("Answer 1").prompt().enter("/retry groq:gpt-oss-20b").sees("Answer 2").prompt()
        assert home.groq.chats[1].body["model"] == "openai/gpt-oss-20b"
        assert said(home.groq.chats[1]) == [("user", "One")]

    def test_retry_that_fails_loses_neither_question_nor_answer(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt()
        terminal.enter("One").sees("Answer 1").prompt()
        home.groq.answer(Status(400, message="No."))
        terminal.enter("/retry").sees("says: No").sees("The answer before stays.").prompt()
        terminal.enter("Two").sees("Answer 3").prompt()
        texts = [text for _, text in said(home.groq.chats[2])]
        assert texts == ["One", "Answer 1 from groq.", "Two"]

    def test_new_forgets_and_system_instructs(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt()
        terminal.enter("One").sees("Answer 1").prompt()
        terminal.enter("/system Talk like a sailor.").sees("Instructions set.").prompt()
        terminal.enter("/new").sees("A new conversation").prompt().enter("Two").sees("Answer 2").prompt()
        assert said(home.groq.chats[1]) == [("system", "Talk like a sailor."), ("user", "Two")]

    def test_attach_sends_the_image_with_the_next_question(self, home: Home, tmp_path: Path) -> None:
        (tmp_path / "red dot.png").write_bytes(base64.b64decode(PNG))
        terminal = home.open("-m", SEES).prompt()
        terminal.enter("/attach red dot.png").sees("Attached to the next message: red dot.png.").prompt()
        terminal.enter("What is it?").sees("Answer 1").prompt().enter("Sure?").sees("Answer 2").prompt()
        content = home.groq.chats[0].body["messages"][0]["content"]
        assert [piece["type"] for piece in content] == ["text", "image_url"]
        assert content[1]["image_url"]["url"] == f"data:image/png;base64,{PNG}"
        assert said(home.groq.chats[1])[2] == ("user", "Sure?")

    def test_attach_keeps_the_image_when_the_model_sees_none(self, home: Home, tmp_path: Path) -> None:
        (tmp_path / "red.png").write_bytes(base64.b64decode(PNG))
        terminal = home.open(*OSS).prompt()
        terminal.enter("/attach red.png").sees("sees no images").prompt()
        terminal.enter("What is it?").sees("groq:gpt-oss-120b sees no images.").prompt("What is it?")
        assert not home.groq.chats
        terminal.type(CTRL_C).prompt().enter(f"/model {SEES}").sees("→ groq:qwen3.8-27b").prompt()
        terminal.enter("What is it?").sees("Answer 1").prompt()
        assert len(home.groq.chats[0].body["messages"][0]["content"]) == 2

    def test_usage_counts_tokens_and_dollars_by_model(self, home: Home) -> None:
        home.groq.answer(Answer("Hm.", usage=Usage(20, 10)), Answer("Hm.", usage=Usage(1_000_000, 100_000)))
        terminal = home.open(*OSS).prompt()
        terminal.enter("@groq:qwen One").sees("20 in, 10 out").prompt().enter("Two").sees("1M in, 100k out").prompt()
        rows = [row.split() for row in terminal.ask("/usage").splitlines()]
        assert ["groq:gpt-oss-120b", "1", "1M", "0", "100k", "0", "$0.2100"] in rows
        assert ["all", "2", "$0.2101"] in rows

    def test_usage_says_at_least_where_an_answer_was_stopped(self, home: Home) -> None:
        home.groq.answer(LONG, Answer("Hm.", usage=Usage(1_000_000, 100_000)))
        terminal = home.open(*OSS).prompt()
        terminal.enter("Count").sees("word9").type(CTRL_C).sees("Interrupted").prompt()
        assert "1 answer stopped before" in terminal.ask("/usage")
        terminal.enter("One").sees("Hm.").prompt().enter("/usage").sees("100k 0 at least $0.2100").prompt()

    @pytest.mark.parametrize("columns", [40, 80, 200])
    def test_models_says_at_any_width_whether_there_is_a_key(self, home: Home, columns: int) -> None:
        del home.keys["OPENAI_API_KEY"]
        terminal = home.open(*OSS, columns=columns, rows=100).prompt()
        rows = terminal.ask("/models").splitlines()[1:]
        assert rows[0].split()[:2] == ["model", "key"]
        for name, mark in (
            ("groq:gpt-oss-120b", "key"),
            ("openai:gpt-6.1-sol", "no key"),
            ("ollama:llama3.1", "local"),
        ):
            assert [row for row in rows if re.match(rf"{name} +{mark}\b", row)], name
        assert not [row for row in rows if row.endswith("…")]

    def test_help_shows_everything_and_fits(self, home: Home) -> None:
        terminal = home.open(*OSS, rows=50).prompt()
        shown = terminal.ask("/help")
        assert not [row for row in shown.splitlines() if row.endswith("…")]
        for what in ("/exit", "Ctrl+D", "@model", "@path", "!command"):
            assert what in shown


class TestTheEnd:
    @pytest.mark.parametrize("busy", [False, True], ids=["at-the-prompt", "in-an-answer"])
    def test_by_sigterm_leaves_the_terminal_as_it_was(self, home: Home, busy: bool) -> None:
        home.groq.answer(LONG)
        terminal = home.open(*OSS)
        before = terminal.modes()
        terminal.prompt()
        if busy:
            terminal.enter("Count").sees("word9")
        assert terminal.modes() != before
        terminal.signal(signal.SIGTERM)
        assert terminal.exit_code() == 128 + signal.SIGTERM
        assert terminal.modes() == before
        assert "Traceback" not in terminal.text
        assert not terminal.screen.cursor.hidden
        assert terminal.raw.count(b"\x1b[?2004h") <= terminal.raw.count(b"\x1b[?2004l")

    def test_comes_when_the_terminal_goes(self, home: Home) -> None:
        home.groq.answer(LONG)
        terminal = home.open(*OSS).prompt()
        terminal.enter("Count").sees("word9").hang_up()
        assert terminal.exit_code() == 128 + signal.SIGHUP
        home.groq.wait_for_disconnect()

    def test_by_exit_closes_with_code_zero(self, home: Home) -> None:
        terminal = home.open().prompt().enter("/exit")
        assert terminal.exit_code() == 0
        assert terminal.modes() == (True, True)
        written = b"".join(path.read_bytes() for path in (home.folder / "state").iterdir())
        assert not [key for key in KEYS.values() if key.encode() in written]
