"""What a rulebook test case is: a request body, and the rule it breaks, if any."""

import base64
from dataclasses import dataclass
from typing import Any

from tests.wire.facts import Dialect, ModelFacts

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n not much of a picture").decode()
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"path": {"type": "string"}}}
LONE = "half \ud83d"


@dataclass(frozen=True)
class Case:
    """A body. `rule` is empty for a valid one; `along` names rules that cannot but break with it."""

    dialect: Dialect
    name: str
    body: dict[str, Any]
    rule: str = ""
    facts: ModelFacts | None = None
    along: tuple[str, ...] = ()
