"""Random conversations: whatever is cut or left out, calls have their results, what must stay is there, and it fits."""

from hypothesis import given, settings
from hypothesis import strategies as st

from modules.errors import UsageError
from modules.llm.message import Message, closing, user
from modules.llm.parts import Text, ToolCall, ToolResult
from modules.session.conversation import Conversation
from modules.session.fitting.room import room, tokens_with
from modules.session.fitting.summary import plan_summary, view_of
from modules.session.fitting.trim import trimmed
from modules.session.views.view import View
from tests.harness.long_conversation import calls_have_results, seen, small
from tests.harness.store_helpers import BIG, MODEL, answer

SIZES = st.sampled_from([10, 400, 3000, 20_000])
STEPS = st.tuples(st.lists(SIZES, max_size=3), st.booleans(), SIZES)  # results of one answer's calls, cut, words
TURNS = st.lists(
    st.tuples(
        SIZES,  # of the question
        st.lists(STEPS, max_size=4),
        st.sampled_from(["", "", "", "pinned", "refused", "told", "picture", "undone", "unanswered"]),
    ),
    min_size=1,
    max_size=8,
)


def spoken(turns: list[tuple[int, list[tuple[list[int], bool, int]], str]]) -> Conversation:
    talk = Conversation(MODEL, "Be brief.")
    for number, (size, steps, kind) in enumerate(turns):
        if kind == "told":
            talk.instruct(f"Instructions {number}")
        talk.append(user(f"Question {number} {'x ' * (size // 2)}", *([BIG] if kind == "picture" else [])))
        if kind == "pinned":
            talk.pin(talk.head)
        for step, (results, cut, words) in enumerate(steps):
            calls = tuple(ToolCall(f"call_{number}_{step}_{at}", "look", "{}") for at in range(len(results)))
            state = "interrupted" if cut else "complete"
            said = Message("assistant", (Text(f"Said {number} {'y ' * (words // 2)}"), *calls), state=state)  # type: ignore[arg-type]
            talk.append(said)
            given = [
                ToolResult(call.id, (Text(f"Result {number} {'z ' * (size // 2)}"),))
                for call, size in zip(calls, results, strict=True)
            ]
            if (result := closing(said, given)) is not None:
                talk.append(result)
        if kind == "refused":
            talk.append(Message("assistant", (Text("No."),), state="refused"))
        elif kind != "unanswered" or number + 1 < len(turns):
            talk.append(answer(f"Answer {number}"))
        if kind == "undone":
            talk.undo()
    return talk


def holds_up(talk: Conversation, view: View) -> None:
    """What must be so under any view."""
    assert view.is_of(len(talk.nodes))
    before = talk.messages
    talk.add_view(view)
    assert talk.view(MODEL) == view
    assert talk.messages == before
    reading = talk.read_by(MODEL)
    assert calls_have_results(reading.messages)
    assert len(reading.path) == len(reading.messages) == len(set(reading.path))
    text = seen(talk, MODEL)
    for node in talk.tree.path:
        if node.id in talk.pins:
            assert node.message.text in text
    told = [message.text for message in talk if message.role == "system"]
    assert not told or told[-1] in text
    asked = talk.asked
    assert asked is None or asked.text in text


@settings(max_examples=60, deadline=None)
@given(TURNS, st.sampled_from([4000, 8000, 32_000, 200_000, None]), st.sampled_from([0, 200, 4000]), st.integers(0, 3))
def test_a_summary_leaves_what_must_stay_and_fits(
    turns: list[tuple[int, list[tuple[list[int], bool, int]], str]], window: int | None, keep: int, since: int
) -> None:
    talk = spoken(turns)
    reader = small(MODEL, window)
    target = room(reader)
    try:
        plan = plan_summary(talk, reader, MODEL, target=target, keep=keep, since=since)
    except UsageError:
        return
    view = view_of(plan, talk, "A summary.")
    holds_up(talk, view)
    assert target is None or tokens_with(talk, reader, view) <= target
    told = "".join(text for turn in plan.turns for text in turn)
    assert told.strip()
    assert "No." not in told
    second = trimmed(talk, MODEL)
    if second is not None:
        holds_up(talk, second)
        assert second.summary == "A summary."


@settings(max_examples=60, deadline=None)
@given(TURNS, st.sampled_from([1000, 4000, 20_000, None]))
def test_stubs_leave_what_must_stay_and_take_no_more_than_is_needed(
    turns: list[tuple[int, list[tuple[list[int], bool, int]], str]], target: int | None
) -> None:
    talk = spoken(turns)
    before = tokens_with(talk, MODEL, None)
    view = trimmed(talk, MODEL, target=target)
    if view is None:
        return
    holds_up(talk, view)
    assert tokens_with(talk, MODEL, view) < before
    if target is not None:
        assert before > target
    again = trimmed(talk, MODEL, target=target)
    assert again is None
