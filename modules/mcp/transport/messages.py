"""JSON-RPC messages as servers really write them: read liberally, with a server's own errors marked as its own."""

import json
import re
from typing import Any

from mcp_types import PARSE_ERROR, ErrorData, JSONRPCError, JSONRPCMessage
from mcp_types import jsonrpc_message_adapter as wire

from modules.mcp.faults import Failure, Said
from modules.text.plain_words import one_line
from modules.text.surrogates import whole_json

LONGEST_ERROR_CHARS = 2_000  # of a server's own words about what went wrong
UNREADABLE = "answered, but the answer cannot be read; it may be nested too deeply"
WORDS = ("message", "error", "detail", "description", "reason", "msg", "title")  # where an error's words may stand

MANY = 400  # brackets, from which on they may stand inside each other beyond reading

_NEAR_BYTES = 200  # of either end of a message
_FIRST = re.compile(rb'\{[^\[\]{}]*"id"\s*:\s*(\d{1,15})\b')
_LAST = re.compile(rb'"id"\s*:\s*(\d{1,15})\b[^\[\]{}]*\}\s*$')

Number = int | str  # of a request


def messages_in(data: bytes, asked: Number | None = None) -> list[JSONRPCMessage]:
    """The messages that these bytes hold: one, several in a list, or none. Letters that are broken are replaced.

    `asked` is the request that they answer, where that is known: over HTTP an answer may bear any number. An answer
    that nobody can read becomes an error for its request, so that nobody waits for it.
    """
    try:
        value = json.loads(data.decode("utf-8-sig", errors="replace"))
        if b"\\u" in data or data.count(b"[") + data.count(b"{") > MANY:
            value = whole_json(value)  # also refuses what is nested too deeply for whoever reads it later
        listed = value if isinstance(value, list) else [value]
        mended = [_mended(one, asked) for one in listed if isinstance(one, dict)]
        return [wire.validate_python(one, by_name=False) for one in mended if one is not None]
    except (ValueError, RecursionError):
        number = asked if asked is not None and data.lstrip()[:1] in (b"{", b"[") else _number(data)
        error = Failure("error", UNREADABLE)
        return [] if number is None else [failed(number, error)]


def failed(number: Number, failure: Failure) -> JSONRPCMessage:
    """An error of ours in place of the answer to this request."""
    return JSONRPCError(
        jsonrpc="2.0", id=number, error=ErrorData(code=PARSE_ERROR, message=failure.words, data=failure)
    )


def coded(message: JSONRPCMessage) -> bytes:
    """The message as it goes out."""
    return message.model_dump_json(by_alias=True, exclude_unset=True).encode()


def words_of(error: Any) -> str:
    """What an error says, whatever its form: an object with its words anywhere, a string, or something else."""
    if isinstance(error, str):
        return one_line(error, LONGEST_ERROR_CHARS)
    if not isinstance(error, dict):
        return one_line(json.dumps(error), LONGEST_ERROR_CHARS)
    found = next((error[key] for key in WORDS if error.get(key) not in (None, "", {}, [])), None)
    if found is None:
        return (
            one_line(json.dumps(error, ensure_ascii=False), LONGEST_ERROR_CHARS) if error else "an error without words"
        )
    words, more = words_of(found), error.get("data")
    code = error.get("code")
    if isinstance(code, str) and code and code not in words:
        words = f"{one_line(code, 60)}: {words}"
    if more in (None, "", {}, []) or isinstance(more, Said):
        return words
    detail = more if isinstance(more, str) else json.dumps(more, ensure_ascii=False)
    return words if detail in words else one_line(f"{words} ({detail})", LONGEST_ERROR_CHARS)


def _mended(message: dict[str, Any], asked: Number | None) -> dict[str, Any] | None:
    """The message in the form of the standard; None for what is no message at all."""
    number = message.get("id")
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    method, params = message.get("method"), message.get("params")
    if isinstance(method, str):
        head = {"jsonrpc": "2.0", "method": method} | ({"params": params} if isinstance(params, dict) else {})
        return head if number is None else {**head, "id": number}
    if asked is not None:
        number = asked
    if message.get("error") is not None:
        return {"jsonrpc": "2.0", "id": number, "error": _error(message["error"], message.get("id"))}
    if number is None:
        return None
    if "result" not in message:  # with a null error, or nothing at all: an answer all the same, and nobody waits on
        ended = {"error", "jsonrpc"} & message.keys()
        return {"jsonrpc": "2.0", "id": number, "error": _error({}, message.get("id"))} if ended else None
    result = message["result"]
    if result is None:
        result = {}
    elif not isinstance(result, dict):  # only the result of a call is read as content
        result = {"content": result}
    return {"jsonrpc": "2.0", "id": number, "result": result}


def _error(error: Any, number: Any) -> dict[str, Any]:
    """The error with its words in one line. A code that is no number says nothing to anyone but its reader."""
    code = error.get("code") if isinstance(error, dict) else None
    whole = code if isinstance(code, int) and not isinstance(code, bool) else 0
    return {"code": whole, "message": words_of(error), "data": Said({"id": number})}


def _number(data: bytes) -> int | None:
    """The request that these bytes were to answer. The number stands before all that is nested, or behind it."""
    found = _FIRST.match(data[:_NEAR_BYTES]) or _LAST.search(data[-_NEAR_BYTES:])
    if found is None or b'"jsonrpc"' not in data[:_NEAR_BYTES] + data[-_NEAR_BYTES:]:
        return None
    return int(found[1])
