"""Which fields each API knows; any other is refused. A test compares this with the types of the SDKs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.wire.facts import Dialect


@dataclass(frozen=True)
class Shape:
    """The fields of one kind of object. `open` objects are not looked into."""

    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    open: bool = False


def _shape(required: str, optional: str = "") -> Shape:
    return Shape(frozenset(required.split()), frozenset(optional.split()))


_OPEN = Shape(frozenset({"type"}), open=True)

TOP: dict[Dialect, Shape] = {
    "anthropic": _shape(
        "model messages max_tokens",
        "cache_control container diagnostics inference_geo metadata output_config service_tier speed"
        " stop_sequences stream system thinking tool_choice tools user_profile_id workspace_id",
    ),
    "openai": _shape(
        "model input",
        "access_programs background background_options context_management conversation image include"
        " instructions max_output_tokens max_tool_calls metadata moderation parallel_tool_calls"
        " previous_response_id prompt prompt_cache_key prompt_cache_options prompt_cache_retention"
        " reasoning safety_identifier service_tier store stream stream_options temperature text"
        " tool_choice tools top_logprobs top_p truncation user",
    ),
    "groq": _shape(
        "model messages",
        "citation_options compound_custom disable_tool_validation documents exclude_domains frequency_penalty"
        " function_call functions include_domains include_reasoning logit_bias logprobs max_completion_tokens"
        " max_tokens metadata n parallel_tool_calls presence_penalty reasoning_effort reasoning_format"
        " response_format search_settings seed service_tier stop store stream temperature tool_choice tools"
        " top_logprobs top_p user",
    ),
    "chat": _shape(
        "model messages",
        "audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens"
        " metadata modalities moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key"
        " prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed"
        " service_tier stop store stream stream_options temperature tool_choice tools top_logprobs top_p user"
        " verbosity web_search_options",
    ),
    "gemini": _shape(
        "contents", "cachedContent generationConfig safetySettings serviceTier store systemInstruction toolConfig tools"
    ),
    "ollama": _shape(
        "model messages", "format keep_alive logprobs options shift stream think tools top_logprobs truncate"
    ),
}
# Accepted by the API although its published types leave them out.
UNDOCUMENTED: dict[Dialect, frozenset[str]] = {
    "anthropic": frozenset({"temperature", "top_p", "top_k"}),  # older models; the rule about sampling decides
    "openai": frozenset(),
    "groq": frozenset({"stream_options"}),
    "chat": frozenset(),
    "gemini": frozenset(),
    "ollama": frozenset(),
}
MISTRAL = frozenset({"random_seed"})  # docs.mistral.ai/api: its name for the seed
_BLOCK = "cache_control"
BLOCKS = {
    "text": _shape("type text", f"citations {_BLOCK}"),
    "image": _shape("type source", f"transformations {_BLOCK}"),
    "document": _shape("type source", f"citations context title {_BLOCK}"),
    "thinking": _shape("type thinking signature"),
    "redacted_thinking": _shape("type data"),
    "tool_use": _shape("type id name input", f"caller toolset_name {_BLOCK}"),
    "tool_result": _shape("type tool_use_id", f"content is_error toolset_name {_BLOCK}"),
    "search_result": _OPEN,
    "container_upload": _OPEN,
    "server_tool_use": _OPEN,
    "web_search_tool_result": _OPEN,
    "web_fetch_tool_result": _OPEN,
    "code_execution_tool_result": _OPEN,
    "bash_code_execution_tool_result": _OPEN,
    "text_editor_code_execution_tool_result": _OPEN,
    "tool_search_tool_result": _OPEN,
}
ANTHROPIC_MESSAGE = _shape("role content")
ANTHROPIC_TOOL = _shape(
    "name input_schema",
    "allowed_callers cache_control defer_loading description eager_input_streaming input_examples strict type",
)

ITEMS = {
    "message": _shape("role content", "type phase status"),
    "output_message": _shape("id type role content status", "phase"),
    "function_call": _shape("type call_id name arguments", "async caller id namespace status"),
    "function_call_output": _shape("type call_id output", "caller id name namespace status"),
    "reasoning": _shape("type id summary", "content encrypted_content status"),
    "web_search_call": _OPEN,
    "file_search_call": _OPEN,
    "code_interpreter_call": _OPEN,
    "image_generation_call": _OPEN,
    "mcp_call": _OPEN,
    "mcp_list_tools": _OPEN,
    "compaction": _OPEN,
    "item_reference": _OPEN,
}
INPUT_PARTS = {
    "input_text": _shape("type text", "prompt_cache_breakpoint"),
    "input_image": _shape("type", "detail file_id image_url prompt_cache_breakpoint"),
    "input_file": _shape("type", "detail file_data file_id file_url filename prompt_cache_breakpoint"),
}
OUTPUT_PARTS = {
    "output_text": _shape("type text", "annotations logprobs"),
    "refusal": _shape("type refusal"),
}
RESPONSES_TOOL = _shape("type name parameters strict", "allowed_callers async defer_loading description output_schema")

CHAT_MESSAGES = {
    "system": _shape("role content", "name"),
    "developer": _shape("role content", "name"),
    "user": _shape("role content", "name"),
    "assistant": _shape("role", "audio content function_call name refusal tool_calls"),
    "tool": _shape("role content tool_call_id"),
}
GROQ_MESSAGES = {
    "system": _shape("role content", "name"),
    "developer": _shape("role content", "name"),
    "user": _shape("role content", "name"),
    "assistant": _shape("role", "content function_call name reasoning tool_calls"),
    "tool": _shape("role content tool_call_id"),
}
CHAT_PARTS = {
    "text": _shape("type text", "prompt_cache_breakpoint"),
    "image_url": _shape("type image_url", "prompt_cache_breakpoint"),
    "file": _OPEN,
    "input_audio": _OPEN,
    "document": _OPEN,
    "refusal": _shape("type refusal"),
}
GEMINI = {
    "content": _shape("role parts"),
    "part": _shape(
        "",
        "codeExecutionResult executableCode fileData functionCall functionResponse inlineData mediaResolution"
        " partMetadata text thought thoughtSignature toolCall toolResponse videoMetadata",
    ),
    "blob": _shape("mimeType data"),
    "call": _shape("name", "args id"),
    "response": _shape("name response", "id parts scheduling willContinue"),
    "response part": _shape("inlineData"),
    "tool": _shape("", "functionDeclarations googleSearch"),
    "declaration": _shape("name description", "behavior parameters parametersJsonSchema response responseJsonSchema"),
    "tool config": _shape("", "functionCallingConfig includeServerSideToolInvocations retrievalConfig"),
    "config": _shape(
        "",
        "audioTimestamp candidateCount enableEnhancedCivicAnswers frequencyPenalty logprobs"
        " maxOutputTokens mediaResolution presencePenalty responseJsonSchema responseLogprobs responseMimeType"
        " responseModalities responseSchema seed speechConfig stopSequences temperature thinkingConfig topK topP",
    ),
    "thinking": _shape("", "includeThoughts thinkingBudget thinkingLevel"),
}
OLLAMA_MESSAGES = {
    "system": _shape("role content"),
    "user": _shape("role content", "images"),
    "assistant": _shape("role content", "thinking tool_calls"),
    "tool": _shape("role content tool_name", "tool_call_id"),
}
OLLAMA_CALL = _shape("function", "id")
OLLAMA_FUNCTION = _shape("name arguments", "index")
CHAT_CALL = _shape("id type function")
CHAT_FUNCTION = _shape("name arguments")


def unknown_and_missing(
    dialect: Dialect, where: str, value: dict[str, Any], shape: Shape, also: frozenset[str] = frozenset()
) -> Iterator[str]:
    """Name the fields an object should not have, and those it should, in the words of the API."""
    for name in sorted(shape.required - value.keys()):
        yield f"E1: {_missing(dialect, where, name)}"
    if not shape.open:
        for name in sorted(value.keys() - shape.required - shape.optional - also):
            yield f"E12: {_unknown(dialect, where, name, value)}"


def _missing(dialect: Dialect, where: str, name: str) -> str:
    path = f"{where}.{name}".strip(".")
    if dialect == "anthropic":
        return f"{path}: Field required"
    if dialect == "gemini":
        return f"* GenerateContentRequest.{path}: {name} is required."
    return (
        f"'{where}' : property '{name}' is missing" if dialect == "groq" else f"Missing required parameter: '{path}'."
    )


def _unknown(dialect: Dialect, where: str, name: str, value: dict[str, Any]) -> str:
    path = f"{where}.{name}".strip(".")
    if dialect == "anthropic":
        return f"{path}: Extra inputs are not permitted"
    if dialect == "gemini":
        place = f" at '{where}'" if where else ""
        return f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.'
    if dialect != "groq":
        return f"Unknown parameter: '{path}'."
    found = f"property '{name}' is unsupported"
    if "role" not in value:
        return found
    return f"'{where}' : for 'role:{value['role']}' the following must be satisfied[('{where}' : {found})]"
