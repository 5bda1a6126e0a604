"""The shared history: closing what is open, leaving out what nobody takes, and any history for any provider."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modules.anthropic.stream import AnthropicDraft
from modules.anthropic.transformer import prepare as prepare_messages
from modules.errors import ProviderError
from modules.gemini.stream import GeminiDraft
from modules.gemini.transformer import prepare as prepare_content
from modules.llm.base import ChatRequest, Draft
from modules.llm.chat_completions.chat_completions_stream import ChatDraft
from modules.llm.chat_completions.chat_completions_transformer import prepare as prepare_chat
from modules.llm.message import INTERRUPTED_CALL, Message, State, as_transcript, closed, closing, user
from modules.llm.models import Model, Profile
from modules.llm.parts import (
    Image,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    mint_call_id,
    safe_arguments,
)
from modules.ollama.stream import OllamaDraft
from modules.ollama.transformer import prepare as prepare_ollama
from modules.openai.stream import ResponsesDraft
from modules.openai.transformer import prepare as prepare_responses
from tests import wire
from tests.harness.cases import DOCUMENT, ENDPOINTS, NAMES, PICTURE, TOOLS
from tests.wire.facts import Dialect, facts_for
from tests.wire.rulebook import broken_rules
from tests.wire.server import RENDER
from tests.wire.sse import Context, dumps


def call(number: int = 1, arguments: str = "{}") -> ToolCall:
    return ToolCall(f"call_{number}", f"tool_{number}", arguments)


def said(*parts: Part | str, state: State = "complete") -> Message:
    return Message("assistant", tuple(Text(part) if isinstance(part, str) else part for part in parts), state=state)


def results(*of: ToolCall, text: str = "done") -> Message:
    return Message("tool", tuple(ToolResult(one.id, (Text(text),)) for one in of))


def told(message: Message) -> list[tuple[str, str]]:
    return [(result.call_id, result.text) for result in message.results]


def test_an_answer_without_calls_needs_no_closing() -> None:
    assert closing(said("Hello")) is None


def test_results_stand_in_the_order_of_the_calls_and_only_once() -> None:
    first, second = call(1), call(2)
    late = ToolResult(first.id, (Text("again"),))
    message = closing(said(first, second), [*results(second, first).results, late, *results(call(3)).results])
    assert message is not None
    assert told(message) == [("call_1", "done"), ("call_2", "done")]


def test_a_call_without_a_result_is_said_to_be_interrupted() -> None:
    message = closing(said(call(1), call(2)), results(call(2)).results)
    assert message is not None
    assert told(message) == [("call_1", INTERRUPTED_CALL), ("call_2", "done")]
    assert [result.is_error for result in message.results] == [True, False]


HISTORIES: dict[str, tuple[list[Message], list[Message]]] = {
    "nothing": ([], []),
    "what is sound stays": (
        [user("a"), said(call()), results(call()), said("b")],
        [user("a"), said(call()), results(call()), said("b")],
    ),
    "open calls at the end": (
        [user("a"), said(call())],
        [user("a"), said(call()), results(call(), text=INTERRUPTED_CALL)],
    ),
    "open calls in the middle": (
        [user("a"), said(call()), user("b")],
        [user("a"), said(call()), results(call(), text=INTERRUPTED_CALL), user("b")],
    ),
    "results that nobody asked for": ([user("a"), results(call()), said("b"), results(call())], [user("a"), said("b")]),
    "results that came twice": (
        [user("a"), said(call()), results(call()), results(call()), user("b")],
        [user("a"), said(call()), results(call()), user("b")],
    ),
    "results that came too late": (
        [user("a"), said(call()), user("b"), results(call())],
        [user("a"), said(call()), results(call(), text=INTERRUPTED_CALL), user("b")],
    ),
    "refused answers": ([user("a"), said("no", state="refused"), user("b")], [user("a"), user("b")]),
    "refused answers with calls": (
        [user("a"), said(call(), state="refused"), results(call()), user("b")],
        [user("a"), user("b")],
    ),
    "empty messages": ([user("a"), said(" \n"), user(""), said(Reasoning("hm")), user("b")], [user("a"), user("b")]),
    "a picture is not nothing": ([user(PICTURE)], [user(PICTURE)]),
    "cut answers stay": (
        [user("a"), said("so", state="interrupted"), user("b")],
        [user("a"), said("so", state="interrupted"), user("b")],
    ),
}


@pytest.mark.parametrize(
    ("history", "expected"), HISTORIES.values(), ids=[name.replace(" ", "-") for name in HISTORIES]
)
def test_a_history_is_closed(history: list[Message], expected: list[Message]) -> None:
    whole = [message for message, _ in closed(history)]
    assert [(message.role, message.text, told(message)) for message in whole] == [
        (message.role, message.text, told(message)) for message in expected
    ]
    assert [message for message, _ in closed(whole)] == whole


def test_a_transcript_tells_what_was_called_and_what_came_of_it() -> None:
    asked = said("Let me see.", ToolCall("call_1", "ls", '{"path":"."}'))
    answer = Message("tool", (ToolResult("call_1", (Text("a.txt"), PICTURE), is_error=True),))
    (first, _), (second, _) = as_transcript([(asked, 1), (answer, 2)])
    assert first.text == 'Let me see.[called ls({"path":"."})]'
    assert (first.calls, first.native) == ((), None)
    assert (second.role, second.text) == ("user", "[result of ls failed] a.txt")
    assert second.images == (PICTURE,)


def test_a_transcript_leaves_alone_what_has_no_tools() -> None:
    history = [(user("a"), 1), (said("b"), 2)]
    assert list(as_transcript(history)) == history


# Each kind of part, and what a model finds of it where it has no place of its own: in a question, and in an answer.
CARRIED: tuple[tuple[Part, str, str], ...] = (
    (Text("words"), "words", "words"),
    (Reasoning("thoughts"), "[reasoning, left out: only the model that it is of can read it]", ""),
    (Image("image/png", "AAAA", "cat.png"), "[image: cat.png, left out: ", "[image: cat.png, left out: "),
    (DOCUMENT, "[file: terms.pdf, left out: ", "[file: terms.pdf, left out: answers are given back as text]"),
    (ToolCall("call_1", "ls", '{"a":1}'), '[called ls({"a":1})]', "ls"),
    (ToolResult("call_1", (Text("a.txt"), PICTURE)), "[result of a tool] a.txt", "[result of a tool] a.txt"),
    (Refusal("I will not."), "I will not.", "I will not."),
    (Opaque("web_search", "searched the web"), "[searched the web]", "[searched the web]"),
    (Opaque("web_search", ""), "[web_search]", "[web_search]"),
)


def test_each_kind_of_part_is_tried() -> None:
    assert {type(part) for part, _, _ in CARRIED} == set(get_args(Part))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("part", "asked", "answered"), CARRIED)
def test_a_part_that_has_no_place_is_a_note_and_never_nothing(
    name: Dialect, part: Part, asked: str, answered: str
) -> None:
    model = replace(model_of(name), vision=False, documents=False)
    question = REQUESTS[name](ChatRequest(model, (user(part),))).body
    assert json.dumps(asked)[1:-1] in json.dumps(question)
    body = REQUESTS[name](ChatRequest(model, (user("Hm?"), said(part), user("Go on.")))).body
    assert json.dumps(answered)[1:-1] in json.dumps(body)
    for sent in (question, body):
        assert broken_rules(name, json.loads(json.dumps(sent)), facts(name)) == []


@pytest.mark.parametrize("given_", ['{"b": 1.0,\n "a": 2 }', "{}", '{"a":"\\u00e9"}'])
def test_arguments_that_are_an_object_stay_as_they_were_written(given_: str) -> None:
    assert safe_arguments(call(arguments=given_)) == given_


@pytest.mark.parametrize("given_", ["{", "[1]", "null", "7", '"x"', '{"a":NaN}', '{"a":Infinity}', "[" * 99_999, "not"])
def test_arguments_that_are_none_are_carried_inside_an_object(given_: str) -> None:
    assert json.loads(safe_arguments(call(arguments=given_))) == {"_invalid_json": given_}
    assert call(arguments=given_).parsed() is None


def test_no_arguments_are_an_empty_object() -> None:
    assert safe_arguments(call(arguments="")) == "{}"
    assert call(arguments="").parsed() == {}


def test_minted_ids_are_legal_everywhere_and_never_twice() -> None:
    ids = {mint_call_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(one) == 29 and one.replace("_", "").isalnum() for one in ids)


# Any history at all, for any provider. Answers that a provider gave are read from its own events, as in life.

MODELS = {
    "anthropic": "claude-sonnet-4-6",
    "openai": "gpt-6.1-sol",
    "groq": "qwen/qwen3.8-27b",
    "chat": "local-model",
    "gemini": "gemini-4-argon",
    "ollama": "qwen3-vl:8b",
}
REQUESTS = {
    "anthropic": prepare_messages,
    "openai": prepare_responses,
    "groq": prepare_chat,
    "chat": prepare_chat,
    "gemini": prepare_content,
    "ollama": prepare_ollama,
}
DRAFTS: dict[str, type[Draft]] = {
    "anthropic": AnthropicDraft,
    "openai": ResponsesDraft,
    "groq": ChatDraft,
    "chat": ChatDraft,
    "gemini": GeminiDraft,
    "ollama": OllamaDraft,
}


def model_of(name: Dialect) -> Model:
    return replace(ENDPOINTS[name].full_model(f"https://{name}.example/v1"), id=MODELS[name])


def received(name: Dialect, answer: wire.Answer, events: int | None, state: State) -> Message:
    """What our service makes of this answer of that provider, of all its events or the first so many."""
    request = ChatRequest(model_of(name), (user("Hello"),), tools=TOOLS, reasoning="high")
    draft = DRAFTS[name](request, None)  # type: ignore[arg-type]  # a key, and not a dialect
    context = Context(
        name, facts(name), REQUESTS[name](request).body, 100, "reasoning_content" if name == "chat" else "reasoning"
    )
    for event in RENDER[name](answer, context)[:events]:
        data = dumps(event.data)
        if data != b"[DONE]":
            try:
                draft.add(json.loads(data))
            except ProviderError:
                return draft.message("incomplete")
    cut = draft.finished is None and state == "complete"
    return draft.message("incomplete" if cut else state)


def facts(name: Dialect) -> Any:
    found = facts_for(name, MODELS[name])
    return replace(found, reasoning_field="reasoning_content") if name == "chat" else found


THOUGHT = "a thought that is nobody else's"
words = st.sampled_from(["", " ", "\n", "word", "two words ", " 漢字🎉", "end."])
names = st.sampled_from(["weather", "clock", "get.it", "", "x" * 200, "sp ace", "emoji🎉"])
arguments = st.sampled_from(["", "{}", '{"a":1.0}', '{"a":', "[1]", '{"a":NaN}', '{"🎉":"\\n"}'])
native_ids = st.sampled_from([None, "call_0", "toolu_same"])
states: st.SearchStrategy[State] = st.sampled_from(["complete", "complete", "interrupted", "incomplete", "refused"])

wire_parts = st.one_of(
    st.builds(wire.Text, words),
    st.builds(wire.Reasoning, st.sampled_from(["", THOUGHT]), st.booleans()),
    st.builds(wire.Call, names, arguments, native_ids),
    st.just(wire.Refusal("I will not.")),
)
stops = st.sampled_from([None, None, "max_tokens", "refusal", "end_turn"])
answers = st.builds(
    received,
    st.sampled_from(NAMES),
    st.builds(lambda parts, stop: wire.Answer(*parts, stop=stop), st.lists(wire_parts, max_size=4), stops),
    st.one_of(st.none(), st.none(), st.integers(0, 30)),
    states,
)
loose_answers = st.builds(
    said,
    st.one_of(
        st.builds(Text, words),
        st.builds(ToolCall, st.builds(mint_call_id), names, arguments, st.just("")),
        st.just(Refusal("no")),
        st.just(Opaque("web_search", "web search")),
        st.just(Reasoning(THOUGHT)),
        st.just(PICTURE),
        st.just(DOCUMENT),
        st.just(ToolResult("call_none", (Text(" "), PICTURE))),
    ),
    state=states,
)
odd: st.SearchStrategy[Part] = st.sampled_from(
    [Reasoning(THOUGHT), Refusal(" "), Opaque("kind", ""), ToolCall("call_none", "", "{"), ToolResult("call_none", ())]
)
persons = st.lists(st.one_of(words, words, st.just(PICTURE), st.just(DOCUMENT), odd), max_size=3).map(
    lambda parts: user(*parts)
)
# Which calls get a result: by position, over the calls so far, from the newest; too many, too few, twice.
tools = st.lists(
    st.tuples(
        st.integers(0, 3), st.booleans(), st.sampled_from([(), (Text("12"),), (Text(" "), PICTURE), (DOCUMENT,)])
    ),
    max_size=3,
)
turns = st.lists(st.one_of(persons, answers, answers, loose_answers, tools), max_size=8)


def history_of(turns: Sequence[Any]) -> list[Message]:
    history: list[Message] = []
    for turn in turns:
        if isinstance(turn, Message):
            history.append(turn)
            continue
        calls = [one for message in history for one in message.calls][::-1]
        found = [ToolResult(calls[at].id, parts, bad) for at, bad, parts in turn if at < len(calls)]
        history.append(Message("tool", tuple(found)))
    return history


@given(turns, st.sampled_from(NAMES), st.booleans(), st.booleans(), st.booleans())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_history_makes_a_request_that_the_provider_takes(
    turns: Sequence[Any], name: Dialect, sees: bool, with_tools: bool, takes_tools: bool
) -> None:
    history = [*history_of(turns), user("Go on.")]
    model = replace(model_of(name), vision=sees, documents=sees, tools=takes_tools)
    request = ChatRequest(model, tuple(history), tools=TOOLS if with_tools and takes_tools else ())
    body = REQUESTS[name](request).body
    assert broken_rules(name, json.loads(json.dumps(body)), facts(name)) == []
    if not sees:
        assert PICTURE.base64 not in json.dumps(body)
    if not any(message.origin and message.origin.issuer == model.issuer for message in history):
        assert THOUGHT not in json.dumps(body)


MANNERS: dict[str, tuple[Profile, dict[str, Any]]] = {
    "ids of nine letters": (Profile(call_ids="mistral9"), {"mistral_ids": True}),
    "roles in turns": (Profile(strict_roles=True), {"strict_template": True}),
    "content as a string": (Profile(string_content=True), {"text_only_content": True}),
    "reasoning with every call": (
        Profile(replay=("reasoning_content",), reasoning_required="reasoning_content"),
        {"requires_reasoning": True, "reasoning_field": "reasoning_content"},
    ),
    "all but the reasoning": (
        Profile(call_ids="mistral9", strict_roles=True, string_content=True),
        {"mistral_ids": True, "strict_template": True, "text_only_content": True},
    ),
}


@pytest.mark.parametrize(("profile", "manners"), MANNERS.values(), ids=[name.replace(" ", "-") for name in MANNERS])
@given(turns=turns, sees=st.booleans(), takes_tools=st.booleans())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_history_suits_an_endpoint_with_manners_of_its_own(
    profile: Profile, manners: dict[str, Any], turns: Sequence[Any], sees: bool, takes_tools: bool
) -> None:
    sees = sees and not profile.string_content
    # Turns of its own kept the manners when they were made, so only those of others are of interest.
    history = [
        message for message in history_of(turns) if message.origin is None or "chat." not in message.origin.issuer
    ]
    model = replace(model_of("chat"), vision=sees, documents=sees, tools=takes_tools, profile=profile)
    request = ChatRequest(model, (*history, user("Go on.")), system="Be brief.", tools=TOOLS if takes_tools else ())
    body = prepare_chat(request).body
    assert broken_rules("chat", body, replace(facts_for("chat", "local-model"), **manners)) == []
