"""The rules of OpenAI Responses: items, their ids, and reasoning that must come back with what it led to."""

from collections.abc import Iterator
from typing import Any

from tests.wire.facts import Dialect, ModelFacts
from tests.wire.fields import INPUT_PARTS, ITEMS, OUTPUT_PARTS, RESPONSES_TOOL, unknown_and_missing
from tests.wire.rules_common import (
    choice_rule,
    count_rule,
    image_url_rules,
    json_object,
    plain_name,
    tool_list_rules,
)
from tests.wire.rules_schemas import schema_rules
from tests.wire.rules_searches import hosted_rules, hosted_tools, item_rules
from tests.wire.signatures import concealed, needs_reasoning

_PREFIXES = {
    "reasoning": "rs",
    "function_call": "fc",
    "message": "msg",
    "function_call_output": "fc",
    "web_search_call": "ws",
    "image_generation_call": "ig",
}
_LONGEST = 10_485_760


def responses_rules(_dialect: Dialect, body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    """Name the rules that a Responses body breaks."""
    items = body.get("input")
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    if not isinstance(items, list) or not items:
        yield "A2: Missing required parameter: 'input'."
        return
    for index, item in enumerate(items):
        yield from _item_rules(f"input[{index}]", item, body, facts)
    yield from _pair_rules(items)
    yield from _id_rules(items)
    yield from _reasoning_order(items)
    yield from _parameters(body, facts)


def _kind(item: dict[str, Any]) -> str:
    return str(item.get("type") or ("message" if "role" in item else None))


def _item_rules(where: str, item: dict[str, Any], body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    kind = _kind(item)
    if kind not in ITEMS:
        yield f"E12: Invalid value: '{kind}' for '{where}.type'."
        return
    own = kind == "message" and "id" in item
    yield from unknown_and_missing("openai", where, item, ITEMS["output_message" if own else kind])
    match kind:
        case "message":
            yield from _message_rules(where, item, facts)
        case "function_call":
            yield from _call_rules(where, item)
        case "function_call_output":
            yield from _output_rules(where, item, facts)
        case "reasoning":
            yield from _reasoning_rules(where, item, body, facts)
        case "web_search_call":
            yield from item_rules(where, item)
        case "image_generation_call" if body.get("store") is False:  # rikkahub/rikkahub#1198
            yield f"E7: Item with id '{item.get('id')}' not found. Items are not persisted when `store` is false."


def _message_rules(where: str, item: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    role, content = item["role"], item["content"]
    if role not in ("user", "assistant", "system", "developer"):
        yield f"A1: Invalid value: '{role}' for '{where}.role'."
    if item.get("phase") is not None and (role != "assistant" or item["phase"] not in ("commentary", "final_answer")):
        yield f"E17: Invalid value: '{item['phase']}' for '{where}.phase'."
    if isinstance(content, str):
        if "id" in item:
            yield f"D6: Invalid type for '{where}.content': an output message has a list of parts."
        return
    if not isinstance(content, list) or not content:
        yield f"D3: Invalid value for '{where}.content': expected a string or a non-empty list of parts."
        return
    for index, part in enumerate(content):
        parts = OUTPUT_PARTS if role == "assistant" else INPUT_PARTS
        yield from _part_rules(f"{where}.content[{index}]", part, parts, facts)


def _part_rules(where: str, part: Any, parts: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    kind = part.get("type")
    if kind not in parts:
        rule = "F6" if kind == "input_image" else "D6"
        yield (f"{rule}: Invalid value: '{kind}'. Supported values are: {', '.join(map(repr, parts))}. ({where})")
        return
    yield from unknown_and_missing("openai", where, part, parts[kind])
    if len(str(part.get("text", ""))) > _LONGEST:
        yield f"A9: Invalid '{where}.text': string too long. Expected a maximum length {_LONGEST}."
    if kind == "input_image" and not part.get("file_id"):
        yield from image_url_rules(where, part.get("image_url"), facts)


def _call_rules(where: str, item: dict[str, Any]) -> Iterator[str]:
    if not plain_name(item["name"], 128):
        yield f"C7: Invalid '{where}.name': string does not match pattern '^[a-zA-Z0-9_-]+$' of 1 to 128."
    if not isinstance(item["arguments"], str):
        yield f"B10: Invalid type for '{where}.arguments': expected a string."
    elif not json_object(item["arguments"]):
        yield f"B11: Invalid '{where}.arguments': expected a JSON object in a string."
    if item.get("status") not in (None, "completed"):
        yield f"B18: Invalid '{where}.status': an incomplete function call cannot be part of the input."


def _output_rules(where: str, item: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    output = item["output"]
    if isinstance(output, str):
        if len(output) > _LONGEST:
            yield f"A9: Invalid '{where}.output': string too long. Expected a maximum length {_LONGEST}."
    elif isinstance(output, list):
        for index, part in enumerate(output):
            yield from _part_rules(f"{where}.output[{index}]", part, INPUT_PARTS, facts)
    else:
        yield f"B13: Invalid type for '{where}.output': expected a string or a list."


def _reasoning_rules(where: str, item: dict[str, Any], body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    if not facts.reasons:
        yield (f"E5: Reasoning input items can only be provided to a reasoning or computer use model. ({where})")
    if not isinstance(item["summary"], list):
        yield f"E1: Invalid type for '{where}.summary': expected a list."
    if item.get("content"):
        yield f"E13: Invalid '{where}.content': array too long. Expected an array with maximum length 0."
    sealed = item.get("encrypted_content")
    if not sealed:
        yield (
            f"E7: Item with id '{item['id']}' not found. Items are not persisted when `store` is"
            " set to false."
            " Try again with `store` set to true, or remove this item from your input."
        )
    elif not concealed(str(sealed), facts.issuer):
        yield f"E2: The encrypted content for item {item['id']} could not be verified."
    if body.get("store") is not False:
        yield "H4: store: must be false when encrypted reasoning is carried in the input"


def _pair_rules(items: list[dict[str, Any]]) -> Iterator[str]:
    calls: set[str] = set()
    answered: set[str] = set()
    for index, item in enumerate(items):
        kind, call_id = _kind(item), item.get("call_id")
        if kind not in ("function_call", "function_call_output"):
            continue
        if not isinstance(call_id, str) or not 1 <= len(call_id) <= 64:
            yield f"C2: Invalid 'input[{index}].call_id': expected a string of length 1 to 64."
            continue
        if kind == "function_call":
            if call_id in calls:
                yield f"B6: Duplicate call_id '{call_id}' in 'input[{index}]'."
            calls.add(call_id)
        elif call_id not in calls:
            yield f"B4: No tool call found for function call output with call_id {call_id}."
        elif call_id in answered:
            yield f"B5: Duplicate output for call_id {call_id}."
        else:
            answered.add(call_id)
    for call_id in sorted(calls - answered):
        yield f"B3: No tool output found for function call {call_id}."


def _id_rules(items: list[dict[str, Any]]) -> Iterator[str]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        if "id" not in item:
            continue
        item_id, prefix = item["id"], _PREFIXES.get(_kind(item), "")
        if not isinstance(item_id, str) or len(item_id) > 64:
            yield f"C3: Invalid 'input[{index}].id': expected a string with maximum length 64."
            continue
        if not item_id.startswith(prefix):
            yield f"C4: Invalid 'input[{index}].id': '{item_id}'. Expected an ID that begins with '{prefix}'."
        if item_id in seen:
            yield f"K1: Duplicate item found with id {item_id}. Remove duplicate items from your input."
        seen.add(item_id)


def _reasoning_order(items: list[dict[str, Any]]) -> Iterator[str]:
    thoughts: list[str] = []
    for index, item in enumerate(items):
        kind, item_id = _kind(item), str(item.get("id", ""))
        if kind == "reasoning":
            following = items[index + 1] if index + 1 < len(items) else {}
            if not _produced(following) or needs_reasoning(str(following.get("id", "")), [*thoughts, item_id]):
                yield (f"E6: Item '{item_id}' of type 'reasoning' was provided without its required following item.")
            thoughts.append(item_id)
        elif needs_reasoning(item_id, thoughts):
            yield f"C6: Item '{item_id}' of type '{kind}' was provided without its required 'reasoning' item."


def _produced(item: dict[str, Any]) -> bool:
    """Tell whether an item is something a model put out."""
    kind = _kind(item)
    return kind in ITEMS and (item.get("role") == "assistant" if kind == "message" else not kind.endswith("_output"))


def _parameters(body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    if "reasoning.encrypted_content" in (body.get("include") or []) and body.get("store") is not False:
        yield "H4: store: must be false when encrypted reasoning is asked for"
    if body.get("previous_response_id") and body.get("store") is False:
        yield f"H4: Previous response with id '{body['previous_response_id']}' not found."
    limit = body.get("max_output_tokens")
    if limit is not None and (not isinstance(limit, int) or limit < 16):
        yield "H1: Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16."
    yield from _effort(body.get("reasoning") or {}, facts)
    effort = (body.get("reasoning") or {}).get("effort")
    for name in ("temperature", "top_p"):
        if body.get(name) is not None and not facts.sampling and effort != "none":
            yield f"H2: Unsupported parameter: '{name}' is not supported with this model."
    yield from _tools(body)


def _effort(reasoning: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    for name in reasoning:
        if name not in ("context", "effort", "generate_summary", "mode", "summary"):
            yield f"E12: Unknown parameter: 'reasoning.{name}'."
        elif not facts.reasons and reasoning[name] is not None:
            yield f"E16: Unsupported parameter: 'reasoning.{name}' is not supported with this model."
    effort = reasoning.get("effort")
    if facts.reasons and effort is not None and effort not in facts.efforts:
        yield f"E16: Unsupported value: '{effort}' is not supported with this model. (reasoning.effort)"
    if reasoning.get("summary") not in (None, "auto", "concise", "detailed"):
        yield f"E16: Invalid value: '{reasoning['summary']}' for 'reasoning.summary'."


def _tools(body: dict[str, Any]) -> Iterator[str]:
    hosted = hosted_tools("openai", body)
    tools = [tool for tool in body.get("tools") or [] if tool not in hosted]
    yield from hosted_rules("openai", body)
    yield from tool_list_rules([tool.get("name") for tool in tools], 128, "tools")
    for index, tool in enumerate(tools):
        yield from unknown_and_missing("openai", f"tools[{index}]", tool, RESPONSES_TOOL)
        yield from schema_rules("openai", tool.get("parameters"), tool.get("strict"), f"tools[{index}].parameters")
    yield from count_rule(body.get("tools") or [])
    choice = body.get("tool_choice")
    name = choice.get("name") if isinstance(choice, dict) else None
    yield from choice_rule(choice, name, [tool.get("name") for tool in tools])
    if choice == "required" and not body.get("tools"):
        yield "T2: Tool choice 'required' must be specified with 'tools' parameter."
