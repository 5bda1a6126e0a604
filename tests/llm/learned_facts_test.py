"""What a refusal teaches about a model at its endpoint: the request is made anew from it, once, and it is remembered.

Rows B4, B5, B7, B15, B16, C1 to C5 of docs/servers.md. Words are in error_words.toml with their sources.
"""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec import structs

from modules.errors import (
    ContextOverflow,
    DocumentsRefused,
    DocumentsUnsupported,
    ImagesRefused,
    ImagesUnsupported,
    ProviderError,
    RequestRefused,
)
from modules.llm.catalogue.learned_facts import Learned, LearnedFacts
from modules.llm.message import closing, user
from modules.llm.models import Profile
from modules.llm.parts import Image, Text, ToolResult
from modules.session.switching.switch_preview import plan
from tests.harness.cases import DOCUMENT, PICTURE
from tests.harness.home import Home
from tests.harness.many_providers import OPENROUTER, Stage
from tests.wire import Answer, Call, Reasoning, Status

FREE_PLAN = (
    "Request too large for model `openai/gpt-oss-120b` in organization `org_x` service tier `on_demand` on tokens per "
    "minute (TPM): Limit 8000, Requested 65588, please reduce your message size and try again."
)
SUMMARY = (
    "Your organization must be verified to generate reasoning summaries. Please go to: "
    "https://platform.openai.com/settings/organization/general and click on Verify Organization."
)


class TestTheOutputLimit:
    async def test_is_not_sent_where_no_api_demands_one(self) -> None:
        """C1: Groq's free plan counts it as spent."""
        async with Stage() as stage:
            for letter, name in (("G", "groq"), ("C", "chat"), ("R", "openai")):
                model = stage.add(letter, name, max_output=65536)  # type: ignore[arg-type]
                await stage.say(model, "Say hello.")
                assert not {"max_tokens", "max_completion_tokens", "max_output_tokens"} & set(
                    stage.chats(model)[-1].body
                )

    @pytest.mark.parametrize(
        ("words", "limit"),
        [
            ("max_tokens: 128000 > 64000, which is the maximum allowed number of output tokens for this model", 64000),
            ("max_tokens is too large: 128000. This model supports at most 16384 completion tokens", 16384),
            ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", 8192),
        ],
    )
    async def test_that_is_refused_is_lowered_to_what_is_allowed_and_remembered(self, words: str, limit: int) -> None:
        """C2."""
        async with Stage() as stage:
            model = stage.add("A", "anthropic", max_output=128000)
            await stage.say(model, "?", Status(400, message=words), "So.")
            assert [request.body["max_tokens"] for request in stage.chats(model)] == [128000, limit]
            assert stage.recovered == [
                f"Context: at most {limit} tokens of output are asked of A; Anthropic allows no more."
            ]
            await stage.say(model, "And?")
            assert stage.chats(model)[-1].body["max_tokens"] == limit
            assert stage.recovered == []
            assert stage.extends(model), "it is no part of the messages, so nothing of them changes"

    async def test_of_one_request_is_not_remembered_for_good(self, tmp_path: Path) -> None:
        """C2: want of credit passes."""
        async with Stage() as stage:
            model = stage.add("O", "chat", profile=OPENROUTER)
            await stage.say(model, "?")
            facts = stage.conversation.learned = LearnedFacts(tmp_path / "learned.json")
            said = "This request requires more credits. You requested up to 65536 tokens, but can only afford 12345."
            await stage.say(model, "?", Status(402, message=said), "So.")
            assert stage.chats(model)[-1].body["max_tokens"] <= 12345
            assert facts.of(model).output_limit is not None
            assert LearnedFacts(tmp_path / "learned.json").of(model) == Learned()

    async def test_that_cannot_be_lowered_any_more_ends_in_an_error(self) -> None:
        async with Stage() as stage:
            model = stage.add("A", "anthropic", max_output=128000)
            again = [
                Status(400, message=f"max_tokens: {n * 2} > {n}, which is the maximum allowed number of output tokens")
                for n in (64000, 32000, 32000, 32000)
            ]
            with pytest.raises(RequestRefused):
                await stage.say(model, "?", *again, "never")
            assert len(stage.chats(model)) == 3


