"""The rules of Ollama's /api/chat: what its server cannot bind or refuses, and what its documents ask for.

ollama/ollama: api/types.go, server/routes.go, docs/api.md, docs/capabilities. The server passes over fields that it
does not know; here they are refused, since whoever sends one means something by it.
"""

from collections.abc import Iterator
from typing import Any

from tests.wire.facts import Dialect, ModelFacts
from tests.wire.fields import OLLAMA_CALL, OLLAMA_FUNCTION, OLLAMA_MESSAGES, unknown_and_missing
from tests.wire.rules_common import base64_ok, plain_name, tool_list_rules
from tests.wire.rules_schemas import schema_rules


def ollama_rules(dialect: Dialect, body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    """Name the rules that a body breaks."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        yield "A2: messages: without any, the model is only loaded"
        return
    for index, message in enumerate(messages):
        yield from _message_rules(f"messages[{index}]", message, facts)
    if any(message["role"] == "system" for message in messages[1:]):
        yield "G2: a system message stands at the head"
    yield from _pair_rules(messages)
    yield from _parameter_rules(body, facts)


def _message_rules(where: str, message: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    role = message.get("role")
    if role not in OLLAMA_MESSAGES:
        yield f"A1: {where}: invalid role: {role}"
        return
    yield from unknown_and_missing("ollama", where, message, OLLAMA_MESSAGES[role])
    if not isinstance(message["content"], str):
        yield f"D7: json: cannot unmarshal into Go struct field ChatRequest.{where}.content of type string"
    images = message.get("images")
    if images is not None and not (isinstance(images, list) and images and all(map(base64_ok, images))):
        yield f"F1: {where}: illegal base64 data at input byte 0"
    if images and not facts.vision:
        yield "F7: this model is missing data required for image input"
    if role == "assistant":
        yield from _assistant_rules(where, message)


def _assistant_rules(where: str, message: dict[str, Any]) -> Iterator[str]:
    calls = message.get("tool_calls")
    if "thinking" in message and not isinstance(message["thinking"], str):
        yield f"E1: json: cannot unmarshal into Go struct field ChatRequest.{where}.thinking of type string"
    if calls is not None and (not isinstance(calls, list) or not calls):
        yield f"D5: {where}.tool_calls: expected at least one"
    if not calls and not message["content"]:
        yield f"D5: {where}: an answer without a word or a call"
    ids: set[object] = set()
    for at, call in enumerate(calls or []):
        inside = f"{where}.tool_calls[{at}]"
        yield from unknown_and_missing("ollama", inside, call, OLLAMA_CALL)
        function = call["function"]
        yield from unknown_and_missing("ollama", f"{inside}.function", function, OLLAMA_FUNCTION)
        if not isinstance(function["arguments"], dict):
            yield f"B10: json: cannot unmarshal into Go struct field {inside}.function.arguments of type object"
        if not plain_name(function["name"], 64):
            yield f"C7: {inside}.function.name: no name of a tool"
        if "id" in call and (not isinstance(call["id"], str) or not call["id"]):
            yield f"C1: {inside}.id: expected a string"
        if "id" in call and call["id"] in ids:
            yield f"B6: {inside}.id: given twice"
        ids.add(call.get("id"))


def _pair_rules(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Rules B3 and B4: a result for each call, in the order of the calls, with the name of its tool."""
    waiting: list[tuple[str, object]] = []
    for index, message in enumerate([*messages, {"role": "end"}]):
        if message["role"] != "tool":
            if waiting:
                yield f"B3: messages[{index}]: {len(waiting)} calls have no result"
            calls = message.get("tool_calls") or []
            waiting = [(call["function"]["name"], call.get("id")) for call in calls]
        elif not waiting:
            yield f"B4: messages[{index}]: a result of nothing"
        else:
            name, call_id = waiting.pop(0)
            if message["tool_name"] != name or message.get("tool_call_id", call_id) != call_id:
                yield f"B4: messages[{index}]: a result of another call"


def _parameter_rules(body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    think, context = body.get("think"), body.get("options", {}).get("num_ctx")
    if think is not None and not isinstance(think, bool) and think not in ("low", "medium", "high", "max"):
        yield f'E16: invalid think value: "{think}" (must be "high", "medium", "low", "max", true, or false)'
    elif isinstance(think, str) and think not in facts.efforts:
        yield f'E16: think value "{think}" is not supported for this model'
    elif think and not facts.reasons:
        yield f'E5: "{body["model"]}" does not support thinking'
    if context is not None and (not isinstance(context, int) or isinstance(context, bool) or context < 1):
        yield "H1: option num_ctx must be of type integer"
    tools = body.get("tools")
    if tools is not None and (not isinstance(tools, list) or not tools):
        yield "T1: tools: expected at least one"
    if tools and not facts.tools:
        yield f"T8: registry.ollama.ai/library/{body['model']} does not support tools"
    functions = [tool.get("function") or {} for tool in tools or []]
    yield from tool_list_rules([function.get("name") for function in functions], 64, "tools")
    for at, (tool, function) in enumerate(zip(tools or [], functions, strict=True)):
        if tool.get("type") != "function" or function.keys() != {"name", "description", "parameters"}:
            yield f"T1: tools[{at}]: expected a function with name, description and parameters"
        else:
            yield from schema_rules("ollama", function["parameters"], None, f"tools[{at}].function.parameters")
