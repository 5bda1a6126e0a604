"""Answers as real servers were reported to give them: raw bytes, each named by its kind and with the report of it.

The strict server beside it renders what the documents say; these are what compatible endpoints, gateways and local
servers really send.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.wire.answers import Answer
from tests.wire.facts import Dialect

STREAM = "text/event-stream"
JSON = "application/json"


@dataclass(frozen=True)
class Script:
    """One body. `report` is where it was seen."""

    dialect: Dialect
    body: bytes
    report: str = ""
    content_type: str = STREAM

    @property
    def answer(self) -> Answer:
        return Answer.raw(self.body, {"content-type": self.content_type})


def events(*data: Any, done: bool = False, named: bool = False) -> bytes:
    """Server-sent events of these values; `named` puts each one's type on an `event:` line and out of the data."""
    lines = []
    for value in data:
        name = b""
        if named:
            value = dict(value)
            name = b"event: " + str(value.pop("type")).encode() + b"\n"
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        lines.append(name + b"data: " + raw + b"\n\n")
    return b"".join([*lines, b"data: [DONE]\n\n" if done else b""])


def chunk(delta: Any = None, stop: Any = None, **more: Any) -> dict[str, Any]:
    """A chunk of Chat Completions with one choice; `more` stands beside the choices."""
    choice = {"index": 0, "delta": {} if delta is None else delta, "finish_reason": stop}
    return {"id": "c1", "object": "chat.completion.chunk", "model": "m", "choices": [choice], **more}


def call(name: Any = None, arguments: Any = None, **more: Any) -> dict[str, Any]:
    """An entry of `tool_calls`; only what is given is in it."""
    function = {"name": name, "arguments": arguments}
    return {**more, "function": {key: value for key, value in function.items() if value is not None}}


def calls(*entries: Any, **more: Any) -> dict[str, Any]:
    return {"tool_calls": list(entries), **more}


def chat(*data: Any, report: str = "", done: bool = True) -> Script:
    return Script("chat", events(*data, done=done), report)


def text_then(*deltas: Any, stop: Any = "tool_calls", report: str = "") -> Script:
    return chat(*(chunk(delta) for delta in deltas), chunk(stop=stop), report=report)


WHERE = '{"city": "Bern"}'
WHOLE = call("weather", WHERE, index=0, id="a1", type="function")
OTHER = call("clock", "{}", index=0, id="b2", type="function")

