"""Bodies of Chat Completions requests, Groq's among them, valid and not."""

from typing import Any

from tests.wire.bodies import LONE, OPENAI_SCHEMAS, PNG, SCHEMA, Case
from tests.wire.facts import Dialect, ModelFacts

TOOL = {"type": "function", "function": {"name": "ls", "description": "List.", "parameters": SCHEMA}}
HI = {"role": "user", "content": "Hi."}
SYSTEM = {"role": "system", "content": "Be kind."}
IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
STRICT = ModelFacts(issuer="chat", strict_template=True)
MISTRAL = ModelFacts(issuer="chat", mistral_ids=True)
DEEPSEEK = ModelFacts(issuer="chat", reasoning_field="reasoning_content", requires_reasoning=True)
LLAMA = {"model": "llama-3.3-70b-versatile"}


def tool(**more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "ls", "description": "List.", "parameters": SCHEMA, **more}}


def call(call_id: str = "call_1", name: str = "ls", arguments: Any = '{"path": "."}', **more: Any) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}, **more}


def said(*calls: Any, content: Any = None, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **({"tool_calls": list(calls)} if calls else {}), **more}


def result(call_id: str = "call_1", content: Any = "a b") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


def body(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"model": "openai/gpt-oss-120b", "stream": True, "messages": list(messages or [HI]), **more}


def _chat(rule: str, name: str, request: dict[str, Any], *along: str, facts: ModelFacts | None = None) -> Case:
    return Case("chat", name, request, rule, facts, along)


def _groq(rule: str, name: str, request: dict[str, Any], *along: str) -> Case:
    return Case("groq", name, request, rule, None, along)


_BOTH: dict[str, dict[str, Any]] = {
    "one question": body(SYSTEM, HI, tools=[TOOL], tool_choice="none", max_completion_tokens=10),
    "a tool loop": body(HI, said(call(), call("b")), result("b"), result(), said(content="Yes."), HI),
    "calls with text": body(HI, said(call(), content="Look."), result(content="")),
    "content left out": body(HI, {"role": "assistant", "tool_calls": [call()]}, result()),
    "text parts": body(user({"type": "text", "text": "x"}), said(content=[{"type": "text", "text": "y"}]), HI),
    "a note in the middle": body(HI, said(content="x"), SYSTEM, HI),
    "an id used again later": body(HI, said(call()), result(), said(call()), result()),
}
_DIALECTS: tuple[Dialect, Dialect] = ("chat", "groq")
VALID = [
    *(Case(dialect, name, request) for name, request in _BOTH.items() for dialect in _DIALECTS),
    _chat("", "an image", body(user(IMAGE), stream_options={"include_usage": True})),
    _chat("", "broken arguments", body(HI, said(call(arguments='{"a')), result())),
    _chat("", "a strict template", body(SYSTEM, HI, said(call()), result(), said(content="x"), HI), facts=STRICT),
    _chat("", "nine characters", body(HI, said(call("abcDEF123")), result("abcDEF123")), facts=MISTRAL),
    _chat("", "own reasoning", body(HI, said(call(), reasoning_content="Hm."), result()), facts=DEEPSEEK),
    _groq("", "own reasoning", body(HI, said(content="x", reasoning="Hm."), HI, reasoning_effort="low")),
    _groq("", "an image for qwen", body(user(IMAGE), model="qwen/qwen3.8-27b", reasoning_format="parsed")),
    _groq("", "llama", body(**LLAMA, temperature=0.3, n=1)),
]

