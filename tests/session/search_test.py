"""What was said is found: by whom, when and where, at once; and what was deleted is found no more, anywhere."""

import stat
import time
from pathlib import Path

import pytest

from modules.errors import UsageError
from modules.llm.message import Message, user
from modules.llm.parts import File, Image, Reasoning, Refusal, Text, ToolCall, ToolResult
from modules.session.conversation import Conversation
from modules.session.search.search import FILE as INDEX
from modules.session.search.search import Found, Search
from modules.session.search.since import moment
from modules.session.storage.store import FILE, Store
from tests.harness.store_helpers import MODEL, ORIGIN, answer, loaded, saved, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / FILE


def search_in(path: Path) -> Search:
    return Search(path, path.with_name(INDEX))


def found(path: Path, typed: str, limit: int = 20) -> Found:
    search = search_in(path)
    assert search.catch_up()
    return search.find(typed, limit)


def texts(path: Path, typed: str) -> list[str]:
    return [hit.snippet for hit in found(path, typed).hits]


def test_what_was_said_a_moment_ago_is_found(path: Path) -> None:
    store = Store(path)
    conversation = Conversation(MODEL, journal=store)
    search = search_in(path)
    for number in range(3):
        conversation.append(user(f"Where are the penguins{number}?"))
        store.close()
        assert search.catch_up()
        hits = search.find(f"penguins{number}").hits
        assert [(hit.conversation, hit.message, hit.role) for hit in hits] == [(conversation.id, number + 1, "user")]
        assert abs(hits[0].when - time.time()) < 60


def test_a_hit_says_who_said_it_where_and_when_and_marks_the_words(path: Path) -> None:
    before = "A long beginning that nobody asked for, which goes on for more than a line. " * 3
    conversation = saved(path, user("Hello"), answer(f"{before}\n\nThe Größe of\tpenguins is small. And so on."))
    hit = found(path, "grosse penguins").hits[0]
    assert (hit.conversation, hit.message, hit.role) == (conversation.id, 2, "assistant")
    assert (hit.model, hit.title) == ("anthropic:claude-sonnet-5-5", "Hello")
    assert [hit.snippet[start:end] for start, end in hit.marks] == ["Größe", "penguins"]
    assert hit.snippet.startswith("…")
    assert "The Größe of penguins is small. And so on." in hit.snippet


def test_the_words_themselves_come_before_beginnings_and_these_before_parts(path: Path) -> None:
    saved(path, user("A contest"), user("Testing"), user("A test"), user("Nothing"))
    assert texts(path, "test") == ["A test", "Testing", "A contest"]


def test_filters_narrow(path: Path) -> None:
    saved(
        path,
        user("Penguins swim."),
        answer("Penguins do swim."),
        user("Other birds"),
        answer("Birds fly, penguins do not."),
    )
    assert texts(path, "penguins role:me") == ["Penguins swim."]
    assert texts(path, "penguins role:assistant fly") == ["Birds fly, penguins do not."]
    assert texts(path, '"penguins do"') == ["Penguins do swim.", "Birds fly, penguins do not."]
    assert texts(path, "penguins -fly -role:user") == ["Penguins do swim."]
    assert texts(path, 'penguins -"do swim" model:sonnet') == ["Birds fly, penguins do not."]
    assert texts(path, "penguins model:gpt") == []
    assert len(texts(path, "penguins since:yesterday")) == 3
    assert len(texts(path, "penguins model:anthropic since:1h")) == 2


def test_since_is_a_time_and_nothing_older(path: Path) -> None:
    conversation = saved(path, user("Old penguins"), user("New penguins"))
    write(path, "UPDATE message SET created = 1600000000.0 WHERE id = 1")
    assert texts(path, "penguins since:2021") == ["New penguins"]
    assert texts(path, "penguins since:2020-09-13") == ["New penguins", "Old penguins"]
    assert [hit.conversation for hit in found(path, "since:7d").hits] == [conversation.id]


