"""Whatever tree a file describes, ours is well formed, and made in bounded time."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.llm.history import Message, says_something
from modules.llm.parts import Reasoning, Text, ToolCall
from modules.session.conversation import Conversation
from modules.session.importing.assembly import Assembled, assemble
from modules.session.importing.imported import MOST_MESSAGES, Entry, Missed, Result
from modules.session.node import Node
from tests.harness.cases import TOOLS
from tests.harness.import_helpers import bring, read
from tests.harness.store_helpers import rows
from tests.harness.transformer_harness import FOUR, Dry

IDS = st.sampled_from(["", *"abcdefghij", "missing"])
CALLS = st.sampled_from(["", "c1", "c2", "c3"])
PARTS = st.one_of(
    st.builds(Text, st.text(max_size=8)),
    st.builds(Reasoning, st.text(max_size=8)),
    st.builds(ToolCall, CALLS, st.just("weather"), st.just("{}")),
)
RESULTS = st.builds(
    Result, CALLS, st.lists(st.builds(Text, st.text(max_size=8)), max_size=2).map(tuple), st.just("clock")
)
ENTRIES = st.lists(
    st.builds(
        lambda id, parent, role, parts, results, group, joins: Entry(
            id,
            parent,
            role,
            tuple(part for part in parts if role == "assistant" or isinstance(part, Text)),
            tuple(results) if role in ("tool", "user") else (),
            group=group if role == "assistant" else "",
            joins=joins,
        ),
        IDS,
        IDS,
        st.sampled_from(["user", "assistant", "system", "tool"]),
        st.lists(PARTS, max_size=3),
        st.lists(RESULTS, max_size=2),
        st.sampled_from(["", "", "g1", "g2"]),
        st.booleans(),
    ),
    max_size=14,
)


def in_conversation(tree: Assembled) -> Conversation:
    places = {one.id: number for number, one in enumerate(tree.messages, 1)}
    conversation = Conversation(FOUR["anthropic"], tree.system)
    conversation.nodes = [
        Node(places[one.id], places[one.parent] if one.parent else 0, one.message) for one in tree.messages
    ]
    return conversation


def check(messages: Sequence[Message]) -> None:
    for message, after in zip(messages, (*messages[1:], None), strict=True):
        if message.calls:
            assert after is None or after.role == "tool"
            assert after is None or [one.call_id for one in after.results] == [one.id for one in message.calls]
        elif message.role != "assistant":
            assert after is None or after.role != "tool"
    ids = [call.id for message in messages for call in message.calls]
    assert len(ids) == len(set(ids))


@settings(deadline=None)
@given(ENTRIES, IDS, st.booleans())
def test_any_records_become_a_tree_that_every_provider_takes(entries: list[Entry], head: str, goes_on: bool) -> None:
    tree = assemble(entries, head, "test:1", Missed(), goes_on=goes_on)
    ids = [one.id for one in tree.messages]
    assert len(ids) == len(set(ids))
    for at, one in enumerate(tree.messages):
        assert one.parent == "" or one.parent in ids[:at]
    assert tree.head in ids or not ids
    conversation = in_conversation(tree)
    for node in conversation.nodes:
        conversation.go_to(node.id)
        check(conversation.messages)
    dry = Dry(FOUR["openai"], tools=TOOLS)
    dry.conversation = conversation
    for model in (FOUR["openai"], FOUR["anthropic"], replace(FOUR["gemini"], tools=False)):
        if any(map(says_something, conversation.messages)):
            assert dry.broken(model) == []


@settings(deadline=None)
@given(ENTRIES)
def test_the_same_records_become_the_same_tree(entries: list[Entry]) -> None:
    again = json.loads(json.dumps([[e.id, e.parent] for e in entries]))
    first = assemble([_copy(e) for e in entries], "", "test:1", Missed())
    second = assemble([_copy(e) for e in entries], "", "test:1", Missed())
    assert again == [[e.id, e.parent] for e in entries]
    assert first == second


def _copy(entry: Entry) -> Entry:
    return Entry(*(getattr(entry, name) for name in Entry.__struct_fields__))


def test_faults_of_a_tree_are_named_and_counted(tmp_path: Path) -> None:
    def node(id: str, parent: str | None, text: str) -> dict[str, object]:
        content = {"content_type": "text", "parts": [text]}
        return {"id": id, "parent": parent, "message": {"author": {"role": "user"}, "content": content}}

    mapping = {
        "a": node("a", "b", "round"), "b": node("b", "a", "and round"), "own": node("own", "own", "alone"),
        "lost": node("lost", "nowhere", "an orphan"), "end": node("end", "lost", "its child"),
        "bad": 7, "worse": {"id": "worse", "parent": [], "message": {"author": "x", "content": 3}},
    }  # fmt: skip
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([{"id": "1", "mapping": mapping, "current_node": {"no": "id"}}, 7, {"mapping": {}}]))
    (found,), missed, failed = read(path)
    assert sorted(one.message.text for one in found.messages) == [
        "alone",
        "an orphan",
        "and round",
        "its child",
        "round",
    ]
    assert missed.counts["messages that come after themselves"] == 2
    assert missed.counts["messages whose parent is missing"] == 1
    assert missed.counts["values that are no conversation"] == 1
    assert missed.counts["conversations without an id"] == 1
    assert not failed


@pytest.mark.timeout(300)
def test_a_million_messages_are_read_in_bounded_time_and_those_beyond_the_bound_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    with path.open("w") as file:
        file.write('{"type":"session","version":3,"id":"s","timestamp":"2026-03-01T12:00:00Z","cwd":"/x"}\n')
        for at in range(1_000_000):
            file.write(
                f'{{"type":"message","id":"{at}","parentId":"{at - 1}","message":{{"role":"user","content":"x"}}}}\n'
            )
    (found,), missed, _ = read(path)
    assert len(found.messages) == MOST_MESSAGES
    assert missed.counts["messages beyond the 200,000 of one conversation"] == 1_000_000 - MOST_MESSAGES


def test_very_long_chains_of_calls_results_and_pieces_take_linear_time() -> None:
    entries = [Entry("q", "", "user", (Text("?"),))]
    for at in range(30_000):
        before = entries[-1].id
        entries.append(Entry(f"a{at}", before, "assistant", (ToolCall("same", "t", "{}"),), group="one"))
    entries += [Entry(f"r{at}", "a0", "tool", results=(Result("same", (Text("x"),)),)) for at in range(30_000)]
    entries += [Entry(f"s{at}", f"s{at - 1}", "assistant", (Text("x"),), joins=True) for at in range(30_000)]
    entries += [Entry(f"t{at}", f"t{at - 1}", "tool", results=(Result("", (Text("x"),), "t"),)) for at in range(30_000)]
    began = time.monotonic()
    tree = assemble(entries, "", "test:1", Missed())
    assert time.monotonic() - began < 20
    assert max(len(one.message.calls) for one in tree.messages) == 30_000


def test_control_sequences_in_titles_and_texts_are_kept_as_text_and_half_characters_are_replaced(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.json"
    title = "\x1b]0;owned\x07 \ud800 \u202e" + "long " * 100
    path.write_text(json.dumps({"title": title, "messages": [{"role": "user", "content": "\x1b[2J\udfff\x00"}]}))
    database = tmp_path / "conversations.db"
    bring(database, path)
    ((stored, words),) = rows(database, "SELECT title, first_words FROM conversation")
    assert len(stored) <= 200
    assert "\ufffd" in stored
    assert words.encode()
