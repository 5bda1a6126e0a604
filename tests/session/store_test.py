"""Conversations in their file: what goes in comes out, kept once, private, and read in time with its size."""

import json
import os
import stat
import sys
from dataclasses import replace as other
from pathlib import Path

import pytest
from msgspec.structs import replace

from modules.errors import UsageError
from modules.llm.events import Usage
from modules.llm.message import Message, Origin, user
from modules.llm.models import Model, ModelRegistry
from modules.llm.parts import File, Opaque, Reasoning, Refusal, Text, ToolCall, ToolResult
from modules.session.conversation import Conversation
from modules.session.storage.store import FILE, Store
from tests.harness.cases import PICTURE
from tests.harness.store_helpers import BIG, MODEL, MODELS, OTHER, answer, loaded, rows, saved, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / FILE


WHOLE = Message(
    "assistant",
    (
        Text("NUL \0, é, 漢字, 🎉, \u200f, \x1b[31m"),
        Reasoning("Hm."),
        PICTURE,
        BIG,
        File("application/pdf", "JVBE" * 4, "half \udce9 a name.pdf"),
        ToolCall("call_1", "weather", '{"city": "Zü', "toolu_1"),
        ToolResult("call_1", (Text("blob:looks like one of ours"), BIG), is_error=True),
        Refusal("No."),
        Opaque("web_search", "searched the web"),
    ),
    Origin("anthropic-messages", "anthropic api.anthropic.com anthropic", "claude", "made under"),
    [
        {"z": 1, "a": {"unknown": None, "é": "漢", "big": 10**40, "float": 1e5, "tiny": 5e-324}, "": [True, [], {}]},
        {"signature": "Ab+/" * 2000, "mark": "blob:=x", "half": "\ud83d", "text": "long words " * 1000},
    ],
    "interrupted",
    "tool_use",
    Usage(1, 2, 3, 4, 5),
)


def test_every_kind_of_part_and_the_payload_come_back_with_their_keys_in_order(path: Path) -> None:
    saved(path, user("Hello", BIG), WHOLE)
    back = loaded(path).messages
    assert back == (user("Hello", BIG), WHOLE)
    assert json.dumps(back[1].native) == json.dumps(WHOLE.native)


def test_the_tree_its_branches_and_where_one_stands_in_it_come_back(path: Path) -> None:
    def branch(conversation: Conversation) -> None:
        conversation.undo()
        conversation.extend([user("Two, again"), answer("Second branch")])
        conversation.go_to(4)
        conversation.switch(OTHER)
        conversation.system, conversation.reasoning = "Be long.", "high"
        conversation.changed()
        conversation.pay(MODEL, Usage(10, 20))
        conversation.pay(OTHER, Usage(30, 40))

    before = saved(path, user("One"), answer("1"), user("Two"), answer("2"), change=branch)
    after = loaded(path)
    assert after.nodes == before.nodes
    assert [node.parent for node in after.nodes] == [0, 1, 2, 3, 2, 5]
    assert after.path == before.path == (1, 2, 3, 4)
    assert (after.model, after.previous, after.system, after.reasoning) == (OTHER, MODEL, "Be long.", "high")
    assert after.spent == before.spent
    assert after.id == before.id


def test_an_answer_that_grows_gives_way_to_the_whole_one_or_stays_as_a_cut_one(path: Path) -> None:
    def grow(conversation: Conversation) -> None:
        for text in ("Once", "Once upon"):
            assert conversation.journal is not None
            conversation.journal.growing(conversation, answer(text, [{"text": text}]))

    saved(path, user("Tell"), change=grow)
    cut = replace(answer("Once upon", [{"text": "Once upon"}]), state="incomplete")
    for _ in range(2):  # whoever goes on makes it a message like any other
        assert loaded(path).messages == (user("Tell"), cut)
        assert rows(path, "SELECT count(*) FROM growing") == [(0,)]

    def finish(conversation: Conversation) -> None:
        grow(conversation)
        conversation.append(answer("Once upon a time."))

    whole = saved(path, user("Tell"), change=finish)
    assert loaded(path).messages == whole.messages
    assert rows(path, "SELECT count(*) FROM growing") == [(0,)]


def test_what_grew_and_was_taken_back_does_not_come_again(path: Path) -> None:
    def take_back(conversation: Conversation) -> None:
        assert conversation.journal is not None
        conversation.journal.growing(conversation, answer("Once"))
        conversation.undo()

    before = saved(path, user("One"), answer("1"), user("Tell"), change=take_back)
    assert loaded(path).messages == before.messages == (user("One"), answer("1"))


