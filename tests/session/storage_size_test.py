"""The file stays small, whatever stands in it comes back as it was, and rows of earlier releases are read for good.

The words of the conversations are sentences of Python's reference: see tests/harness/said_at_length.py.
"""

import contextlib
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.llm.message import Message, Origin
from modules.llm.models import Model
from modules.llm.parts import File, Image, Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation
from modules.session.storage import codec, compaction
from modules.session.storage.codec import Blobs, decode_message, decode_value, encode_message, encode_value
from modules.session.storage.conversation_loader import Blobs as Kept
from modules.session.storage.frozen_entries import repeats_of
from modules.session.storage.location import Locks
from modules.session.storage.packed_text import expanded, is_packed, packed, unpacked
from modules.session.storage.store import FILE, Store
from tests.harness.said_at_length import Speaker, among
from tests.harness.store_helpers import BIG, MODELS, OTHER, answer, loaded, rows, saved
from tests.harness.transformer_harness import FOUR

ANTHROPIC, OPENAI, GROQ, GEMINI = (FOUR[name] for name in ("anthropic", "openai", "groq", "gemini"))
SWITCHED = (ANTHROPIC, OPENAI, GROQ, GEMINI, ANTHROPIC, OPENAI)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / FILE


def bytes_per_byte_said(path: Path, models: Sequence[Model], *, turns: int = 60, thoughts: bool = True) -> float:
    said, speaker = 0, Speaker()
    for _ in range(4):
        store = Store(path)
        conversation = Conversation(models[0], "You are helpful.", journal=store)
        said += among(conversation, speaker, models, turns, thoughts=thoughts)
        assert store.close(60)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size / said


@pytest.mark.parametrize("model", [ANTHROPIC, OPENAI, GROQ, GEMINI], ids=lambda model: model.provider.name)
def test_with_one_provider_the_file_has_at_most_two_bytes_for_each_byte_said(path: Path, model: Model) -> None:
    assert bytes_per_byte_said(path, [model]) < 1.7  # two are promised


@pytest.mark.parametrize("thoughts", [False, True])
def test_after_five_switches_among_four_it_has_at_most_two_and_a_half(path: Path, thoughts: bool) -> None:
    assert bytes_per_byte_said(path, SWITCHED, thoughts=thoughts) < 1.9  # two and a half are promised


def test_words_in_other_scripts_are_shared_as_well(path: Path) -> None:
    def talk(conversation: Conversation) -> None:
        for number in range(60):
            text = "".join(chr(0x4E00 + (number * 7919 + at * at * 31) % 20_000) for at in range(400))
            conversation.append(answer(text, [{"type": "text", "text": text}]))

    before = saved(path, change=talk)
    assert path.stat().st_size < 2 * sum(len(message.text.encode()) for message in before.messages) + 140_000


# Whatever can stand in a message, and what looks like one of our own marks.

