"""The ledger: each request extends the one before it, and what cannot be given back is left out once, for good."""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from msgspec import structs

from modules.llm.conversion.wire_json import encoded
from modules.llm.ledger.ledger import Ledger, WireMessages, lost_reasoning, prefix_digest_of
from modules.llm.ledger.ledger_key import ledger_key
from modules.llm.message import Message, MessageTransformer, user
from modules.llm.models import Model, Profile
from modules.llm.parts import Reasoning, Text, ToolResult, Wire
from tests import wire
from tests.harness.cases import NAMES, PICTURE, TOOLS, TWO_CALLS
from tests.harness.transformer_harness import FOUR, TRANSFORMERS, Dry, extends, model_at
from tests.wire.facts import Dialect

every_endpoint = pytest.mark.parametrize("name", NAMES)
THOUGHT = "a thought that is signed"


def done(*texts: str) -> list[ToolResult]:
    return [ToolResult("", (Text(text),)) for text in texts]


def tool_turn(dry: Dry, question: str) -> None:
    """A question, thinking, two calls, their results, and the answer to those."""
    dry.say(question)
    calls = dry.answer(wire.Reasoning(THOUGHT), "Let me look.", *TWO_CALLS).calls
    dry.tell(*(ToolResult(call.id, (Text(f"result of {call.name}"),)) for call in calls))
    dry.answer(wire.Reasoning(THOUGHT), "Noon.")


def build(ledger: Ledger, transformer: MessageTransformer, history: Sequence[Message]) -> WireMessages:
    return ledger.build(transformer, history, range(1, len(history) + 1))


@every_endpoint
def test_each_request_extends_the_one_before_it(name: Dialect) -> None:
    dry = Dry(FOUR[name], "Be brief.", TOOLS)
    sent: list[list[Wire]] = []
    for number in range(4):
        dry.say(f"Question {number}", PICTURE)
        sent.append(dry.entries())
        calls = dry.answer(wire.Reasoning(THOUGHT), "Let me look.", *TWO_CALLS).calls
        dry.tell(*(ToolResult(call.id, (Text("12"), PICTURE)) for call in calls))
        sent.append(dry.entries())
        dry.answer(wire.Reasoning(THOUGHT), "Noon.")
    dry.say("So?")
    sent.append(dry.entries())
    for shorter, longer in pairwise(sent):
        assert extends(longer, shorter)
        assert len(longer) > len(shorter)
    assert dry.broken() == []


@every_endpoint
def test_only_what_is_new_is_converted(name: Dialect) -> None:
    told: list[str] = []

    class Counting(TRANSFORMERS[name_of(name)]):  # type: ignore[misc]
        def user(self, message: Message, notes: Sequence[str]) -> Iterable[Wire]:
            told.append(message.text)
            found: Iterable[Wire] = super().user(message, notes)
            return found

        def native(self, message: Message) -> Iterable[Wire]:
            told.append(message.text)
            found: Iterable[Wire] = super().native(message)
            return found

        def assistant(self, message: Message) -> Iterable[Wire]:
            told.append(message.text)
            found: Iterable[Wire] = super().assistant(message)
            return found

    ledger, transformer = Ledger(), Counting(FOUR[name])
    history: list[Message] = []
    for number in range(5):
        history.append(user(f"question {number}"))
        told.clear()
        sent = build(ledger, transformer, history)
        assert told == [f"answer {number - 1}", f"question {number}"][0 if number else 1 :]
        ledger.commit(sent.pending)
        history.append(Message("assistant", (Text(f"answer {number}"),)))


def name_of(name: Dialect) -> str:
    return FOUR[name].provider.dialect


@every_endpoint
def test_what_was_sent_and_never_answered_is_told_anew(name: Dialect) -> None:
    transformer = TRANSFORMERS[name_of(name)](FOUR[name])
    ledger = Ledger()
    one = build(ledger, transformer, [user("First try")])
    other = build(ledger, transformer, [user("Second try")])
    assert b"First try" in encoded(one.listed())
    assert b"First try" not in encoded(other.listed())
    assert ledger.entries == []
    ledger.commit(other.pending)
    assert len(ledger.entries) == 1


