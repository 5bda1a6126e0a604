"""One failure as a provider told it: read from an error body in any of the shapes in use, and from the headers."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct


class Report(Struct, frozen=True):
    """One failure as the provider told it."""

    status: int
    message: str
    kind: str = ""
    code: str = ""
    retry_after: float | None = None
    request_id: str | None = None
    content_type: str = ""
    generation: str = ""


def read_report(status: int, body: Any, headers: Mapping[str, str]) -> Report:
    """A failure's facts, from an error body in any of the shapes in use and from the response headers."""
    told = inner(body)
    message = told.get("message") or told.get("detail") or (body if isinstance(body, str) else "")
    if isinstance(body, dict) and isinstance(body.get("error"), str):
        message = message or body["error"]
    return Report(
        status,
        short(message if isinstance(message, str) else str(message)),
        str(told.get("type") or ""),
        str(told.get("code") or _mapping(told.get("details")).get("error_code") or ""),
        _retry_after(headers),
        headers.get("request-id") or headers.get("x-request-id"),
        headers.get("content-type", ""),
        str(told.get("failed_generation") or ""),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def inner(body: Any) -> Mapping[str, Any]:
    if isinstance(body, list) and body:  # Gemini's compatible endpoint wraps its error in a list
        body = body[0]
    if not isinstance(body, dict):
        return {}
    inner = body.get("error")
    return inner if isinstance(inner, dict) else body


def _retry_after(headers: Mapping[str, str]) -> float | None:
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name, "")
        try:
            seconds = float(value) / scale
        except ValueError:
            seconds = _until(value)
        if 0 <= seconds < float("inf"):
            return seconds
    return None


def _until(date: str) -> float:
    """Seconds until an HTTP date; -1 for what is none."""
    try:
        return (
            datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC) - datetime.now(UTC)
        ).total_seconds()
    except (ValueError, OverflowError):
        return -1.0


def short(text: str) -> str:
    """The first 300 characters on one line; of an HTML page, its title."""
    if title := re.search(r"<title[^>]*>(.*?)</title>", text, re.I | re.S):
        text = title[1] + " (an HTML page)"
    elif re.search(r"<html|<!doctype", text, re.I):
        text = "an HTML page"
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= 300 else text[:299] + "…"