def test_a_conversation_in_which_nothing_was_said_leaves_no_trace(path: Path) -> None:
    def look_around(conversation: Conversation) -> None:
        conversation.switch(OTHER)
        conversation.system = "Be long."
        conversation.changed()

    saved(path, change=look_around)
    assert not path.parent.exists()
    store = Store(path)
    assert (store.latest(), store.ids()) == (None, [])
    assert not path.parent.exists()


def test_files_and_folder_are_for_this_user_only_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        store = Store(path)
        conversation = Conversation(MODEL, journal=store)
        conversation.append(user("One"))
        assert store._writer is not None
        while not Path(f"{path}-wal").exists() or not path.with_suffix(".lock").exists():
            pass
        modes = {name.name: stat.S_IMODE(name.stat().st_mode) for name in [path.parent, *path.parent.iterdir()]}
        store.close()
    finally:
        os.umask(before)
    assert modes.pop("data") == 0o700
    assert len(modes) == 4
    assert set(modes.values()) == {0o600}


def test_modes_are_tightened_but_never_through_a_link(path: Path, tmp_path: Path) -> None:
    saved(path, user("One"))
    path.chmod(0o644)
    path.parent.chmod(0o755)
    saved(path, user("Two"))
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    path.chmod(0o644)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / FILE).symlink_to(path)
    saved(elsewhere / FILE, user("Three"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert len(Store(path).ids()) == 3


def test_the_last_conversation_is_the_one_that_was_used_last_whatever_the_clock_says(path: Path) -> None:
    first = saved(path, user("One"), answer("1"))
    second = saved(path, user("Two"), answer("2"))
    write(path, f"UPDATE conversation SET created = 0, updated = 0 WHERE id = '{second.id}'")
    assert Store(path).latest() == second.id
    store = Store(path)
    store.load(first.id, MODELS, OTHER).append(user("Again"))
    store.close()
    assert Store(path).latest() == first.id
    saved(path, user("Taken back"), change=lambda conversation: conversation.go_to(0))
    assert Store(path).latest() == first.id, "where nothing is said, nothing goes on"


def test_a_beginning_of_an_id_is_enough_where_it_is_the_only_one(path: Path) -> None:
    made = [Conversation(MODEL, id=id) for id in ("abc123", "abd456")]
    for conversation in made:
        store = Store(path)
        conversation.journal = store
        conversation.append(user("Hello"))
        store.close()
    store = Store(path)
    assert store.find("ABC") == "abc123"
    for wrong, said in (("ab", "could be"), ("x", "No conversation"), ("%", "No conversation"), (" ", "missing")):
        with pytest.raises(UsageError, match=said) as caught:
            store.find(wrong)
        assert caught.value.cure


def test_a_model_that_is_gone_is_replaced_and_a_model_beside_the_catalogue_is_not(path: Path) -> None:
    unlisted = MODELS.find("anthropic:claude-next").model
    for model in (MODEL, unlisted):
        store = Store(path)
        Conversation(model, id=model.name, journal=store).append(user("Hello"))
        store.close()
    without = ModelRegistry([OTHER], [MODEL.provider, OTHER.provider])
    store = Store(path)
    assert store.load("claude-next", without, OTHER).model == unlisted
    assert store.news() == []
    assert store.load(MODEL.name, without, OTHER).model == OTHER
    assert store.news() == [f"{MODEL.full_name} is no longer in models.yaml; {OTHER.full_name} answers."]


def test_loading_takes_work_in_proportion_to_the_messages_and_no_more(path: Path) -> None:
    def calls(count: int) -> int:
        conversation = saved(
            path, *[part for n in range(count // 2) for part in (user(f"Q{n}"), answer(f"A{n}", [{}]))]
        )
        made = 0

        def count_call(*_: object) -> None:
            nonlocal made
            made += 1

        sys.setprofile(count_call)
        try:
            back = loaded(path, conversation.id)
        finally:
            sys.setprofile(None)
        assert len(back.messages) == count
        return made

    calls(10)
    few, many = calls(1_000), calls(10_000)
    assert many < few * 10.5


def test_a_model_knows_its_price_of_then(path: Path) -> None:
    saved(path, user("One"), change=lambda conversation: conversation.pay(MODEL, Usage(10, 20)))
    cheaper: Model = other(MODEL, window=1)
    assert loaded(path, models=ModelRegistry([cheaper])).model == cheaper
    assert [spent.model for spent in loaded(path, models=ModelRegistry([cheaper])).spent] == [MODEL]