@pytest.mark.parametrize(
    ("typed", "day"),
    [("2026-11", (2026, 11, 1)), ("2026-11-05", (2026, 11, 5)), ("2026", (2026, 1, 1)), ("yesterday", (2026, 11, 28)),
     ("today", (2026, 11, 29)), ("2d", (2026, 11, 27)), ("1w", (2026, 11, 22))],
)  # fmt: skip
def test_times_are_read_as_they_are_typed(typed: str, day: tuple[int, int, int]) -> None:
    now = time.mktime((2026, 11, 29, 12, 0, 0, 0, 0, -1))
    assert time.localtime(moment(typed, now))[:3] == day


@pytest.mark.parametrize(
    ("typed", "cure"),
    [("role:nobody x", "role:user"), ("since:soon x", "since:7d"), ("since:2026-13 x", "since:7d"),
     ("in:text x", "in:title"), ("", "Give words"), (" !!! ", "Give words"), ("-", "Give words"),
     ('model:"!"', "model:sonnet"), ("in:title role:me", "Leave"), ("-since:7d x", "minus"), ("word " * 200, "fewer")],
)  # fmt: skip
def test_what_is_not_understood_is_said_with_the_cure(path: Path, typed: str, cure: str) -> None:
    saved(path, user("Hello"))
    with pytest.raises(UsageError) as caught:
        found(path, typed)
    assert cure in str(caught.value)


def test_titles_are_found_and_change(path: Path) -> None:
    store = Store(path)
    conversation = Conversation(MODEL, journal=store)
    conversation.append(user("Tell me of penguins."))
    store.close()
    assert [hit.role for hit in found(path, "penguins").hits] == ["user"]  # first words are found as what was said
    assert [(hit.role, hit.message) for hit in found(path, "in:title penguin").hits] == [("title", 0)]
    conversation.call("Antarctic birds")
    store.close()
    hits = found(path, "antarctic").hits
    assert [(hit.role, hit.title, hit.snippet) for hit in hits] == [("title", "Antarctic birds", "Antarctic birds")]
    assert found(path, "in:title penguin").hits == ()
    assert [hit.title for hit in found(path, "penguins").hits] == ["Antarctic birds"]
    assert len(found(path, "in:title -penguins").hits) == 1
    assert found(path, "in:title -birds").hits == ()


def test_calls_results_refusals_and_names_of_files_are_found_and_pictures_and_thoughts_are_not(path: Path) -> None:
    call = ToolCall("call_1", "search_files", '{"pattern": "first\\nneedle", "paths": ["src/caf\\u00e9"]}')
    result = ToolResult(
        "call_1", (Text("haystack " + "straw " * 30_000 + "beyond"), Image("image/png", "aGVsbG8=", "chart.png"))
    )
    saved(
        path,
        user("Look", File("application/pdf", "JVBERi0=", "report.pdf")),
        Message("assistant", (Reasoning("secretly"), Text("I look."), call), ORIGIN, {"native": "payload"}),
        Message("tool", (result,)),
        Message("assistant", (Refusal("Declined."),), ORIGIN),
    )
    for typed, role in {"needle": "assistant", "café": "assistant", "search_files": "assistant", "haystack": "tool",
                        "chart.png": "tool", "report": "user", "declined": "assistant"}.items():  # fmt: skip
        assert [hit.role for hit in found(path, typed).hits] == [role], typed
    for typed in ("beyond", "secretly", "payload", "aGVsbG8", "JVBERi0"):
        assert found(path, typed).hits == (), typed


def test_common_words_come_newest_first_and_say_so(path: Path) -> None:
    saved(path, *(user(f"penguin number{number}") for number in range(1100)))
    many = found(path, "penguin", 5)
    assert many.newest_first
    assert many.hits[0].snippet == "penguin number1099"
    few = found(path, "penguin number7", 5)
    assert not few.newest_first
    assert few.hits[0].snippet == "penguin number7"
    assert few.hits[0].score > 0


