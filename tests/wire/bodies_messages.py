"""Bodies of Anthropic Messages requests, valid and not."""

from typing import Any

from tests.wire.bodies import LONE, ODD_SCHEMAS, PNG, SCHEMA, Case
from tests.wire.facts import ModelFacts
from tests.wire.signatures import conceal, prefix_digests, sign

TOOL = {"name": "ls", "description": "List.", "input_schema": SCHEMA}
HI = {"role": "user", "content": "Hi."}
BYE = {"role": "user", "content": "Bye."}
MARK = {"cache_control": {"type": "ephemeral"}}
MANUAL = {"type": "enabled", "budget_tokens": 1024}
IMAGE: dict[str, Any] = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": PNG},
}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def call(call_id: str = "call_1", **more: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": "ls", "input": {"path": "."}, **more}


def result(call_id: str = "call_1", **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": "a b", **more}


def thought(words: str = "Hmm.", signature: str | None = None) -> dict[str, Any]:
    return {
        "type": "thinking",
        "thinking": words,
        "signature": sign(words) if signature is None else signature,
    }


def said(*blocks: dict[str, Any] | str) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": [text(item) if isinstance(item, str) else item for item in blocks],
    }


def asked(*blocks: dict[str, Any] | str) -> dict[str, Any]:
    return {**said(*blocks), "role": "user"}


def note(words: str) -> dict[str, Any]:
    return {"role": "system", "content": words}


def body(*messages: Any, model: str = "claude-opus-5-5", **more: Any) -> dict[str, Any]:
    base = {"model": model, "max_tokens": 2000, "stream": True, "messages": list(messages or [HI])}
    uses_tools = any("tool_use" in str(message) for message in messages)
    return {**base, **({"tools": [TOOL]} if uses_tools else {}), **more}


def _bound() -> dict[str, Any]:
    """A conversation whose thinking is bound to what stands before it."""
    start = body(HI, said("Hello."), BYE, system="Be kind.")
    first = thought("One.", sign("One.", prefix=prefix_digests(start)[-1]))
    longer = body(HI, said("Hello."), BYE, said(first, "Bye."), asked("Still here?"), system="Be kind.")
    second = thought("Two.", sign("Two.", prefix=prefix_digests(longer)[-1], after=str(first["signature"])))
    return {**longer, "messages": [*longer["messages"], said(second, "No."), asked("Yes?")]}


def _rebound(index: int, content: Any) -> dict[str, Any]:
    whole = _bound()
    messages = [{**m, "content": content} if at == index else m for at, m in enumerate(whole["messages"])]
    return {**whole, "messages": messages}


def _case(rule: str, name: str, request: dict[str, Any], *along: str, facts: ModelFacts | None = None) -> Case:
    return Case("anthropic", name, request, rule, facts, along)


VALID = [
    _case("", name, request)
    for name, request in {
        "one question": body(),
        "blocks and a system list": body(asked("Hi.", IMAGE), system=[text("Be kind.", **MARK)]),
        "a tool loop": body(HI, said("Look.", call(), call("call_2")), asked(result(), result("call_2"), "Go on.")),
        "results in two user messages": body(HI, said(call(), call("b")), asked(result()), asked(result("b"))),
        "two questions in a row": body(HI, BYE),
        "signed thinking": body(HI, said(thought(), thought(""), "Yes."), BYE),
        "redacted thinking": body(HI, said({"type": "redacted_thinking", "data": conceal("x", "anthropic")}, "Y"), BYE),
        "bound thinking": _bound(),
        "bound thinking, the oldest dropped": _rebound(3, [text("Bye.")]),
        "bound thinking with moved markers": _rebound(0, [text("Hi.", **MARK)]),
        "a note after the user": body(HI, said("Hello."), BYE, note("It is late.")),
        "an image in a result": body(HI, said(call()), asked(result(content=[text("see"), IMAGE], is_error=False))),
        "a result without content": body(HI, said(call()), asked({"type": "tool_result", "tool_use_id": "call_1"})),
        "manual thinking": body(model="claude-haiku-4-5", thinking=MANUAL),
        "manual thinking in a loop": body(
            HI, said(thought(), call()), asked(result()), model="claude-haiku-4-5", thinking=MANUAL
        ),
        "a prefill where it is allowed": body(HI, said("Well,"), model="claude-haiku-4-5", temperature=0.5),
        "effort and choice": body(
            tools=[TOOL],
            tool_choice={"type": "none"},
            output_config={"effort": "max"},
            thinking={"type": "adaptive"},
        ),
        "a paused turn": body(
            HI, said({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}})
        ),
        "four markers": body(asked(*[text("x", **MARK)] * 3), cache_control={"type": "ephemeral", "ttl": "1h"}),
    }.items()
]

