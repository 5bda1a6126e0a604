"""The picker of conversations at the real program: what it shows, each key, and other programs at the same file."""

import json
import re
from pathlib import Path

import pytest

from tests.harness.home import Home
from tests.harness.saved_chats import chat, put
from tests.harness.terminal import CTRL_C, CTRL_D, CTRL_R, ESC, Terminal

OSS = ("-m", "groq:gpt-oss-120b")
DOWN, UP, END, HOME, PAGE_DOWN = "\x1b[B", "\x1b[A", "\x1b[F", "\x1b[H", "\x1b[6~"
LAKES = ("What is the deepest lake?", "Lake Baikal, in Siberia.")
BREAD = ("How long does bread rise?", "An hour, where it is warm.")


def titles(terminal: Terminal) -> list[str]:
    """The conversations in the list, as far as their titles are shown."""
    found = [re.match(r"[> ][•◦ ] (\S.*?)(?:  |$)", row) for row in listed(terminal)]
    return [one[1] for one in found if one]


def listed(terminal: Terminal) -> list[str]:
    """The rows of the list."""
    rows = terminal.rows
    first = max((at for at, row in enumerate(rows) if row.startswith("Conversation:")), default=len(rows)) + 1
    return [row for row in rows[first:] if re.search(r"(?<!begun )(just now|min ago)", row)]


def pointed(terminal: Terminal) -> str:
    return next((row[3:] for row in listed(terminal) if row.startswith(">")), "")


def opened(home: Home, *args: str, columns: int = 80, rows: int = 24, cwd: Path | None = None) -> Terminal:
    """The program, with the list open."""
    terminal = home.open(*OSS, *args, columns=columns, rows=rows, cwd=cwd)
    if not args:
        terminal.prompt().enter("/sessions")
    return terminal.sees("Esc leaves")