@every_endpoint
def test_what_is_frozen_stays_whatever_a_newer_release_would_make_of_it(name: Dialect) -> None:
    class Newer(TRANSFORMERS[name_of(name)]):  # type: ignore[misc]
        def user(self, message: Message, notes: Sequence[str]) -> Iterable[Wire]:
            newer: Iterable[Wire] = super().user(user("[from a newer release]", *message.parts), notes)
            return newer

    ledger = Ledger()
    before = build(ledger, TRANSFORMERS[name_of(name)](FOUR[name]), [user("One")])
    ledger.commit(before.pending)
    history = [user("One"), Message("assistant", (Text("Yes."),)), user("Two")]
    after = [*build(ledger, Newer(FOUR[name]), history)]
    assert extends(after, [*before])
    assert json.dumps(after).count("from a newer release") == 1


@every_endpoint
def test_undo_cuts_off_what_was_taken_back_and_no_more(name: Dialect) -> None:
    dry = Dry(FOUR[name], tools=TOOLS)
    tool_turn(dry, "One?")
    dry.say("Two?")
    two = dry.entries()
    dry.answer("Two.")
    tool_turn(dry, "Three?")
    dry.conversation.undo()
    dry.conversation.undo()
    dry.say("Another two?")
    again = dry.entries()
    assert len(again) == len(two)
    assert extends(again, two[:-1])
    assert "Another two?" in json.dumps(again[-1])
    assert "Three?" not in json.dumps(again)
    assert dry.broken() == []


@every_endpoint
def test_a_branch_begins_as_the_other_did(name: Dialect) -> None:
    dry = Dry(FOUR[name], tools=TOOLS)
    tool_turn(dry, "One?")
    place = dry.conversation.head
    dry.say("Left?")
    left = dry.entries()
    dry.answer(wire.Reasoning(THOUGHT), "Left.")
    dry.conversation.go_to(place)
    dry.say("Right?")
    right = dry.entries()
    dry.answer(wire.Reasoning(THOUGHT), "Right.")
    assert extends(right, left[:-1])
    dry.conversation.go_to(place + 2)  # back on the left
    dry.say("Further left?")
    back = dry.entries()
    assert extends(back, left)
    assert "Right" not in json.dumps(back)
    assert json.dumps(back).count(THOUGHT) == json.dumps(left).count(THOUGHT) + (THOUGHT in json.dumps(left))
    assert dry.broken() == []


@every_endpoint
def test_undo_of_everything_leaves_nothing_behind(name: Dialect) -> None:
    dry = Dry(FOUR[name])
    dry.turn("One?")
    dry.conversation.undo()
    dry.say("Uno?")
    assert len(dry.entries()) == 1
    assert "One" not in json.dumps(dry.entries())


def test_models_that_are_shown_the_same_share_a_ledger() -> None:
    model = model_at("anthropic")
    dated = replace(model, name="dated", id="claude-sonnet-5-5-20261001")
    assert ledger_key(dated) == ledger_key(model)
    others: list[Model] = [
        model_at("openai"),
        replace(model, vision=False),
        replace(model, documents=False),
        replace(model, tools=False),
        replace(model, reasoning=()),
        replace(model, profile=Profile(thinking="manual")),
        replace(model, provider=structs.replace(model.provider, base_url="https://elsewhere.example")),
    ]
    assert len({ledger_key(other) for other in [model, *others]}) == len(others) + 1


def test_a_fact_that_a_later_release_knows_of_a_model_parts_the_ledgers_by_itself() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Later(Model):
        audio: bool = False

    model = FOUR["chat"]
    known = {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}
    assert ledger_key(Later(**known)) == ledger_key(model)
    assert ledger_key(Later(**known, audio=True)) != ledger_key(model)


def test_a_blind_model_has_its_own_view_and_the_other_sees_again() -> None:
    sees = model_at("openai")
    blind = replace(sees, vision=False)
    dry = Dry(sees)
    dry.say("What is it?", PICTURE)
    first = dry.entries()
    dry.answer("Red.")
    dry.conversation.switch(blind)
    dry.say("Sure?")
    assert PICTURE.base64 not in json.dumps(dry.entries())
    dry.answer("So they say.")
    dry.conversation.switch(sees)
    dry.say("And now?")
    assert extends(dry.entries(), first)
    assert json.dumps(dry.entries()).count(PICTURE.base64) == 1


