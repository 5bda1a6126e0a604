"""What Gemini says of its own search beside an answer: what was looked for and found, and which words rest on it.

ai.google.dev/api/generate-content#GroundingMetadata. It comes with a candidate, mostly with the last chunk, and is not
given back. Where functions are declared beside the search, its calls are parts of the answer and do go back, with
their results and ids (ai.google.dev/gemini-api/docs/tool-combination).
"""

from collections.abc import Sequence
from typing import Any

from modules.llm.citations import Citation, Source, citation
from modules.llm.parts import Opaque, Wire
from modules.llm.web_searches import query_of, search_note, source

CALL, RESPONSE = "toolCall", "toolResponse"
SEARCH_TYPE = "GOOGLE_SEARCH"  # "GOOGLE_SEARCH_WEB" and, once, others that begin so


class Grounding:
    """All that the chunks of one answer said; a later one says the same again, or more."""

    def __init__(self) -> None:
        self._queries: list[str] = []
        self._pages: list[Source | None] = []
        self._supports: list[Wire] = []

    def take(self, metadata: Any) -> None:
        """Take in the metadata of a chunk, in whatever shape."""
        if not isinstance(metadata, dict):
            return
        self._queries = [query for query in _listed(metadata, "webSearchQueries") if isinstance(query, str)] or (
            self._queries
        )
        if chunks := [_page(chunk) for chunk in _listed(metadata, "groundingChunks")]:
            self._pages = chunks
        self._supports = [one for one in _listed(metadata, "groundingSupports") if isinstance(one, dict)] or (
            self._supports
        )

    @property
    def query(self) -> str:
        return query_of(self._queries)

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple({page.url: page for page in self._pages if page is not None}.values())

    def __bool__(self) -> bool:
        return bool(self._queries or self._pages)

    def note(self) -> Opaque:
        """The part that tells of the search."""
        return search_note(self.query, self.sources or None)

    def citations(self, text: str, *, whole: bool = True) -> tuple[Citation, ...]:
        """The pages that the words of this text rest on; of a piece of an answer, which is not its `whole` text, only
        those whose words are found in it.
        """
        supports = [one for one in self._supports if whole or _words_of(one) in text]
        found = (one for support in supports for one in self._of(support, text))
        return tuple({(one.url, one.at): one for one in found}.values())

    def _of(self, support: Wire, text: str) -> list[Citation]:
        at = _end_of(support.get("segment"), text)
        numbers = [number for number in _listed(support, "groundingChunkIndices") if isinstance(number, int)]
        pages = [self._pages[number] for number in numbers if 0 <= number < len(self._pages)]
        made = [citation(page.url, page.title, at) for page in pages if page is not None]
        return [one for one in made if one is not None]


def are_paired(parts: Sequence[Wire]) -> bool:
    """Whether each call of a tool of Google's has its result."""
    calls, results = ([part[kind].get("id") for part in parts if _has(part, kind)] for kind in (CALL, RESPONSE))
    return sorted(map(str, calls)) == sorted(map(str, results))


def _has(part: Wire, kind: str) -> bool:
    return isinstance(part.get(kind), dict)


def _words_of(support: Wire) -> str:
    segment = support.get("segment")
    words = segment.get("text") if isinstance(segment, dict) else None
    return words if isinstance(words, str) and words else "\0"


def is_search(part: Wire) -> bool:
    """Whether a part calls the search of Google, or gives what it found."""
    inner = part.get(CALL) or part.get(RESPONSE)
    return isinstance(inner, dict) and str(inner.get("toolType", "")).startswith(SEARCH_TYPE)


def query_in(part: Wire) -> str:
    """What such a call looks for."""
    inner = part.get(CALL)
    args = inner.get("args") if isinstance(inner, dict) else None
    if not isinstance(args, dict):
        return ""
    return query_of(args.get("queries")) or query_of(args.get("query"))


def _page(chunk: Any) -> Source | None:
    web = chunk.get("web") if isinstance(chunk, dict) else None
    return source(web.get("uri"), web.get("title")) if isinstance(web, dict) else None


def _end_of(segment: Any, text: str) -> int:
    """Where a segment ends in the text: it is looked for by its words, since its numbers count bytes of some part."""
    if not isinstance(segment, dict):
        return len(text)
    words = segment.get("text")
    if isinstance(words, str) and words and (at := text.find(words)) >= 0:
        return at + len(words)
    end = segment.get("endIndex")
    if not isinstance(end, int) or end <= 0:
        return len(text)
    return len(text.encode(errors="replace")[:end].decode(errors="ignore"))


def _listed(wire: Wire, name: str) -> list[Any]:
    value = wire.get(name)
    return value if isinstance(value, list) else []
