"""What an exception of any SDK or HTTP library holds of an answer: its status, body and headers, read by attribute.

httpx keeps a status in `response` alone, google-genai calls it `code` and the body `details`, ollama has words only, in
`error`. None of them is imported.
"""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

LONGEST_BODY_BYTES = 1_000_000  # of an error that are read
STATUSES = ("status_code", "code")
BODIES = ("body", "details")


class Raised(Struct, frozen=True):
    """`status` is 0 where the failure has none that means one; `body` is None where there is none."""

    status: int = 0
    body: Any = None
    headers: Mapping[str, str] = {}


def read_raised(error: BaseException) -> Raised:
    """What is known of the answer that this exception is about."""
    response = getattr(error, "response", None)
    own = next((number for name in STATUSES if (number := _status(getattr(error, name, None)))), 0)
    status = own or _status(getattr(response, "status_code", None))
    body = _whole_body(response) if status else None
    if body is None:
        body = next((found for name in BODIES if (found := getattr(error, name, None)) is not None), None)
    if body is None and isinstance(words := getattr(error, "error", None), str):  # of ollama
        body = {"error": words}
    return Raised(status, body, getattr(response, "headers", None) or {})


def _status(value: Any) -> int:
    """The number of a status that is a failure, else 0: ollama says -1 of an error within a stream."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 300 <= value < 1000 else 0


def _whole_body(response: Any) -> Any:
    """The body that came, of which the SDKs hand on only what stands under "error"; None where it was not read."""
    if not getattr(response, "is_stream_consumed", False):
        return None
    content = response.content[:LONGEST_BODY_BYTES]
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content.decode(errors="replace") or None
