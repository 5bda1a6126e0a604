"""What runs and for how long, in one row: words that may be cut, and an ending that may not."""

import time
from collections.abc import Callable
from typing import NamedTuple

from modules.session.turns.ask import Retrying

STOPS = "Ctrl+C stops"


class StatusLine(NamedTuple):
    """What runs, in words that may be cut, and an ending that may not; both are asked for with each drawing."""

    words: Callable[[], str]
    ending: Callable[[], str] = lambda: f" · {STOPS}"


def since_now(words: Callable[[], str]) -> StatusLine:
    """What runs, and for how long from now on."""
    began = time.monotonic()
    return StatusLine(words, lambda: f" {time.monotonic() - began:.0f} s · {STOPS}")


def countdown(retry: Retrying) -> StatusLine:
    """The seconds until a failed request is sent again."""
    until = time.monotonic() + retry.seconds
    return StatusLine(
        lambda: retry.error.message, lambda: f" Again in {max(0.0, until - time.monotonic()):.0f} s · {STOPS}"
    )
