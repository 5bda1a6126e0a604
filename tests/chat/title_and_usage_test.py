"""What a conversation is called, where it belongs, what it took, and who spoke in it."""

import json
import re
import sqlite3
from pathlib import Path

import pytest

from tests.harness.home import Home
from tests.harness.terminal import CTRL_C, Terminal
from tests.wire import Answer, Status

OSS = ("-m", "groq:gpt-oss-120b")


def talk(home: Home, *lines: str, cwd: Path | None = None) -> str:
    """Have a conversation, leave, and give its id."""
    terminal = home.open(*OSS, cwd=cwd).prompt()
    for line in lines:
        terminal.ask(line)
    assert terminal.leave() == 0
    found = re.search(r"-r ([0-9a-f]{8})$", terminal.text, re.M)
    assert found
    return found[1]


def said(terminal: Terminal, line: str) -> list[str]:
    """What the program says to a line."""
    return terminal.ask(line).splitlines()[1:]


def sessions(home: Home, *args: str, cwd: Path | None = None) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = json.loads(home.run("sessions", "--json", *args, cwd=cwd).stdout)
    return listed


class TestTitle:
    def test_the_first_words_are_the_title_until_one_is_given(self, home: Home) -> None:
        home.groq.answer("A lake.", "Yes.")
        terminal = home.open(*OSS).prompt()
        assert said(terminal, "/title") == ["Nothing has been said yet, so there is no title."]
        terminal.ask("What is Baikal?")
        assert said(terminal, "/title") == ["Title: What is Baikal?"]
        assert said(terminal, "/rename The oldest   lake") == ["Title: The oldest lake"]
        assert terminal.leave() == 0
        (entry,) = sessions(home)
        assert (entry["title"], entry["named"], entry["turns"]) == ("The oldest lake", True, 1)
        terminal = home.open("-c").prompt()
        assert said(terminal, "/title") == ["Title: The oldest lake"]
        assert said(terminal, "/title -") == ["Title: What is Baikal?"]

    def test_a_turn_is_a_question_that_was_answered_and_no_seam_is_one(self, home: Home) -> None:
        home.groq.answer(Status(400, message="No."), Answer("One two", stop="length"), " three.", "Yes.", "Sure.")
        terminal = home.open(*OSS).prompt().enter("Bad").sees("says: No.").prompt("Bad").type(CTRL_C).prompt()
        terminal.ask("Count")
        terminal.type("/continue\r").sees("three.").prompt()
        terminal.ask("More?")
        terminal.ask("/retry")
        assert terminal.leave() == 0
        assert [one["turns"] for one in sessions(home)] == [2]

    def test_no_model_is_asked_for_a_title_unless_someone_says_so(self, home: Home) -> None:
        home.groq.answer("A lake.")
        talk(home, "What is Baikal?")
        assert len(home.groq.chats) == 1
        assert not home.openai.chats
        assert not home.anthropic.chats

    def test_the_model_of_the_settings_gives_a_title_and_its_cost_is_said_and_counted(self, home: Home) -> None:
        settings = home.folder / "settings.toml"
        settings.write_text(settings.read_text() + '\n[sessions]\ntitle_model = "groq:gpt-oss-20b"\n')
        home.groq.answer("A lake.", '"The Oldest Lake."\n\nIt fits.')
        terminal = home.open(*OSS).prompt()
        terminal.ask("What is Baikal?")
        told = said(terminal, "/title --auto")
        assert re.fullmatch(r"By groq:gpt-oss-20b, (<?\$[\d.]+)\.", told[0]), told
        assert told[1] == "Title: The Oldest Lake"
        asked = home.groq.chats[1].body
        assert "tools" not in asked
        assert "What is Baikal?" in json.dumps(asked["messages"])
        assert "A lake." in json.dumps(asked["messages"])
        assert "groq:gpt-oss-20b" in terminal.ask("/usage")
        terminal.ask("And now?")
        assert [one["content"] for one in home.groq.chats[2].body["messages"]] == [
            "What is Baikal?",
            "A lake.",
            "And now?",
        ]

    def test_the_cheapest_model_whose_key_is_set_is_asked(self, home: Home) -> None:
        home.groq.answer("A lake.")
        terminal = home.open(*OSS).prompt()
        terminal.ask("What is Baikal?")
        terminal.ask("/title --auto")
        asked = [request.body["model"] for server in home.servers.values() for request in server.chats]
        assert len(asked) == 2
        assert re.search(r"^By \S+, ", terminal.text, re.M)

    def test_a_title_that_does_not_come_leaves_the_one_before(self, home: Home) -> None:
        settings = home.folder / "settings.toml"
        settings.write_text(settings.read_text() + '\n[sessions]\ntitle_model = "groq:gpt-oss-20b"\n')
        home.groq.answer("A lake.", "  \n")
        terminal = home.open(*OSS).prompt()
        terminal.ask("What is Baikal?")
        terminal.ask("/name Mine")
        terminal.enter("/rename --auto").sees("sent no title").prompt()
        assert said(terminal, "/title") == ["Title: Mine"]

    def test_what_a_terminal_would_obey_is_harmless_in_a_title(self, home: Home) -> None:
        home.groq.answer("A lake.")
        terminal = home.open(*OSS).prompt()
        terminal.ask("What is Baikal?")
        assert terminal.leave() == 0
        connection = sqlite3.connect(home.folder / "data" / "conversations.db")
        with connection:
            connection.execute("UPDATE conversation SET title = ?", ("\x1b]0;owned\x07\u202ered\x1b[31m",))
        connection.close()
        listed = home.run("sessions").stdout
        assert "\x1b" not in listed
        assert "\x07" not in listed
        assert "\u202e" not in listed