class TestAField:
    async def test_of_reasoning_summaries_is_left_out_for_an_organisation_that_is_not_verified(self) -> None:
        """C3."""
        async with Stage() as stage:
            model = stage.add("R", "openai", reasoning=("low", "high"))
            refusal = Status(400, message=SUMMARY, param="reasoning.summary", code="unsupported_value")
            await stage.say(model, "?", refusal, Answer(Reasoning("Hm."), "So."))
            first, second = (request.body for request in stage.chats(model))
            assert first["reasoning"]["summary"] == "auto"
            assert "summary" not in second["reasoning"]
            assert stage.recovered == ['Context: the field "reasoning.summary" is left out for Openai.']
            await stage.say(model, "And?")
            assert "summary" not in stage.chats(model)[-1].body["reasoning"]

    async def test_of_reasoning_summaries_is_not_sent_where_no_reasoning_is_wanted(self) -> None:
        """C3."""
        async with Stage() as stage:
            model = stage.add("R", "openai", reasoning=("none", "low", "high"), rules=False)
            await stage.say(model, "?")
            stage.conversation.reasoning = "none"
            await stage.say(model, "And?")
            asked = [request.body["reasoning"] for request in stage.chats(model)]
            assert asked == [{"summary": "auto"}, {"effort": "none"}]
            assert stage.extends(model)

    async def test_of_reasoning_summaries_is_not_sent_where_reasoning_is_hidden(self) -> None:
        """C3."""
        async with Stage() as stage:
            model = stage.add("R", "openai", reasoning=("low", "high"))
            await stage.say(model, "?")
            stage.conversation.reasoning_shown = False
            await stage.say(model, "?")
            assert ["summary" in request.body.get("reasoning", {}) for request in stage.chats(model)] == [True, False]
            assert stage.chats(model)[-1].body["include"] == ["reasoning.encrypted_content"]

    @pytest.mark.parametrize(
        "words",
        [
            "Unrecognized request argument supplied: stream_options",
            '[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]',
            'Unknown name "stream_options": Cannot find field.',
            "UnsupportedParamsError: openai does not support parameters: ['stream_options']",
            "stream_options: Extra inputs are not permitted",
        ],
    )
    async def test_that_is_refused_in_any_words_is_left_out(self, words: str) -> None:
        """C4."""
        async with Stage() as stage:
            model = stage.add("X", "chat")
            await stage.say(model, "?", Status(400, message=words), "So.")
            assert ["stream_options" in request.body for request in stage.chats(model)] == [True, False]

    async def test_of_a_message_is_left_out_where_it_is(self) -> None:
        """C4, C5: the path is nested."""
        async with Stage() as stage:
            model = stage.add("X", "chat", profile=Profile(replay=("reasoning_content",)))
            await stage.say(model, "One?", Answer(Reasoning("Hm."), "One."))
            words = "property 'messages.1.assistant.reasoning_content' is unsupported"
            await stage.say(model, "Two?", Status(400, message=words), Answer(Reasoning("Hm."), "Two."))
            kept = stage.entries(model)
            assert "reasoning_content" not in json.dumps(kept)
            assert [entry["content"] for entry in kept][-3:] == ["One?", "One.", "Two?"]

    @pytest.mark.parametrize(
        "words", ["Unrecognized parameter: 'messages'", "messages.0.content: Extra inputs are not permitted"]
    )
    async def test_that_a_request_cannot_do_without_is_never_left_out(self, words: str) -> None:
        """C5."""
        async with Stage() as stage:
            model = stage.add("X", "chat")
            await stage.say(model, "One?")
            with pytest.raises(ProviderError):
                await stage.say(model, "Two?", Status(400, message=words))
            await stage.say(model, "Two?")
            assert [entry["content"] for entry in stage.entries(model)][-1] == "Two?"


