"""What goes out to Gemini's own API, and how: the model in the URL, the key in a header, nothing of the environment."""

import json
from dataclasses import replace
from typing import Any

import pytest
from google import genai
from google.genai import types
from pydantic import BaseModel

from modules.config import ROOT
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.message import Message, user
from modules.llm.models import Level, Profile
from modules.llm.parts import Text, ToolResult
from tests.conftest import KEY, Connect, Wired
from tests.harness.cases import DOCUMENT, PICTURE, TOOLS, TWO_CALLS
from tests.harness.home import Home
from tests.wire import Answer, Reasoning, WireServer, fields

PLACEHOLDER = "skip_thought_signature_validator"
BUDGET = Profile(thinking="budget", call_signature=PLACEHOLDER)
TWO = "gemini-2.5-flash"


async def begun(connect: Connect, *results: Any) -> list[Message]:
    """A question, two calls of another provider's model, and their results."""
    asked = await (await connect("openai")).ask(user("Look."), answer=Answer("I look.", *TWO_CALLS), tools=TOOLS)
    given = [ToolResult(call.id, one) for call, one in zip(asked.message.calls, results, strict=True)]
    return [user("Look."), asked.message, Message("tool", tuple(given))]


def contents(wired: Wired) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = wired.last.body["contents"]
    return found


async def test_the_model_stands_in_the_url_and_the_key_in_a_header(connect: Connect) -> None:
    wired = await connect("gemini")
    await wired.ask(model=wired.but(id="models/gemini-4-argon"))
    await wired.ask(model=wired.but(id="gemini-3 odd?name#x"))
    assert [request.path for request in wired.server.chats] == [
        "/v1beta/models/gemini-4-argon:streamGenerateContent",
        "/v1beta/models/gemini-3%20odd%3Fname%23x:streamGenerateContent",
    ]
    assert wired.last.headers["x-goog-api-key"] == KEY.value
    assert "google-genai-sdk/" in wired.last.headers["x-goog-api-client"]
    assert "authorization" not in wired.last.headers
    assert KEY.value not in wired.last.path


