"""What a test scripts: an answer in neutral words, or an error status. Each dialect renders it itself."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.wire.faults import Fault


@dataclass(frozen=True)
class Text:
    """Visible text. `deltas`: into how many pieces it is cut, or the pieces themselves; words by default."""

    text: str = ""
    deltas: int | list[str] | None = None

    def pieces(self) -> list[str]:
        """The text cut into the deltas a client will see."""
        match self.deltas:
            case list():
                return self.deltas
            case int():
                size = max(1, -(-len(self.text) // self.deltas))
                return [self.text[i : i + size] for i in range(0, len(self.text), size)]
            case None:
                return re.findall(r"\s*\S+|\s+$", self.text)

    @property
    def whole(self) -> str:
        """The text a client ends up with."""
        return "".join(self.deltas) if isinstance(self.deltas, list) else self.text


@dataclass(frozen=True)
class Reasoning:
    """The model's thinking. An empty text is still a complete, signed block; `redacted` hides the text."""

    text: str = ""
    redacted: bool = False


@dataclass(frozen=True)
class Call:
    """One tool call. `arguments` as a str is streamed as it stands, so that it may be broken JSON."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    id: str | None = None
    deltas: int = 3

    @property
    def json(self) -> str:
        """The arguments as the JSON text that goes over the wire."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(dict(self.arguments))

    def pieces(self) -> list[str]:
        """The arguments cut into deltas. A call without arguments streams none at all."""
        return [] if self.json in ("", "{}") else Text(self.json, self.deltas).pieces()


@dataclass(frozen=True)
class Refusal:
    """The model declines, in the dialect's own field for that."""

    text: str = "I can't help with that."


@dataclass(frozen=True)
class Page:
    """A page of the web as a search finds it."""

    url: str
    title: str = ""


@dataclass(frozen=True)
class Search:
    """A search that the API runs by itself; `error` is its word for one that came to nothing."""

    query: str
    pages: tuple[Page, ...] = ()
    error: str = ""
    id: str | None = None
    ended: bool = True  # else the answer is paused before its result is there


@dataclass(frozen=True)
class Cites:
    """Words that rest on pages, which a search before them has found."""

    text: str
    pages: tuple[Page, ...]

    @property
    def whole(self) -> str:
        return self.text


@dataclass(frozen=True)
class Drawn:
    """A picture that the model makes, in base64; `is_sketch` where it is one on the way to that (Gemini)."""

    base64: str
    media_type: str = "image/png"
    is_sketch: bool = False

    @property
    def text(self) -> str:
        return ""


Part = Text | Reasoning | Call | Refusal | Search | Cites | Drawn


@dataclass(frozen=True)
class Usage:
    """Tokens to report. `input` leaves out what the cache served; dialects that count it in add it back."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0


class Answer:
    """A scripted generation. A bare string among the parts is Text."""

    def __init__(
        self,
        *parts: Part | str,
        stop: str | None = None,
        usage: Usage | None = None,
        pace: float = 0.0,
        fault: Fault | None = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        model: str | None = None,
    ) -> None:
        self.parts: list[Part] = [Text(part) if isinstance(part, str) else part for part in parts]
        self.stop = stop
        self.usage = usage
        self.pace = pace
        self.fault = fault
        self.status = status or 200
        self.headers = dict(headers or {})
        self.model = model
        self.body: bytes | None = None

    @classmethod
    def raw(cls, body: bytes, headers: Mapping[str, str] | None = None) -> "Answer":
        """A response body sent exactly as given, as one event stream."""
        answer = cls(headers=headers)
        answer.body = body
        return answer

    @property
    def stop_reason(self) -> str:
        """The scripted stop word, or the one that fits the parts."""
        if self.stop:
            return self.stop
        if any(isinstance(part, Call) for part in self.parts):
            return "tool_use"
        return "refusal" if any(isinstance(part, Refusal) for part in self.parts) else "end_turn"

    def tokens(self, read: int) -> Usage:
        """The scripted usage, or what was read of the request and four bytes a token of the answer."""
        if self.usage:
            return self.usage
        sizes = {Reasoning: 0, Text: 0}
        for part in self.parts:
            kind = Reasoning if isinstance(part, Reasoning) else Text
            match part:
                case Call():
                    sizes[kind] += len(part.name) + len(part.json)
                case Text():
                    sizes[kind] += len(part.whole)
                case Search():
                    sizes[kind] += len(part.query)
                case _:
                    sizes[kind] += len(part.text)
        reasoning = sizes[Reasoning] // 4
        return Usage(max(1, read), max(1, sizes[Text] // 4) + reasoning, reasoning=reasoning)


@dataclass(frozen=True)
class Status:
    """A plain error response, worded in the dialect's error shape or as a proxy's HTML page; `body` as it is."""

    status: int
    retry_after: str | None = None
    kind: str | None = None
    message: str | None = None
    code: str | None = None
    param: str | None = None
    html: bool = False
    headers: Mapping[str, str] | None = None
    body: str | None = None
