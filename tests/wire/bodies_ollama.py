"""Bodies of requests to Ollama's /api/chat, valid and not."""

from typing import Any

from tests.wire.bodies import LONE, OPENAI_SCHEMAS, PNG, SCHEMA, Case
from tests.wire.facts import ModelFacts

HI = {"role": "user", "content": "Hi."}
SYSTEM = {"role": "system", "content": "Be kind."}
FUNCTION = {"name": "ls", "description": "List.", "parameters": SCHEMA}
TOOL = {"type": "function", "function": FUNCTION}


def call(call_id: str | None = "call_1", name: str = "ls", arguments: Any = None) -> dict[str, Any]:
    function = {"name": name, "arguments": {"path": "."} if arguments is None else arguments}
    return {"function": function} if call_id is None else {"id": call_id, "function": function}


def said(*calls: Any, content: str = "", **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **({"tool_calls": list(calls)} if calls else {}), **more}


def result(call_id: str | None = "call_1", name: str = "ls", content: Any = "a b") -> dict[str, Any]:
    wire = {"role": "tool", "content": content, "tool_name": name}
    return wire if call_id is None else {**wire, "tool_call_id": call_id}


def body(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"model": "qwen3:8b", "stream": True, "messages": list(messages or [HI]), **more}


def _valid(name: str, request: dict[str, Any]) -> Case:
    return Case("ollama", name, request)


def _broken(rule: str, name: str, request: dict[str, Any], *along: str, facts: ModelFacts | None = None) -> Case:
    return Case("ollama", name, request, rule, facts, along)


VALID = [
    _valid("one question", body(SYSTEM, HI, tools=[TOOL], options={"num_ctx": 8192}, truncate=False, shift=False)),
    _valid("a tool loop", body(HI, said(call(), call("b")), result(), result("b"), said(content="Yes."), HI)),
    _valid("calls without ids", body(HI, said(call(None), call(None, "cat")), result(None), result(None, "cat"))),
    _valid("own thinking", body(HI, said(content="x", thinking="Hm."), HI, think="high")),
    _valid("no thinking", body(think=False)),
    _valid("a picture", body({**HI, "images": [PNG]})),
    _valid(
        "a call as it came", body(HI, said({"id": "a", "function": {"index": 0, **call()["function"]}}), result("a"))
    ),
]
BROKEN = [
    _broken("A1", "unknown role", body(HI, {"role": "model", "content": "x"})),
    _broken("A2", "no messages", body(messages=[])),
    _broken("A10", "lone surrogate", body({"role": "user", "content": LONE})),
    _broken("B3", "one of two", body(HI, said(call(), call("b")), result())),
    _broken("B4", "a result of nothing", body(HI, result())),
    _broken("B4", "results in another order", body(HI, said(call(), call("b", "cat")), result("b", "cat"), result())),
    _broken("B4", "the name of another tool", body(HI, said(call(None)), result(None, "cat"))),
    _broken("B6", "an id twice", body(HI, said(call(), call()), result(), result())),
    _broken("B10", "arguments as text", body(HI, said(call(arguments='{"path": "."}')), result())),
    _broken("C1", "an empty id", body(HI, said(call("")), result(""))),
    _broken("C7", "a name of 65", body(HI, said(call(name="x" * 65)), result(name="x" * 65))),
    _broken("D5", "neither word nor call", body(HI, said(), HI)),
    _broken("D5", "no calls in the list", body(HI, said(content="x", tool_calls=[]), HI)),
    _broken("D7", "parts", body({"role": "user", "content": [{"type": "text", "text": "x"}]})),
    _broken("E1", "no tool_name", body(HI, said(call()), {"role": "tool", "content": "x"})),
    _broken("E1", "thinking in a list", body(HI, said(content="x", thinking=["Hm."]), HI)),
    _broken("E5", "thinking of llama", body(model="llama3.2", think=True)),
    _broken("E12", "unknown field", body(tool_choice="none")),
    _broken("E12", "reasoning of another", body(HI, said(content="x", reasoning="Hm."), HI)),
    _broken("E12", "the type of a call", body(HI, said({"type": "function", **call()}), result())),
    _broken("E16", "a word that is none", body(think="xhigh")),
    _broken("E16", "a word of another model", body(model="gpt-oss:20b", think="max")),
    _broken("F1", "a data URL", body({**HI, "images": [f"data:image/png;base64,{PNG}"]})),
    _broken("F7", "no eyes", body({**HI, "images": [PNG]}, model="llama3.2")),
    _broken("G2", "system in the middle", body(HI, said(content="x"), SYSTEM, HI)),
    _broken("H1", "a window in words", body(options={"num_ctx": "8k"})),
    _broken("T1", "an empty list of tools", body(tools=[])),
    _broken("T1", "the shape of another dialect", body(tools=[{"name": "ls", "input_schema": SCHEMA}]), "C7"),
    *(
        _broken(rule, name, body(tools=[{**TOOL, "function": {**FUNCTION, "parameters": odd}}]))
        for name, (rule, odd) in OPENAI_SCHEMAS.items()
    ),
    _broken("T8", "tools for gemma", body(model="gemma3", tools=[TOOL])),
    _broken("W1", "no stream", body(stream=False)),
]
