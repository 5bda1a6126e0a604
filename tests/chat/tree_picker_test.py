"""The tree of a conversation at the real program: how it is drawn, walked with the arrow keys, narrowed, and left."""

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from modules.chat.dialogs.tree_rows import TreeRows, place_of
from modules.llm.message import user
from modules.session.conversation import Conversation
from tests.harness.home import Home
from tests.harness.saved_chats import MODEL, OTHER, answered, chat, put
from tests.harness.terminal import ESC, Terminal

OSS = ("-m", "groq:gpt-oss-120b")
UP, DOWN, LEFT, RIGHT, HOME, END = "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[C", "\x1b[H", "\x1b[F"


def lakes() -> Conversation:
    """Two answers to the second question, and another second question, where the conversation stands."""
    conversation = chat("What is the deepest lake?", "Lake Baikal.", "And the largest?", "The Caspian Sea.")
    conversation.go_to(3)
    conversation.extend([answered("Lake Superior.", MODEL), user("How cold is it?"), answered("Four degrees.")])
    conversation.go_to(2)
    conversation.extend([user("Who measured it?"), answered("An expedition.")])
    conversation.branch_names["measured"] = conversation.head
    return conversation


def tree(terminal: Terminal) -> list[str]:
    """The rows of the tree, without what stands right of the words."""
    rows = terminal.rows
    first = max(at for at, row in enumerate(rows) if row.startswith("Tree:")) + 1
    found = [re.sub(r" +(… )?[\d,]+ turns?$", "", row.partition(" │ groq")[0]) for row in rows[first:]]
    return [row for row in found if re.match(r"[> ][•· ] (│ |├ |┊ )*(\[|you (?!·)|qwen|claude)", row)]


def pointed(terminal: Terminal) -> str:
    return next((row[3:].lstrip("│├ ") for row in tree(terminal) if row.startswith(">")), "")


def opened(home: Home, conversation: Conversation, words: str = "", columns: int = 80) -> Terminal:
    (id,) = put(home, [conversation])
    terminal = home.open(*OSS, "-r", id, columns=columns).prompt()
    return terminal.enter(f"/tree {words}".strip()).sees("Esc leaves")


def at(terminal: Terminal, words: str) -> Terminal:
    return terminal.until(lambda: pointed(terminal).endswith(words), f"the pointer at {words!r}")


class TestDrawing:
    def test_only_forks_step_in_and_where_one_stands_and_the_way_there_are_marked(self, home: Home) -> None:
        terminal = opened(home, lakes())
        assert tree(terminal) == [
            " · you What is the deepest lake?",
            " · qwen/qwen3.8-27b Lake Baikal.",
            "   ├ you And the largest?",
            "   │ ├ qwen/qwen3.8-27b The Caspian Sea.",
            "   │ claude-sonnet-5-5 Lake Superior.",
            "   │ you How cold is it?",
            "   │ qwen/qwen3.8-27b Four degrees.",
            " · you Who measured it?",
            ">• [measured] qwen/qwen3.8-27b An expedition.",
        ]
        assert any(re.search(r"deepest lake\? +3 turns$", row) for row in terminal.rows)

    def test_what_calls_came_to_is_a_part_of_the_answer(self) -> None:
        conversation = chat("One?", "1.")
        assert [row.id for row in TreeRows(conversation).rows()] == [1, 2]

    def test_a_narrow_and_a_low_screen_have_room_for_it(self, home: Home) -> None:
        terminal = opened(home, lakes(), columns=40)
        terminal.resize(40, 8)
        terminal.until(lambda: len(tree(terminal)) == 4, "four rows")
        terminal.type(HOME).until(lambda: pointed(terminal).startswith("you What is"), "the first")
        assert all(len(row) < 40 for row in terminal.rows[-8:] if "Parlance" not in row)

    def test_hostile_words_and_names_touch_nothing(self, home: Home) -> None:
        conversation = chat("Evil\x1b[2J", "Answer\x07\x9b5m")
        conversation.branch_names["n\x1b[Jame"] = 2
        terminal = opened(home, conversation).sees("Evil␛[2J").sees("[n␛[Jame]")
        assert b"Evil\x1b" not in terminal.raw

    def test_nothing_said_is_said_so(self, home: Home) -> None:
        assert "Nothing has been said yet." in home.open(*OSS).prompt().ask("/tree")