# Each holds the words "Look." where it has words at all, and a call of `weather` in Bern; some a call of `clock`.
ONE_CALL: dict[str, Script] = {
    "A1 words and a call in one delta without a role": text_then(
        {"content": "Look.", **calls(WHOLE)}, report="crush#2936, pi#4228"
    ),
    "A1 words, reasoning and a call in one delta": text_then(
        {"content": "Look.", "reasoning_content": "Hm.", **calls(WHOLE)}, report="vllm#43933, litellm#27492"
    ),
    "A3 arguments as an object": text_then(
        calls(call("weather", {"city": "Bern"}, index=0, id="a1")), report="llama.cpp#20198"
    ),
    "A3 arguments as a list of pieces": text_then(calls(call("weather", ['{"city": ', '"Bern"}'], index=0, id="a1"))),
    "A3 arguments in a string once too often": text_then(
        calls(call("weather", json.dumps(WHERE), index=0, id="a1")), report="zeroclaw#5975"
    ),
    "an empty object first and then text": text_then(
        calls(call("weather", {}, index=0, id="a1")), calls(call(None, WHERE, index=0))
    ),
    "all that there is with every piece": text_then(
        *(calls(call("weather", WHERE[:end], index=0, id="a1")) for end in (3, 9, len(WHERE)))
    ),
    "a whole call twice": text_then(calls(WHOLE), calls(WHOLE)),
    "no index at all": text_then(
        calls(call("weather", "", id="a1")), calls(call(None, WHERE[:7])), calls(call(None, WHERE[7:]))
    ),
    "an index of null": text_then(
        calls(call("weather", WHERE[:7], index=None, id="a1")), calls(call(None, WHERE[7:], index=None))
    ),
    "an index as a string": text_then(
        calls(call("weather", WHERE[:7], index="0", id="a1")), calls(call(None, WHERE[7:], index="0"))
    ),
    "an index that begins at one": text_then(
        calls(call("weather", WHERE[:7], index=1, id="a1")), calls(call(None, WHERE[7:], index=1))
    ),
    "the name with every piece": text_then(
        calls(call("weather", WHERE[:7], index=0, id="a1")), calls(call("weather", WHERE[7:], index=0, id="a1"))
    ),
    "the name in pieces": text_then(
        calls(call("wea", "", index=0, id="a1")), calls(call("ther", WHERE, index=0, id="a1"))
    ),
    "an id that changes with every piece": text_then(
        calls(call("weather", WHERE[:7], index=0, id="a1")), calls(call(None, WHERE[7:], index=0, id="x2"))
    ),
    "the id in the last piece": text_then(
        calls(call("weather", WHERE[:7], index=0)), calls(call(None, WHERE[7:], index=0, id="a1"))
    ),
    "one call and no list": text_then({"tool_calls": WHOLE}),
    "the call's fields at the top": text_then(calls({"id": "a1", "name": "weather", "arguments": {"city": "Bern"}})),
    "the legacy function_call": text_then(
        {"function_call": {"name": "weather", "arguments": WHERE[:5]}},
        {"function_call": {"arguments": WHERE[5:]}},
        stop="function_call",
    ),
    "both forms of one call": text_then(calls(WHOLE, function_call=WHOLE["function"])),
    "words in one choice and the call in another": chat(
        {"choices": [{"index": 0, "delta": {"content": "Look."}, "finish_reason": "stop"}]},
        {"choices": [{"index": 1, "delta": calls(WHOLE), "finish_reason": "tool_calls"}]},
        report="crush#2936",
    ),
    "A4 the stop word of another dialect": text_then(calls(WHOLE), stop="tool_use", report="bifrost#617"),
    "A4 an unknown stop word": text_then(calls(WHOLE), stop="weird_new_word"),
    "A4 eos": text_then(calls(WHOLE), stop="eos"),
    "A4 STOP": text_then(calls(WHOLE), stop="STOP"),
    "no stop word": chat(chunk(calls(WHOLE))),
    "A7 a message in place of a delta": chat(
        {"choices": [{"index": 0, "message": {"role": "assistant", **calls(WHOLE)}, "finish_reason": "tool_calls"}]},
        report="foundry-local#144",
    ),
    "A7 a whole completion": Script(
        "chat",
        json.dumps(
            {
                "object": "chat.completion",
                "model": "m",
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": "Look.", **calls(WHOLE)},
                        "finish_reason": "tool_calls",
                    }
                ],
            },
            indent=2,
        ).encode(),
        content_type=JSON,
    ),
    "A15 a template's tokens behind the name": text_then(
        calls(call("weather<|channel|>commentary", WHERE, index=0, id="a1")), report="vllm#35906"
    ),
    "A15 a namespace with a dot": text_then(calls(call("functions.weather", WHERE, index=0, id="a1"))),
    "A15 a namespace with a colon": text_then(calls(call("default_api:weather", WHERE, index=0, id="a1"))),
    "A15 a number behind the name": text_then(calls(call("functions.weather:0", WHERE, index=0, id="a1"))),
    "A15 blanks around the name": text_then(calls(call(" weather ", WHERE, index=0, id="a1"))),
}
TWO_CALLS: dict[str, Script] = {
    "A2 two whole calls with one index": text_then(calls(WHOLE), calls(OTHER), report="ollama#7881"),
    "A2 two whole calls with one index in one delta": text_then(calls(WHOLE, OTHER), report="hermes-agent#62937"),
    "two whole calls without ids or numbers": text_then(calls(call("weather", WHERE)), calls(call("clock", "{}"))),
    "two calls in pieces without ids": text_then(
        calls(call("weather", "", index=0), call("clock", "", index=1)),
        calls(call(None, WHERE[:4], index=0), call(None, "{", index=1)),
        calls(call(None, WHERE[4:], index=0), call(None, "}", index=1)),
    ),
    "two whole calls under one id": text_then(
        calls(call("weather", WHERE, index=0, id="call_0")), calls(call("clock", "{}", index=1, id="call_0"))
    ),
    "two calls that are begun with one index": text_then(
        calls(call("weather", "", index=0, id="a1")),
        calls(call(None, WHERE, index=0)),
        calls(call("clock", "", index=0, id="b2")),
        calls(call(None, "{}", index=0)),
    ),
    "two calls in turns whose pieces all bear an id and one index": text_then(
        calls(call("weather", WHERE[:4], index=0, id="a1")),
        calls(call("clock", "{", index=0, id="b2")),
        calls(call(None, WHERE[4:], index=0, id="a1")),
        calls(call(None, "}", index=0, id="b2")),
    ),
}
NEVER_RUN: dict[str, Any] = {
    "cut": '{"city": "Be',
    "a list": "[1, 2]",
    "a number": 7,
    "a list of objects": [{"city": "Bern"}],
    "two objects that contradict": '{"city": "Bern"}{"city": "Rom"}',
    "words": "Bern, please",
    "a bare null": "null",
}


def message_start(**more: Any) -> dict[str, Any]:
    usage = {"input_tokens": 9, "output_tokens": 1}
    return {"type": "message_start", "message": {"model": "m", "content": [], "usage": usage, **more}}


def block(index: Any, wire: Any, *deltas: Any, stop: bool = True) -> list[dict[str, Any]]:
    """A content block of a Messages stream with its deltas."""
    told = [{"type": "content_block_start", "index": index, "content_block": wire}]
    told += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    return [*told, {"type": "content_block_stop", "index": index}] if stop else told


def words(text: Any) -> dict[str, Any]:
    return {"type": "text_delta", "text": text}


def json_piece(text: Any) -> dict[str, Any]:
    return {"type": "input_json_delta", "partial_json": text}


def message_delta(stop: Any, **usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": usage}


MESSAGE_STOP = {"type": "message_stop"}
TEXT = {"type": "text", "text": ""}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}


def messages(*data: Any, named: bool = False, report: str = "") -> Script:
    return Script("anthropic", events(*data, named=named), report)


def responses(*data: Any, done: bool = False, named: bool = False, report: str = "") -> Script:
    return Script("openai", events(*data, done=done, named=named), report)


def said(text: str, **more: Any) -> dict[str, Any]:
    """A message item of a Responses output."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "role": "assistant", "content": content, **more}


def completed(*output: Any, **more: Any) -> dict[str, Any]:
    response = {"object": "response", "status": "completed", "model": "m", "output": list(output), **more}
    return {"type": "response.completed", "response": response}


def raw_lines(values: Sequence[Any]) -> bytes:
    """JSON lines with nothing around them."""
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)
