"""Events into steps: what to send, when to wait, how to end. Every fault inside a stream is made here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tests.wire.answers import Answer, Status
from tests.wire.errors import error_object
from tests.wire.facts import Dialect
from tests.wire.faults import Fault
from tests.wire.sse import Event, JsonLine, dumps, new_id


@dataclass(frozen=True)
class Send:
    """Put these bytes on the wire, as one chunk."""

    data: bytes


@dataclass(frozen=True)
class Wait:
    """Do nothing for a while, or until the client goes."""

    seconds: float


@dataclass(frozen=True)
class Finish:
    """End the response: properly, by closing the connection inside the body, or by a reset."""

    how: Literal["properly", "close", "reset"] = "properly"


Step = Send | Wait | Finish


def steps(answer: Answer, events: list[Event], dialect: Dialect) -> Iterator[Step]:
    """Give everything to do after the headers, in order. The last step is always a Finish."""
    fault = answer.fault
    blobs = [event.encode() for event in _altered(events, fault, dialect)]
    if fault is None and not answer.pace:
        yield Send(b"".join(blobs))  # one write: a test that does not care about time should not pay for it
        yield Finish()
        return
    if fault and fault.what in _BREAKS:
        for blob in blobs[: fault.after]:
            yield Send(blob)
            yield Wait(answer.pace)
        yield from _break(fault, blobs, dialect)
        return
    for blob in blobs:
        if fault and fault.what == "byte_by_byte":
            yield from (step for byte in blob for step in (Send(bytes([byte])), Wait(0)))
        else:
            yield Send(blob)
            yield Wait(answer.pace)
    if fault and fault.what == "linger":
        yield Wait(fault.seconds)
    yield Finish()


# Faults after which nothing that was scripted arrives any more.
_BREAKS = ("cut_mid_event", "clean_end", "reset", "stall", "ping_forever", "error_event", "empty_200")


def _break(fault: Fault, blobs: list[bytes], dialect: Dialect) -> Iterator[Step]:
    following = blobs[fault.after] if fault.after < len(blobs) else b"data: {}"
    half = following[: len(following) // 2]
    match fault.what:
        case "cut_mid_event":
            yield from (Send(half), Finish("close"))
        case "empty_200":
            yield Finish()
        case "clean_end":
            yield from (Send(half if fault.half else b""), Finish())
        case "reset":
            # Time for the client to read what was sent: a reset may overtake it.
            yield from (Wait(0.02), Finish("reset"))
        case "stall":
            yield from (Wait(fault.seconds), Finish("close"))
        case "ping_forever":
            while True:
                yield Send(b'event: ping\ndata: {"type":"ping"}\n\n' if dialect == "anthropic" else b": keepalive\n\n")
                yield Wait(fault.seconds)
        case "error_event":
            yield from (Send(_error(fault, dialect).encode()), Finish())


def _error(fault: Fault, dialect: Dialect) -> Event:
    """Give the event with which this dialect reports an error inside a stream."""
    error = error_object(dialect, Status(500, kind=fault.kind, message=fault.message, code=fault.kind))
    match dialect, fault.style:
        case "anthropic", _:
            return Event("error", {"type": "error", "error": error, "request_id": new_id("req_01", 22)})
        case "openai", "nested":
            return Event("error", {"type": "error", "error": error})
        case "openai", "failed":
            failure = {"code": fault.kind, "message": fault.message}
            response = {"id": new_id("resp_", 48), "object": "response", "status": "failed", "error": failure}
            full = {"created_at": 0, "model": "", "output": [], "parallel_tool_calls": True, "tools": []}
            data = {
                "type": "response.failed",
                "sequence_number": fault.after,
                "response": {**full, **response},
            }
            return Event("response.failed", {**data, "tool_choice": "auto"})
        case "openai", _:
            flat = {"code": fault.kind, "message": fault.message, "param": None}
            return Event("error", {"type": "error", **flat, "sequence_number": fault.after})
        case "gemini", _:
            return Event(None, {"error": {**error, "code": 503, "status": "UNAVAILABLE"}})
        case "ollama", _:
            return JsonLine(None, {"error": fault.message})
        case "groq", "x_groq":
            return Event(None, {**_EMPTY_CHUNK, "x_groq": {"id": new_id("req_01"), "error": fault.message}})
        case "groq", _:
            return Event("error", {"error": error})
        case _:
            return Event(None, {"error": error})


_EMPTY_CHUNK = {
    "id": "chatcmpl-0",
    "object": "chat.completion.chunk",
    "created": 0,
    "model": "m",
    "choices": [],
}


def _altered(events: list[Event], fault: Fault | None, dialect: Dialect) -> Iterator[Event]:
    """Change, add or drop events, as the fault says."""
    match fault:
        case Fault(what="bad_json_event" | "bad_utf8_event" | "huge_event"):
            yield from events[: fault.after]
            yield _odd(fault, dialect)
            yield from events[fault.after :]
        case Fault(what="unknown_events"):
            for event in events:
                if not event.terminal:
                    yield from _unknown(dialect)
                yield event
        case Fault(what="unnamed_events") if dialect != "ollama":
            yield from (Event(None, event.data) for event in events)
        case Fault(what="no_finish"):
            reasons = (b'"finish_reason":"', b'"finishReason":"')
            yield from (event for event in events if not any(word in dumps(event.data) for word in reasons))
        case Fault(what="crlf") if dialect == "ollama":
            yield from (_SpelledLine(event.name, event.data, event.terminal) for event in events)
        case Fault(what="crlf"):
            yield from (_Spelled(event.name, event.data, event.terminal) for event in events)
        case _:
            yield from events


def _odd(fault: Fault, dialect: Dialect) -> Event:
    if dialect == "ollama":
        padded = b'{"model":"m","message":{"content":""},"done":false,"padding":"' + b"x" * fault.size + b'"}'
        bad = {"bad_json_event": b'{"model":"m","mess', "bad_utf8_event": b'{"message":{"content":"\xff\xfe"}}'}
        return JsonLine(None, bad.get(fault.what, padded))
    name = {"anthropic": "content_block_delta", "openai": "response.output_text.delta"}.get(dialect)
    match fault.what:
        case "bad_json_event":
            return Event(name, b'{"type":"content_block_delta","delta":{"te')
        case "bad_utf8_event":
            return Event(name, b'{"type":"content_block_delta","text":"\xff\xfe"}')
        case _:
            padding = b"x" * fault.size
            if dialect == "gemini":
                return Event(None, b'{"zzz":"' + padding + b'"}')
            if name:
                return Event("zzz_padding", b'{"type":"zzz_padding","padding":"' + padding + b'"}')
            return Event(None, dumps(_EMPTY_CHUNK)[:-1] + b',"padding":"' + padding + b'"}')


def _unknown(dialect: Dialect) -> list[Event]:
    if dialect == "gemini":
        return [Event(None, {"zzz": 1}), Event(None, {"candidates": [{"zzz": [], "index": 0}]}), Event(None, [1, 2])]
    if dialect == "ollama":
        said = {"role": "assistant", "content": "", "zzz_new": {"a": 1}, "images": None}
        odd = ({"zzz": 1}, {"model": "m", "message": said, "done": False, "zzz": []}, None, [1, 2])
        return [JsonLine(None, data) for data in odd]
    if dialect in ("anthropic", "openai"):
        return [
            Event("brand_new_event", {"type": "brand_new_event", "index": 0, "delta": {"type": "zzz"}}),
            Event("brand_new_event", None),
            Event("brand_new_event", [1, 2]),
        ]
    delta = {"content": None, "zzz_new": {"a": 1}}
    choice = {"index": 0, "delta": delta, "finish_reason": None, "zzz": []}
    return [
        Event("brand_new_event", {"zzz": 1}) if dialect == "chat" else Event(None, {**_EMPTY_CHUNK, "zzz": 1}),
        Event(None, {**_EMPTY_CHUNK, "choices": [choice]}),
        Event(None, None),
        Event(None, [1, 2]),
    ]


class _Spelled(Event):
    """An event in the rarer spellings that the grammar of event streams allows."""

    def encode(self) -> bytes:
        name = f"event:{self.name}\r\n".encode() if self.name else b""
        # A line break may stand between any two tokens of JSON, so the data is cut at its first comma.
        data = re.sub(rb'^(\{"[a-z_]+":"[^"\\]*",)', rb"\1\r\ndata:", dumps(self.data))
        return b": a comment\r\nid: 7\r\nretry: 3000\r\n" + name + b"data:" + data + b"\r\n\r\n"


class _SpelledLine(Event):
    """A line with another end, and an empty one behind it."""

    def encode(self) -> bytes:
        return dumps(self.data) + b"\r\n\r\n"
