"""A log of wire messages beside a plain list of them: the same values and bytes, whatever is cut off and added."""

import base64
import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from modules.llm.conversion.wire_json import WireBody, decoded, encoded
from modules.llm.history import Message, refused_turns, with_refused
from modules.llm.ledger.wire_log import WireLog
from modules.llm.message import WireEntry
from modules.llm.parts import Text

PICTURE = base64.b64encode(random.Random(5).randbytes(9_000)).decode()
texts = st.one_of(
    st.text(max_size=20),
    st.integers(1, 90_000).map(lambda size: f"{size} words, " * (size // 12)),
    st.sampled_from(["\ud800 alone", PICTURE, f"See: {PICTURE}", "\u2028\x00\x7f/"]),
)
wires = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": texts})
lists = st.lists(wires, max_size=12)


def entries(values: list[dict[str, Any]], start: int = 0) -> list[WireEntry]:
    return [WireEntry(value, start + at // 2) for at, value in enumerate(values, 1)]


@given(lists, lists, st.data())
def test_it_reads_as_the_list_that_it_stands_for(first: list[Any], more: list[Any], data: st.DataObject) -> None:
    log, plain = WireLog(entries(first)), entries(first)
    cut = data.draw(st.integers(0, len(first)))
    other, expected = log.copy(cut), plain[:cut]
    other.total(lambda wire: len(wire["content"]))
    added = entries(more, len(first))
    other.extend(added)
    expected += added
    assert [*log] == plain
    assert [*other] == expected
    assert [other[at] for at in range(len(other))] == expected
    assert [*other.covers] == [entry.covers_until for entry in expected]
    since = data.draw(st.integers(0, len(expected)))
    assert [*other.wires(since)] == [entry.wire for entry in expected[since:]]
    assert other.total(len) == 2 * len(expected)
    assert WireLog(expected) == other


@given(lists, lists, st.data())
def test_a_body_is_to_the_byte_what_its_values_are_encoded_as(head: list[Any], told: list[Any], data: Any) -> None:
    log = WireLog(entries(told))
    since = data.draw(st.integers(0, len(told)))
    body = WireBody({"model": "m", "messages": log.listed(head, since), "stream": True})
    each = b",".join(map(encoded, [*head, *told[since:]]))
    assert body.text == b'{"model":"m","messages":[' + each + b'],"stream":true}'
    assert body.size == len(body.text)
    assert encoded({"model": "m", "messages": log.listed(head, since), "stream": True}) == body.text
    assert decoded(body.text)["messages"] == json.loads(json.dumps([*head, *told[since:]]))


@given(lists, lists, st.data())
def test_two_logs_know_with_how_many_entries_both_begin(one: list[Any], two: list[Any], data: st.DataObject) -> None:
    shared = data.draw(st.integers(0, len(one)))
    log = WireLog(entries(one))
    cut = log.copy(shared)
    cut.extend(entries(two, 50))
    alone = WireLog([*entries(one)[:shared], *entries(two, 50)])
    assert log.same_as(cut) == shared == log.same_as(alone) == alone.same_as(log)
    assert cut.same_as(alone) == len(alone)


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant", "tool", "system"]), st.booleans()), max_size=12))
def test_refused_turns_are_the_same_looked_at_once_or_from_behind(told: list[tuple[Any, bool]]) -> None:
    history = [
        Message(role, (Text("x"),), state="refused" if refused and role == "assistant" else "complete")
        for role, refused in told
    ]
    found = [*with_refused(history)]
    assert [(at, message) for at, message, _ in found] == [*enumerate(history)]
    assert {at for at, _, refused in found if refused} == refused_turns(history)
