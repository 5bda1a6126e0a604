"""What it means when a server over HTTP refuses a request, or gives no answer at all."""

import json
import re

import httpx2
from mcp_types import JSONRPCError

from modules.mcp.faults import Failure, Said
from modules.mcp.transport.messages import messages_in, words_of
from modules.text.plain_words import one_line

# How servers say that they do not know a session, beside the 404 that the standard wants: 400, 410, 500, 503.
# OmniRoute#5957, affine-mcp-server#301, punkpeye/fastmcp#121, mcp-go#689, neotoma#1923, anubis-mcp#53
_LOST = re.compile(
    r"session.{0,40}\b(not found|expired|invalid|unknown|terminated|closed|missing|required|does not exist|timed out)"
    r"|\b(no|not a|invalid|unknown|expired|missing|bad|stale)\b.{0,20}\bsession|not (been |yet )?initiali[sz]ed",
    re.IGNORECASE,
)


def refusal(status: int, body: bytes, *, in_session: bool) -> Failure:
    """What an answer of status 400 and more means, in the server's words as far as it has any."""
    found = next((one.error for one in messages_in(body, 0) if isinstance(one, JSONRPCError)), None)
    words = found.message if found is not None else _text(body)
    said = f"answered with an error (HTTP {status}): {words or 'without a word'}"
    if status in (401, 407):
        return Failure("login", said)
    if status == 403:
        said += ". Its entry in mcp.json may need other headers"
    if in_session and _is_lost(status, found.code if found is not None else None, words):
        return Failure("session lost", said)
    return Failure("error", said)


def _is_lost(status: int, code: int | None, words: str) -> bool:
    """A 404 by the standard; a 400 that is no answer to what was asked; and whatever says so in words.

    A 400 or 404 may also carry a server's answer, such as that there is no such tool: that has a code of its own.
    """
    own = code not in (None, 0, -32000, -32001, -32600)
    return (status in (400, 404, 410) and not own) or bool(_LOST.search(words))


def unread(one: JSONRPCError) -> bool:
    """Whether a good status carries the error of a server that has not even read the request (zilla#2525).

    One that bears the number of the request is the server's own word on it, unless it is the SDKs' very own for this.
    """
    if one.error.code == -32001 and one.error.message.strip(". ").lower() in ("session not found", "session expired"):
        return True
    unnumbered = isinstance(one.error.data, Said) and (one.error.data.data or {}).get("id") is None
    return unnumbered and (one.error.code == -32600 or bool(_LOST.search(one.error.message)))


def _text(body: bytes) -> str:
    """The words of a body that is no message: those of its JSON, or of a page without its marks."""
    text = body.decode(errors="replace").strip()
    try:
        return words_of(json.loads(text)) if text[:1] in ("{", '"') else one_line(re.sub(r"<[^>]*>", " ", text))
    except (ValueError, RecursionError):
        return one_line(text)


def fault_of(error: Exception) -> Failure:
    """What it means that there is no answer at all."""
    reason = one_line(str(error)) or type(error).__name__
    if reason == "All connection attempts failed":  # anyio's words for one address as well as for many
        reason = "nobody answers at its address"
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol):
        return Failure("unreachable", f"cannot be reached: {reason}")
    if isinstance(error, httpx2.DecodingError) or "larger than" in reason:
        return Failure("error", f"answered, but {reason}")
    if not isinstance(error, httpx2.HTTPError | httpx2.StreamError):
        return Failure("error", f"could not be asked: {reason}")
    return Failure("dropped", f"broke the connection before the answer was there: {reason}")
