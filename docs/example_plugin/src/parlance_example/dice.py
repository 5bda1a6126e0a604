"""A tool: every model that takes tools may call it."""

import random
from typing import Annotated

from msgspec import Meta
from parlance.tools.tool import tool


@tool(effect="read", free=True)
def roll_dice(
    sides: Annotated[int, Meta(ge=2, le=1000, description="How many sides the die has")] = 6,
    times: Annotated[int, Meta(ge=1, le=100, description="How often it is rolled")] = 1,
) -> list[int]:
    """Roll a die and give what each roll shows."""
    return [random.randint(1, sides) for _ in range(times)]