class TestWalking:
    def test_the_arrow_keys_move_fold_and_step_between_branches(self, home: Home) -> None:
        terminal = opened(home, lakes())
        at(terminal.type(UP), "Who measured it?")
        at(terminal.type(RIGHT), "And the largest?")
        at(terminal.type(RIGHT), "Who measured it?")
        at(terminal.type(f"{UP}{UP}{UP}"), "Lake Superior.")
        at(terminal.type(RIGHT), "The Caspian Sea.")
        at(terminal.type(LEFT), "And the largest?")
        terminal.type(LEFT).until(lambda: len(tree(terminal)) == 5, "the branch folded")
        at(terminal, "And the largest?")
        at(terminal.type(LEFT), "What is the deepest lake?")
        at(terminal.type(f"{DOWN}{DOWN}{RIGHT}"), "And the largest?")
        terminal.until(lambda: len(tree(terminal)) == 9, "all again")

    def test_enter_at_an_answer_stands_there_and_what_follows_stays(self, home: Home) -> None:
        home.groq.answer("Salt water, though.")
        terminal = opened(home, lakes())
        at(terminal.type(f"{HOME}{DOWN}{DOWN}{DOWN}{DOWN}"), "Lake Superior.").type("\r").prompt()
        terminal.sees("You stand here: 2 questions up to here. What follows stays")
        terminal.ask("Is it salty?")
        asked = [one["content"] for one in home.groq.chats[0].body["messages"]]
        assert asked[-2:] == ["Lake Superior.", "Is it salty?"]
        terminal.enter("/tree").sees("Esc leaves")
        assert "   │ ├ you How cold is it?" in tree(terminal) or "   ├ you How cold is it?" in tree(terminal)

    def test_enter_at_a_question_stands_at_the_newest_end_below_it(self, home: Home) -> None:
        terminal = opened(home, lakes())
        at(terminal.type(f"{HOME}{DOWN}{DOWN}"), "And the largest?").type("\r").prompt()
        terminal.sees("> How cold is it? Four degrees.")
        terminal.sees("You stand here: 3 questions up to here.")

    def test_escape_leaves_everything_as_it_was(self, home: Home) -> None:
        home.groq.answer("Yes.")
        terminal = opened(home, lakes()).type(f"{HOME}{LEFT}{ESC}").prompt()
        terminal.ask("Is it?")
        asked = [one["content"] for one in home.groq.chats[0].body["messages"]]
        assert asked[-2:] == ["An expedition.", "Is it?"]

    def test_typing_looks_for_words_and_the_arrows_then_move_in_them(self, home: Home) -> None:
        terminal = opened(home, lakes()).type("lake superior")
        at(terminal.until(lambda: len(tree(terminal)) == 1, "the one"), "Lake Superior.")
        terminal.type(f"{LEFT}{LEFT}x").sees("No message has these words.")
        terminal.type("\x05\x15").until(lambda: len(tree(terminal)) == 9, "all")
        at(terminal, "An expedition.")


class TestSize:
    def test_thousands_of_turns_are_walked_at_once(self, home: Home) -> None:
        conversation = chat(*(text for turn in range(2000) for text in (f"Question {turn}", f"Answer {turn}")))
        terminal = opened(home, conversation)
        at(terminal, "Answer 1999")
        at(terminal.type(f"{UP}{UP}"), "Answer 1998")
        at(terminal.type(HOME), "Question 0")
        at(terminal.type("1777"), "Question 1777").type(ESC).prompt()

    def test_ten_thousand_turns_have_a_row_for_each_message(self) -> None:
        conversation = chat(*(text for turn in range(10_000) for text in (f"Question {turn}", f"Answer {turn}")))
        rows = TreeRows(conversation).rows()
        assert [row.id for row in rows] == list(range(1, 20_001))
        assert rows[0].turns == 9_999

    def test_the_deepest_branches_are_drawn_without_leaving_the_screen(self) -> None:
        conversation = Conversation(OTHER)
        for turn in range(3000):  # each branch leaves the one before beside it, and is left itself
            conversation.extend([user(f"Question {turn}"), answered("No.")])
            conversation.go_to(conversation.head - 1)
            conversation.append(answered("Yes."))
        rows = TreeRows(conversation).rows()
        assert len(rows) == 9000
        assert max(row.depth for row in rows) == 1


class TestWithoutAList:
    def test_it_is_printed_as_far_as_there_is_room(self, home: Home, tmp_path: Path) -> None:
        (id,) = put(home, [lakes()])
        terminal = home.open("-r", id, env={"TERM": "dumb"}).prompt()
        said = terminal.ask("/tree")
        assert "   ├ you And the largest?" not in said
        assert "  ├ you And the largest?" in said
        assert "• [measured] qwen/qwen3.8-27b An expedition." in said
        assert "/next and /prev step between answers" in said


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """A conversation that goes on from anywhere in it, again and again."""
    conversation = Conversation(OTHER)
    for number in range(draw(st.integers(1, 25))):
        if draw(st.booleans()):
            conversation.go_to(draw(st.sampled_from([0, *(node.id for node in conversation.nodes)])))
        last = conversation.messages[-1].role if conversation.head else ""
        conversation.append(user(f"q{number}") if last != "user" else answered(f"a{number}"))
    conversation.go_to(draw(st.sampled_from([0, *(node.id for node in conversation.nodes)])))
    return conversation


@given(conversations())
@settings(max_examples=200, deadline=None)
def test_every_message_that_leads_somewhere_has_one_row_below_the_one_it_answers(conversation: Conversation) -> None:
    rows = TreeRows(conversation).rows()
    place = {row.id: at for at, row in enumerate(rows)}
    assert len(place) == len(rows)
    assert {node.id for node in conversation.tree.path} <= set(place)
    assert sum(row.is_here for row in rows) == bool(conversation.head)
    for row in rows:
        parent = conversation.tree[row.id].parent
        if parent:
            above = rows[place[parent]]
            assert place[parent] < place[row.id]
            assert row.depth - above.depth == row.is_first
        assert place_of(conversation.tree, row.id) >= row.id
