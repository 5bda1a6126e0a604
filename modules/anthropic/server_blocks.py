"""Blocks of searches that Anthropic runs by itself: what was looked for and found, and whether they may go back.

platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool: a `server_tool_use` and its
`web_search_tool_result` stand in one answer, and both go back as they came, with the encrypted content of each page.
"""

import re
from collections.abc import Sequence
from typing import Any

from modules.llm.citations import Citation, Source, citation
from modules.llm.parts import Opaque, Wire
from modules.llm.web_searches import KIND, query_of, search_note, sources_in

USE, RESULT = "server_tool_use", "web_search_tool_result"
SERVER_ID = re.compile(r"srvtoolu_[a-zA-Z0-9_]+")  # the pattern of the API's own description


def is_of_a_server(kind: str) -> bool:
    """Whether blocks of this kind are what the API itself does; an answer that is paused ends with one."""
    return kind == USE or kind.endswith("_tool_result")


def is_search(wire: Wire) -> bool:
    """Whether a block asks for a search of the web."""
    return wire.get("type") == USE and wire.get("name") == KIND


def query_in(wire: Wire) -> str:
    """What is looked for."""
    given = wire.get("input")
    return query_of(given.get("query")) if isinstance(given, dict) else ""


def found_in(result: Wire) -> tuple[tuple[Source, ...], str]:
    """The pages in a result, and the word for why there are none."""
    content = result.get("content")
    if isinstance(content, dict):  # web_search_tool_result_error
        code = content.get("error_code")
        return (), (code if isinstance(code, str) and code else "error").replace("_", " ")
    return sources_in(content), ""


def note(use: Wire, results: Sequence[Wire]) -> Opaque:
    """The part that tells of a search, with the one of these results that is its own."""
    result = next((one for one in results if one.get("tool_use_id") == use.get("id")), None)
    if result is None:
        return search_note(query_in(use), None)
    sources, failed = found_in(result)
    return search_note(query_in(use), sources, failed)


def are_paired(blocks: Sequence[Wire]) -> bool:
    """Whether each use has its result after it, and each result its use: anything else is refused.

    pydantic-ai leaves out what stands alone in the same way (`_drop_unpaired_native_tool_calls`).
    """
    open_uses: set[Any] = set()
    for block in blocks:
        kind = str(block.get("type"))
        if kind == USE:
            open_uses.add(block.get("id"))
        elif kind.endswith("_tool_result") and kind != "mcp_tool_result":
            if block.get("tool_use_id") not in open_uses:
                return False
            open_uses.discard(block.get("tool_use_id"))
    return not open_uses


def citations_of(wire: Wire, length: int) -> tuple[Citation, ...]:
    """The pages that a block of text with so many characters names: a block with citations is what they are for."""
    named = wire.get("citations")
    found = [
        citation(one.get("url"), one.get("title"), length)
        for one in (named if isinstance(named, list) else ())
        if isinstance(one, dict)
    ]
    return tuple({one.url: one for one in found if one is not None}.values())
