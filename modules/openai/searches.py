"""Searches that OpenAI runs by itself: a `web_search_call` item in words.

developers.openai.com/api/docs/guides/tools-web-search: a call says what was done in its `action`, and the sources of a
search where `include` asks for them.
"""

from modules.llm.citations import Source
from modules.llm.parts import Opaque, Wire
from modules.llm.web_searches import query_of, search_note, sources_in

CALL = "web_search_call"
SOURCES = "web_search_call.action.sources"


def query_in(item: Wire) -> str:
    """What was looked for, or the page that was opened; "" where it is not said."""
    action = item.get("action")
    if not isinstance(action, dict):
        return ""
    asked = query_of(action.get("queries")) or query_of(action.get("query"))
    if url := query_of(action.get("url")):
        pattern = query_of(action.get("pattern"))
        return f"{pattern} in {url}" if pattern else url
    return asked


def sources_of(item: Wire) -> tuple[Source, ...] | None:
    """The pages that a search has found; None where that is not said."""
    action = item.get("action")
    found = action.get("sources") if isinstance(action, dict) else None
    return sources_in(found) if isinstance(found, list) else None


def failed(item: Wire) -> str:
    """The word for a search that came to nothing."""
    return "failed" if item.get("status") == "failed" else ""


def note(item: Wire) -> Opaque:
    """The part that tells of such a call."""
    return search_note(query_in(item), sources_of(item), failed(item))