def sessions(home: Home, *args: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(home.run("sessions", "--json", *args).stdout)
    return found


class TestList:
    def test_it_says_what_each_conversation_is_and_what_was_said_in_it(self, home: Home) -> None:
        home.groq.answer("Lake Baikal, in Siberia.")
        first = home.open(*OSS).prompt()
        first.ask("What is the deepest lake?")
        assert first.leave() == 0
        terminal = opened(home, columns=200)
        terminal.until(
            lambda: re.search(r"gpt-oss-120b +1 turn +<?\$0\.", pointed(terminal)) is not None, "the columns"
        )
        assert re.match(r"What is the deepest lake\? +just now", pointed(terminal))
        terminal.sees("│ > What is the deepest lake?")
        terminal.sees("│ Lake Baikal, in Siberia.")

    def test_on_a_screen_that_is_not_wide_the_words_stand_below(self, home: Home) -> None:
        put(home, [chat(*LAKES)])
        terminal = opened(home)
        terminal.sees("> What is the deepest lake? Lake Baikal, in Siberia.")
        assert "│" not in terminal.text

    @pytest.mark.parametrize("columns", [40, 80, 200])
    def test_columns_give_way_from_the_right_and_no_row_is_too_long(self, home: Home, columns: int) -> None:
        put(home, [chat(f"{at} {'words that go on and on ' * 9}", "日本語の長い答え" * 40) for at in range(20)])
        terminal = opened(home, columns=columns)
        terminal.sees("日本語")
        assert len(listed(terminal)) == 12
        first = next(at for at, row in enumerate(terminal.rows) if row.startswith("Conversation:"))
        assert all(len(row) < columns for row in terminal.rows[first:])
        assert all("just now" in row for row in listed(terminal))

    def test_the_smallest_screen_has_room_for_the_row_at_the_pointer(self, home: Home) -> None:
        put(home, [chat(f"L{at}", "Water.") for at in range(3)])
        terminal = opened(home)
        terminal.resize(10, 3)
        terminal.until(lambda: any(row.startswith(">  L2") for row in terminal.rows[-3:]), "the first")
        terminal.type(DOWN).until(lambda: any(row.startswith(">  L1") for row in terminal.rows[-3:]), "the second")

    def test_there_may_be_no_conversation_and_one(self, home: Home) -> None:
        terminal = opened(home).sees("There are no conversations yet.")
        terminal.type(f"\r{CTRL_D}{CTRL_R}{ESC}").prompt()
        assert terminal.leave() == 0
        put(home, [chat(*LAKES)])
        terminal = opened(home)
        terminal.type(f"{DOWN}{UP}{END}").until(lambda: titles(terminal) == ["What is the deepest lake?"], "the one")
        terminal.sees("1 of 1")

    def test_thousands_are_there_at_once_and_a_page_is_a_key(self, home: Home) -> None:
        put(home, [chat(f"Question number {at}", "Yes.") for at in range(3000)])
        terminal = opened(home)
        terminal.sees("1 of 3000")
        assert titles(terminal)[:2] == ["Question number 2999", "Question number 2998"]
        terminal.type(PAGE_DOWN).sees("13 of 3000").type(END).sees("3000 of 3000")
        terminal.until(lambda: pointed(terminal).startswith("Question number 0 "), "the last")
        terminal.type("number 1234").until(lambda: titles(terminal) == ["Question number 1234"], "the one")

    def test_hostile_words_touch_neither_the_screen_nor_the_keys(self, home: Home) -> None:
        put(home, [chat("Evil\x1b[2J\x07\x9b31m \u202e words", "answer\x1b]0;owned\x07", title="T\x1b[2J\nitle")])
        terminal = opened(home, columns=200).sees("T␛[2J")
        terminal.sees("Evil␛[2J").sees("answer␛]0;owned")
        assert b"\x1b]0;owned" not in terminal.raw
        assert b"Evil\x1b" not in terminal.raw
        terminal.type(CTRL_D).sees('Delete "T␛[2J').type(ESC).sees("Esc leaves")

    def test_a_resize_keeps_what_was_typed_and_where_the_pointer_is(self, home: Home) -> None:
        put(home, [chat(f"Lake {at}", "Water.") for at in range(9)])
        terminal = opened(home).type(f"lake{DOWN}{DOWN}")
        terminal.until(lambda: pointed(terminal).startswith("Lake 6"), "the third")
        for columns, rows in ((40, 12), (200, 30), (80, 24)):
            terminal.resize(columns, rows)
            terminal.until(lambda: pointed(terminal).startswith("Lake 6"), "the third")
        terminal.until(lambda: sum(row.startswith("Conversation: lake") for row in terminal.rows) == 1, "one list")


class TestFiltering:
    def test_words_in_titles_and_words_that_were_said_are_found(self, home: Home) -> None:
        put(home, [chat(*LAKES), chat(*BREAD), chat("Where is Lake Como?", "In Italy.", title="Travels")])
        terminal = opened(home)
        terminal.type("bread").until(lambda: titles(terminal) == [BREAD[0]], "by its title")
        terminal.type("\x15siberia").until(lambda: titles(terminal) == [LAKES[0]], "by what a model said")
        terminal.type("\x15lake").until(lambda: titles(terminal) == [LAKES[0], "Travels"], "titles first")
        terminal.type("\x15zeppelin").sees("No conversation has these words.")
        terminal.type("\r\x15").until(lambda: len(titles(terminal)) == 3, "all")

    def test_the_command_takes_words_and_a_paste_goes_into_the_filter(self, home: Home) -> None:
        put(home, [chat(*LAKES), chat(*BREAD)])
        terminal = home.open(*OSS).prompt().enter("/sessions bread")
        terminal.until(lambda: titles(terminal) == [BREAD[0]], "the one")
        terminal.type("\x15").paste("deepest\nlake").until(lambda: titles(terminal) == [LAKES[0]], "the other")

    def test_here_and_all(self, home: Home) -> None:
        elsewhere = chat(*BREAD, folder="/elsewhere")
        put(home, [chat(*LAKES, folder=str(home.folder.resolve())), elsewhere, chat("One?", "1.", one_shot=True)])
        terminal = opened(home)
        terminal.until(lambda: titles(terminal) == [BREAD[0], LAKES[0]], "the chats")
        terminal.type(ESC).prompt().enter("/sessions --here").until(lambda: titles(terminal) == [LAKES[0]], "here")
        terminal.type(ESC).prompt().enter("/sessions --all").until(lambda: len(titles(terminal)) == 3, "all")


class TestKeys:
    def test_enter_opens_and_what_is_said_next_is_said_there(self, home: Home) -> None:
        id, _ = put(home, [chat(*LAKES), chat(*BREAD)])
        home.groq.answer("1,642 metres.")
        terminal = opened(home).type(DOWN)
        terminal.until(lambda: pointed(terminal).startswith("What is"), "the second").type("\r").prompt()
        terminal.sees("> What is the deepest lake? Lake Baikal, in Siberia.")
        terminal.ask("How deep?")
        assert len(home.groq.chats[0].body["messages"]) == 3
        assert terminal.leave() == 0
        assert f"-r {id[:8]}" in terminal.text

    @pytest.mark.parametrize("key", [ESC, CTRL_C])
    def test_escape_and_ctrl_c_leave_everything_as_it_was(self, home: Home, key: str) -> None:
        put(home, [chat(*LAKES), chat(*BREAD)])
        home.groq.answer("Hello.")
        terminal = home.open(*OSS).prompt()
        terminal.ask("Hi")
        terminal.enter("/sessions").sees("Esc leaves").type(f"lake{key}").prompt()
        home.groq.answer("Again.")
        terminal.ask("And?")
        assert len(home.groq.chats[1].body["messages"]) == 3
        assert "Conversation:" not in terminal.text

    def test_the_conversation_that_is_open_is_marked_and_choosing_it_changes_nothing(self, home: Home) -> None:
        put(home, [chat(*LAKES)])
        home.groq.answer("Hello.")
        terminal = home.open(*OSS).prompt()
        terminal.ask("Hi")
        terminal.enter("/sessions").until(lambda: any(row.startswith(">• Hi") for row in terminal.rows), "the mark")
        terminal.type(CTRL_D).sees("This one is open here. /new begins another").type("\r").prompt()
        assert len(sessions(home)) == 2

    def test_deleting_asks_and_no_and_escape_delete_nothing(self, home: Home) -> None:
        put(home, [chat(*LAKES), chat(*BREAD)])
        terminal = opened(home)
        for answer in ("\r", "n\r", ESC, CTRL_C):
            terminal.type(CTRL_D).sees('Delete "How long does bread rise?" for good? y/N').type(answer)
            terminal.sees("Esc leaves").until(lambda: len(titles(terminal)) == 2, "both")
        terminal.type(ESC).prompt()
        assert len(sessions(home)) == 2

    def test_yes_deletes_for_good(self, home: Home) -> None:
        put(home, [chat(*LAKES), chat(*BREAD)])
        terminal = opened(home).type(CTRL_D).sees("y/N").type("y\r").sees("Deleted.")
        terminal.until(lambda: titles(terminal) == [LAKES[0]], "the other")
        terminal.type("rise").sees("No conversation has these words.").type(ESC).prompt()
        assert [one["title"] for one in sessions(home)] == [LAKES[0]]
        assert terminal.leave() == 0
        assert b"how long does bread" not in (home.folder / "data" / "conversations.db").read_bytes().lower()

    def test_renaming_happens_in_place_and_changes_nothing_else(self, home: Home) -> None:
        put(home, [chat(*LAKES), chat(*BREAD)])
        terminal = opened(home).type(DOWN)
        terminal.until(lambda: pointed(terminal).startswith("What is"), "the second")
        terminal.type(CTRL_R).sees("Title:").type("Not this").sees("Title: Not this").type(ESC).sees("Esc leaves")
        terminal.type(CTRL_R).sees("Title:").type("Lakes of the world\r")
        terminal.until(lambda: titles(terminal) == [BREAD[0], "Lakes of the world"], "the title")
        terminal.type(ESC).prompt()
        assert terminal.leave() == 0
        assert [(one["title"], one["named"]) for one in sessions(home)] == [
            (BREAD[0], False),
            ("Lakes of the world", True),
        ]
        terminal = opened(home).type(f"{DOWN}{CTRL_R}").sees("Title: Lakes of the world").type("\x15\r")
        terminal.until(lambda: titles(terminal) == [BREAD[0], LAKES[0]], "its first words again")


class TestAtTheStart:
    def test_r_alone_shows_the_list_before_the_first_prompt(self, home: Home) -> None:
        put(home, [chat(*LAKES), chat(*BREAD)])
        home.groq.answer("1,642 metres.")
        terminal = opened(home, "-r")
        terminal.type("lake").until(lambda: titles(terminal) == [LAKES[0]], "the one")
        terminal.type("\r").prompt().sees("Lake Baikal, in Siberia.")
        terminal.ask("How deep?")
        (asked,) = home.groq.chats
        assert asked.body["model"] == "openai/gpt-oss-120b"
        assert len(asked.body["messages"]) == 3

    def test_escape_there_begins_a_new_conversation(self, home: Home) -> None:
        put(home, [chat(*LAKES)])
        home.groq.answer("Hello.")
        terminal = opened(home, "-r").type(ESC).prompt()
        terminal.ask("Hi")
        assert len(home.groq.chats[0].body["messages"]) == 1
        assert len(sessions(home)) == 2

    def test_with_here_it_shows_those_of_this_folder(self, home: Home) -> None:
        put(home, [chat(*LAKES, folder=str(home.folder.resolve())), chat(*BREAD, folder="/elsewhere")])
        terminal = opened(home, "-r", "--here")
        terminal.until(lambda: titles(terminal) == [LAKES[0]], "those here")


class TestTwoPrograms:
    def test_one_that_was_deleted_meanwhile_cannot_be_opened_and_the_chat_goes_on(self, home: Home) -> None:
        put(home, [chat(*LAKES), chat(*BREAD)])
        first, second = opened(home), opened(home)
        second.type(CTRL_D).sees("y/N").type("y\r").sees("Deleted.")
        first.type("\r").sees("There is no conversation").prompt()
        home.groq.answer("Hello.")
        first.ask("Hi")
        assert len(home.groq.chats[0].body["messages"]) == 1

    def test_one_that_is_open_in_another_window_is_marked_and_stays(self, home: Home) -> None:
        id, _ = put(home, [chat(*LAKES), chat(*BREAD)])
        home.open("-r", id[:8]).prompt()
        terminal = opened(home, columns=100)
        terminal.until(lambda: any(row.startswith(" ◦ What is") for row in terminal.rows), "the mark")
        terminal.type(DOWN).sees("open in another window")
        terminal.type(CTRL_R).sees("Title:").type("Mine\r").sees("/title there gives it another title.")
        terminal.type(CTRL_D).sees("y/N").type("y\r").sees("open in another window, and stays")
        assert {one["title"] for one in sessions(home)} == {LAKES[0], BREAD[0]}


class TestWithoutAList:
    def test_a_terminal_without_escape_sequences_prints_a_table_and_says_how_to_open(self, home: Home) -> None:
        id, _ = put(home, [chat(*LAKES), chat("Evil\x1b[2J", "Yes.")])
        home.groq.answer("1,642 metres.")
        terminal = home.open(*OSS, env={"TERM": "dumb"}).prompt()
        said = terminal.ask("/sessions")
        assert id[:8] in said
        assert "What is the deepest lake?" in said
        assert "/sessions ID opens one" in said
        assert "\x1b" not in terminal.raw.decode()
        assert "Lake Baikal" in terminal.ask(f"/sessions {id[:5]}")
        terminal.ask("How deep?")
        assert len(home.groq.chats[0].body["messages"]) == 3

    def test_an_id_opens_at_once_where_there_is_a_list_too(self, home: Home) -> None:
        id, _ = put(home, [chat(*LAKES), chat(*BREAD)])
        terminal = home.open(*OSS).prompt()
        assert "Lake Baikal" in terminal.ask(f"/resume {id[:8]}")

    def test_where_nothing_is_saved_there_is_nothing_to_open(self, home: Home) -> None:
        terminal = home.open(*OSS, "--no-save").prompt()
        assert "Nothing is saved in this chat" in terminal.ask("/sessions")
