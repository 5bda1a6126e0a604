"""What fills a window: the parts are all there is, by kind and by name, and what takes each out really does."""

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from modules.llm.events import Usage
from modules.llm.message import Message, user
from modules.llm.models import Model
from modules.llm.parts import Image, Text, ToolCall, ToolResult
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation
from modules.session.counting.token_estimate import request_size
from modules.session.fitting.every_window import every_window
from modules.session.fitting.relief import Relief, Reliefs
from modules.session.fitting.trim import trimmed
from modules.session.fitting.window_use import Thing, WindowUse, window_use
from modules.session.views.view import View, next_number
from tests.harness.sample_files import picture
from tests.harness.store_helpers import MODEL, ORIGIN, OTHER, answer

TOOLS = tuple(
    ToolSpec(
        name, "Reads what it is told to read. " * 9, {"type": "object", "properties": {"path": {"type": "string"}}}
    )
    for name in ("read_file", "files__list", "files__move")
)
SOURCES = {"read_file": "built in", "files__list": 'MCP server "files"', "files__move": 'MCP server "files"'}
PICTURE = Image("image/png", b64encode(picture(900, 700)).decode(), "cat.png")


def reads(talk: Conversation, number: int, lines: int) -> None:
    """A turn in which a file is read."""
    call = ToolCall(f"call_{number:024}", "read_file", f'{{"path": "src/{number}.py"}}')
    talk.append(user(f"What does file {number} do?"))
    talk.append(Message("assistant", (call,), ORIGIN, None))
    talk.append(Message("tool", (ToolResult(call.id, (Text("x = compute(alpha, beta)\n" * lines),)),)))
    talk.append(answer(f"File {number} computes. " * 20))


@pytest.fixture
def talk() -> Conversation:
    found = Conversation(MODEL, "Be brief.")
    found.append(user("Look at the cat", PICTURE))
    found.append(answer("A cat. " * 50))
    for number in range(1, 5):
        reads(found, number, 400 * number)
    return found


def used(talk: Conversation, model: Model = MODEL, tools: tuple[ToolSpec, ...] = TOOLS) -> WindowUse:
    return window_use(talk, model, tools, SOURCES)


def by_kind(use: WindowUse) -> dict[str, int]:
    found: dict[str, int] = {}
    for thing in use.things:
        found[thing.kind] = found.get(thing.kind, 0) + thing.tokens
    return found


def view_of(talk: Conversation, model: Model = MODEL, **what: Any) -> View:
    number, made_after = next_number(talk.views), len(talk.nodes)
    return View(number=number, model=model.full_name, place=talk.head, made_after=made_after, **what)


@pytest.mark.parametrize("model", [replace(one, window=200_000) for one in (MODEL, OTHER)], ids=["own", "other"])
def test_the_things_are_all_of_the_request(talk: Conversation, model: Model) -> None:
    use = used(talk, model)
    assert use.total == request_size(talk, model, TOOLS).total
    assert use.total == pytest.approx(talk.tokens(model, TOOLS), rel=0.01)
    assert set(by_kind(use)) == {"instructions", "tool", "question", "answer", "result", "attached"}
    assert all(thing.tokens > 0 for thing in use.things)
    assert use.free is not None
    assert use.kept is not None
    assert use.total + use.free + use.kept + use.margin == use.window


def test_what_a_provider_has_counted_is_shared_out_to_the_last_token(talk: Conversation) -> None:
    assert not used(talk).measured
    talk.declare(TOOLS)
    talk.append(user("And all of them?"))
    counted = Usage(input=31_234, output=300, reasoning=200)
    talk.append(replace_usage(answer("They compute. " * 9), counted))
    use = used(talk)
    assert use.measured
    assert use.total == pytest.approx(31_234 + 100, abs=30)
    assert use.total == pytest.approx(talk.tokens(), abs=30)


def replace_usage(message: Message, usage: Usage) -> Message:
    return Message(message.role, message.parts, message.origin, message.native, usage=usage)


def test_a_picture_in_a_result_is_a_picture_and_a_reasoning_is_none_of_the_answer(talk: Conversation) -> None:
    call = ToolCall("call_000000000000000000000099", "screenshot", "{}")
    talk.append(user("Take one"))
    talk.append(Message("assistant", (call,), ORIGIN, None))
    talk.append(Message("tool", (ToolResult(call.id, (Text("Here it is. " * 30), PICTURE)),)))
    native = [{"type": "text", "text": "Nice."}]
    talk.append(Message("assistant", (Text("Nice."),), ORIGIN, native, usage=Usage(20_000, 900, reasoning=800)))
    kinds = by_kind(used(talk))
    assert kinds["reasoning"] > 100
    pictures = [thing for thing in used(talk).things if thing.kind == "attached"]
    assert [thing.call.name if thing.call else "" for thing in pictures] == ["", "screenshot"]
    assert by_kind(used(talk, OTHER)).get("reasoning") is None, "nobody else is given it"


def test_a_view_is_what_the_model_is_given_and_undone_it_is_gone(talk: Conversation) -> None:
    before, others = used(talk), used(talk, OTHER)
    talk.add_view(view_of(talk, summary="They talked. " * 40, summarized_until=10, stubs=((13, 0),), made_by="a:model"))
    use = used(talk)
    assert use.total == request_size(talk, MODEL, TOOLS).total == talk.tokens(MODEL, TOOLS)
    assert use.total < before.total
    assert [thing.kind for thing in use.things if thing.message][:2] == ["summary", "question"]
    stub = next(thing for thing in use.things if thing.message == 13)
    assert (stub.kind, stub.tokens < 60) == ("result", True)
    assert used(talk, OTHER) == others
    talk.undo_view(MODEL)
    assert used(talk) == before


