"""Keys in what would be written: whose, and where, in every place that a format has, and in no other."""

import base64

import pytest

from modules.chat.input.keys_in_conversation import keys_in
from modules.llm.ledger.ledger import Ledger
from modules.llm.ledger.wire_log import WireLog
from modules.llm.message import Message, WireEntry, user
from modules.llm.parts import File, Opaque, Reasoning, Text, ToolCall, ToolResult
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation
from modules.session.export.formats import FORMATS, Format, exported
from tests.harness.store_helpers import MODEL, ORIGIN, answer

GITHUB = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
OWN = {"my-very-own-value-77": "GROQ_API_KEY"}
LIKE = "what looks like a key of GitHub"


def talk_with(*parts: Text | Reasoning | ToolCall | Opaque, native: object = None, result: str = "12") -> Conversation:
    talk = Conversation(MODEL)
    talk.append(user("Hello"))
    talk.append(Message("assistant", parts, ORIGIN, native))
    if calls := talk.messages[-1].calls:
        talk.append(Message("tool", tuple(ToolResult(call.id, (Text(result),)) for call in calls)))
    return talk


def with_ledger(wire: object) -> Conversation:
    talk = talk_with(Text("Hi"))
    talk.ledgers["a key"] = ledger = Ledger()
    ledger.entries = WireLog([WireEntry({"content": [wire]}, 1)])
    return talk


CALL = ToolCall("call_1", "read_file", "{}")
NOTES = base64.b64encode(f"token {GITHUB}".encode()).decode()


def asked(*parts: File | str) -> Conversation:
    talk = Conversation(MODEL)
    talk.append(user(*parts))
    return talk


def with_tool() -> Conversation:
    talk = asked("Hello")
    talk.tools = (ToolSpec("look", "Looks.", {"properties": {"x": {"default": GITHUB}}}),)
    return talk


def with_title() -> Conversation:
    talk = asked("Hello")
    talk.title = GITHUB
    return talk


@pytest.mark.parametrize(
    ("talk", "where", "formats"),
    [
        (asked("Hello", f"key {GITHUB}"), "in question 1", FORMATS),
        (talk_with(Text(f"It is {GITHUB}.")), "in answer 1", FORMATS),
        (talk_with(Opaque("search", GITHUB)), "in answer 1", FORMATS),
        (talk_with(Text("Hi"), Reasoning(GITHUB)), "in answer 1", ("md", "html", "json")),
        (talk_with(ToolCall("call_1", "shell", f'{{"x": "{GITHUB}"}}')), "in a call of shell", FORMATS),
        (talk_with(CALL, result=f"a\n{GITHUB}"), "in the result of read_file", ("md", "html", "json")),
        (asked("Hello", File("text/plain", NOTES, "n.txt")), "in the file n.txt", ("md", "html", "json")),
        (with_title(), "in the title", FORMATS),
        (talk_with(Text("Hi"), native=[{"type": "text", "text": "Hi", "deep": [{"x": f"\n{GITHUB}\n"}]}]),
         "in answer 1", ("json",)),
        (with_ledger({"text": GITHUB}), "in what was sent to a model", ("json",)),
        (with_tool(), "in the tool look", ("json",)),
    ],
)  # fmt: skip
def test_a_key_is_named_where_it_stands(talk: Conversation, where: str, formats: tuple[Format, ...]) -> None:
    for format in FORMATS:
        there = format in formats
        assert keys_in(talk, format, OWN, tree=False) == ([f"{LIKE} ({where})"] if there else [])
        text = exported(talk, format)
        assert (GITHUB in text.replace("\\", "") or NOTES in text) == there


def test_what_was_sent_is_not_named_beside_what_was_said() -> None:
    talk = with_ledger({"text": f"It is {GITHUB}."})
    talk.append(user(GITHUB))
    assert keys_in(talk, "json", OWN, tree=False) == [f"{LIKE} (in question 2)"]


def test_another_branch_counts_where_it_is_written() -> None:
    talk = talk_with(Text(GITHUB))
    talk.go_to(1)
    talk.append(answer("Nothing."))
    assert keys_in(talk, "md", OWN, tree=False) == []
    assert keys_in(talk, "md", OWN, tree=True) == keys_in(talk, "json", OWN, tree=False) == [f"{LIKE} (in answer 1)"]


def test_ones_own_keys_and_many_places_are_told_in_one_sentence() -> None:
    talk = Conversation(MODEL)
    for at in range(6):
        talk.append(user(f"{at} my-very-own-value-77"))
    assert keys_in(talk, "md", OWN, tree=False) == [
        "your GROQ_API_KEY (in question 1, in question 2, in question 3 and in 3 more places)"
    ]
