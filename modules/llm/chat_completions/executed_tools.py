"""Searches that a Chat Completions server has run by itself, and the pages that an answer cites there.

Groq tells of them as `executed_tools` (console.groq.com/docs/tool-use/built-in-tools), OpenRouter and others name only
the pages, as `annotations` (openrouter.ai/docs/guides/features/server-tools/web-search). Neither is given back.
"""

import json
from collections.abc import Iterator
from typing import Any

from modules.llm.citations import Citation, Source, of_annotation
from modules.llm.events import Cited, ProviderSearch, StreamEvent
from modules.llm.parts import Opaque, Wire
from modules.llm.web_searches import query_of, search_note, sources_in

FOUND = ("search_results", "browser_results", "output")  # where results stand, beside what was called
SEARCHES = ("search", "browser")  # in the names of tools; others that run there, as for code, are told of by kind


class ExecutedTools:
    """What was run and cited so far, as the chunks of an answer say it."""

    def __init__(self) -> None:
        self._by_index: dict[Any, Wire] = {}
        self.citations: list[Citation] = []

    def __bool__(self) -> bool:
        return bool(self._by_index or self.citations)

    def read(self, delta: Wire, said: int) -> Iterator[StreamEvent]:
        """Take in what a delta says of it, after so many characters of text."""
        for at, one in enumerate(_objects(delta.get("executed_tools"))):
            yield from self._tool(at, one)
        for annotation in _objects(delta.get("annotations")):
            cited = of_annotation(annotation, said)
            if cited is not None and cited not in self.citations:
                self.citations.append(cited)
                yield Cited(cited.url, cited.title, late=cited.at < said)

    def _tool(self, at: int, one: Wire) -> Iterator[StreamEvent]:
        index = one.get("index", at)
        index = index if isinstance(index, int | str) else at
        before = self._by_index.get(index, {})
        now = self._by_index[index] = {**before, **{key: value for key, value in one.items() if value is not None}}
        if not _is_search(now):
            return
        had, has = _sources(before), _sources(now)
        if not before or (has is not None and had is None):
            yield ProviderSearch(_query(now), has)

    def notes(self) -> Iterator[Opaque]:
        """A part for each thing that was run."""
        for one in self._by_index.values():
            if _is_search(one):
                yield search_note(_query(one), _sources(one) or None)
            else:
                kind = query_of(one.get("type")) or "tool"
                yield Opaque(kind, f"{kind.replace('_', ' ')}, run by the model's provider")


def _is_search(one: Wire) -> bool:
    named = f"{one.get('type')} {one.get('name')}".lower()
    return any(word in named for word in SEARCHES)


def _query(one: Wire) -> str:
    """What was looked for, or opened: the arguments are JSON in a text."""
    given = one.get("arguments")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return query_of(given)
    if not isinstance(given, dict):
        return ""
    return next(
        (text for key in ("query", "queries", "url", "pattern", "id") if (text := query_of(given.get(key)))), ""
    )


def _sources(one: Wire) -> tuple[Source, ...] | None:
    """The pages that were found; None where none were told of, as of a page that was opened."""
    for key in FOUND:
        found = one.get(key)
        listed = found.get("results") if isinstance(found, dict) else found
        if isinstance(listed, list):
            return sources_in(listed)
    return () if isinstance(one.get("output"), str) else None


def _objects(value: Any) -> list[Wire]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