def test_what_was_taken_back_fills_nothing(talk: Conversation) -> None:
    before = used(talk)
    reads(talk, 9, 3000)
    assert used(talk).total > before.total + 9000
    talk.undo()
    assert used(talk) == before


def named(use: WindowUse, kind: str, message: int = 0) -> Thing:
    return next(thing for thing in use.largest(99) if thing.kind == kind and message in (0, thing.message))


def test_each_way_out_takes_the_thing_out(talk: Conversation) -> None:
    use, reliefs = used(talk), Reliefs(talk, MODEL, TOOLS, keep=3000)
    result = named(use, "result", 5)
    assert reliefs.of(result) == Relief("trim")
    assert reliefs.of(named(use, "attached")) == Relief("trim")
    view = trimmed(talk, MODEL, TOOLS)
    assert view is not None
    talk.add_view(view)
    after = used(talk)
    gone = use.total - after.total
    assert gone > result.tokens
    assert named(after, "result", 5).tokens < 60
    assert Reliefs(talk, MODEL, TOOLS, keep=3000).of(named(after, "result", 5)) == Relief("summarise"), "it is a stub"

    last = named(use, "result", 17)
    assert reliefs.of(last) == Relief("undo", 1)
    assert reliefs.of(named(use, "question", 1)) == Relief("summarise")
    talk.pin(1)
    assert Reliefs(talk, MODEL, TOOLS, keep=3000).of(named(used(talk), "question", 1)) == Relief("unpin", 5)
    talk.undo()
    assert not [thing for thing in used(talk).things if thing.message == 17]


def test_what_is_a_stub_already_is_not_left_out_again(talk: Conversation) -> None:
    talk.add_view(view_of(talk, stubs=((5, 0),)))
    reliefs = Reliefs(talk, MODEL, TOOLS, keep=3000)
    assert reliefs.of(named(used(talk), "result", 9)) == Relief("trim")
    assert reliefs.of(named(used(talk), "result", 5)) == Relief("summarise")


def test_the_tools_of_a_server_go_together_while_others_stay(talk: Conversation) -> None:
    talk.declare(TOOLS)
    use = used(talk)
    tools = {thing.name: thing for thing in use.largest(99) if thing.kind == "tool"}
    assert set(tools) == {"read_file", "files__*"}
    reliefs = Reliefs(talk, MODEL, TOOLS)
    assert reliefs.of(tools["files__*"]) == Relief("tools off", tool="files__*")
    assert used(talk, tools=TOOLS[:1]).total == pytest.approx(use.total - tools["files__*"].tokens, abs=2)
    only = window_use(talk, MODEL, TOOLS[:1], SOURCES)
    assert Reliefs(talk, MODEL, TOOLS[:1]).of(named(only, "tool")) is None, "the last ones stay declared"


def test_tools_that_are_off_since_an_answer_counted_them_are_gone(talk: Conversation) -> None:
    talk.declare(TOOLS)
    talk.append(user("Hm?"))
    talk.append(replace_usage(answer("Hm."), Usage(input=25_000, output=5)))
    use = used(talk)
    servers = sum(thing.tokens for thing in use.things if thing.name.startswith("files"))
    assert used(talk, tools=TOOLS[:1]).total == pytest.approx(use.total - servers, abs=3)


def test_instructions_go_only_before_anything_is_said(talk: Conversation) -> None:
    assert Reliefs(talk, MODEL).of(named(used(talk), "instructions")) is None
    fresh = Conversation(MODEL, "Be brief.")
    assert Reliefs(fresh, MODEL).of(named(used(fresh), "instructions")) == Relief("no instructions")


def sized(name: str, window: int | None) -> Model:
    return replace(OTHER, name=name, id=name, window=window)


def test_every_window_is_told_with_what_would_have_to_go(talk: Conversation) -> None:
    tokens = talk.tokens(OTHER)
    models = [
        sized("tiny", 4_000), sized("unknown", None), sized("huge", 1_000_000),
        sized("nearly", round(tokens * 1.1)), sized("half", round(tokens * 0.75)), MODEL,
    ]  # fmt: skip
    found = {one.model.name: one for one in every_window(talk, models, ())}
    assert list(found) == ["huge", "nearly", "half", "tiny", MODEL.name, "unknown"]
    assert [found[name].goes for name in ("huge", "nearly", "tiny", "unknown")] == [
        "nothing", "old results", "too much", "nothing",
    ]  # fmt: skip
    assert found["half"].goes == "old results"
    assert found["nearly"].over > 0


def test_where_nobody_called_tools_a_summary_would_have_to_stand_for_turns() -> None:
    talk = Conversation(OTHER)
    for number in range(10):
        talk.append(user(f"Question {number}"))
        talk.append(answer("It is so, and it is so for a reason. " * 60))
    tokens = talk.tokens(OTHER)
    (one,) = every_window(talk, [sized("small", round(tokens * 0.9))], ())
    assert one.goes == "first turns"
    assert 1 < one.turns < 9