class TestReasoningThatIsBound:
    """Anthropic signs thinking over everything before it: instructions, tools, and every message."""

    def test_stays_as_long_as_nothing_before_it_changes(self) -> None:
        dry = Dry(FOUR["anthropic"], "Be brief.", TOOLS)
        tool_turn(dry, "One?")
        dry.conversation.switch(FOUR["groq"])
        tool_turn(dry, "Two?")
        dry.conversation.switch(FOUR["anthropic"])
        tool_turn(dry, "Three?")
        dry.say("Four?")
        assert json.dumps(dry.entries()).count(THOUGHT) == 4
        assert dry.broken() == []

    @pytest.mark.parametrize("change", ["instructions", "tools", "history"])
    def test_is_left_out_where_what_it_was_made_under_is_another(self, change: str) -> None:
        dry = Dry(FOUR["anthropic"], "Be brief.", TOOLS)
        tool_turn(dry, "One?")
        if change == "instructions":
            dry.conversation.system = "Be long."
        elif change == "tools":
            dry.tools = TOOLS[:1]
        else:
            first = dry.conversation.messages
            dry.conversation.go_to(0)
            dry.conversation.extend([user("Another one?"), *first[1:]])
        dry.say("Two?")
        assert THOUGHT not in json.dumps(dry.entries())
        assert dry.broken() == []
        dry.answer(wire.Reasoning(THOUGHT), "Two.")
        dry.say("Three?")
        assert json.dumps(dry.entries()).count(THOUGHT) == 1
        assert dry.broken() == []

    def test_is_bound_to_values_and_not_to_how_they_are_spelled(self) -> None:
        assert prefix_digest_of("a", [{"b": 1, "c": [2]}]) == prefix_digest_of("a", [{"c": [2], "b": 1}])
        assert prefix_digest_of("a", []) != prefix_digest_of("b", [])

    def test_is_marked_with_the_digest_of_what_was_read(self) -> None:
        dry = Dry(FOUR["anthropic"], tools=TOOLS)
        tool_turn(dry, "One?")
        first, second = [m.origin.made_under for m in dry.conversation.messages if m.origin]
        assert first
        assert second
        assert first != second
        dry.say("Two?")
        ledger = dry.conversation.ledger_for(dry.model)
        dry.entries()
        assert first in ledger.digests
        assert second in ledger.digests

    @pytest.mark.parametrize("name", ["openai", "groq", "chat"])
    def test_is_a_matter_of_that_dialect_alone(self, name: Dialect) -> None:
        dry = Dry(FOUR[name], "Be brief.", TOOLS)
        tool_turn(dry, "One?")
        dry.conversation.system = "Be long."
        dry.say("Two?")
        dry.entries()
        ledger = dry.conversation.ledger_for(dry.model)
        assert ledger.digests == []
        assert all(m.origin.made_under == "" for m in dry.conversation.messages if m.origin)


class TestAStrip:
    @every_endpoint
    def test_leaves_out_all_reasoning_before_it_and_none_after_it_ever_again(self, name: Dialect) -> None:
        dry = Dry(FOUR[name], tools=TOOLS)
        tool_turn(dry, "One?")
        dry.say("Two?")
        before = dry.conversation.messages
        dry.conversation.ledger_for(dry.model).strip(len(before))
        stripped = dry.entries()
        assert not _thinks(stripped)
        assert dry.broken() == []
        dry.answer(wire.Reasoning(THOUGHT), "Two.")
        for number in range(3, 6):
            dry.say(f"{number}?")
            now = dry.entries()
            assert extends(now, stripped)
            assert _thinks(now) == number - 2
            assert dry.broken() == []
            dry.answer(wire.Reasoning(THOUGHT), f"{number}.")
        assert lost_reasoning(before, len(before), dry.model) == 2

    def test_only_ever_moves_forward(self) -> None:
        ledger = Ledger()
        ledger.strip(4)
        ledger.strip(2)
        assert ledger.reasoning_from == 4

    def test_does_not_bring_reasoning_back_after_an_undo(self) -> None:
        dry = Dry(FOUR["anthropic"])
        dry.turn("One?", wire.Reasoning(THOUGHT), "One.")
        dry.say("Two?")
        dry.conversation.ledger_for(dry.model).strip(len(dry.conversation.messages))
        dry.answer("Two.")
        dry.conversation.undo()
        dry.say("Another two?")
        assert THOUGHT not in json.dumps(dry.entries())


def _thinks(entries: list[Wire]) -> int:
    """How many pieces of reasoning stand in a request, in whatever shape."""
    found = 0
    for entry in entries:
        blocks = entry.get("content")
        found += entry.get("type") == "reasoning"
        found += bool(entry.get("reasoning") or entry.get("reasoning_content") or entry.get("thinking"))
        if isinstance(blocks, list):
            found += sum(block.get("type") == "thinking" for block in blocks)
        signatures = {part.get("thoughtSignature") for part in entry.get("parts", ())}
        found += bool(signatures - {None, "skip_thought_signature_validator"})
    return found


