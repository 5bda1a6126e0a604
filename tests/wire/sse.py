"""Server-sent events as bytes, and the context every dialect renders an answer in."""

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.wire.answers import Answer, Usage
from tests.wire.facts import Dialect, ModelFacts


@dataclass(frozen=True)
class Event:
    """One event. Data given as bytes goes out as it stands; dialects without event names have None."""

    name: str | None
    data: object
    terminal: bool = False

    def encode(self) -> bytes:
        """Give the event as it goes over the wire."""
        head = f"event: {self.name}\n".encode() if self.name else b""
        return head + b"data: " + dumps(self.data) + b"\n\n"


class JsonLine(Event):
    """An event as a line of JSON."""

    def encode(self) -> bytes:
        return dumps(self.data) + b"\n"


@dataclass(frozen=True)
class Context:
    """What is known about the request that an answer replies to; `read` is how many tokens of it were read."""

    dialect: Dialect
    facts: ModelFacts
    body: dict[str, Any]
    read: int
    reasoning_field: str | None = None
    created: int = field(default_factory=lambda: int(time.time()))

    def model(self, answer: Answer) -> str:
        """Name the model the reply says it is from."""
        return answer.model or str(self.body.get("model", ""))

    def usage(self, answer: Answer) -> Usage:
        """Count the tokens the reply reports."""
        return answer.tokens(self.read)


def dumps(data: object) -> bytes:
    """Encode compactly and as UTF-8. A lone surrogate can only travel escaped, as it does in real streams."""
    if isinstance(data, bytes):
        return data
    try:
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(data, separators=(",", ":")).encode()


def new_id(prefix: str, length: int = 24) -> str:
    """Mint an id that no other server of this run or the next will mint."""
    return prefix + (uuid.uuid4().hex + uuid.uuid4().hex)[:length]