BROKEN = [
    _case("A1", "unknown role", body(HI, {"role": "tool", "content": "x"})),
    _case("A2", "no messages", body(messages=[])),
    _case("A2", "assistant first", body(said("Hello."), HI)),
    _case("A4", "prefill", body(HI, said("Well"))),
    _case("A5", "prefill with a trailing space", body(HI, said("Well "), model="claude-haiku-4-5")),
    _case("A6", "thinking last", body(HI, said("Yes.", thought()), BYE)),
    _case("A10", "lone surrogate", body(asked(LONE))),
    _case("A11", "NaN in a call", body(HI, said(call(input={"v": float("nan")})), asked(result()))),
    _case("B2", "text before a result", body(HI, said(call()), asked("Wait.", result()))),
    _case("B2", "result in the second message", body(HI, said(call()), asked("Wait."), asked(result()))),
    _case("B3", "no result", body(HI, said(call()), BYE)),
    _case("B3", "one of two", body(HI, said(call(), call("call_2")), asked(result()))),
    _case("B3", "a call at the end", body(HI, said(call())), "A4"),
    _case("B4", "a result of nothing", body(asked(result()), tools=[TOOL])),
    _case("B4", "a result too late", body(HI, said(call()), asked(result()), said("Hm."), asked(result()))),
    _case("B5", "two results", body(HI, said(call()), asked(result(), result()))),
    _case("B6", "an id twice", body(HI, said(call()), asked(result()), said(call()), asked(result()))),
    _case("B8", "text after the call", body(HI, said(call(), "So."), asked(result()))),
    _case("B9", "a note in the loop", body(HI, said(call()), note("Late."), asked(result())), "B3", "B4", "G3"),
    _case("B10", "arguments as text", body(HI, said(call(input='{"path": "."}')), asked(result()))),
    _case("B13", "a number as a result", body(HI, said(call()), asked(result(content=7)))),
    _case("B14", "error as a word", body(HI, said(call()), asked(result(is_error="yes")))),
    _case("B16", "calls without tools", body(HI, said(call()), asked(result()), tools=[])),
    _case("B17", "forced choice", body(tools=[TOOL], tool_choice={"type": "any"})),
    _case("C1", "an id with a dot", body(HI, said(call("functions.ls:0")), asked(result("functions.ls:0")))),
    _case("C2", "an id of 65", body(HI, said(call("x" * 65)), asked(result("x" * 65)))),
    _case("C7", "a name with a space", body(HI, said(call(name="l s")), asked(result()))),
    _case("C7", "a tool with a name of 129", body(tools=[{**TOOL, "name": "x" * 129}])),
    _case("D1", "empty text block", body(asked(""))),
    _case("D1", "empty text in a result", body(HI, said(call()), asked(result(content=[text("")])))),
    _case("D2", "white text block", body(asked(" \n"))),
    _case("D2", "white string", body({"role": "user", "content": " \n"})),
    _case("D3", "empty string", body({"role": "user", "content": ""})),
    _case("D3", "empty list", body(HI, said(), BYE)),
    _case("D6", "a call by the user", body(asked(call()), tools=[TOOL]), "B3"),
    _case("D7", "no content", body({"role": "user", "content": None}), "E1"),
    _case("E1", "thinking without a signature", body(HI, said(thought(signature=""), "Y"), BYE)),
    _case("E1", "no tool_use_id", body(HI, said(call()), asked({"type": "tool_result"})), "B3"),
    _case("E2", "foreign signature", body(HI, said(thought(signature=sign("Hmm.", "kimi")), "Y"), BYE)),
    _case("E2", "modified thinking", body(HI, said(thought("Ha.", sign("Hmm.")), "Y"), BYE)),
    _case("E2", "modified ciphertext", body(HI, said({"type": "redacted_thinking", "data": "x"}, "Y"), BYE)),
    _case(
        "E3",
        "loop begun elsewhere",
        body(HI, said(call()), asked(result()), model="claude-haiku-4-5", thinking=MANUAL),
    ),
    _case("E9", "an earlier question changed", _rebound(0, "Hi!")),
    _case("E9", "the system changed", {**_bound(), "system": "Be rude."}),
    _case("E9", "tools added", {**_bound(), "tools": [TOOL]}),
    _case("E12", "unknown parameter", body(store=False)),
    _case("E12", "unknown field of a message", body({**HI, "id": "m1"})),
    _case("E12", "unknown field of a block", body(asked(text("Hi.", annotations=[])))),
    _case("E12", "unknown block", body(asked({"type": "input_text", "text": "x"}))),
    _case("E16", "budget on an adaptive model", body(thinking=MANUAL)),
    _case("E16", "adaptive on a manual model", body(model="claude-haiku-4-5", thinking={"type": "adaptive"})),
    _case(
        "E16",
        "budget over the limit",
        body(model="claude-haiku-4-5", thinking={**MANUAL, "budget_tokens": 2000}),
    ),
    _case("E16", "small budget", body(model="claude-haiku-4-5", thinking={**MANUAL, "budget_tokens": 10})),
    _case("E16", "unknown effort", body(output_config={"effort": "minimal"})),
    _case("E16", "effort on an old model", body(model="claude-haiku-4-5", output_config={"effort": "low"})),
    _case(
        "F1",
        "a bitmap",
        body(asked({"type": "image", "source": {**IMAGE["source"], "media_type": "image/bmp"}})),
    ),
    _case("F1", "no base64", body(asked({"type": "image", "source": {**IMAGE["source"], "data": "!"}}))),
    _case("F6", "an image said", body(HI, said(IMAGE), BYE)),
    _case("F7", "no eyes", body(asked(IMAGE)), facts=ModelFacts(vision=False)),
    _case("G2", "a note to Sonnet", body(HI, note("Late."), model="claude-sonnet-5-5")),
    _case("G3", "a note between assistant and user", body(HI, said("Hello."), note("Late."), BYE)),
    _case("G3", "a note first", body(note("Late."), HI), "A2"),
    _case("G1", "an image as system", body(system=[IMAGE])),
    _case("H1", "no limit", body(max_tokens=0)),
    _case("H2", "temperature", body(temperature=0.5)),
    _case("H2", "top_k", body(top_k=5)),
    _case("I1", "five markers", body(asked(*[text("x", **MARK)] * 4), cache_control=MARK["cache_control"])),
    _case("I2", "a marker in a result", body(HI, said(call()), asked(result(content=[text("x", **MARK)])))),
    _case("I2", "a marker on thinking", body(HI, said({**thought(), **MARK}, "Y"), BYE), "E12"),
    _case("T1", "two tools of one name", body(tools=[TOOL, TOOL])),
    _case("T1", "a schema of a string", body(tools=[{**TOOL, "input_schema": {"type": "string"}}])),
    _case("T1", "strict and open", body(tools=[{**TOOL, "strict": True}])),
    *(_case(rule, name, body(tools=[{**TOOL, "input_schema": odd}])) for name, (rule, odd) in ODD_SCHEMAS.items()),
    _case(
        "T5", "a property with brackets", body(tools=[{**TOOL, "input_schema": {**SCHEMA, "properties": {"f[x]": {}}}}])
    ),
    _case("T2", "choice without tools", body(tool_choice={"type": "auto"})),
    _case("T2", "a choice of no tool", body(tools=[TOOL], tool_choice={"type": "tool", "name": "x"}), "B17"),
    _case("W1", "no stream", body(stream=False)),
]