def test_a_field_that_is_dropped_is_never_sent_again() -> None:
    dry = Dry(FOUR["chat"], tools=TOOLS)
    tool_turn(dry, "One?")
    dry.say("Two?")
    assert _thinks(dry.entries()) == 2
    dry.conversation.learned.note(dry.model, refused=("messages.*.reasoning_content",))
    assert _thinks(dry.entries()) == 0
    dry.answer(wire.Reasoning(THOUGHT), "Two.")
    dry.say("Three?")
    assert _thinks(dry.entries()) == 0


@every_endpoint
def test_a_refused_answer_is_not_told_and_freezes_nothing(name: Dialect) -> None:
    dry = Dry(FOUR[name])
    dry.turn("One?")
    dry.say("A bad thing?")
    before = len(dry.conversation.ledger_for(dry.model).entries)
    stop = "content_filter" if name == "openai" else "refusal"
    assert dry.answer("I will not do", stop=stop).state == "refused"
    assert len(dry.conversation.ledger_for(dry.model).entries) == before
    dry.say("A good thing?")
    assert "I will not do" not in json.dumps(dry.entries())
    assert dry.broken() == []
    dry.answer("Gladly.")
    dry.say("And?")
    assert "I will not do" not in json.dumps(dry.entries())
    assert dry.broken() == []


@every_endpoint
def test_a_refusal_on_one_branch_brings_nothing_of_another_back(name: Dialect) -> None:
    dry = Dry(FOUR[name])
    dry.turn("One?")
    for question in ("Two?", "Three?"):
        dry.turn(f"{question} That is taken back.")
    dry.conversation.undo(2)
    dry.conversation.switch(FOUR["ollama" if name == "chat" else "chat"])
    dry.turn("Four?")
    dry.say("A bad thing?")
    dry.answer("No.", state="refused")
    dry.conversation.switch(FOUR[name])
    dry.say("Five?")
    told = json.dumps(dry.entries())
    assert "taken back" not in told
    assert "Four?" in told
    assert dry.broken() == []


STRICT = Profile(strict_roles=True)


def test_a_strict_template_gets_roles_in_turns_and_its_requests_extend_each_other() -> None:
    strict = model_at("chat", profile=STRICT)
    dry = Dry(strict, "Be brief.")
    sent = []
    for number in range(3):
        dry.say(f"{number}?")
        dry.say("And?")
        dry.conversation.append(Message("system", (Text(f"Rule {number}."),)))
        dry.say("So?")
        assert dry.broken() == []
        sent.append(dry.entries()[1:])
        dry.answer("Yes.", stop="refusal" if number == 1 else None)
    assert "Rule 1." in json.dumps(sent[2])
    assert extends(sent[1], sent[0])


