"""Pictures that models make: read as they come, given back to their maker as it demands, and shown to all others."""

import json
from typing import Any

import pytest

from modules.errors import AnswerIncomplete
from modules.llm.events import PictureMade, TextDelta
from modules.llm.models import Profile
from modules.llm.parts import Image, Opaque, Text
from tests.harness.cases import PNG
from tests.harness.many_providers import GEMINI, OPENROUTER, Stage
from tests.wire import Answer, Call, Drawn, Fault
from tests.wire import Text as Words
from tests.wire.facts import Dialect

DRAWN = Drawn(PNG)
DREW = Answer("Here it is:", DRAWN, "A red dot.")
PICTURE = Image("image/png", PNG)
IMAGE_MODEL = "gemini-3-pro-image"
MAKERS: dict[Dialect, dict[str, Any]] = {
    "gemini": {"id": IMAGE_MODEL, "profile": GEMINI},
    "openai": {},
    "chat": {"profile": OPENROUTER},
}
every_maker = pytest.mark.parametrize("name", MAKERS)
every_endpoint = pytest.mark.parametrize("other", ["anthropic", "openai", "groq", "chat", "gemini", "ollama"])


def add(stage: Stage, letter: str, name: Dialect, **changes: Any) -> Any:
    return stage.add(letter, name, **{**MAKERS.get(name, {}), **changes})


def pictures_in(value: Any) -> int:
    """How often the picture stands in a request."""
    return json.dumps(value).count(PNG)


@every_maker
async def test_a_picture_is_told_when_it_is_whole_and_kept_at_its_place(name: Dialect) -> None:
    async with Stage() as stage:
        said = await stage.say(add(stage, "X", name), "Draw a dot.", DREW)
        order = [type(event).__name__ for event in stage.events if isinstance(event, TextDelta | PictureMade)]
    assert [part for part in said.parts if isinstance(part, Text | Image)] == [
        Text("Here it is:"), PICTURE, Text("A red dot."),
    ]  # fmt: skip
    assert order.count("PictureMade") == 1
    assert order[0] == order[-1] == "TextDelta"


@every_maker
async def test_an_answer_that_is_only_a_picture_is_not_empty(name: Dialect) -> None:
    async with Stage() as stage:
        x = add(stage, "X", name)
        said = await stage.say(x, "Draw a dot.", Answer(DRAWN))
        assert said.images == (PICTURE,)
        await stage.say(x, "And what is it?")


@every_maker
@every_endpoint
async def test_whoever_goes_on_sees_it_and_whoever_made_it_goes_on_after_that(name: Dialect, other: Dialect) -> None:
    async with Stage() as stage:
        a, b = add(stage, "A", name), add(stage, "B", other)
        await stage.say(a, "Draw a dot.", DREW)
        await stage.say(b, "Which colour is it?")
        assert pictures_in(stage.entries(b)) == 1
        assert "Here it is:" in stage.last(b)
        asked = next(one for one in reversed(stage.entries(b)) if one.get("role") == "user")
        assert pictures_in(asked) == 1
        await stage.say(a, "Draw another.", DREW)
        assert pictures_in(stage.entries(a)) == 1
        await stage.say(b, "Which is the better one?")
        await stage.say(a, "Again.")
        assert pictures_in(stage.entries(b)) == pictures_in(stage.entries(a)) == 2
        assert stage.extends(a)
        assert stage.extends(b)


async def test_gemini_gets_its_own_back_in_its_answer_and_signed_sketches_included() -> None:
    async with Stage() as stage:
        x = add(stage, "X", "gemini")
        said = await stage.say(x, "Draw a dot.", Answer(Drawn(PNG, is_sketch=True), DRAWN))
        assert said.images == (PICTURE,)
        await stage.say(x, "Now in blue.")
        parts = stage.entries(x)[1]["parts"]
    assert [("thought" in part, "thoughtSignature" in part) for part in parts] == [(True, False), (False, True)]
    assert all(part["inlineData"]["data"] == PNG for part in parts)