class TestTheOrderOfMessages:
    @pytest.mark.parametrize(
        ("words", "holds"),
        [
            ("Conversation roles must alternate user/assistant/user/assistant/...", "alternate"),
            ("System role not supported", "user"),
            ("System message must be at the beginning.", "head"),
        ],
    )
    async def test_is_fitted_to_what_a_template_insists_on(self, words: str, holds: str) -> None:
        """B7: instructions that came later are told in another way."""
        async with Stage(system="Be brief.") as stage:
            model = stage.add("X", "chat", rules=False)
            await stage.say(model, "One?")
            stage.conversation.instruct("Be long.")
            await stage.say(model, "Two?", Status(400, message=words), "Two.")
            roles = [entry["role"] for entry in stage.entries(model)]
            assert "system" not in roles[1:]
            assert (roles[0] == "system") == (holds != "user")
            assert "Be long." in stage.last(model)
            assert "Be brief." in stage.last(model)
            await stage.say(model, "Three?")
            assert stage.recovered == []

    async def test_of_ids_and_roles_is_mistrals_wherever_its_models_are_served(self) -> None:
        """B5: vLLM and OpenRouter serve them, too."""
        async with Stage() as stage:
            other = stage.add("A", "anthropic")
            model = stage.add("M", "chat", id="mistralai/mistral-large", rules=False)
            await stage.say(other, "How late?", Answer(Call("clock")))
            await stage.tell(other, (Text("noon"),))
            await stage.say(model, "Sure?")
            entries = stage.entries(model)
            ids = [call["id"] for entry in entries for call in entry.get("tool_calls") or ()]
            assert ids
            assert all(len(id) == 9 and id.isalnum() for id in ids)
            roles = [entry["role"] for entry in entries]
            assert not any(pair == ("tool", "user") for pair in pairwise(roles))

    async def test_of_ids_is_learned_from_a_refusal(self) -> None:
        async with Stage() as stage:
            other, model = stage.add("A", "anthropic"), stage.add("X", "chat", rules=False)
            await stage.say(other, "How late?", Answer(Call("clock")))
            await stage.tell(other, (Text("noon"),))
            words = "Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9."
            await stage.say(model, "Sure?", Status(400, message=words), "Sure.")
            ids = [call["id"] for entry in stage.entries(model) for call in entry.get("tool_calls") or ()]
            assert all(len(id) == 9 for id in ids)

    async def test_of_ids_holds_for_the_turns_that_the_model_made_itself(self) -> None:
        """B5: behind a gateway one provider's ids come back to another, which refuses them."""
        async with Stage() as stage:
            model = stage.add("X", "chat", rules=False)
            await stage.say(model, "How late?", Answer(Call("clock")))
            await stage.tell(model, (Text("noon"),))
            words = "Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9."
            await stage.say(model, "Sure?", Status(400, message=words), "Sure.")
            ids = [call["id"] for entry in stage.entries(model) for call in entry.get("tool_calls") or ()]
            assert ids
            assert all(len(id) == 9 and id.isalnum() for id in ids)
            answered = [entry["tool_call_id"] for entry in stage.entries(model) if entry["role"] == "tool"]
            assert answered == ids

    async def test_of_a_template_without_tools_turns_calls_into_text(self) -> None:
        """B7: Gemma's template has no tools; a history of calls from elsewhere breaks its order for ever."""
        async with Stage() as stage:
            other, model = stage.add("A", "anthropic"), stage.add("X", "chat", rules=False)
            await stage.say(other, "How late?", Answer(Call("clock")))
            await stage.tell(other, (Text("noon"),))
            refusal = Status(400, message="Conversation roles must alternate user/assistant/user/assistant/...")
            await stage.say(model, "Sure?", refusal, refusal, "Sure.")
            roles = [entry["role"] for entry in stage.entries(model) if entry["role"] != "system"]
            assert set(roles) == {"user", "assistant"}
            assert all(one != next for one, next in pairwise(roles))
            assert "noon" in stage.last(model)