class TestInstructionsThatChange:
    """A system message in the middle holds from there on, in the way of the one who reads it."""

    def play(self, model: Model) -> tuple[Dry, list[list[Wire]]]:
        dry = Dry(model, "Be brief.", TOOLS)
        tool_turn(dry, "One?")
        dry.say("Two?")
        sent = [dry.entries()]
        dry.answer("Two.")
        dry.conversation.append(Message("system", (Text("Be long."),)))
        dry.say("Three?")
        sent.append(dry.entries())
        dry.answer("Three.")
        dry.say("Four?")
        sent.append(dry.entries())
        return dry, sent

    @every_endpoint
    def test_are_appended_and_what_came_before_stays(self, name: Dialect) -> None:
        dry, sent = self.play(FOUR[name])
        for shorter, longer in pairwise(sent):
            assert extends(longer, shorter)
        assert json.dumps(sent[0]).count("Be long.") == 0
        assert json.dumps(sent[-1]).count("Be long.") == 1
        assert dry.broken() == []

    @pytest.mark.parametrize(
        ("name", "profile", "entry"),
        [
            (
                "anthropic",
                Profile(thinking="adaptive", mid_system=True),
                {"role": "system", "content": [{"type": "text", "text": "Be long."}]},
            ),
            (
                "openai",
                Profile(),
                {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Be long."}]},
            ),
            ("groq", Profile(), {"role": "system", "content": "Be long."}),
            ("chat", Profile(), {"role": "system", "content": "Be long."}),
        ],
    )
    def test_are_a_message_of_their_own_after_the_persons_turn_where_that_may_be(
        self, name: Dialect, profile: Profile, entry: Wire
    ) -> None:
        id = "claude-opus-5-5" if name == "anthropic" else FOUR[name].id
        dry, sent = self.play(model_at(name, profile=profile, id=id))
        assert sent[1][-1] == entry
        assert dry.broken() == []

    @pytest.mark.parametrize(
        "model", [FOUR["anthropic"], model_at("chat", profile=STRICT)], ids=["claude", "strict-template"]
    )
    def test_are_a_note_in_the_persons_turn_elsewhere(self, model: Model) -> None:
        _, sent = self.play(model)
        last = sent[1][-1]
        assert last["role"] == "user"
        assert "<system-update>\\nBe long.\\n</system-update>" in json.dumps(last)
        assert json.dumps(last).index("Be long.") < json.dumps(last).index("Three?")

    @every_endpoint
    @pytest.mark.parametrize("later", [True, False], ids=["mid-system", "note"])
    def test_reach_the_model_when_they_come_between_calls_and_results(self, name: Dialect, later: bool) -> None:
        profile = structs.replace(FOUR[name].profile, mid_system=later, strict_roles=not later)
        dry = Dry(model_at(name, profile=profile, **({"id": "claude-opus-5-5"} if name == "anthropic" else {})))
        dry.tools = TOOLS
        dry.say("How late?")
        call = dry.answer(TWO_CALLS[1]).calls[0]
        dry.conversation.append(Message("system", (Text("Be long."),)))
        dry.conversation.append(Message("tool", (ToolResult(call.id, (Text("noon"),)),)))
        assert dry.broken() == []
        dry.answer("Noon.")
        dry.say("And now?")
        assert json.dumps(dry.entries()).count("Be long.") == 1
        assert dry.broken() == []

    @every_endpoint
    def test_stand_before_the_next_answer_even_if_the_first_was_refused(self, name: Dialect) -> None:
        profile = structs.replace(FOUR[name].profile, mid_system=True)
        dry = Dry(model_at(name, profile=profile, **({"id": "claude-opus-5-5"} if name == "anthropic" else {})))
        dry.turn("One?")
        dry.conversation.append(Message("system", (Text("Be long."),)))
        dry.say("A bad thing?")
        dry.answer("No.", stop="refusal")
        dry.say("A good thing?")
        assert json.dumps(dry.entries()).count("Be long.") == 1
        assert dry.broken() == []


def test_the_ledger_alone_decides_what_the_digest_is() -> None:
    """Two ledgers that were asked the same have the same digests, whatever lay between the asking."""
    dry = Dry(FOUR["anthropic"], "Be brief.", TOOLS)
    tool_turn(dry, "One?")
    dry.say("Two?")
    ledger, talk = dry.conversation.ledger_for(dry.model), dry.conversation
    transformer = TRANSFORMERS["anthropic-messages"](dry.model)
    grown = ledger.build(transformer, talk.messages, talk.path, ledger.prefix_digest).reasoning_digest
    assert grown
    assert Ledger().build(transformer, talk.messages, talk.path, ledger.prefix_digest).reasoning_digest == grown
    assert [part for m in dry.conversation.messages for part in m.parts if isinstance(part, Reasoning)]


@every_endpoint
def test_calls_that_were_closed_for_a_question_that_was_taken_back_are_closed_once_for_the_next(name: Dialect) -> None:
    dry = Dry(FOUR[name], tools=TOOLS)
    dry.turn("How warm?", "Let me look.", *TWO_CALLS)
    dry.turn("Never mind?")
    dry.conversation.undo()
    dry.say("Or rather?")
    assert dry.broken() == []


@every_endpoint
def test_of_two_questions_that_were_told_as_one_the_first_stays_when_the_second_is_taken_back(name: Dialect) -> None:
    dry = Dry(FOUR[name], tools=TOOLS)
    dry.turn("How warm?", "Let me look.", *TWO_CALLS)
    dry.say("Never mind.")
    dry.turn("What time is it?")
    dry.conversation.undo()
    assert "Never mind." in json.dumps(dry.entries())
    grown = dry.entries()
    dry.conversation.ledgers.clear()
    assert dry.entries() == grown
    assert dry.broken() == []


@every_endpoint
def test_one_who_never_spoke_before_is_told_what_one_who_always_did_was_told(name: Dialect) -> None:
    profile = structs.replace(FOUR[name].profile, mid_system=True)
    model = model_at(name, profile=profile, **({"id": "claude-opus-5-5"} if name == "anthropic" else {}))
    dry = Dry(model, "Be brief.", TOOLS)
    tool_turn(dry, "One?")
    dry.conversation.instruct("Be long.")
    tool_turn(dry, "Two?")
    dry.conversation.instruct("Be kind.")
    dry.say("Three?")
    grown = dry.entries()
    dry.conversation.ledgers.clear()
    assert dry.entries() == grown
    assert dry.broken() == []
