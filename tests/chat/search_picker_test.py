"""What was said, found from the chat at the real program: the list of results, and the conversation opened there."""

import re

import pytest

from modules.llm.message import user
from tests.harness.home import Home
from tests.harness.saved_chats import MODEL, answered, chat, put
from tests.harness.terminal import CTRL_C, ESC, Terminal

OSS = ("-m", "groq:gpt-oss-120b")
DOWN = "\x1b[B"
LAKES = ("What is the deepest lake?", "Lake Baikal, in Siberia.", "And the largest?", "The Caspian Sea.")
BREAD = ("How long does bread rise?", "An hour, where it is warm.")


def results(terminal: Terminal) -> list[str]:
    """The first line of each result."""
    return [row[3:] for row in terminal.rows if re.match(r"[> ]  (you|title|a tool|[\w-]+:[\w./-]+) · ", row)]


def opened(home: Home, words: str = "", columns: int = 80) -> Terminal:
    terminal = home.open(*OSS, columns=columns).prompt()
    return terminal.enter(f"/search {words}".strip()).sees("Esc leaves")


class TestList:
    def test_it_says_who_when_and_where_and_marks_the_words(self, home: Home) -> None:
        put(home, [chat(*LAKES, title="Lakes of the world"), chat(*BREAD)])
        terminal = opened(home, "siberia").sees("groq:qwen/qwen3.8-27b · just now · Lakes of the world")
        terminal.sees("Lake Baikal, in Siberia.")
        terminal.until(lambda: re.search(rb"\x1b\[0;1;4mSiberia", terminal.raw) is not None, "the mark")

    def test_typing_changes_what_is_looked_for(self, home: Home) -> None:
        put(home, [chat(*LAKES), chat(*BREAD)])
        terminal = opened(home).sees("Type words.").type("bread")
        terminal.until(lambda: len(results(terminal)) == 1 and "bread" in results(terminal)[0], "bread")
        terminal.type("\x15caspian").sees("The Caspian Sea.")
        terminal.type("\x15zeppelin").sees("Nothing was found.").type("\r")
        terminal.type("\x15role:nobody").sees("role:user").type(f"\x15{ESC}").prompt()

    @pytest.mark.parametrize("columns", [40, 80, 200])
    def test_no_row_is_too_long_and_the_word_is_seen(self, home: Home, columns: int) -> None:
        put(home, [chat("日本語" * 30 + " zeppelin " + "words " * 50, "Yes.", title="A long title " * 12)])
        terminal = opened(home, "zeppelin", columns).sees("you · just now")
        first = next(at for at, row in enumerate(terminal.rows) if row.startswith("Search:"))
        assert all(len(row) < columns for row in terminal.rows[first:])
        assert "zeppelin" in " ".join(terminal.rows[first + 1 :])

    def test_hostile_words_touch_nothing(self, home: Home) -> None:
        put(home, [chat("Evil\x1b[2J zeppelin\x07", "\x9b5m", title="T\x1b]0;owned\x07")])
        terminal = opened(home, "zeppelin").sees("Evil␛[2J zeppelin␇").sees("T␛]0;owned␇")
        assert b"Evil\x1b" not in terminal.raw
        assert b"\x1b]0;owned" not in terminal.raw

    @pytest.mark.parametrize("key", [ESC, CTRL_C])
    def test_escape_and_ctrl_c_leave_everything_as_it_was(self, home: Home, key: str) -> None:
        put(home, [chat(*LAKES)])
        home.groq.answer("Hello.")
        terminal = opened(home, "lake").sees("deepest lake").type(key).prompt()
        terminal.ask("Hi")
        assert len(home.groq.chats[0].body["messages"]) == 1


class TestOpening:
    def test_enter_shows_the_message_with_its_turn_and_says_how_much_follows(self, home: Home) -> None:
        turns = [text for turn in range(9) for text in (f"Question {turn}", f"Answer {turn}")]
        put(home, [chat(*LAKES, *turns), chat(*BREAD)])
        home.groq.answer("Yes.")
        terminal = opened(home, "siberia").sees("in Siberia.").type("\r").prompt()
        terminal.sees("> What is the deepest lake? Lake Baikal, in Siberia. 10 more questions below")
        terminal.sees("You stand at that end. To go on from here instead, choose this message in /tree.")
        terminal.ask("Is it?")
        assert home.groq.chats[0].body["messages"][-2]["content"] == "Answer 8"

    def test_on_another_branch_one_stands_at_its_end_and_is_told(self, home: Home) -> None:
        conversation = chat(*LAKES)
        conversation.go_to(2)
        conversation.extend([user("Who measured it?"), answered("An expedition.", MODEL)])
        put(home, [conversation])
        home.groq.answer("Yes.")
        terminal = opened(home, "caspian").sees("The Caspian Sea.").type("\r").prompt()
        terminal.sees("> And the largest? The Caspian Sea.")
        terminal.sees("which is not the one that was spoken last. /tree goes there.")
        terminal.ask("Is it?")
        assert home.groq.chats[0].body["messages"][-2]["content"] == "The Caspian Sea."

    def test_one_in_the_conversation_that_is_open_is_shown(self, home: Home) -> None:
        home.groq.answer("In Siberia.", "An hour.")
        terminal = home.open(*OSS).prompt()
        terminal.ask("Where is Baikal?")
        terminal.ask("How long does bread rise?")
        terminal.enter("/search siberia").sees("Esc leaves").until(lambda: len(results(terminal)) == 1, "the one")
        terminal.type("\r").prompt().sees("1 more question below, up to the end of this branch.")


class TestWithoutAList:
    def test_it_prints_what_was_found_and_how_to_open_it(self, home: Home) -> None:
        id, _ = put(home, [chat(*LAKES), chat(*BREAD)])
        terminal = home.open(*OSS, env={"TERM": "dumb"}).prompt()
        said = terminal.ask("/search siberia")
        assert f"{id[:8]} · groq:qwen/qwen3.8-27b · just now · What is the deepest lake?" in said
        assert "   Lake Baikal, in Siberia." in said
        assert "/sessions ID opens one." in said
        assert "There are no words to look for." in terminal.ask("/search")
