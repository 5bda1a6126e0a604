"""The rules each API enforces on a request body, checked independently of product code."""

from typing import Any

from tests.wire.facts import Dialect, ModelFacts


def broken_rules(dialect: Dialect, body: dict[str, Any], model_facts: ModelFacts | None = None) -> list[str]:
    """Name every rule that this body breaks."""
    return []