class TestPictures:
    async def test_beyond_how_many_a_model_takes_are_noted_the_oldest_first(self) -> None:
        """B16."""
        async with Stage() as stage:
            other, model = stage.add("A", "anthropic"), stage.add("X", "chat")
            shown = [Image("image/png", PICTURE.base64, f"{n}.png") for n in range(4)]
            await stage.say(other, user("?", *shown))
            await stage.say(
                model, "And?", Status(400, message="At most 1 image(s) may be provided in one request."), "So."
            )
            assert stage.last(model).count(PICTURE.base64) == 1
            assert "3.png, left out" not in stage.last(model)
            assert all(f"{n}.png, left out" in stage.last(model) for n in range(3))
            assert stage.recovered == ["Context: 3 older pictures left out for X: it takes 1."]
            await stage.say(model, user("This?", Image("image/png", PICTURE.base64, "new.png")))
            assert "3.png, left out" in stage.last(model)
            assert stage.last(model).count(PICTURE.base64) == 1

    async def test_that_one_model_refuses_are_shown_to_its_neighbours(self) -> None:
        """B4."""
        async with Stage() as stage:
            other = stage.add("A", "anthropic")
            x = stage.add("X", "chat", known=False, id="maker/one")
            await stage.say(other, user("?", PICTURE))
            await stage.say(x, "?", Status(404, message="No endpoints found that support image input"), "So.")
            neighbour = replace(x, name="Y", id="maker/two")
            await stage.say(neighbour, "?")
            assert PICTURE.base64 in stage.last(x)
            with pytest.raises(ImagesUnsupported):
                await stage.say(x, user("?", PICTURE))

    async def test_of_a_refused_turn_take_no_room_from_the_newest(self) -> None:
        """B16: what is left out of a request is no picture in it."""
        async with Stage() as stage:
            model = stage.add("A", "anthropic")
            await stage.say(model, "Hello?")
            stage.conversation.learned.note(model, images=1)
            await stage.say(
                model, user("This?", Image("image/png", PICTURE.base64, "old.png")), Answer("No.", stop="refusal")
            )
            await stage.say(model, user("And this?", Image("image/png", PICTURE.base64, "new.png")))
            assert stage.last(model).count(PICTURE.base64) == 1
            assert "left out" not in stage.last(model)
            assert plan(stage.conversation, model).left_out == []

    async def test_that_are_refused_again_when_fewer_are_shown_end_in_the_refusal(self) -> None:
        async with Stage() as stage:
            model = stage.add("X", "chat")
            await stage.say(model, user("?", PICTURE, PICTURE), "Two.")
            told = Status(400, message="At most 1 image(s) may be provided in one request.")
            with pytest.raises(ImagesRefused):
                await stage.say(model, "And?", told, told, "never")
            assert len(stage.chats(model)) == 3, "what was learned once is not learned again"


