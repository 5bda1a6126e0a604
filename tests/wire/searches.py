"""Searches that the providers run by themselves, as each API sends them."""

from typing import Any

from tests.wire.answers import Cites, Page, Search
from tests.wire.signatures import conceal
from tests.wire.sse import new_id


def anthropic_use(search: Search) -> dict[str, Any]:
    """The block that asks; its input follows in pieces."""
    use_id = search.id or new_id("srvtoolu_01", 22)
    return {"type": "server_tool_use", "id": use_id, "name": "web_search", "input": {}, "caller": {"type": "direct"}}


def anthropic_result(search: Search, use_id: str, issuer: str) -> dict[str, Any]:
    """The block with what was found, or why nothing was."""
    found: Any = [
        {
            "type": "web_search_result",
            "title": page.title,
            "url": page.url,
            "encrypted_content": conceal(f"content of {page.url}", issuer),
            "page_age": None,
        }
        for page in search.pages
    ]
    if search.error:
        found = {"type": "web_search_tool_result_error", "error_code": search.error}
    return {"type": "web_search_tool_result", "tool_use_id": use_id, "content": found, "caller": {"type": "direct"}}


def anthropic_citation(page: Page, issuer: str) -> dict[str, Any]:
    return {
        "type": "web_search_result_location",
        "cited_text": "Words of the page.",
        "url": page.url,
        "title": page.title,
        "encrypted_index": conceal(f"index of {page.url}", issuer),
    }


def openai_call(search: Search, call_id: str, include: list[str]) -> dict[str, Any]:
    """The item of a search; its sources where they are asked for."""
    action: dict[str, Any] = {"type": "search", "query": search.query, "queries": [search.query]}
    if "web_search_call.action.sources" in include:
        action["sources"] = [{"type": "url", "url": page.url} for page in search.pages]
    status = "failed" if search.error else "completed"
    return {"id": call_id, "type": "web_search_call", "status": status, "action": action}


def url_citations(part: Cites) -> list[dict[str, Any]]:
    """Where the text of a message names its pages."""
    return [
        {"type": "url_citation", "start_index": 0, "end_index": len(part.text), "url": page.url, "title": page.title}
        for page in part.pages
    ]


def gemini_call(search: Search, call_id: str) -> list[dict[str, Any]]:
    """The parts of a search beside functions: the call, and what came of it."""
    kind = {"toolType": "GOOGLE_SEARCH_WEB", "id": call_id}
    return [
        {"toolCall": {**kind, "args": {"queries": [search.query]}}},
        {"toolResponse": {**kind, "response": {"search_suggestions": "<div>…</div>"}}},
    ]


def grounding(parts: list[Any]) -> dict[str, Any]:
    """What Gemini says of its searches beside the answer; {} where there were none."""
    searches = [part for part in parts if isinstance(part, Search)]
    if not searches:
        return {}
    pages = list(dict.fromkeys(page for search in searches for page in search.pages))
    supports: list[dict[str, Any]] = []
    text = ""
    for part in parts:
        if isinstance(part, Cites):
            start = len(text.encode())
            segment = {"startIndex": start, "endIndex": start + len(part.text.encode()), "text": part.text}
            supports.append({"segment": segment, "groundingChunkIndices": [pages.index(page) for page in part.pages]})
        text += getattr(part, "whole", "")
    return {
        "webSearchQueries": [search.query for search in searches],
        "groundingChunks": [{"web": {"uri": page.url, "title": page.title}} for page in pages],
        "groundingSupports": supports,
        "searchEntryPoint": {"renderedContent": "<style>…</style><div>…</div>"},
    }


def groq_tool(search: Search, index: int) -> list[dict[str, Any]]:
    """The deltas that tell of a tool which ran there: that it is called, and what it gave."""
    called = {"index": index, "type": "browser_search", "arguments": f'{{"query": "{search.query}"}}', "output": None}
    found = [{"title": page.title, "url": page.url, "content": "Words.", "score": 0.9} for page in search.pages]
    ended = {**called, "output": "Words.", "search_results": {"results": found, "images": None}}
    return [{"executed_tools": [called]}, {"executed_tools": [ended]}]