async def test_openai_gets_no_item_back_that_it_has_not_stored() -> None:
    async with Stage() as stage:
        x = add(stage, "X", "openai")
        await stage.say(x, "Draw a dot.", DREW)
        await stage.say(x, "Now in blue.")
        kinds = [item["type"] for item in stage.entries(x)]
    assert kinds == ["message"] * 3


@every_maker
@pytest.mark.parametrize("other", ["anthropic", "openai", "gemini", "ollama"])
async def test_a_model_that_sees_none_is_told_that_there_is_one(name: Dialect, other: Dialect) -> None:
    async with Stage() as stage:
        a, b = add(stage, "A", name), add(stage, "B", other, vision=False)
        await stage.say(a, "Draw a dot.", DREW)
        await stage.say(b, "Which colour is it?")
        assert "[image, left out: B takes no images]" in stage.last(b)
        assert not pictures_in(stage.entries(b))
    assert any("1 picture" in text and "left out" in text for text in stage.recovered)


@every_maker
async def test_a_picture_before_a_call_is_shown_with_the_next_question(name: Dialect) -> None:
    async with Stage() as stage:
        a, b = add(stage, "A", name), stage.add("B", "anthropic")
        await stage.say(a, "Draw a dot.", Answer(DRAWN, Call("clock", {})))
        await stage.tell(a, (Text("12:00"),))
        await stage.say(b, "Which colour is it?")
        assert pictures_in(stage.entries(b)) == 1
        await stage.say(a, "Thanks.")
        assert stage.extends(a)


async def test_gemini_demands_a_signature_of_what_another_said_where_it_draws() -> None:
    async with Stage() as stage:
        a, b = stage.add("A", "anthropic"), add(stage, "B", "gemini")
        await stage.say(a, "A dot?", "A dot.")
        await stage.say(b, "Draw it.", DREW)
        assert stage.entries(b)[1]["parts"][0]["thoughtSignature"] == "skip_thought_signature_validator"


async def test_a_picture_that_is_damaged_is_told_and_given_to_nobody_else() -> None:
    async with Stage() as stage:
        a, b = add(stage, "A", "openai"), stage.add("B", "anthropic")
        broken = PNG[:40] + "AAAA" * 5
        said = await stage.say(a, "Draw a dot.", Answer("Here:", Drawn(broken)))
        assert not [event for event in stage.events if isinstance(event, PictureMade)]
        assert any("cannot be shown" in text for text in stage.recovered)
        assert [type(part) for part in said.parts] == [Text, Opaque]
        await stage.say(b, "Which colour is it?")
        assert broken not in stage.last(b)


async def test_what_came_of_an_answer_that_broke_off_holds_its_picture() -> None:
    async with Stage() as stage:
        x = stage.add("X", "gemini", profile=Profile(thinking="level"), rules=False)
        broken = Answer(Words("Here:", 1), DRAWN, "A red dot.", fault=Fault.clean_end(2))
        with pytest.raises(AnswerIncomplete):
            await stage.say(x, "Draw a dot.", broken)
        assert stage.conversation.messages[-1].state == "incomplete"
        assert stage.conversation.messages[-1].images == (PICTURE,)


async def test_a_model_that_is_said_to_draw_is_asked_for_pictures() -> None:
    async with Stage(tools=()) as stage:
        x, y = (
            stage.add("X", "openai", profile=Profile(draws=True)),
            stage.add("Y", "chat", profile=Profile(draws=True)),
        )
        await stage.say(x, "Draw a dot.", DREW)
        await stage.say(y, "Draw a dot.", DREW)
        assert stage.chats(x)[-1].body["tools"] == [{"type": "image_generation"}]
        assert stage.chats(y)[-1].body["modalities"] == ["image", "text"]
