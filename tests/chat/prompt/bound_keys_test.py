"""Keys do what the settings say: names as prompt_toolkit has them, and what cannot be is told at the start."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.chat.prompt.bound_keys import bound_keys, parsed, rows, said
from modules.chat.prompt.key_actions import ACTIONS, BY_NAME
from tests.harness.home import Home
from tests.harness.terminal import CTRL_C, ESC, Terminal
from tests.wire import Answer

OSS = ("-m", "groq:gpt-oss-120b")
F2, SHIFT_F2, F4 = "\x1bOQ", "\x1b[1;2Q", "\x1bOS"


def bind(home: Home, keys: Mapping[str, str]) -> None:
    table = "".join(f'"{key}" = "{does}"\n' for key, does in keys.items())
    with (home.folder / "settings.toml").open("a") as file:
        file.write(f"[keys.bind]\n{table}")


def vi(home: Home) -> Terminal:
    with (home.folder / "settings.toml").open("a") as file:
        file.write("[keys]\nvi = true\n")
    return home.open(*OSS).prompt().sees("[I] groq:gpt-oss-120b")


class TestAName:
    @pytest.mark.parametrize(
        ("key", "sequence", "words"),
        [
            ("f4", ("f4",), "F4"),
            ("F4", ("f4",), "F4"),
            ("s-f2", ("f14",), "Shift+F2"),
            ("c-x c-e", ("c-x", "c-e"), "Ctrl+X Ctrl+E"),
            ("c-x m", ("c-x", "m"), "Ctrl+X M"),
            ("escape p", ("escape", "p"), "Alt+P"),
            ("c-space", ("c-@",), "Ctrl+Space"),
            ("c-s-left", ("c-s-left",), "Ctrl+Shift+Left"),
        ],
    )
    def test_is_as_prompt_toolkit_has_it_and_is_said_as_people_do(
        self, key: str, sequence: tuple[str, ...], words: str
    ) -> None:
        assert parsed(key) == sequence
        assert said(sequence) == words

    @pytest.mark.parametrize(
        ("key", "does", "problem"),
        [
            ("f44", "stop", '"f44" is no key; "f4" is near.'),
            ("ctrl+t", "stop", '"ctrl+t" is no key; "c-t" is near.'),
            ("alt-x", "stop", '"alt-x" is no key; "escape x" is near.'),
            ("hyper", "stop", '"hyper" is no key.'),
            ("c-c", "stop", '"c-c" is kept for what it does in any line.'),
            ("c-x c-c", "stop", '"c-x c-c" is kept for what it does in any line.'),
            ("enter", "stop", '"enter" is kept for what it does in any line.'),
            ("escape", "stop", '"escape" is kept for what it does in any line.'),
            ("m", "stop", '"m" begins with what is typed.'),
            ("<any>", "stop", '"<any>" is no key of a keyboard.'),
            ("f4", "nxt-favourite", '"nxt-favourite" is no action; "next-favourite" is near. /help keys lists them.'),
        ],
    )
    def test_that_cannot_be_is_told_with_what_is_near(self, key: str, does: str, problem: str) -> None:
        bound = bound_keys({key: does})
        assert bound.problems == (f"{problem} It stands under [keys] bind.",)
        assert bound.keys == bound_keys({}).keys

    @given(st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=4))
    def test_of_any_kind_does_no_harm(self, wished: dict[str, str]) -> None:
        bound = bound_keys(wished)
        assert set(bound_keys({}).keys) <= set(bound.keys)
        list(rows(bound))


class TestAnAction:
    def test_has_names_that_differ_and_usual_keys_that_can_be_parsed(self) -> None:
        assert len(BY_NAME) == len(ACTIONS)
        usual = [parsed(key) for action in ACTIONS for key in action.keys]
        assert len(set(usual)) == len(usual)

    def test_has_another_key_where_one_is_bound_and_keeps_its_own(self) -> None:
        listed = {about: keys for keys, about in rows(bound_keys({"f6": "new-line", "c-g": "", "f7": "/who"}))}
        assert listed["begins a new line"] == "Ctrl+J, F6"
        assert listed["edits the line in $VISUAL or $EDITOR"] == "Ctrl+X Ctrl+E"
        assert listed["/who"] == "F7"


class TestAtTheLine:
    def test_a_bound_key_does_its_action_and_an_unbound_one_nothing(self, home: Home) -> None:
        bind(home, {"f4": "new-line", "c-t": ""})
        home.groq.answer("Fine.")
        terminal = home.open(*OSS).prompt().type(f"one{F4}two")
        terminal.until(lambda: terminal.line == "· two").type("\x14\r").sees("Fine.").prompt()
        assert home.groq.chats[-1].body["messages"][-1]["content"] == "one\ntwo"

    def test_a_key_may_stand_for_a_command_and_what_was_typed_stays(self, home: Home) -> None:
        bind(home, {"c-x w": "/config"})
        terminal = home.open(*OSS).prompt().type("half\x18w").sees("config folder").prompt("half")
        assert "> /config" not in terminal.text

    def test_what_cannot_be_is_told_at_the_start_and_the_program_starts(self, home: Home) -> None:
        bind(home, {"f44": "stop", "enter": "stop", "f5": "/who"})
        terminal = home.open(*OSS).sees('"f44" is no key; "f4" is near.').sees('"enter" is kept').prompt()
        assert terminal.leave() == 0

    def test_help_lists_the_keys_as_they_are_bound_now(self, home: Home) -> None:
        bind(home, {"f5": "next-favourite"})
        terminal = home.open(*OSS, columns=120, rows=50).prompt().enter("/help keys").sees("runs it").prompt()
        assert "F2, F5" in terminal.words
        assert "walk-tree" in terminal.words

    def test_ctrl_r_and_ctrl_j_are_what_they_were(self, home: Home) -> None:
        home.groq.answer("One.", "Two.")
        terminal = home.open(*OSS).prompt().enter("first words").sees("One.").prompt()
        terminal.type("\x12first").sees("I-search backward: first").type("\r").line_with("first words").type("\r")
        terminal.sees("Two.").prompt()


class TestAsInVi:
    def test_the_bar_has_the_mode_and_esc_leaves_it_for_navigation(self, home: Home) -> None:
        home.groq.answer("Fine.")
        terminal = vi(home).type("one two").line_with("one two").type(ESC)
        terminal.sees("[N] groq:gpt-oss-120b").type("0dw").line_with("two")
        terminal.type("A three").sees("[I] groq").line_with("two three")
        terminal.type("\r").sees("Fine.").prompt()
        assert home.groq.chats[-1].body["messages"][-1]["content"] == "two three"

    def test_esc_and_a_letter_in_one_breath_are_two_keys(self, home: Home) -> None:
        terminal = vi(home).type("one two").line_with("one two")
        terminal.type(f"{ESC}0x").line_with("ne two")

    def test_a_line_that_is_sent_from_navigation_is_followed_by_one_that_is_typed_into(self, home: Home) -> None:
        home.groq.answer("One.", "Two.")
        terminal = vi(home).type(f"first{ESC}").sees("[N]").type("\r").sees("One.").sees("[I]").prompt()
        terminal.enter("second").sees("Two.").prompt()

    def test_esc_stops_an_answer_only_from_navigation(self, home: Home) -> None:
        home.groq.answer(Answer("Begun. " + "More. " * 400, pace=0.05))
        terminal = vi(home).enter("go").sees("Begun.").type("next")
        terminal.line_with("next").type(ESC).sees("[N]")
        assert "Interrupted" not in terminal.text
        terminal.type(ESC).sees("Interrupted.")
        terminal.line_with("next")

    def test_a_list_is_typed_into_as_anywhere(self, home: Home) -> None:
        terminal = vi(home).type(ESC).sees("[N]").type("i/model\r").sees("Enter chooses").type("haiku")
        terminal.sees("Model: haiku").type(ESC).prompt().sees("[I]")

    def test_ctrl_c_still_clears_the_line_and_leaves(self, home: Home) -> None:
        terminal = vi(home).type("some words").type(ESC).sees("[N]").type(CTRL_C)
        terminal.until(lambda: terminal.line == ">").type(CTRL_C).sees("Press Ctrl+C again").type(CTRL_C)
        assert terminal.exit_code() == 0


class TestOneKeyGoesRound:
    def test_the_favourites_and_each_switch_is_told(self, home: Home) -> None:
        with (home.folder / "settings.toml").open("a") as file:
            file.write('favourites = ["groq:gpt-oss-120b", "opus", "openai:gpt-6.1-sol", "nobody:knows"]\n')
        terminal = home.open(*OSS).prompt().type("half").prompt("half")
        terminal.type(F2).sees("groq:gpt-oss-120b → anthropic:claude-opus").prompt("half")
        terminal.type(F2).sees("→ openai:gpt-6.1-sol").prompt("half").type(F2).sees("→ groq:gpt-oss-120b").prompt(
            "half"
        )
        terminal.type(SHIFT_F2).sees("groq:gpt-oss-120b → openai:gpt-6.1-sol").prompt("half")
        assert not home.anthropic.requests
        assert "> /model" not in terminal.text

    def test_those_used_last_where_there_are_no_favourites(self, home: Home) -> None:
        home.groq.answer("One.")
        home.anthropic.answer("Two.")
        terminal = home.open(*OSS).prompt().type(F2).sees("There is no other model to go to.").prompt()
        terminal.enter("a").sees("One.").prompt().enter("@opus b").sees("Two.").prompt()
        terminal.type(F2).sees("groq:gpt-oss-120b → anthropic:claude-opus").prompt()
        kept = home.folder / "state" / "often_used.json"
        assert kept.stat().st_mode & 0o777 == 0o600

    def test_nothing_is_kept_where_nothing_is_to_be_saved(self, home: Home) -> None:
        home.groq.answer("One.")
        home.open(*OSS, "--no-save").prompt().enter("a").sees("One.").prompt().leave()
        assert not (home.folder / "state" / "often_used.json").exists()

    def test_a_spoiled_file_is_none(self, home: Home) -> None:
        (home.folder / "state").mkdir()
        (home.folder / "state" / "often_used.json").write_text('{"recent": 7')
        home.open(*OSS).prompt().type(F2).sees("There is no other model to go to.").prompt()

    def test_while_an_answer_comes_the_next_model_waits_for_its_end(self, home: Home) -> None:
        with (home.folder / "settings.toml").open("a") as file:
            file.write('favourites = ["groq:gpt-oss-120b", "opus"]\n')
        home.groq.answer(Answer("Begun. " + "More. " * 30 + "Done.", pace=0.02))
        home.anthropic.answer("From opus.")
        terminal = home.open(*OSS).prompt().enter("go").sees("Begun.").type(F2).sees("Done.")
        terminal.sees("groq:gpt-oss-120b → anthropic:claude-opus").prompt().enter("you").sees("From opus.").prompt()


class TestInTheList:
    def test_favourites_stand_first_and_then_those_used_last(self, home: Home) -> None:
        home.groq.answer("One.")
        with (home.folder / "settings.toml").open("a") as file:
            file.write('favourites = ["openai:gpt-6.1-sol"]\n')
        terminal = (
            home.open(*OSS, rows=40).prompt().enter("a").sees("One.").prompt().enter("/model").sees("Ctrl+F marks")
        )
        listed = terminal.text.partition("Model:")[2].split("\n")[1:3]
        assert listed[0].startswith(" * openai:gpt-6.1-sol")
        assert listed[1].startswith(">• groq:gpt-oss-120b")
        terminal.sees("used before")

    def test_a_key_marks_a_favourite_that_lasts_and_takes_it_back(self, home: Home) -> None:
        terminal = (
            home.open(*OSS, rows=40).prompt().enter("/model").sees("Enter chooses").type("haiku").sees("Model: haiku")
        )
        terminal.type("\x06").sees("is a favourite.").type(ESC).prompt().leave()
        terminal = home.open(*OSS, rows=40).prompt().enter("/model").sees("Enter chooses")
        assert "claude-haiku" in terminal.text.partition("Model:")[2].split("\n")[1]
        terminal.type("haiku").sees("Model: haiku").type("\x06").sees("is no favourite any more.")
