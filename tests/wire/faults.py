"""What can go wrong on the wire, by name. The server turns a fault into bytes in `delivery`."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "cut_mid_event",
    "clean_end",
    "reset",
    "stall",
    "ping_forever",
    "error_event",
    "html_200",
    "json_error_200",
    "empty_200",
    "redirect",
    "linger",
    "bad_json_event",
    "bad_utf8_event",
    "unknown_events",
    "unnamed_events",
    "no_finish",
    "byte_by_byte",
    "crlf",
    "slow_headers",
    "huge_event",
    "no_reply",
    "not_http",
]


@dataclass(frozen=True)
class Fault:
    """One fault. `after` counts the events that still arrive whole."""

    what: Kind
    after: int = 4
    seconds: float = 0.0
    kind: str = ""
    message: str = ""
    style: str = ""
    to: str = ""
    size: int = 0
    half: bool = False

    @classmethod
    def cut_mid_event(cls, after: int = 4) -> "Fault":
        """Close the connection in the middle of an event, without the final chunk."""
        return cls("cut_mid_event", after)

    @classmethod
    def clean_end(cls, after: int = 4, half: bool = False) -> "Fault":
        """End the body properly, but before the terminal event (`half`: inside an event)."""
        return cls("clean_end", after, half=half)

    @classmethod
    def reset(cls, after: int = 4) -> "Fault":
        """Reset the connection (TCP RST)."""
        return cls("reset", after)

    @classmethod
    def stall(cls, after: int = 4, seconds: float = 600.0) -> "Fault":
        """Send nothing more and hold the socket. With `after=0` only the headers arrive."""
        return cls("stall", after, seconds)

    @classmethod
    def ping_forever(cls, after: int = 4, every: float = 0.05) -> "Fault":
        """Keep the connection warm with pings or comments, and never go on."""
        return cls("ping_forever", after, every)

    @classmethod
    def error_event(
        cls, after: int = 4, kind: str = "overloaded_error", message: str = "Overloaded", style: str = ""
    ) -> "Fault":
        """Report an error inside the stream.

        `style` for openai: "flat" (the default), "nested", "failed" (a response.failed). For groq: "x_groq",
        an error string inside a chunk.
        """
        return cls("error_event", after, kind=kind, message=message, style=style)

    @classmethod
    def html_200(cls) -> "Fault":
        """Answer 200 with a web page, as a captive portal does."""
        return cls("html_200")

    @classmethod
    def json_error_200(cls, message: str = "upstream failed") -> "Fault":
        """Answer 200 with a JSON error and no stream."""
        return cls("json_error_200", message=message)

    @classmethod
    def empty_200(cls) -> "Fault":
        """Answer 200 with an event stream of no bytes."""
        return cls("empty_200", after=0)

    @classmethod
    def redirect(cls, to: str, status: int = 307) -> "Fault":
        """Send the client to another address."""
        return cls("redirect", to=to, size=status)

    @classmethod
    def linger(cls, seconds: float = 4.0) -> "Fault":
        """Send everything, but leave the body open for a while."""
        return cls("linger", seconds=seconds)

    @classmethod
    def bad_json_event(cls, after: int = 4) -> "Fault":
        """Send one event whose data is not JSON, then go on."""
        return cls("bad_json_event", after)

    @classmethod
    def bad_utf8_event(cls, after: int = 4) -> "Fault":
        """Send one event whose data is not UTF-8, then go on."""
        return cls("bad_utf8_event", after)

    @classmethod
    def unknown_events(cls) -> "Fault":
        """Mix in event types, fields and data shapes that no client of today knows."""
        return cls("unknown_events")

    @classmethod
    def unnamed_events(cls) -> "Fault":
        """Leave out the `event:` lines, as some compatible proxies do."""
        return cls("unnamed_events")

    @classmethod
    def no_finish(cls) -> "Fault":
        """Chat Completions only: everything down to [DONE], but no finish_reason."""
        return cls("no_finish")

    @classmethod
    def byte_by_byte(cls) -> "Fault":
        """Send every byte in a segment of its own, so that characters arrive in pieces."""
        return cls("byte_by_byte")

    @classmethod
    def crlf(cls) -> "Fault":
        """Use the rest of the event-stream grammar: CRLF, comments, ids, data over several lines."""
        return cls("crlf")

    @classmethod
    def slow_headers(cls, seconds: float) -> "Fault":
        """Wait before the status line."""
        return cls("slow_headers", seconds=seconds)

    @classmethod
    def huge_event(cls, size: int = 8_000_000, after: int = 4) -> "Fault":
        """Send one harmless event of `size` bytes."""
        return cls("huge_event", after, size=size)

    @classmethod
    def no_reply(cls) -> "Fault":
        """Close the connection before a single byte is answered."""
        return cls("no_reply")

    @classmethod
    def not_http(cls) -> "Fault":
        """Answer as something else would that listens on this port."""
        return cls("not_http")