def test_the_index_is_private_small_and_may_be_deleted(path: Path) -> None:
    saved(path, user("Penguins swim."))
    assert len(texts(path, "penguins")) == 1
    index = path.with_name(INDEX)
    assert stat.S_IMODE(index.stat().st_mode) == 0o600
    index.unlink()
    search = search_in(path)
    assert search.find("penguins") == Found((), 0, 1)
    assert len(texts(path, "penguins")) == 1


def test_what_is_forgotten_is_out_of_the_file_and_the_rest_stays(path: Path) -> None:
    kept = saved(path, user("Penguins swim in the southern ocean."), answer("They do."))
    gone = saved(path, user("My zebrasecret is known to penguins."), answer("Hush, xylophonesecret."))
    assert len(texts(path, "penguins")) == 2
    search = search_in(path)
    search.forget([gone.id, "not there"])
    assert [hit.conversation for hit in search.find("penguins").hits] == [kept.id]
    assert (
        search.find("zebrasecret").hits == search.find("secret").hits == search.find("in:title zebrasecret").hits == ()
    )
    data = b"".join(one.read_bytes() for one in path.parent.glob(f"{INDEX}*"))
    assert b"zebra" not in data
    assert b"xylophone" not in data
    write(path, f"DELETE FROM conversation WHERE id = '{gone.id}'")
    write(path, f"DELETE FROM message WHERE conversation = '{gone.id}'")
    assert [hit.conversation for hit in found(path, "penguins").hits] == [kept.id]


def test_what_another_program_deleted_is_taken_out_at_the_next_search(path: Path) -> None:
    kept = [saved(path, user(f"Penguins swim {number}.")) for number in range(3)]
    gone = saved(path, user("My zebrasecret is known to penguins."))
    assert len(texts(path, "penguins")) == 4
    write(path, f"DELETE FROM message WHERE conversation = '{gone.id}'")
    write(path, f"DELETE FROM conversation WHERE id = '{gone.id}'")
    assert {hit.conversation for hit in search_in(path).find("penguins").hits} == {
        one.id for one in kept
    }  # not indexed
    assert {hit.conversation for hit in found(path, "penguins").hits} == {one.id for one in kept}
    assert b"zebra" not in b"".join(one.read_bytes() for one in path.parent.glob(f"{INDEX}*"))
    path.unlink()
    assert found(path, "penguins") == Found((), 0, 0)
    assert not path.with_name(INDEX).exists()


def test_a_conversation_that_went_on_elsewhere_is_found_whole(path: Path) -> None:
    conversation = saved(path, user("Penguins swim."), answer("They do."))
    assert len(texts(path, "penguins")) == 1
    again = loaded(path, conversation.id)
    store = Store(path)
    again.journal = store
    again.go_to(0)
    again.append(user("Penguins on another branch."))
    store.close()
    assert sorted(texts(path, "penguins")) == ["Penguins on another branch.", "Penguins swim."]


def test_messages_of_one_second_and_of_no_known_time_are_all_found(path: Path) -> None:
    saved(path, *(user(f"penguin number{number}") for number in range(300)))
    write(path, "UPDATE message SET created = 1600000000.0 WHERE id < 200")
    write(path, "UPDATE message SET created = 'never' WHERE id BETWEEN 50 AND 90")
    write(path, "UPDATE message SET created = -5e300 WHERE id BETWEEN 91 AND 99")
    assert {hit.message for hit in found(path, "penguin", 1000).hits} == set(range(1, 301))
    assert found(path, "number60").hits[0].when == 0


def test_models_are_looked_for_by_name_and_provider(path: Path) -> None:
    saved(path, user("Hi"), answer("penguins"))
    for typed in ("model:sonnet", "MODEL:Claude-Sonnet", "model:anthropic:claude", 'model:"sonnet 5"'):
        assert texts(path, f"{typed} penguins") == ["penguins"], typed
