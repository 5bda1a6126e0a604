"""One failure as a provider said it: status, sentence, what patterns look at, when to come back."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from modules.llm.failures import retry_delay
from modules.llm.failures.error_body import ErrorBody, page_title

LONGEST = 300


class Report(Struct, frozen=True):
    """One failure as the provider said it.

    `message` is one sentence for people; `line` holds all that patterns look at; `codes` are its codes and types;
    `provider` is the one behind a gateway, where it is named; `retry_after` is in seconds.
    """

    status: int
    message: str
    line: str = ""
    codes: tuple[str, ...] = ()
    provider: str = ""
    retry_after: float | None = None
    request_id: str | None = None
    content_type: str = ""
    generation: str = ""


def read_report(status: int, body: Any, headers: Mapping[str, str]) -> Report:
    """A failure's facts, from an error body in any of the shapes in use and from the response headers."""
    read = ErrorBody(body)
    found = (retry_delay.from_headers(headers), read.retry_after, retry_delay.from_words(read.line))
    retry_after = next((wait for wait in found if wait is not None), None)
    if retry_after is None and status in (429, 503):
        retry_after = retry_delay.from_rate_headers(headers)
    return Report(
        status,
        short(read.message),
        read.line,
        tuple(read.codes),
        read.provider,
        retry_after,
        headers.get("request-id") or headers.get("x-request-id"),
        headers.get("content-type", ""),
        read.generation,
    )


def short(text: str) -> str:
    """The first 300 characters on one line; of an HTML page, its title."""
    words = " ".join((page_title(text) or text).split()).rstrip(".")
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
