"""The rules about searches that the providers run by themselves: how each is declared, and how it comes back."""

from collections.abc import Iterator
from typing import Any

from tests.wire.facts import Dialect, ModelFacts
from tests.wire.fields import Shape, unknown_and_missing
from tests.wire.signatures import concealed


def _shape(required: str, optional: str = "") -> Shape:
    return Shape(frozenset(required.split()), frozenset(optional.split()))


# The tools that run there, by their type, with the fields of each; the first three from the published schemas
# (WebSearchTool_20250305, WebSearchTool of OpenAI, ChatCompletionTool of Groq), the last from openrouter.ai/docs.
HOSTED: dict[Dialect, dict[str, Shape]] = {
    "anthropic": {
        "web_search_20250305": _shape(
            "type name", "allowed_callers allowed_domains blocked_domains cache_control max_uses strict user_location"
        )
    },
    "openai": {
        "web_search": _shape("type", "external_web_access filters search_context_size user_location"),
        "image_generation": _shape(
            "type",
            "action background input_fidelity input_image_mask model moderation output_compression output_format"
            " partial_images quality size",
        ),
    },
    "groq": {"browser_search": _shape("type")},
    "chat": {"openrouter:web_search": _shape("type", "parameters")},
}
_ANTHROPIC = {
    "server_tool_use": _shape("type id name input", "caller cache_control"),
    "web_search_tool_result": _shape("type tool_use_id content", "caller cache_control"),
    "web_search_result": _shape("type url title encrypted_content", "page_age"),
    "web_search_result_location": _shape("type url title cited_text encrypted_index"),
}
_CALL = _shape("type id status action")


def hosted_tools(dialect: Dialect, body: dict[str, Any]) -> list[dict[str, Any]]:
    """The declared tools that run there."""
    tools = body.get("tools") or ()
    return [tool for tool in tools if isinstance(tool, dict) and tool.get("type") in HOSTED.get(dialect, {})]


def hosted_rules(dialect: Dialect, body: dict[str, Any]) -> Iterator[str]:
    """Name the rules that the declarations of such tools break."""
    for tool in hosted_tools(dialect, body):
        yield from unknown_and_missing(dialect, "tools", tool, HOSTED[dialect][tool["type"]])
        if dialect == "anthropic" and tool.get("name") != "web_search":
            yield "T1: tools: Input should be 'web_search'"
        if dialect == "groq" and "gpt-oss" not in str(body.get("model")):
            yield f"T1: tool type '{tool['type']}' is not supported with this model"


def block_rules(where: str, block: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    """Anthropic's: what a search and its citations hold comes back untouched, what is encrypted above all."""
    kind = block["type"]
    if kind in ("server_tool_use", "web_search_tool_result"):
        yield from unknown_and_missing("anthropic", where, block, _ANTHROPIC[kind])
        name = "id" if kind == "server_tool_use" else "tool_use_id"
        if not str(block.get(name)).startswith("srvtoolu_"):
            yield f"C1: {where}.{name}: String should match pattern '^srvtoolu_[a-zA-Z0-9_]+$'"
    if kind == "server_tool_use" and not isinstance(block.get("input"), dict):
        yield f"B10: {where}.input: Input should be a valid dictionary"
    found = block.get("content") if kind == "web_search_tool_result" else None
    for page in found if isinstance(found, list) else ():
        yield from unknown_and_missing("anthropic", where, page, _ANTHROPIC["web_search_result"])
        if not concealed(str(page.get("encrypted_content")), facts.issuer):
            yield f"E2: {where}: Invalid `encrypted_content` in `web_search_result` block"
    named = block.get("citations") if kind == "text" else None
    for one in named if isinstance(named, list) else ():
        if one.get("type") == "web_search_result_location":
            yield from unknown_and_missing("anthropic", where, one, _ANTHROPIC["web_search_result_location"])
            if not concealed(str(one.get("encrypted_index")), facts.issuer):
                yield f"E2: {where}: Invalid `encrypted_index` in citation"


def unpaired(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Anthropic's: a use has its result in the same turn, unless the turn was paused and is the last.

    pydantic-ai's `_drop_unpaired_native_tool_calls` says which is refused.
    """
    turns: list[tuple[str, list[Any]]] = []
    for message in messages:
        content = message["content"] if isinstance(message["content"], list) else []
        if turns and turns[-1][0] == message["role"]:
            turns[-1][1].extend(content)
        else:
            turns.append((message["role"], list(content)))
    for at, (_, blocks) in enumerate(turns):
        asked: set[str] = set()
        for block in blocks:
            if block.get("type") == "server_tool_use":
                asked.add(str(block.get("id")))
            elif block.get("type") == "web_search_tool_result":
                if str(block.get("tool_use_id")) not in asked:
                    yield "B4: unexpected `web_search_tool_result` without its `server_tool_use`"
                asked.discard(str(block.get("tool_use_id")))
        if asked and at < len(turns) - 1:
            yield (
                "B3: `web_search` tool use with id was found without a corresponding `web_search_tool_result` block: "
                + ", ".join(sorted(asked))
            )


def item_rules(where: str, item: dict[str, Any]) -> Iterator[str]:
    """OpenAI's: WebSearchToolCall in the published schema."""
    yield from unknown_and_missing("openai", where, item, _CALL)
    if item.get("status") not in ("in_progress", "searching", "completed", "failed"):
        yield f"E12: Invalid value: '{item.get('status')}' for '{where}.status'."


def gemini_rules(body: dict[str, Any]) -> Iterator[str]:
    """Gemini's: search beside functions only where its calls are told, and each call with its result."""
    tools = [tool for tool in body.get("tools") or () if isinstance(tool, dict)]
    kinds = {kind for tool in tools for kind in tool}
    config = body.get("toolConfig") or {}
    if {"googleSearch", "functionDeclarations"} <= kinds and not config.get("includeServerSideToolInvocations"):
        yield "T1: Please enable tool_config.include_server_side_tool_invocations to use built-in tools with functions."
    for content in body["contents"]:
        told: dict[str, list[Any]] = {"toolCall": [], "toolResponse": []}
        for part in content["parts"]:
            for kind, ids in told.items():
                ids += [part[kind].get("id")] if kind in part else []
        if sorted(map(str, told["toolCall"])) != sorted(map(str, told["toolResponse"])):
            yield "B3: Please ensure that each tool call has a tool response of the same id."
