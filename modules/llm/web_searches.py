"""Searches of the web that a provider runs by itself: what was looked for and found, in words that are true for all."""

from collections.abc import Iterable, Sequence
from typing import Any

from modules.llm.citations import LONGEST_TITLE, LONGEST_URL, Source, one_line
from modules.llm.parts import Opaque, Part

KIND = "web_search"  # of the part that tells of a search, and the name of the tool that a person switches
LONGEST_QUERY = 400
MOST_NAMED = 10  # of the sources of one search


def source(url: Any, title: Any = "") -> Source | None:
    """A page as a provider sent it; None for what is none."""
    if not isinstance(url, str) or not url.startswith(("http://", "https://")) or len(url) > LONGEST_URL:
        return None
    return Source(one_line(url, LONGEST_URL), one_line(title, LONGEST_TITLE))


def sources_in(found: Any) -> tuple[Source, ...]:
    """The pages in a list of objects with a `url` and perhaps a `title`, as most APIs have them; each once."""
    listed = found if isinstance(found, list) else ()
    pages = (source(one.get("url"), one.get("title")) for one in listed if isinstance(one, dict))
    return tuple({page.url: page for page in pages if page is not None}.values())


def query_of(words: Any) -> str:
    """What was looked for, in one line; several queries stand beside one another."""
    if isinstance(words, list | tuple):
        return one_line("; ".join(word for word in words if isinstance(word, str)), LONGEST_QUERY)
    return one_line(words, LONGEST_QUERY)


def search_note(query: str, sources: Sequence[Source] | None, failed: str = "") -> Opaque:
    """The part that tells of a search; `sources` is None where the provider does not say what was found."""
    said = f'web search by the model\'s provider: "{query}"' if query else "web search by the model's provider"
    if failed:
        return Opaque(KIND, f"{said}, which failed: {one_line(failed, LONGEST_TITLE)}")
    if sources is None:
        return Opaque(KIND, said)
    if not sources:
        return Opaque(KIND, f"{said}, which found nothing")
    pages = "; ".join(f"{page.title} {page.url}".strip() for page in sources[:MOST_NAMED])
    more = f"; and {len(sources) - MOST_NAMED} more" if len(sources) > MOST_NAMED else ""
    return Opaque(KIND, f"{said}, which found: {pages}{more}")


def has_searched(parts: Iterable[Part]) -> bool:
    """Whether a provider searched by itself for this answer: then it has read more than it was sent."""
    return any(isinstance(part, Opaque) and part.kind == KIND for part in parts)