class TestFolders:
    def test_c_goes_on_with_the_last_conversation_of_this_folder(self, home: Home, tmp_path: Path) -> None:
        one, other = tmp_path / "one", tmp_path / "other"
        one.mkdir()
        other.mkdir()
        talk(home, "In the first", cwd=one)
        talk(home, "In the other", cwd=other)
        assert home.open("-c", cwd=one).prompt().leave() == 0
        terminal = home.open("-c", cwd=one).prompt().sees("> In the first")
        assert "In the other" not in terminal.text
        assert [entry["title"] for entry in sessions(home, "--here", cwd=other)] == ["In the other"]

    def test_a_conversation_that_new_began_belongs_to_this_folder_too(self, home: Home) -> None:
        talk(home, "The first", "/new", "The second")
        assert [entry["title"] for entry in sessions(home, "--here")] == ["The second", "The first"]
        home.open("-c").prompt().sees("> The second")

    def test_without_one_in_this_folder_a_new_one_begins_and_it_says_where_the_others_are(
        self, home: Home, tmp_path: Path
    ) -> None:
        talk(home, "Elsewhere")
        here = tmp_path / "here"
        here.mkdir()
        terminal = home.open("-c", *OSS, cwd=here).prompt()
        terminal.sees(
            "There is no earlier conversation in this folder; this is a new one. -r lists those of all folders."
        )

    def test_a_conversation_that_goes_on_in_another_folder_says_so_and_belongs_there(
        self, home: Home, tmp_path: Path
    ) -> None:
        here = tmp_path / "here"
        here.mkdir()
        id = talk(home, "Question one")
        terminal = home.open("-r", id, cwd=here, columns=200).prompt()
        terminal.sees("This conversation was in ~; tools work in ~/here now.")
        terminal.ask("Question two")
        assert terminal.leave() == 0
        home.open("-c", cwd=here).prompt().sees("> Question two")

    def test_c_takes_no_single_question_and_c_with_p_does(self, home: Home) -> None:
        home.groq.answer("In the chat.")
        talk(home, "A chat")
        home.run(*OSS, "-p", "A single question")
        home.open("-c").prompt().sees("> A chat")
        home.run("-c", "-p", "More of it")
        asked = [message["content"] for message in home.groq.chats[-1].body["messages"] if message["role"] == "user"]
        assert asked == ["A single question", "More of it"]
        assert [entry["title"] for entry in sessions(home)] == ["A chat"]
        assert {str(entry["kind"]) for entry in sessions(home, "--all")} == {"chat", "one-shot"}

    def test_where_there_are_only_single_questions_c_says_how_to_go_on_with_the_last(self, home: Home) -> None:
        home.run(*OSS, "-p", "A single question")
        terminal = home.open("-c", *OSS, columns=200).prompt()
        terminal.sees(
            f"only single questions; this is a new one. -r {home.ids()[0][:8]} goes on with the last of them."
        )

    def test_a_single_question_that_becomes_a_chat_is_listed(self, home: Home) -> None:
        home.run(*OSS, "-p", "A single question")
        (entry,) = sessions(home, "--all")
        terminal = home.open("-r", str(entry["id"])[:8]).prompt()
        terminal.ask("And more")
        assert terminal.leave() == 0
        assert [entry["kind"] for entry in sessions(home)] == ["chat"]