_BROKEN_BOTH: list[tuple[str, str, dict[str, Any], tuple[str, ...]]] = [
    ("A1", "unknown role", body(HI, {"role": "model", "content": "x"}), ()),
    ("A2", "no messages", body(messages=[]), ()),
    ("A10", "lone surrogate", body({"role": "user", "content": LONE}), ()),
    ("B3", "no result", body(HI, said(call()), HI), ()),
    ("B3", "one of two", body(HI, said(call(), call("b")), result()), ()),
    ("B4", "a result of nothing", body(HI, result()), ()),
    ("B4", "a result too late", body(HI, said(call()), HI, result()), ("B3",)),
    ("B5", "two results", body(HI, said(call()), result(), result()), ()),
    ("B6", "an id twice in one message", body(HI, said(call(), call()), result(), result()), ("B5", "B3")),
    ("B10", "arguments as an object", body(HI, said(call(arguments={})), result()), ()),
    ("B20", "129 tools", body(tools=[{**TOOL, "function": {"name": f"t{n}"}} for n in range(129)]), ()),
    ("C1", "an empty id", body(HI, said(call("")), result("")), ()),
    ("C2", "an id of 41", body(HI, said(call("x" * 41)), result("x" * 41)), ()),
    ("C7", "a name of 65", body(HI, said(call(name="x" * 65)), result()), ()),
    ("D3", "no parts", body(user()), ()),
    ("D4", "a null question", body({"role": "user", "content": None}), ()),
    ("D5", "neither content nor calls", body(HI, said(), HI), ()),
    ("D5", "no calls in the list", body(HI, said(content="x", tool_calls=[]), HI), ()),
    ("D7", "a number", body({"role": "user", "content": 7}), ()),
    ("E1", "no tool_call_id", body(HI, said(call()), {"role": "tool", "content": "x"}), ("B3",)),
    ("E12", "unknown parameter", body(thinking={}), ()),
    ("E12", "reasoning_content", body(HI, said(content="x", reasoning_content="Hm."), HI), ()),
    ("E12", "reasoning_details", body(HI, said(content="x", reasoning_details=[]), HI), ()),
    ("E12", "annotations", body(HI, said(content="x", annotations=[]), HI), ()),
    ("E12", "executed_tools", body(HI, said(content="x", executed_tools=[]), HI), ()),
    ("E12", "an index in a call", body(HI, said(call(index=0)), result()), ()),
    ("F5", "an image as a result", body(HI, said(call()), result(content=[IMAGE])), ()),
    ("F6", "an image said", body(HI, said(content=[IMAGE]), HI), ()),
    ("H1", "a limit of nothing", body(max_completion_tokens=0), ()),
    ("T1", "an empty list of tools", body(tools=[]), ()),
    ("T1", "the shape of another dialect", body(tools=[{"name": "ls", "input_schema": SCHEMA}]), ("C7",)),
    *((rule, name, body(tools=[tool(parameters=odd)]), ()) for name, (rule, odd) in OPENAI_SCHEMAS.items()),
    ("T2", "a choice without tools", body(tool_choice="none"), ()),
    ("T2", "a choice of no tool", body(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "x"}}), ()),
    ("T7", "a long description", body(tools=[tool(description="x" * 1025)]), ()),
    ("W1", "no stream", body(stream=False), ()),
]
BROKEN = [
    *(Case(d, name, request, rule, None, also) for rule, name, request, also in _BROKEN_BOTH for d in _DIALECTS),
    _chat("E12", "reasoning", body(HI, said(content="x", reasoning="Hm."), HI)),
    _chat("A3", "two questions", body(HI, HI), facts=STRICT),
    _chat("A3", "assistant first", body(said(content="x"), HI), facts=STRICT),
    _chat("G2", "system in the middle", body(HI, said(content="x"), SYSTEM, HI), facts=STRICT),
    _chat("G2", "two systems", body(SYSTEM, SYSTEM, HI), facts=STRICT),
    _chat("A4", "assistant last", body(HI, said(content="x")), facts=MISTRAL),
    _chat("A7", "user after tool", body(HI, said(call("a" * 9)), result("a" * 9), HI), facts=MISTRAL),
    _chat("C1", "a longer id", body(HI, said(call()), result()), facts=MISTRAL),
    _chat("B3", "a note in the loop", body(HI, said(call()), SYSTEM, result()), "B4"),
    _chat(
        "B11",
        "broken arguments",
        body(HI, said(call(arguments='{"a')), result()),
        facts=ModelFacts(json_arguments=True),
    ),
    _chat(
        "D7",
        "parts for a plain host",
        body(user({"type": "text", "text": "x"})),
        facts=ModelFacts(text_only_content=True),
    ),
    _chat("E1", "reasoning in a list", body(HI, said(call(), reasoning_content=[]), result()), facts=DEEPSEEK),
    _chat("E3", "reasoning missing", body(HI, said(call()), result()), facts=DEEPSEEK),
    _chat(
        "F1",
        "a bitmap",
        body(user({"type": "image_url", "image_url": {"url": "data:image/bmp;base64,AAAA"}})),
    ),
    _chat("F7", "no eyes", body(user(IMAGE)), facts=ModelFacts(vision=False)),
    _groq(
        "A9",
        "5 MB of image",
        body(
            user({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{'A' * 5_000_000}"}}),
            model="qwen/qwen3.8-27b",
        ),
    ),
    _groq("B20", "two answers", body(n=2)),
    _groq("E5", "effort to llama", body(**LLAMA, reasoning_effort="low")),
    _groq("E5", "format to llama", body(**LLAMA, reasoning_format="parsed")),
    _groq("E5", "reasoning to llama", body(HI, said(content="x", reasoning="Hm."), HI, **LLAMA)),
    _groq("E16", "format and inclusion", body(reasoning_format="parsed", include_reasoning=True)),
    _groq("E16", "an effort of another model", body(reasoning_effort="default")),
    _groq("E16", "raw with tools", body(reasoning_format="raw", tools=[TOOL])),
    _groq("F7", "an image for llama", body(user(IMAGE), **LLAMA)),
    _groq("H4", "logprobs", body(logprobs=True)),
]
