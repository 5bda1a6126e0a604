"""The rules of Gemini's generateContent: contents in turns, calls answered at once, and signatures that come back."""

from collections.abc import Iterator
from typing import Any

from tests.wire.facts import Dialect, ModelFacts
from tests.wire.fields import GEMINI, unknown_and_missing
from tests.wire.rules_common import IMAGE_TYPES, base64_ok, tool_list_rules
from tests.wire.rules_schemas import schema_rules
from tests.wire.rules_searches import gemini_rules as gemini_rules_of_searches
from tests.wire.signatures import sealed

# ai.google.dev/gemini-api/docs/thought-signatures names these for calls that another model made.
PLACEHOLDERS = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
_TYPES = (*IMAGE_TYPES, "image/heic", "image/heif", "application/pdf", "text/plain")
_MODES = ("AUTO", "ANY", "NONE", "VALIDATED")
_EQUAL = (
    "Please ensure that the number of function response parts is equal to the number of function call parts of the"
    " function call turn."
)
_UNSIGNED = (
    "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly,"
    " and missing thought_signature may lead to degraded model performance. Additional data, function call"
    " `default_api:{name}` , position {at}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures"
    " for more details."
)


def gemini_rules(_dialect: Dialect, body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    """Name the rules that a body breaks."""
    contents = body.get("contents")
    if not isinstance(contents, list) or not contents:
        yield "A2: * GenerateContentRequest.contents: contents is not specified"
        return
    for at, content in enumerate(contents):
        yield from _content_rules(f"contents[{at}]", content, facts)
    yield from _turn_rules(contents)
    if facts.signs_calls:
        yield from _signature_rules(contents)
    if facts.draws:
        yield from _drawn_rules(contents)
    if "systemInstruction" in body:
        yield from _content_rules("system_instruction", {"role": "user", **body["systemInstruction"]}, facts)
    yield from _tool_rules(body)
    yield from _config_rules(body.get("generationConfig") or {}, facts)


def _content_rules(where: str, content: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    yield from unknown_and_missing("gemini", where, content, GEMINI["content"])
    if content["role"] not in ("user", "model"):
        yield "A1: Please use a valid role: user, model."
    if not content["parts"]:
        yield f"D3: * GenerateContentRequest.{where}.parts: contents.parts must not be empty."
    for at, part in enumerate(content["parts"]):
        yield from _part_rules(f"{where}.parts[{at}]", part, content["role"], facts)


def _part_rules(where: str, part: dict[str, Any], role: str, facts: ModelFacts) -> Iterator[str]:
    yield from unknown_and_missing("gemini", where, part, GEMINI["part"])
    kinds = part.keys() & {
        "text",
        "inlineData",
        "functionCall",
        "functionResponse",
        "executableCode",
        "toolCall",
        "toolResponse",
    }
    if len(kinds) > 1:
        yield f"D6: Invalid value at '{where}' (oneof), oneof field 'data' is already set."
    if not kinds or (part.get("text") == "" and "thoughtSignature" not in part):
        yield f"D2: * GenerateContentRequest.{where}.data: required oneof field 'data' must have one initialized field"
    if "thoughtSignature" in part:
        signature = part["thoughtSignature"]
        if signature not in PLACEHOLDERS and not sealed(str(signature), facts.issuer):
            yield "E2: Corrupted thought signature."
    if "inlineData" in part:
        yield from _blob_rules(f"{where}.inline_data", part["inlineData"], facts)
    if "functionCall" in part:
        yield from _call_rules(f"{where}.function_call", part["functionCall"], role)
    if "functionResponse" in part:
        yield from _response_rules(f"{where}.function_response", part["functionResponse"], role, facts)


def _drawn_rules(contents: list[dict[str, Any]]) -> Iterator[str]:
    """What a model that makes pictures demands of the model's own turns (langchain-google#1431, lobehub#10404)."""
    for at, content in enumerate(contents):
        shown = [part for part in content["parts"] if not part.get("thought")] if content["role"] == "model" else []
        words = next((part for part in shown if part.get("text")), {"thoughtSignature": ""})
        for place, part in enumerate(shown):
            kind = "Image" if "inlineData" in part else "Text" if part is words else ""
            if kind and "thoughtSignature" not in part:
                yield f"E3: {kind} part is missing a thought_signature in content position {at}, part position {place}."


def _blob_rules(where: str, blob: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    yield from unknown_and_missing("gemini", where, blob, GEMINI["blob"])
    if blob["mimeType"] not in _TYPES:
        yield f"F1: Unsupported MIME type: {blob['mimeType']}"
    if not base64_ok(blob["data"]):
        yield f"F5: Invalid value at '{where}.data' (TYPE_BYTES), Base64 decoding failed for \"{blob['data']}\""
    if not facts.vision:
        yield "F7: Image input modality is not enabled for this model"


def _call_rules(where: str, call: dict[str, Any], role: str) -> Iterator[str]:
    yield from unknown_and_missing("gemini", where, call, GEMINI["call"])
    if role != "model":
        yield "B9: Please ensure that function call is only in a turn of the model."
    if not isinstance(call.get("args", {}), dict):
        yield f"B10: Invalid value at '{where}.args' (type.googleapis.com/google.protobuf.Struct)"
    yield from tool_list_rules([call["name"]], 64, where)


def _response_rules(where: str, response: dict[str, Any], role: str, facts: ModelFacts) -> Iterator[str]:
    yield from unknown_and_missing("gemini", where, response, GEMINI["response"])
    if role != "user":
        yield "B9: Please ensure that function response is only in a turn of the user."
    if not isinstance(response["response"], dict):
        yield f"B13: Invalid value at '{where}.response' (type.googleapis.com/google.protobuf.Struct)"
    for at, part in enumerate(response.get("parts") or ()):
        if not facts.signs_calls:
            yield "F6: Multimodal function response is not supported for this model."
        yield from unknown_and_missing("gemini", f"{where}.parts[{at}]", part, GEMINI["response part"])
        yield from _blob_rules(f"{where}.parts[{at}].inline_data", part["inlineData"], facts)


def _calls(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [part["functionCall"] for part in content["parts"] if "functionCall" in part]


def _responses(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [part["functionResponse"] for part in content["parts"] if "functionResponse" in part]


def _turn_rules(contents: list[dict[str, Any]]) -> Iterator[str]:
    """Whose turn it is, and that each call has its answer in the turn right after it."""
    before: dict[str, Any] = {"role": "model", "parts": []}
    for content in contents:
        if content["role"] == before["role"]:
            yield "A4: Please ensure that multiturn requests alternate between user and model."
        asked, answered = _calls(before), _responses(content)
        if asked and len(asked) != len(answered):
            yield f"B3: {_EQUAL}"
        elif answered and not asked:
            yield "B4: Please ensure that function response turn comes immediately after a function call turn."
        elif sorted(call["name"] for call in asked) != sorted(one["name"] for one in answered):
            yield "B7: The names of function responses are not those of the function calls."
        elif [call.get("id") for call in asked] != [one.get("id") for one in answered]:
            yield "C1: The ids of function responses are not those of the function calls."
        before = content
    if before["role"] != "user":
        yield "A5: Please ensure that multiturn requests end with a user role or a function response."


def _signature_rules(contents: list[dict[str, Any]]) -> Iterator[str]:
    """The first call of each step of the current turn, which begins with the last thing that a person said."""
    said = [at for at, one in enumerate(contents) if one["role"] == "user" and not _responses(one)]
    for at, content in enumerate(contents[said[-1] if said else 0 :], said[-1] if said else 0):
        first = next((part for part in content["parts"] if "functionCall" in part), None)
        if first is not None and "thoughtSignature" not in first:
            yield f"E3: {_UNSIGNED.format(name=first['functionCall']['name'], at=at + 1)}"


def _tool_rules(body: dict[str, Any]) -> Iterator[str]:
    declared: list[dict[str, Any]] = []
    for at, tool in enumerate(body.get("tools") or ()):
        yield from unknown_and_missing("gemini", f"tools[{at}]", tool, GEMINI["tool"])
        declared += tool.get("functionDeclarations") or []
    yield from gemini_rules_of_searches(body)
    yield from tool_list_rules([tool.get("name") for tool in declared], 64, "tools[0].function_declarations")
    for at, one in enumerate(declared):
        where = f"tools[0].function_declarations[{at}]"
        yield from unknown_and_missing("gemini", where, one, GEMINI["declaration"])
        # What JSON Schema says; the further rules there are other APIs'.
        found = schema_rules("gemini", one.get("parametersJsonSchema"), None, f"{where}.parameters_json_schema")
        yield from (rule for rule in found if rule.startswith(("T1:", "T4:")))
    config = body.get("toolConfig")
    if config is not None:
        yield from unknown_and_missing("gemini", "tool_config", config, GEMINI["tool config"])
        mode = config.get("functionCallingConfig", {"mode": "AUTO"}).get("mode")
        if mode not in _MODES:
            yield f"T2: Invalid value at 'tool_config.function_calling_config.mode': \"{mode}\""


def _config_rules(config: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    yield from unknown_and_missing("gemini", "generation_config", config, GEMINI["config"])
    limit = config.get("maxOutputTokens")
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        yield "H1: * GenerateContentRequest.generation_config.max_output_tokens: max_output_tokens must be positive."
    thinking = config.get("thinkingConfig") or {}
    yield from unknown_and_missing("gemini", "generation_config.thinking_config", thinking, GEMINI["thinking"])
    if thinking and not facts.reasons:
        yield "E16: Thinking is not enabled for this model"
    level, budget = thinking.get("thinkingLevel"), thinking.get("thinkingBudget")
    if level is not None and budget is not None:
        yield "E16: You can only set only one of thinking budget and thinking level."
    elif level is not None and str(level).lower() not in facts.efforts:
        yield f"E16: Thinking level {str(level).upper()} is not supported for this model."
    elif budget is not None and not facts.budgeted:
        yield "E16: Thinking budget is not supported for this model."