async def test_nothing_of_the_environment_decides_where_it_goes_or_with_which_key(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in {
        "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_CLOUD_PROJECT": "p",
        "GOOGLE_CLOUD_LOCATION": "global",
        "GOOGLE_API_KEY": "another-key-0815",
        "GEMINI_API_KEY": "one-more-key-0815",
        "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9",
        "GOOGLE_GENAI_API_VERSION": "v9",
    }.items():
        monkeypatch.setenv(name, value)
    wired = await connect("gemini")
    assert (await wired.ask()).text
    assert wired.last.headers["x-goog-api-key"] == KEY.value
    assert capfd.readouterr().err == ""


async def test_calls_from_elsewhere_carry_the_placeholder_on_the_first_and_are_answered_in_one_turn(
    connect: Connect,
) -> None:
    wired = await connect("gemini")
    history = await begun(connect, (Text("12 degrees"),), (Text("noon"),))
    await wired.ask(*history, tools=TOOLS)
    _, model, results = contents(wired)
    first, second = model["parts"][1:]
    assert first["thoughtSignature"] == PLACEHOLDER
    assert first["functionCall"]["args"] == {"city": "Zürich", "days": 1.0}
    assert "thoughtSignature" not in second
    assert [part["functionResponse"]["response"] for part in results["parts"]] == [
        {"output": "12 degrees"},
        {"output": "noon"},
    ]


async def test_a_failed_tool_is_told_under_error_and_new_words_stand_behind_the_results(connect: Connect) -> None:
    wired = await connect("gemini")
    history = await begun(connect, (Text("12 degrees"),), (Text("noon"),))
    failed = ToolResult(history[1].calls[0].id, (Text("no such city"),), is_error=True)
    await wired.ask(*history[:2], Message("tool", (failed,)), user("Never mind."), tools=TOOLS)
    *results, words = contents(wired)[-1]["parts"]
    assert results[0]["functionResponse"]["response"] == {"error": "no such city"}
    assert "error" in results[1]["functionResponse"]["response"]
    assert words == {"text": "Never mind."}


async def test_pictures_stand_inside_a_result_since_gemini_3_and_behind_it_before(connect: Connect) -> None:
    wired = await connect("gemini")
    history = await begun(connect, (Text("see"), PICTURE), (DOCUMENT,))
    await wired.ask(*history, tools=TOOLS)
    inside = [part["functionResponse"] for part in contents(wired)[-1]["parts"]]
    assert inside[0]["parts"] == [{"inlineData": {"mimeType": "image/png", "data": PICTURE.base64}}]
    assert inside[1]["parts"] == [{"inlineData": {"mimeType": "application/pdf", "data": DOCUMENT.base64}}]
    assert inside[0]["response"] == {"output": "see"}
    await wired.ask(*history, tools=TOOLS, model=wired.but(id=TWO, profile=BUDGET))
    one, two, picture, document = contents(wired)[-1]["parts"]
    assert one["functionResponse"]["response"] == {"output": "see\n[image: red.png, below]"}
    assert "parts" not in one["functionResponse"]
    assert "parts" not in two["functionResponse"]
    assert picture["inlineData"]["data"] == PICTURE.base64
    assert document["inlineData"]["mimeType"] == "application/pdf"


async def test_a_turn_of_an_older_sibling_is_signed_with_the_placeholder_where_its_call_is_open(
    connect: Connect,
) -> None:
    wired = await connect("gemini")
    older = wired.but(id=TWO, profile=Profile(thinking="budget"))
    asked = await wired.ask(answer=Answer(*TWO_CALLS), tools=TOOLS, model=older)
    bare = [{k: v for k, v in part.items() if k != "thoughtSignature"} for part in asked.message.native]
    unsigned = Message("assistant", asked.message.parts, asked.message.origin, bare)
    results = Message("tool", tuple(ToolResult(call.id, (Text("12"),)) for call in unsigned.calls))
    await wired.ask(user("Hello"), unsigned, results, tools=TOOLS)
    sent = contents(wired)[1]["parts"]
    assert sent == [{**bare[0], "thoughtSignature": PLACEHOLDER}, bare[1]]


@pytest.mark.parametrize(
    ("level", "budget"), [("none", 0), ("low", 1024), ("medium", 8192), ("high", 24576), (None, None)]
)
async def test_before_gemini_3_a_level_is_a_number_of_tokens(
    connect: Connect, level: Level | None, budget: int | None
) -> None:
    wired = await connect("gemini")
    model = wired.but(id=TWO, profile=BUDGET, reasoning=("none", "low", "medium", "high"))
    await wired.ask(reasoning=level, model=model)
    thinking = wired.last.body["generationConfig"]["thinkingConfig"]
    assert thinking.get("thinkingBudget") == budget
    assert thinking.get("includeThoughts", False) is (level != "none")


async def test_thoughts_are_not_asked_for_where_nobody_sees_them(connect: Connect) -> None:
    wired = await connect("gemini")
    done = await wired.ask(answer=Answer(Reasoning("Hm."), "Yes."), reasoning="low", reasoning_shown=False)
    assert wired.last.body["generationConfig"] == {"thinkingConfig": {"thinkingLevel": "low"}}
    assert done.thought == ""
    await wired.ask(model=wired.but(profile=Profile(output_limit=99)))
    assert wired.last.body["generationConfig"] == {"maxOutputTokens": 99}


async def test_tools_are_declared_in_json_schema_and_may_be_forbidden(connect: Connect) -> None:
    wired = await connect("gemini")
    await wired.ask(tools=TOOLS, tool_choice="none", system="Be brief.")
    body = wired.last.body
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert body["toolConfig"] == {"functionCallingConfig": {"mode": "NONE"}}
    first = body["tools"][0]["functionDeclarations"][0]
    assert first["parametersJsonSchema"]["required"] == ["city"]
    await wired.ask(tools=TOOLS)
    assert "toolConfig" not in wired.last.body


async def test_the_list_of_models_says_how_much_they_take_and_which_think(connect: Connect) -> None:
    wired = await connect("gemini", models=["gemini-3.8-flash", "gemini-2.5-pro", "gemini-1.5-pro"])
    new, older, oldest = await wired.service.models()
    assert (new.window, new.max_output, new.documents, new.known) == (1_048_576, 65_536, True, False)
    assert (new.profile.thinking, older.profile.thinking, oldest.profile.thinking) == ("level", "budget", "")
    assert (new.reasoning, oldest.reasoning) == (("low", "high"), ())
    for model in (new, older, oldest):
        await wired.ask(model=model, reasoning="high" if model.reasoning else None)


async def test_a_kept_turn_is_given_back_byte_for_byte_and_the_requests_extend_each_other(connect: Connect) -> None:
    wired = await connect("gemini")
    first = await wired.ask(user("Why?"), answer=Answer(Reasoning("Hm."), "Because."))
    second = await wired.ask(user("Why?"), first.message, user("Really?"), answer=Answer("Yes."))
    await wired.ask(user("Why?"), first.message, user("Really?"), second.message, user("Sure?"))
    one, two, three = (json.dumps(request.body["contents"])[:-1] for request in wired.server.chats)
    assert three.startswith(two)
    assert two.startswith(one)


async def test_a_bare_name_means_the_first_entry_that_serves_the_model_and_a_full_one_each() -> None:
    models = load(ROOT / "models.yaml", None, lambda _: "")
    assert models.find("gemini-3.8-flash").model.full_name == "gemini:gemini-3.8-flash"
    assert models.find("gemini-3.8").model.full_name == "gemini:gemini-3.8-flash"
    assert models.find("google:gemini-3.8-flash").model.documents
    assert models.find("gemini-3-pro-preview").model.full_name == "gemini:gemini-4-argon"
    assert models.find("gemini-2.5-pro").model.id == "gemini-2.5-pro"


@pytest.mark.parametrize(
    ("given", "chosen"),
    [({}, "GEMINI_API_KEY"), ({"GOOGLE_API_KEY": "a"}, "GOOGLE_API_KEY"),
     ({"GOOGLE_API_KEY": "a", "GEMINI_API_KEY": "b"}, "GEMINI_API_KEY")],
)  # fmt: skip
def test_the_key_may_stand_in_the_other_variable_of_googles_sdk(given: dict[str, str], chosen: str) -> None:
    models = load(ROOT / "models.yaml", None, lambda name: given.get(name, ""))
    assert models.providers["google"].key_variable == chosen
    assert models.providers["gemini"].key_variable == "GEMINI_API_KEY"


GOOGLE = {"GEMINI_API_KEY": "AIza-test-5c1f90e2a7"}


def test_the_program_answers_with_it_and_with_the_other_key(home: Home) -> None:
    with WireServer("gemini", key="AIza-other-test-77") as server:
        server.answer("Good morning.")
        home.overlay({"google": {"base_url": server.base_url}})
        for _ in range(2):  # the second reads the catalogue as it was kept
            env = {"GOOGLE_API_KEY": "AIza-other-test-77"}
            done = home.run("-m", "google:gemini-3.8-flash", "-p", "Hello", env=env)
            assert done.returncode == 0, done.stderr
        assert server.chats[0].body["contents"] == [{"role": "user", "parts": [{"text": "Hello"}]}]
    assert "AIza-other-test-77" not in "".join(
        path.read_text(errors="replace") for path in home.folder.rglob("*") if path.is_file()
    )


def test_without_its_package_the_cure_is_to_install_the_extra(home: Home) -> None:
    missing = home.folder / "missing/google/genai"
    missing.mkdir(parents=True)
    (missing / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'google.genai'\")")
    env = {**GOOGLE, "PYTHONPATH": str(home.folder / "missing")}
    done = home.run("-m", "google:gemini-3.8-flash", "-p", "Hello", env=env)
    assert done.returncode != 0
    assert "Google Gemini, native cannot be started: No module named 'google.genai'." in done.stderr
    assert "python -m pip install -e" in done.stderr
    assert "[gemini]" in done.stderr


async def test_the_server_of_these_tests_is_understood_by_the_sdk_itself() -> None:
    with WireServer("gemini", rules=False) as server:  # the SDK spells one field as the protocol buffer does
        server.answer(Answer(Reasoning("Hm."), "Let me look.", *TWO_CALLS))
        options = types.HttpOptions(base_url=server.base_url, api_version="v1beta")
        client = genai.Client(vertexai=False, api_key="test-key", http_options=options)
        config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
        stream = await client.aio.models.generate_content_stream(model="gemini-4-argon", contents="Hi", config=config)
        chunks = [chunk async for chunk in stream]
        await client.aio.aclose()
        client.close()
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts]  # type: ignore[index,union-attr]  # all are there
    assert [part.function_call.name for part in parts if part.function_call] == ["weather", "clock"]
    assert "".join(part.text for part in parts if part.text and part.thought) == "Hm."
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP  # type: ignore[index]  # as above


SHAPES: dict[str, type[BaseModel]] = {
    "content": types.Content, "part": types.Part, "blob": types.Blob, "call": types.FunctionCall,
    "response": types.FunctionResponse, "response part": types.FunctionResponsePart,
    "declaration": types.FunctionDeclaration, "tool config": types.ToolConfig, "thinking": types.ThinkingConfig,
    "config": types.GenerationConfig, "tool": types.Tool,
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_the_fields_that_the_server_knows_are_among_those_of_the_sdk(name: str) -> None:
    shape, known = fields.GEMINI[name], {f.alias for f in SHAPES[name].model_fields.values()}
    assert shape.required | shape.optional <= known


async def test_a_model_of_no_reasoning_is_asked_for_none(connect: Connect) -> None:
    wired = await connect("gemini")
    await wired.ask(model=replace(wired.model, id="gemini-1.5-pro", profile=Profile(), reasoning=()))
    assert "generationConfig" not in wired.last.body