class TestAFact:
    def test_is_about_one_model_at_one_address(self) -> None:
        """B4: at another address another server answers."""
        model, facts = Stage().add("X", "chat"), LearnedFacts()
        assert facts.note(model, images=2)
        elsewhere = replace(model, provider=structs.replace(model.provider, base_url="http://127.0.0.1:1/v1"))
        for other in (elsewhere, replace(model, id="maker/other")):
            assert facts.applied(other) is other

    async def test_is_kept_across_runs_and_can_be_forgotten(self, tmp_path: Path) -> None:
        path = tmp_path / "state" / "learned.json"
        async with Stage() as stage:
            model = stage.add("X", "chat")
            facts = LearnedFacts(path)
            assert facts.note(model, images=2, refused=("stream_options",))
            assert not facts.note(model, images=2), "nothing of it is news"
            assert LearnedFacts(path).of(model) == Learned(images=2, refused=("stream_options",))
            assert LearnedFacts(path).applied(model).profile.images == 2
            assert LearnedFacts(path).known() == [(f"X:{model.id}", Learned(images=2, refused=("stream_options",)))]
            assert LearnedFacts(path).forget([f"X:{model.id}"]) == [f"X:{model.id}"]
            assert LearnedFacts(path).of(model) == Learned()
            assert LearnedFacts(path).applied(model) is model

    def test_is_shown_and_forgotten_in_the_chat(self, home: Home) -> None:
        home.groq.answer(Status(400, message="Unrecognized request argument supplied: stream_options"), "So.")
        chat = home.open("-m", "groq:gpt-oss-120b", columns=120, rows=60).prompt()
        chat.enter("?").sees('the field "stream_options" is left out').sees("So.").prompt()
        chat.enter("/wire").sees("Learned of groq:gpt-oss-120b: the field stream_options").prompt()
        chat.enter("/config").sees("Learned of models").sees("groq:openai/gpt-oss-120b").prompt()
        chat.enter("/models groq --forget").sees(
            "Forgotten: groq:openai/gpt-oss-120b, how groq counts tokens."
        ).prompt()
        chat.enter("And?").sees("Answer 3").prompt()
        assert ["stream_options" in request.body for request in home.groq.chats] == [True, False, True]

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"x": 1}', '{"x y z": {"images": "many"}}', "\x00"])
    def test_that_cannot_be_read_is_learned_again(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "learned.json"
        path.write_text(text)
        facts = LearnedFacts(path)
        model = Stage().add("X", "chat")
        assert facts.of(model) == Learned()
        assert facts.note(model, tools=False)
        assert LearnedFacts(path).of(model) == Learned(tools=False)

    async def test_about_the_window_comes_with_the_refusal(self) -> None:
        async with Stage() as stage:
            model = stage.add("L", "chat", window=None)
            body = {
                "error": {
                    "code": 400, "message": "the request exceeds the available context size, try increasing it",
                    "type": "exceed_context_size_error", "n_prompt_tokens": 9000, "n_ctx": 8192,
                }
            }  # fmt: skip
            with pytest.raises(ContextOverflow):
                await stage.say(model, "?", Status(400, body=json.dumps(body)))
            assert stage.conversation.reader(model).window == 8192


class TestAPictureThatIsWrongInItself:
    """B15: every later question was refused (claude-code#56016)."""

    WORDS = "messages.0.content.1.image.source.base64: image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes"

    async def test_is_left_out_with_those_before_it_and_later_ones_are_shown(self, tmp_path: Path) -> None:
        async with Stage() as stage:
            other, model = stage.add("O", "openai"), stage.add("A", "anthropic")
            await stage.say(other, user("?", PICTURE))
            await stage.say(model, "And you?", Status(400, message=self.WORDS), "So.")
            assert stage.recovered == ["Context: 1 picture left out for A, which refused one of them."]
            assert PICTURE.base64 not in stage.last(model)
            await stage.say(model, user("And this?", Image("image/png", PICTURE.base64, "new.png")))
            assert stage.last(model).count(PICTURE.base64) == 1
            assert stage.recovered == []
            assert stage.conversation.learned.of(model) == Learned(), "it says nothing of the model"
            await stage.say(other, "And you?")
            assert stage.last(other).count(PICTURE.base64) == 2

    async def test_of_a_tool_is_left_out_and_the_turn_goes_on(self) -> None:
        async with Stage() as stage:
            model = stage.add("A", "anthropic")
            await stage.say(model, "Look.", Answer(Call("clock")))
            last = stage.conversation.messages[-1]
            results = closing(last, [ToolResult(last.calls[0].id, (PICTURE,))])
            assert results is not None
            await stage.say(model, results, Status(400, message=self.WORDS), "I see nothing.")
            assert PICTURE.base64 not in stage.last(model)
            assert len(stage.recovered) == 1

    async def test_in_the_question_is_the_persons_to_change(self) -> None:
        async with Stage() as stage:
            model = stage.add("A", "anthropic")
            with pytest.raises(ImagesRefused):
                await stage.say(model, user("?", PICTURE), Status(400, message=self.WORDS), "never")
            assert len(stage.chats(model)) == 1
            await stage.say(model, user("?", PICTURE))
            assert PICTURE.base64 in stage.last(model)


async def test_a_field_that_was_not_sent_is_not_left_out_and_not_asked_about_again() -> None:
    """C4: the same request would be refused in the same words."""
    async with Stage() as stage:
        model = stage.add("X", "chat")
        with pytest.raises(ProviderError):
            await stage.say(model, "?", Status(400, message="Unknown parameter: 'parallel_tool_calls'."), "never")
        assert len(stage.chats(model)) == 1
        assert stage.conversation.learned.of(model) == Learned()


class TestADocument:
    async def test_that_is_damaged_says_nothing_of_the_model(self) -> None:
        """B15, of PDF: one bad file must not cost all that come after it."""
        words = "messages.0.content.0.pdf.source.base64.data: The PDF specified was not valid."
        async with Stage() as stage:
            model = stage.add("A", "anthropic")
            with pytest.raises(DocumentsRefused):
                await stage.say(model, user("?", DOCUMENT), Status(400, message=words), "never")
            assert stage.conversation.learned.of(model) == Learned()
            await stage.say(model, user("?", DOCUMENT))
            assert len(stage.chats(model)) == 2

    async def test_that_no_model_there_takes_is_refused_before_it_is_sent_again(self) -> None:
        words = "Failed to deserialize the JSON body into the target type: messages[0]: unknown variant `file`"
        async with Stage() as stage:
            other, model = stage.add("A", "anthropic"), stage.add("X", "chat")
            with pytest.raises(DocumentsRefused):
                await stage.say(model, user("?", DOCUMENT), Status(422, message=words), "never")
            with pytest.raises(DocumentsUnsupported):
                await stage.say(model, user("?", DOCUMENT))
            assert len(stage.chats(model)) == 1
            await stage.say(other, user("?", DOCUMENT))
            await stage.say(model, "And you?")
            assert stage.recovered == ["Context: 1 document left out for X."]
