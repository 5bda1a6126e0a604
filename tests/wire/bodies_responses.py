"""Bodies of OpenAI Responses requests, valid and not."""

from typing import Any

from tests.wire.bodies import LONE, OPENAI_SCHEMAS, PNG, SCHEMA, Case
from tests.wire.facts import ModelFacts
from tests.wire.signatures import conceal, linked_id
from tests.wire.sse import new_id

TOOL = {"type": "function", "name": "ls", "parameters": SCHEMA, "strict": False}
HI = {"role": "user", "content": "Hi."}
RS = "rs_0" + "a" * 47
FC = linked_id("fc_", RS, "b" * 32)
MSG = linked_id("msg_", RS, "c" * 32)
IMAGE = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"}


def call(call_id: str = "call_1", **more: Any) -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": "ls", "arguments": '{"path": "."}', **more}


def result(call_id: str = "call_1", **more: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": "a b", **more}


def thought(**more: Any) -> dict[str, Any]:
    sealed = conceal("Hmm.", "openai")
    return {"type": "reasoning", "id": RS, "summary": [], "encrypted_content": sealed, **more}


def spoken(words: str = "Yes.", **more: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": words, "annotations": []}
    base = {"type": "message", "id": MSG, "role": "assistant", "status": "completed", "content": [part]}
    return {**base, **more}


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


def body(*items: Any, model: str = "gpt-6.1-sol", **more: Any) -> dict[str, Any]:
    return {"model": model, "stream": True, "store": False, "input": list(items or [HI]), **more}


def _case(rule: str, name: str, request: dict[str, Any], *along: str, facts: ModelFacts | None = None) -> Case:
    return Case("openai", name, request, rule, facts, along)


VALID = [
    _case("", name, request)
    for name, request in {
        "a string": {**body(), "input": "Hi."},
        "a question with an image": body(user({"type": "input_text", "text": "See:"}, IMAGE)),
        "foreign turns": body(HI, {"role": "assistant", "content": "Hello."}, call(), result(), HI),
        "own reasoning with its call": body(HI, thought(), call(id=FC, status="completed"), result()),
        "own reasoning with text and call": body(HI, thought(), spoken(), call(id=FC), result()),
        "own call without any id": body(HI, thought(), call(), result()),
        "an invented id": body(HI, call(id=new_id("fc_", 24)), result()),
        "results in any order": body(HI, call("a"), call("b"), result("b"), HI, result("a")),
        "an image as a result": body(HI, call(), result(output=[{"type": "input_text", "text": "x"}, IMAGE])),
        "a phase": body(HI, {"role": "assistant", "content": "Well.", "phase": "commentary"}, HI),
        "a developer note in the middle": body(HI, {"role": "developer", "content": "Late."}, HI),
        "parameters": body(
            include=["reasoning.encrypted_content"],
            reasoning={"effort": "high", "summary": "auto"},
            instructions="Be kind.",
            tools=[TOOL],
            tool_choice="none",
            max_output_tokens=100,
            prompt_cache_key="k",
        ),
        "a plain model": body(model="gpt-4.1", temperature=0.2),
    }.items()
]

BROKEN = [
    _case("A1", "unknown role", body({"role": "tool", "content": "x"})),
    _case("A2", "no input", body(input=[])),
    _case("A10", "lone surrogate", body({"role": "user", "content": LONE})),
    _case("B3", "no output", body(HI, call(), HI)),
    _case("B4", "an output of nothing", body(HI, result())),
    _case("B4", "an output before its call", body(HI, result(), call()), "B3"),
    _case("B5", "two outputs", body(HI, call(), result(), result())),
    _case("B6", "a call_id twice", body(HI, call(), result(), call(), result()), "B5"),
    _case("B10", "arguments as an object", body(HI, call(arguments={}), result())),
    _case("B11", "broken arguments", body(HI, call(arguments='{"a'), result())),
    _case("B11", "arguments with NaN", body(HI, call(arguments='{"a": NaN}'), result())),
    _case("B11", "arguments in a list", body(HI, call(arguments="[1]"), result())),
    _case("B13", "a null output", body(HI, call(), result(output=None))),
    _case("B18", "an incomplete call", body(HI, call(status="incomplete"), result())),
    _case("C2", "an empty call_id", body(HI, call(""), result(""))),
    _case("C2", "a call_id of 65", body(HI, call("x" * 65), result("x" * 65))),
    _case("C3", "a null id", body(HI, call(id=None), result())),
    _case("C4", "an id with another prefix", body(HI, call(id="call_7"), result())),
    _case("C6", "a call without its reasoning", body(HI, call(id=FC), result())),
    _case("C6", "a message without its reasoning", body(HI, spoken(), HI)),
    _case("C7", "a name of 129", body(HI, call(name="x" * 129), result())),
    _case("D3", "no parts", body(user())),
    _case("D6", "input text said", body({"role": "assistant", "content": [{"type": "input_text", "text": "x"}]})),
    _case("D6", "output text asked", body(user({"type": "output_text", "text": "x", "annotations": []}))),
    _case(
        "E1",
        "reasoning without a summary",
        body(HI, {k: v for k, v in thought().items() if k != "summary"}, spoken()),
    ),
    _case(
        "E1",
        "an output message without a status",
        body(HI, {"id": "msg_1", "role": "assistant", "content": []}),
        "D3",
    ),
    _case("E2", "modified ciphertext", body(HI, thought(encrypted_content="enc-1-x"), spoken())),
    _case("E2", "foreign ciphertext", body(HI, thought(encrypted_content=conceal("x", "other")), spoken())),
    _case("E5", "reasoning to a plain model", body(HI, thought(), spoken(), model="gpt-4.1")),
    _case("E6", "reasoning last", body(HI, thought())),
    _case("E6", "reasoning before the user", body(HI, thought(), HI)),
    _case("E7", "reasoning without ciphertext", body(HI, thought(encrypted_content=None), spoken())),
    _case("E12", "unknown parameter", body(messages=[])),
    _case("E12", "a field only replies have", body(HI, call(parsed_arguments={}), result())),
    _case("E12", "unknown item", body(HI, {"type": "tool_use"})),
    _case("E12", "unknown field of reasoning", body(reasoning={"budget": 1})),
    _case(
        "E13",
        "open reasoning text",
        body(HI, thought(content=[{"type": "reasoning_text", "text": "x"}]), spoken()),
    ),
    _case("E16", "effort to a plain model", body(model="gpt-4.1", reasoning={"effort": "low"})),
    _case("E16", "an effort this model lacks", body(reasoning={"effort": "minimal"})),
    _case("E17", "unknown phase", body({"role": "assistant", "content": "x", "phase": "thinking"})),
    _case("F1", "a bitmap", body(user({**IMAGE, "image_url": "data:image/bmp;base64,AAAA"}))),
    _case("F1", "a file path", body(user({**IMAGE, "image_url": "/tmp/x.png"}))),
    _case("F6", "an image said", body({"role": "assistant", "content": [IMAGE]})),
    _case("F7", "no eyes", body(user(IMAGE)), facts=ModelFacts(issuer="openai", vision=False)),
    _case("H1", "a limit of one", body(max_output_tokens=1)),
    _case("H2", "temperature", body(temperature=0.5)),
    _case("H4", "stored reasoning", body(HI, thought(), spoken(), store=True)),
    _case("H4", "encrypted and stored", body(include=["reasoning.encrypted_content"], store=None)),
    _case("H4", "a chain that was not stored", body(previous_response_id="resp_1")),
    _case("K1", "an item twice", body(HI, thought(), spoken(), spoken())),
    _case("T1", "two tools of one name", body(tools=[TOOL, TOOL])),
    _case("T1", "no schema", body(tools=[{**TOOL, "parameters": None}])),
    *(_case(rule, name, body(tools=[{**TOOL, "parameters": odd}])) for name, (rule, odd) in OPENAI_SCHEMAS.items()),
    _case("B20", "129 tools", body(tools=[{**TOOL, "name": f"t{n}"} for n in range(129)])),
    _case("E1", "strict left out", body(tools=[{key: TOOL[key] for key in ("type", "name", "parameters")}])),
    _case("T2", "a choice of no tool", body(tools=[TOOL], tool_choice={"type": "function", "name": "x"})),
    _case("T2", "unknown choice", body(tools=[TOOL], tool_choice="any")),
    _case("W1", "no stream", body(stream=None)),
]