MARKS = st.sampled_from(["blob:", "blob:=", "blob:=blob:", f"blob:{'0' * 64}:", f"blob:z{'a' * 64}:", "\x01", "{", ""])
TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(categories=["L", "M", "S", "Cs", "Cc"]), max_size=40),
    MARKS,
    st.builds(lambda mark, text: mark + text, MARKS, st.text(max_size=10)),
    st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=9), st.sampled_from([500, 5000, 9000])),
    st.builds(lambda text: "data:image/png;base64," + text * 600, st.sampled_from(["iVBORw0K", "AAAA+/=="])),
)
IDS = st.text(max_size=12)
CONTENT = st.one_of(
    st.builds(Text, TEXTS),
    st.builds(Image, st.just("image/png"), TEXTS, IDS, TEXTS),
    st.builds(File, st.just("application/pdf"), TEXTS, IDS),
)
PARTS: st.SearchStrategy[Part] = st.one_of(
    CONTENT,
    st.builds(Reasoning, TEXTS),
    st.builds(ToolCall, IDS, IDS, TEXTS, IDS),
    st.builds(ToolResult, IDS, st.lists(CONTENT, max_size=2).map(tuple), st.booleans(), st.booleans()),
    st.builds(Refusal, TEXTS),
    st.builds(Opaque, IDS, TEXTS),
)
NUMBERS = st.one_of(st.integers(-(10**40), 10**40), st.floats(allow_nan=False), st.booleans(), st.none())
VALUES = st.recursive(
    st.one_of(TEXTS, NUMBERS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
MESSAGES = st.builds(
    Message,
    st.sampled_from(["user", "assistant", "tool", "system"]),
    st.lists(PARTS, max_size=3).map(tuple),
    st.one_of(st.none(), st.builds(Origin, IDS, IDS, IDS, IDS)),
    st.one_of(st.none(), VALUES),
)


def fetched(blobs: Blobs) -> Any:
    def fetch(key: str, before: str) -> str:
        data = expanded(blobs[key]) if key.startswith("z") else blobs[key]
        return before + data.decode("utf-8", "surrogatepass")

    return fetch


@given(MESSAGES)
def test_every_message_comes_back_with_its_payload_to_the_byte(message: Message) -> None:
    blobs: Blobs = {}
    body, native = encode_message(message, blobs)
    back = decode_message(body, native, fetched(blobs))
    assert back == message
    assert json.dumps(back.native) == json.dumps(message.native)
    assert is_packed(body)


@given(MESSAGES, st.dictionaries(TEXTS, VALUES, max_size=3))
def test_every_wire_value_comes_back_to_the_byte_whatever_message_it_is_packed_against(
    message: Message, value: dict[str, Any]
) -> None:
    blobs: Blobs = {}
    repeats = repeats_of(*encode_message(message, blobs))
    for wire in (value, {"role": "assistant", "content": message.native}):
        text = encode_value(wire, blobs)
        assert text is not None
        stored = packed(text.encode(), *repeats)
        assert json.dumps(decode_value(unpacked(stored, *repeats), fetched(blobs))) == json.dumps(wire)


@given(MESSAGES)
def test_an_answer_that_grows_comes_back_and_makes_no_blob_of_its_text(message: Message) -> None:
    blobs: Blobs = {}
    body, native = codec.encode_growing(message, blobs)
    back = decode_message(body.encode(), None if native is None else native.encode(), fetched(blobs))
    assert back == message
    assert json.dumps(back.native) == json.dumps(message.native)
    assert not any(key.startswith("z") for key in blobs)


@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(min_size=1, max_size=50))
def test_what_is_read_against_another_text_or_is_damaged_is_no_text_at_all(
    text: bytes, repeated: bytes, damage: bytes
) -> None:
    stored = packed(text, repeated)
    assert unpacked(stored, repeated) == text
    for other in (stored[:-1], stored[:6] + damage, stored + damage, bytes((2,)) + stored[1:]):
        with contextlib.suppress(ValueError):
            assert unpacked(other, repeated) == text


def as_an_earlier_release_wrote_it(path: Path, conversation: Conversation) -> None:
    """The rows as plain texts, the entries in their own table."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        fetch = Kept(connection).fetch
        for at, body, native in connection.execute(
            "SELECT id, CAST(body AS BLOB), CAST(native AS BLOB) FROM message"
        ).fetchall():
            message = decode_message(body, native, fetch)
            blobs: Blobs = {}
            plain, beside = codec.encode_growing(message, blobs)
            connection.execute("UPDATE message SET body = ?, native = ? WHERE id = ?", (plain, beside, at))
        connection.execute("DELETE FROM frozen")
        connection.execute("DELETE FROM entry")
        connection.execute("DELETE FROM blob WHERE sha256 GLOB 'z*'")
        connection.execute("DELETE FROM blob_owner")
        connection.execute("UPDATE ledger SET number = NULL")
        for key, ledger in conversation.ledgers.items():
            for seq, entry in enumerate(ledger.entries):
                digest = ledger.digests[seq] if ledger.digests else None
                wire = encode_value(entry.wire, {}, texts=False)
                row = (conversation.id, key, seq, entry.covers_until, digest, wire)
                connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", row)
        connection.commit()


def talked(path: Path) -> Conversation:
    def talk(conversation: Conversation) -> None:
        speaker = Speaker()
        among(conversation, speaker, SWITCHED, 18, thoughts=True)
        conversation.append(Message("user", (Text("blob:looks like one of ours"), BIG, Text("long words " * 1000))))

    return saved(path, change=talk)


def wires(conversation: Conversation) -> dict[str, list[str]]:
    return {key: [json.dumps(entry.wire) for entry in one.entries] for key, one in conversation.ledgers.items()}


def test_rows_of_earlier_releases_are_read_and_gone_on_with_in_the_new_form(path: Path) -> None:
    before = talked(path)
    as_an_earlier_release_wrote_it(path, before)
    after = loaded(path)
    assert after.messages == before.messages
    assert wires(after) == wires(before)
    store = Store(path)
    again = store.load(before.id, MODELS, OTHER)
    again.model = OPENAI
    among(again, Speaker(9), [OPENAI], 2)
    store.close()
    assert rows(path, "SELECT count(*) FROM entry")[0][0] > 0
    assert rows(path, "SELECT count(*) FROM frozen")[0][0] > 0
    last = loaded(path)
    assert last.messages == again.messages
    assert wires(last) == wires(again)


def test_compacting_rewrites_old_rows_and_changes_no_byte_of_what_was_sent(path: Path) -> None:
    before = talked(path)
    as_an_earlier_release_wrote_it(path, before)
    size = path.stat().st_size
    locks = Locks(path.with_suffix(".lock"))
    made = compaction.compact(path, locks)
    locks.close()
    assert made.messages == len(before.nodes)
    assert made.entries == sum(len(one.entries) for one in before.ledgers.values())
    assert path.stat().st_size < size * 0.6
    after = loaded(path)
    assert after.messages == before.messages
    assert wires(after) == wires(before)
    assert {key: one.digests for key, one in after.ledgers.items()} == {
        key: one.digests for key, one in before.ledgers.items()
    }
    assert rows(path, "SELECT count(*) FROM entry") == [(0,)]
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    locks = Locks(path.with_suffix(".lock"))
    assert compaction.compact(path, locks).messages == 0, "once is enough"
    locks.close()


def test_tools_that_are_declared_in_many_conversations_are_kept_once(path: Path) -> None:
    tools = tuple(ToolSpec(f"tool_{number}", "Does what it says. " * 10, {"type": "object"}) for number in range(40))

    def declare(conversation: Conversation) -> None:
        conversation.append(answer("1"))
        conversation.declare(tools)

    made = [saved(path, change=declare) for _ in range(5)]
    assert loaded(path, made[0].id).tools == tools
    assert rows(path, "SELECT count(*) FROM blob") == [(1,)]
    assert rows(path, "SELECT max(length(tools)) FROM declared")[0][0] < len(msgspec.json.encode(tools)) / 10
