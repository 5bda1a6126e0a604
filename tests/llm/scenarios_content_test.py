"""Scenarios of content: empty words, pictures, documents, server tools, instructions, and who may speak when."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from modules.errors import ImagesRefused, ImagesUnsupported, ProviderError
from modules.llm.message import Message, user
from modules.llm.models import Profile
from modules.llm.parts import File, Image, Opaque, Text, ToolResult
from modules.session.spoken_path import NO_INSTRUCTIONS
from tests.harness.cases import DOCUMENT, NAMES, PICTURE, TOOLS, TWO_CALLS
from tests.harness.conversation_machine import MODELS
from tests.harness.many_providers import CLAUDE, GROQ, OPUS, STRICT, Stage, history_bytes
from tests.harness.transformer_harness import FOUR, Dry, extends, model_at
from tests.llm.scenarios_pairing_test import sound_everywhere
from tests.wire import Answer, Call, Reasoning, Refusal, Status
from tests.wire.facts import Dialect

every_endpoint = pytest.mark.parametrize("name", NAMES)


def raw(*events: str) -> Answer:
    return Answer.raw("".join(f"data: {event}\n\n" for event in events).encode())


@every_endpoint
@pytest.mark.parametrize("blank", ["", "  \n", "\u2003"])
def test_T59_blanks_are_never_sent_as_text(name: Dialect, blank: str) -> None:
    dry = Dry(FOUR[name], tools=TOOLS)
    dry.say(blank, "Hello", blank)
    message = dry.answer(blank, "Hi.", blank, TWO_CALLS[1])
    dry.tell(ToolResult(message.calls[0].id, (Text(blank),)))
    dry.answer(blank)
    dry.say("Go on.")
    sound_everywhere(dry)
    for other in (model for model in FOUR.values() if model != dry.model):  # its own words go back as they came
        told = re.findall(r'"text": ("(?:[^"\\]|\\.)*")', json.dumps(dry.body(other)))
        assert all(json.loads(text).strip() for text in told), told


@every_endpoint
def test_T60_an_answer_of_nothing_is_left_out_and_no_filler_is_put_in_its_place(name: Dialect) -> None:
    dry = Dry(FOUR[name])
    dry.turn("Hello", " ")
    dry.say("Hello?")
    for model in FOUR.values():
        assert "assistant" not in [entry["role"] for entry in dry.entries(model)]
    sound_everywhere(dry)


@pytest.mark.parametrize("name", ["groq", "chat"])
def test_T61_calls_without_words_say_null_or_nothing_by_the_endpoint(name: Dialect) -> None:
    for home in FOUR.values():
        dry = Dry(home, tools=TOOLS)
        dry.say("How late?")
        dry.tell(ToolResult(dry.answer(TWO_CALLS[1]).calls[0].id, (Text("noon"),)))
        assert dry.entries(FOUR[name])[1]["content"] is None
        other = replace(FOUR[name], profile=structs.replace(FOUR[name].profile, null_content=False))
        if home is not FOUR[name]:
            assert dry.entries(other)[1]["content"] == ""


async def test_T62_a_picture_is_named_to_a_blind_model_and_seen_again_on_return() -> None:
    async with Stage() as stage:
        a, q = stage.add("A", "anthropic"), stage.add("Q", "chat", vision=False, profile=STRICT)
        await stage.say(a, user("What is it?", PICTURE), "Red.")
        await stage.say(q, "Sure?")
        assert stage.last(q).count("[image: red.png, left out: Q takes no images]") == 1
        assert PICTURE.base64 not in stage.last(q)
        await stage.say(a, "And you?")
        assert stage.last(a).count(PICTURE.base64) == 1
        assert "left out" not in stage.last(a)
        assert stage.extends(a)
        with pytest.raises(ImagesUnsupported):
            await stage.say(q, user("And this?", PICTURE))


NO_PICTURES = {
    "anthropic": "messages.0.content.1: this model does not support image inputs",
    "openai": "Invalid content type. image_url is only supported by certain models: this model does not support images",
    "groq": "messages[0].content must be a string",
    "gemini": "Image input modality is not enabled for models/gemini-3-mono",
    "chat": "Failed to deserialize the JSON body: messages[0]: unknown variant `image_url`, expected `text`",
    "ollama": "this model is missing data required for image input",
}


@every_endpoint
async def test_T63_an_endpoint_that_refuses_pictures_is_told_of_them_instead_and_not_asked_again(name: Dialect) -> None:
    async with Stage() as stage:
        x, other = stage.add("X", name), stage.add("A", "anthropic")
        await stage.say(other, user("What is it?", PICTURE))
        await stage.say(x, "And you?", Status(400, message=NO_PICTURES[name]), "I cannot see.")
        assert stage.recovered == ["Context: 1 picture left out for X, which takes none."]
        assert PICTURE.base64 not in stage.last(x)
        assert "[image: red.png, left out: X takes no images]" in stage.last(x)
        await stage.say(x, "Why?")
        assert stage.recovered == []
        assert stage.extends(x, since=1)
        await stage.say(other, "And you?")
        assert PICTURE.base64 in stage.last(other)
        with pytest.raises(ImagesUnsupported):
            await stage.say(x, user("And this?", PICTURE))
        sent = len(stage.chats(x))
        with pytest.raises(ProviderError):
            await stage.say(x, "Hm?", Status(400, message=NO_PICTURES[name]))
        assert len(stage.chats(x)) == sent + 1


@every_endpoint
async def test_T63_a_picture_in_the_question_itself_is_not_left_out_unseen(name: Dialect) -> None:
    async with Stage() as stage:
        x = stage.add("X", name)
        with pytest.raises(ImagesRefused):
            await stage.say(x, user("What is it?", PICTURE), Status(400, message=NO_PICTURES[name]), "I cannot see.")
        assert stage.conversation.messages == ()
        with pytest.raises(ImagesUnsupported):
            await stage.say(x, user("What is it?", PICTURE))
        assert len(stage.chats(x)) == 1


def test_T64_a_document_goes_in_each_ones_own_way_or_is_named() -> None:
    dry = Dry(FOUR["anthropic"])
    dry.say("Sum it up.", DOCUMENT, File("text/plain", "SGVsbG8=", "note.txt"))
    kinds = {
        "anthropic": '"type": "document"',
        "openai": '"type": "input_file"',
        "chat": '"type": "file"',
        "groq": "[file: terms.pdf, left out: all-round takes no documents]",
    }
    for name, kind in kinds.items():
        text = json.dumps(dry.entries(FOUR[name]))  # type: ignore[index]
        assert kind in text
        assert "[file: note.txt]\\nHello" in text
    sound_everywhere(dry)


async def test_T65_citations_go_home_and_only_the_words_go_elsewhere() -> None:
    citation = '{"type":"char_location","cited_text":"x","document_index":0,"start_char_index":0,"end_char_index":1}'
    async with Stage() as stage:
        a, r = stage.add("A", "anthropic", rules=False), stage.add("R", "openai")
        await stage.say(
            a,
            "?",
            raw(
                '{"type":"message_start","message":{"model":"m"}}',
                '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"","citations":[]}}',
                '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"So it says."}}',
                '{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":'
                + citation
                + "}}",
                '{"type":"content_block_stop","index":0}',
                '{"type":"message_delta","delta":{"stop_reason":"end_turn"}}',
                '{"type":"message_stop"}',
            ),
        )
        await stage.say(r, "?")
        await stage.say(a, "?")
        assert stage.entries(a)[1]["content"][0]["citations"] == [json.loads(citation)]
        assert "So it says." in stage.last(r)
        assert "cited_text" not in stage.last(r)


@every_endpoint
async def test_T66_a_refused_answer_is_shown_and_told_to_nobody(name: Dialect) -> None:
    async with Stage() as stage:
        x, other = stage.add("X", name), stage.add("A", "anthropic")
        stop = "content_filter" if name == "openai" else "refusal"
        await stage.say(x, "One?", Answer(Reasoning("Hm."), "One."))
        message = await stage.say(x, "A bad thing?", Answer("I would ra", Refusal(), stop=stop))
        assert message.state == "refused"
        assert "I would ra" in stage.shown
        for model in (other, x):
            await stage.say(model, "A good thing?")
            assert "I would ra" not in stage.last(model)
            assert "A bad thing?" not in stage.last(model), "a refused question spoils all that come after it (B13)"
        answered, _, later = (history_bytes(request) for request in stage.chats(x))
        assert later.startswith(answered)


@every_endpoint
def test_T67_words_before_between_and_after_calls_are_all_told_in_their_order(name: Dialect) -> None:
    dry = Dry(FOUR[name], tools=TOOLS)
    dry.say("?")
    message = dry.answer("one", TWO_CALLS[0], "two", TWO_CALLS[1], "three")
    dry.tell(*(ToolResult(call.id, (Text("done"),)) for call in message.calls))
    for model in FOUR.values():
        text = json.dumps(dry.entries(model))
        places = [text.index(word) for word in ("one", "two", "three")]
        assert places == sorted(places)
        assert text.index('"weather"') < text.index('"clock"')
    sound_everywhere(dry)


async def test_T68_what_a_provider_searched_goes_home_whole_and_elsewhere_as_a_note() -> None:
    use = '{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"x"}}'
    found = '{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]}'
    block = '{"type":"content_block_start","index":%d,"content_block":%s}'
    async with Stage() as stage:
        a, r = stage.add("A", "anthropic"), stage.add("R", "openai", rules=False)
        await stage.say(
            a,
            "?",
            raw(
                '{"type":"message_start","message":{"model":"m"}}',
                block % (0, use),
                block % (1, found),
                block % (2, '{"type":"text","text":"Found."}'),
                '{"type":"message_delta","delta":{"stop_reason":"end_turn"}}',
                '{"type":"message_stop"}',
            ),
        )
        search = '{"type":"web_search_call","id":"ws_1","status":"completed"}'
        item = '{"type":"response.output_item.done","output_index":%d,"item":%s}'
        said = (
            '{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text",'
        )
        done = '{"type":"response.completed","response":{"status":"completed"}}'
        answer = said + '"text":"Too.","annotations":[]}]}'
        await stage.say(r, "?", raw(item % (0, search), item % (1, answer), done))
        await stage.say(a, "?")
        await stage.say(r, "?")
        assert [json.dumps(b) for b in stage.entries(a)[1]["content"][:2]] == [
            json.dumps(json.loads(use)),
            json.dumps(json.loads(found)),
        ]
        assert "[web search by the model's provider]" in stage.last(a)
        assert "ws_1" not in stage.last(a)
        assert json.loads(search) in stage.entries(r)
        assert """[web search by the model's provider: \\"x\\", which found nothing]""" in stage.last(r)
        assert "srvtoolu_1" not in stage.last(r)


@pytest.mark.parametrize("letter", ["A", "S", "R", "G", "Q"])
async def test_T69_instructions_that_change_are_appended_and_nothing_before_them_moves(letter: str) -> None:
    async with Stage("Be brief.") as stage:
        model = {
            "A": lambda: stage.add("A", "anthropic", id=OPUS, profile=CLAUDE),
            "S": lambda: stage.add("S", "anthropic"),
            "R": lambda: stage.add("R", "openai"),
            "G": lambda: stage.add("G", "groq", profile=GROQ),
            "Q": lambda: stage.add("Q", "chat", profile=STRICT, vision=False),
        }[letter]()
        for question in ("One?", "Two?"):
            await stage.say(model, question, Answer(Reasoning("Hm."), "So."))
        stage.conversation.instruct("Be long.")
        stage.conversation.instruct("Be longer.")  # nobody has read the first
        assert stage.conversation.instructions == "Be longer."
        await stage.say(model, "Three?", Answer(Reasoning("Hm."), "So."))
        stage.conversation.instruct("")
        await stage.say(model, "Four?")
        assert stage.extends(model)
        assert '"Be long."' not in stage.last(model)
        assert stage.last(model).count("Be longer.") == 1
        assert stage.last(model).count(NO_INSTRUCTIONS) == 1
        assert stage.conversation.instructions == ""
        roles = [entry.get("role") for entry in stage.entries(model)]
        own = {"A": "system", "R": "developer", "G": "system"}.get(letter)
        assert roles.count(own) == {"A": 2, "R": 2, "G": 3}.get(letter, 0)


def test_T69_instructions_before_anything_was_said_are_simply_set() -> None:
    dry = Dry(FOUR["groq"], "Be brief.")
    dry.conversation.instruct("Be long.")
    assert dry.conversation.system == "Be long."
    assert dry.conversation.messages == ()
    dry.turn("One?")
    dry.conversation.instruct("Be long.")
    assert len(dry.conversation.messages) == 2, "the same again is no change"
    dry.conversation.undo()
    dry.conversation.instruct("Be kind.")
    assert dry.conversation.system == "Be kind."


@every_endpoint
def test_T70_a_history_that_begins_with_an_answer_begins_with_the_person(name: Dialect) -> None:
    dry = Dry(FOUR[name])
    dry.conversation.append(Message("assistant", (Text("Welcome."),)))
    dry.say("Hello")
    sound_everywhere(dry)
    assert dry.entries(FOUR["anthropic"])[0]["role"] == "user"


@every_endpoint
def test_T71_a_strict_template_gets_one_system_message_and_roles_in_turns(name: Dialect) -> None:
    strict = model_at("chat", profile=STRICT, vision=True, documents=True)
    dry = Dry(FOUR[name], "Be brief.", TOOLS)
    dry.say("One?", PICTURE, DOCUMENT)
    message = dry.answer(Reasoning("Hm."), "Look.", *TWO_CALLS)
    dry.tell(*(ToolResult(call.id, (Text("see"), PICTURE)) for call in message.calls))
    dry.answer("One.")
    dry.conversation.instruct("Be long.")
    dry.say("Two?")
    dry.answer("I will not", Refusal(), stop="content_filter" if name == "openai" else "refusal")
    dry.say("Three?")
    entries = dry.entries(strict)
    assert dry.broken(strict) == []
    assert [entry["role"] for entry in entries].count("system") == 1
    assert all(isinstance(entry["content"], str | None) for entry in entries)
    assert json.dumps(entries).count("left out: all-round takes no images]") == 3
    assert "[file: terms.pdf, left out" in json.dumps(entries)


@every_endpoint
def test_T72_the_last_word_is_never_the_models(name: Dialect) -> None:
    dry = Dry(FOUR[name], tools=TOOLS)
    dry.say("Tell.")
    dry.answer("Once upon a ", stop="max_tokens")
    dry.say("Go on.")
    for model in MODELS.values():
        entries = dry.entries(model)
        assert entries[-1].get("role") != "assistant"
    sound_everywhere(dry)


async def test_T72_an_answer_of_mistral_in_pieces_is_read() -> None:
    async with Stage() as stage:
        m = stage.add("M", "chat", profile=Profile(call_ids="mistral9"))
        message = await stage.say(
            m,
            "Why?",
            raw(
                '{"choices":[{"delta":{"role":"assistant","content":[{"type":"thinking","thinking":'
                '[{"type":"text","text":"Hm."}]}]}}]}',
                '{"choices":[{"delta":{"content":[{"type":"text","text":"Beca"},{"type":"reference","reference_ids":[1]}]}}]}',
                '{"choices":[{"delta":{"content":"use."}}]}',
                '{"choices":[{"delta":{},"finish_reason":"stop"}]}',
            ),
        )
        assert message.text == stage.shown == "Because."
        assert [type(part).__name__ for part in message.parts] == ["Reasoning", "Text"]
        await stage.say(m, "Sure?")
        assert stage.entries(m)[1] == {"role": "assistant", "content": "Because."}


def test_T68_an_opaque_part_from_nowhere_is_a_note() -> None:
    dry = Dry(FOUR["groq"])
    dry.say("?")
    dry.conversation.append(Message("assistant", (Opaque("web_search", "web search: 5 results"), Text("Found."))))
    dry.say("Go on.")
    for model in FOUR.values():
        assert "[web search: 5 results]" in json.dumps(dry.entries(model))
    sound_everywhere(dry)


def test_T62_a_picture_from_a_tool_is_named_where_the_results_must_be_strings() -> None:
    strings = model_at("chat", profile=STRICT)
    dry = Dry(FOUR["groq"], tools=TOOLS)
    dry.say("?")
    dry.tell(ToolResult(dry.answer(Call("clock")).calls[0].id, (Image("image/png", PICTURE.base64),)))
    assert "[image, left out: all-round takes no images]" in json.dumps(dry.entries(strings))
    assert dry.broken(strings) == []
    first: list[Any] = dry.entries(strings)
    dry.answer("So.")
    dry.say("Go on.")
    assert extends(dry.entries(strings), first)
