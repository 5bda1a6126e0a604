"""An answer that is finished by another request: told once, and true for whoever reads it."""

import json

import pytest

from modules.llm.ledger.ledger import Ledger
from modules.llm.message import Message, State
from modules.llm.models import ModelRegistry
from modules.llm.parts import Text
from modules.session.message_tree import words_of
from modules.session.turns.continuation import cut_answer, seam, whole_answers, why_cut
from tests.harness.conversation_machine import restarted
from tests.harness.transformer_harness import FOUR, Dry
from tests.wire.facts import Dialect

READERS: list[Dialect] = list(FOUR)


def cut(state: State = "interrupted", stop: str | None = None, by: Dialect = "groq") -> Dry:
    dry = Dry(FOUR[by])
    dry.say("Count.")
    dry.answer("One, two", state=state, stop=stop)
    return dry


def continued(dry: Dry, by: Dialect) -> Message:
    answer = cut_answer(dry.conversation)
    assert answer is not None
    dry.conversation.switch(FOUR[by])
    words = seam(answer, FOUR[by])
    dry.conversation.append(words)
    return words


@pytest.mark.parametrize(("state", "stop"), [("interrupted", None), ("incomplete", None), ("complete", "max_tokens")])
@pytest.mark.parametrize("reader", READERS)
def test_a_cut_is_told_once_to_every_reader(reader: Dialect, state: State, stop: str | None) -> None:
    dry = cut(state, stop)
    words = continued(dry, "anthropic")
    told = json.dumps(dry.entries(FOUR[reader]))
    assert told.count("complete") == 1
    assert words.text.startswith(f"[The answer above, by {FOUR['groq'].id}, is not complete: ")
    assert f"{FOUR['anthropic'].id} goes on with it" in words.text
    assert dry.broken(FOUR[reader]) == []


def test_the_same_model_is_not_told_of_another() -> None:
    assert "goes on with it" not in continued(cut(), "groq").text


def test_the_words_between_are_no_question_of_the_person() -> None:
    dry = cut()
    words = continued(dry, "openai")
    dry.answer(", three.")
    conversation = dry.conversation
    assert conversation.turns == 1
    assert words_of(words) == ""
    assert conversation.undo() == conversation.nodes[0].message
    assert conversation.head == 0
    assert conversation.redo()
    assert conversation.head == 4


def test_it_is_known_again_after_a_restart() -> None:
    dry = cut()
    continued(dry, "openai")
    dry.answer(", three.")
    before = json.dumps(dry.body())
    dry.conversation = restarted(dry.conversation, ModelRegistry(FOUR.values()))
    assert [message.continues for message in dry.conversation] == [False, False, True, False]
    assert json.dumps(dry.body()) == before


def test_a_refused_rest_is_left_out_and_the_cut_is_still_told() -> None:
    dry = cut()
    continued(dry, "anthropic")
    dry.answer("I will not", stop="refusal")
    dry.say("And then?")
    told = json.dumps(dry.entries())
    assert "I will not" not in told
    assert "is not complete: " not in told
    assert told.count("[The user interrupted the answer above; it is not complete.]") == 1


def test_a_ledger_that_begins_anew_tells_the_same() -> None:
    dry = cut()
    continued(dry, "groq")
    dry.answer(", three.")
    dry.say("More?")
    before = json.dumps(dry.body())
    for key in dry.conversation.ledgers:
        dry.conversation.ledgers[key] = Ledger()
    assert json.dumps(dry.body()) == before


def test_answers_are_given_whole() -> None:
    dry = cut()
    continued(dry, "groq")
    dry.answer(", three", stop="max_tokens")
    continued(dry, "openai")
    dry.answer(", four.")
    dry.turn("And?", "Five.")
    assert [text for _, text in whole_answers(dry.conversation)] == ["One, two, three, four.", "Five."]
    assert whole_answers(dry.conversation)[0][0] is dry.conversation.nodes[1].message


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (Message("user", (Text("x"),)), ""),
        (Message("assistant", (Text("x"),), state="refused", stop="max_tokens"), ""),
        (Message("assistant", (Text("x"),), stop="end_turn"), ""),
        (Message("assistant", (Text("x"),), stop="aborted"), "the server gave it up"),
        (Message("assistant", (Text("x"),), stop="context_full"), "the model's context window was full"),
        (Message("assistant", (Text("x"),), state="incomplete"), "the connection broke"),
    ],
)
def test_what_can_be_gone_on_with(message: Message, why: str) -> None:
    assert why_cut(message) == why
