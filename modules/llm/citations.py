"""Pages of the web: those that an answer names for what it says, and its text with a mark where each is named."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import force_setattr

from modules.text import surrogates

LONGEST_TITLE = 200
LONGEST_URL = 2048  # the most that Anthropic takes back, and about what browsers open
SPACED = ("(", "[", ":")  # what would make a link of a mark that it follows at once


class Citation(Struct, frozen=True):
    """A page that is named for a text, which ends at character `at` of the part that it belongs to."""

    url: str
    title: str = ""
    at: int = 0

    def __post_init__(self) -> None:
        force_setattr(self, "url", surrogates.whole(self.url))
        force_setattr(self, "title", surrogates.whole(self.title))


class Source(Struct, frozen=True):
    """A page that a search has found; its title may be ""."""

    url: str
    title: str = ""


class Footnote(Struct, frozen=True):
    """A page with the number that its mark has; `title` may be ""."""

    number: int
    title: str
    url: str

    def __str__(self) -> str:
        return " ".join(filter(None, (f"[{self.number}]", self.title, self.url)))


class Footnotes:
    """Numbers for pages, each by its URL, in the order in which they are first named.

    `form` is how a mark is written, with the number in it.
    """

    def __init__(self, form: str = "[{}]") -> None:
        self._form = form
        self._titles: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._titles)

    def since(self, number: int) -> list[Footnote]:
        """Those behind this number; all of them for 0."""
        pages = enumerate(self._titles.items(), 1)
        return [Footnote(at, title, url) for at, (url, title) in pages if at > number]

    def mark(self, url: str, title: str = "") -> str:
        """The mark for a page, such as "[2]"."""
        if not self._titles.get(url):
            self._titles[url] = title
        return self._form.format(list(self._titles).index(url) + 1)

    def marked(self, text: str, citations: Sequence[Citation]) -> str:
        """The text with a mark after each place that names a page."""
        at_places: dict[int, list[str]] = {}
        for one in citations:
            marks = at_places.setdefault(min(max(one.at, 0), len(text)), [])
            if (mark := self.mark(one.url, one.title)) not in marks:
                marks.append(mark)
        pieces: list[str] = []
        begin = 0
        for place in sorted(at_places):
            pieces += [text[begin:place], "".join(at_places[place])]
            begin = place
        rest = text[begin:]
        return "".join(pieces) + (f" {rest}" if pieces and rest.startswith(SPACED) else rest)


def citation(url: Any, title: Any, at: int = 0) -> Citation | None:
    """A citation as a provider sent it, in any shape; None for what names no page of the web."""
    if not isinstance(url, str) or not url.startswith(("http://", "https://")) or len(url) > LONGEST_URL:
        return None
    return Citation(one_line(url, LONGEST_URL), one_line(title, LONGEST_TITLE), at)


def one_line(text: Any, longest: int) -> str:
    """What anyone wrote, in one line, with nothing in it that a model would read and nobody see."""
    if not isinstance(text, str):
        return ""
    from modules.text.hidden_messages import visible  # no word of anyone else is read before the first prompt

    line = " ".join(visible(surrogates.whole(text[: 4 * longest])).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def at_end(citations: Iterable[Citation], length: int) -> tuple[Citation, ...]:
    """The citations of a text that follows another one of this length, with which it becomes one."""
    return tuple(Citation(one.url, one.title, one.at + length) for one in citations)


def of_annotation(annotation: Any, length: int) -> Citation | None:
    """The page of a `url_citation`, as OpenAI and OpenRouter annotate a text with so many characters; else None."""
    if not isinstance(annotation, dict) or annotation.get("type") != "url_citation":
        return None
    inner = annotation.get("url_citation")  # Chat Completions have the fields in an object of their own
    fields = inner if isinstance(inner, dict) else annotation
    end = fields.get("end_index")
    at = end if isinstance(end, int) and 0 <= end <= length else length
    return citation(fields.get("url"), fields.get("title"), at)


def of_annotations(annotations: Any, length: int) -> tuple[Citation, ...]:
    """The pages that a text with so many characters names."""
    listed = annotations if isinstance(annotations, list) else ()
    return tuple(one for one in (of_annotation(annotation, length) for annotation in listed) if one is not None)