class TestUsage:
    @pytest.fixture
    def chat(self, home: Home) -> Terminal:
        home.groq.answer(Answer("One."), Answer("Two."))
        terminal = home.open(*OSS, columns=120).prompt()
        terminal.ask("First")
        terminal.ask("@anthropic:sonnet Second")
        return terminal

    def test_who_answered_and_what_each_took(self, chat: Terminal) -> None:
        rows = [row.split() for row in said(chat, "/who")]
        assert rows[0] == ["model", "answers", "calls", "input", "cached", "output", "cost"]
        assert [row[:3] for row in rows[1:]] == [
            ["groq:gpt-oss-120b", "1", "0"],
            ["anthropic:claude-sonnet-5.5", "1", "0"],
        ]

    def test_bars_show_the_shares_and_the_dearest_stands_first(self, chat: Terminal) -> None:
        rows = said(chat, "/usage")
        assert rows[1].startswith("anthropic:claude-sonnet-5.5")
        assert rows[1].endswith("█" * 20)
        assert rows[2].startswith("groq:gpt-oss-120b")
        assert not rows[2].endswith("█" * 20)

    def test_all_conversations_count_by_day_month_and_conversation(self, chat: Terminal, home: Home) -> None:
        assert chat.leave() == 0
        terminal = home.open(*OSS, columns=120).prompt()
        terminal.ask("Another conversation")
        for by, first in (("day", r"\d{4}-\d\d-\d\d"), ("month", r"\d{4}-\d\d")):
            rows = said(terminal, f"/usage {by} --all")
            assert re.match(rf"{first} +3 ", rows[1]), rows
        rows = said(terminal, "/usage session")
        assert sorted(row[:20].strip() for row in rows[1:3]) == ["Another conversation", "First"]
        assert rows[3].split()[:2] == ["all", "3"]

    def test_scripts_get_the_same_as_json(self, chat: Terminal, home: Home) -> None:
        assert chat.leave() == 0
        sums = json.loads(home.run("usage", "--json").stdout)
        assert {one["name"]: one["requests"] for one in sums} == {
            "groq:gpt-oss-120b": 1,
            "anthropic:claude-sonnet-5.5": 1,
        }
        assert all(one["cost"] > 0 and one["uncosted"] == 0 for one in sums)
        printed = home.run("usage", "--by", "month").stdout.splitlines()
        assert printed[0].split()[:2] == ["month", "requests"]
        assert printed[-1].split()[:2] == ["all", "2"]

    def test_a_copy_of_a_conversation_has_not_paid_for_its_past_again(self, home: Home) -> None:
        first = home.open(*OSS).prompt()
        first.ask("One?")
        copy = home.open("-c").prompt().sees("it goes on here as a copy.")
        copy.ask("Two?")
        assert (copy.leave(), first.leave()) == (0, 0)
        assert [one["requests"] for one in json.loads(home.run("usage", "--json").stdout)] == [2]

    def test_a_word_that_is_none_is_named(self, chat: Terminal) -> None:
        chat.enter("/usage week").sees('"week" is not understood. It is one of model, day, month, session, and --all.')
