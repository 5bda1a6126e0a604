"""Stubs for old results, pictures and files: as few as are needed, the newest last, and what is pinned never."""

from modules.llm.message import Message, user
from modules.llm.parts import Text, ToolCall, ToolResult
from modules.session.conversation import Conversation
from modules.session.fitting.room import fits, room, tokens_with
from modules.session.fitting.trim import trimmed
from tests.harness.long_conversation import calls_have_results, seen, small, tool_turn, turn
from tests.harness.store_helpers import MODEL, OTHER


def test_without_a_target_all_old_parts_go_and_the_last_turn_stays() -> None:
    talk = Conversation(MODEL)
    tool_turn(talk, "a", (9000, 2000), picture=True)
    tool_turn(talk, "b", (9000,))
    view = trimmed(talk, MODEL)
    assert view is not None
    assert view.stubs == ((1, 1), (3, 0), (5, 0))
    assert (view.place, view.number, view.model) == (5, 1, MODEL.full_name)
    talk.add_view(view)
    text = seen(talk, MODEL)
    assert "Result a1" not in text
    assert "Result b1" in text
    assert "Question a" in text
    assert calls_have_results(talk.read_by(MODEL).messages)
    assert trimmed(talk, MODEL) is None


def test_no_more_goes_than_the_target_needs_and_large_old_parts_first() -> None:
    talk = Conversation(MODEL)
    tool_turn(talk, "a", (900, 30_000, 30_000))
    tool_turn(talk, "b", (30_000,))
    whole = tokens_with(talk, MODEL, None)
    view = trimmed(talk, MODEL, target=whole - 5000)
    assert view is not None
    assert view.stubs == ((5, 0),)
    assert tokens_with(talk, MODEL, view) <= whole - 5000
    view = trimmed(talk, MODEL, target=whole - 10_000)
    assert view is not None
    assert view.stubs == ((5, 0), (7, 0))


def test_results_of_the_last_turn_go_only_where_nothing_else_is_enough_and_the_newest_last() -> None:
    talk = Conversation(MODEL)
    tool_turn(talk, "a", (8000,))
    talk.append(user("Read them all"))
    for number in (1, 2, 3):
        talk.append(Message("assistant", (ToolCall(f"call_{number}", "read_file", "{}"),)))
        talk.append(Message("tool", (ToolResult(f"call_{number}", (Text("word " * 4000),)),)))
    reader = small(MODEL, 22_000)
    assert not fits(talk, reader)
    view = trimmed(talk, reader, target=room(reader))
    assert view is not None
    assert view.stubs == ((3, 0), (7, 0))
    talk.add_view(view)
    assert fits(talk, reader)


def test_what_came_with_the_last_question_goes_only_where_another_one_is_being_asked() -> None:
    talk = Conversation(MODEL)
    tool_turn(talk, "a", (9000,), picture=True)
    stays, goes = trimmed(talk, MODEL, target=1), trimmed(talk, MODEL, target=1, asking=True)
    assert stays is not None
    assert goes is not None
    assert (stays.stubs, goes.stubs) == (((3, 0),), ((1, 1), (3, 0)))


def test_a_pinned_turn_keeps_its_results() -> None:
    talk = Conversation(MODEL)
    talk.pin(tool_turn(talk, "a", (9000,)))
    tool_turn(talk, "b", (9000,))
    turn(talk, "c")
    view = trimmed(talk, MODEL)
    assert view is not None
    assert view.stubs == ((7, 0),)


def test_what_is_left_out_is_left_out_for_that_model_alone_and_builds_on_what_was_before() -> None:
    talk = Conversation(MODEL)
    tool_turn(talk, "a", (9000,))
    turn(talk, "b")
    first = trimmed(talk, MODEL)
    assert first is not None
    talk.add_view(first)
    tool_turn(talk, "c", (9000,))
    turn(talk, "d")
    second = trimmed(talk, MODEL)
    assert second is not None
    talk.add_view(second)
    assert second.stubs == (*first.stubs, (9, 0))
    assert "Result a1" in seen(talk, OTHER)
    assert talk.undo_view(MODEL) is not None
    assert talk.view(MODEL) == first


def test_a_window_that_is_not_known_holds_anything_and_a_small_one_leaves_an_answer_its_part() -> None:
    talk = Conversation(MODEL)
    turn(talk, "a", 40_000)
    assert room(small(MODEL, 8000)) == 5100
    assert room(small(MODEL, 8000), measured=True) == 6000
    assert not fits(talk, small(MODEL, 8000))
    assert fits(talk, small(MODEL, 32_000))
    assert room(small(MODEL, None)) is None
    assert fits(talk, small(MODEL, None))
