"""Times as a person types them after since: a day, a month, a year, or how long ago."""

import re
from datetime import datetime, timedelta

from modules.errors import UsageError

CURE = "Write since:2026-11-01, since:2026-11, since:7d, since:2w or since:yesterday."
DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "m": 30.0, "y": 365.0}

_date = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_ago = re.compile(rf"(\d{{1,6}})([{''.join(DAYS)}])")


def moment(typed: str, now: float) -> float:
    """The time that is meant, in seconds since 1970. Days begin at midnight here. Raises UsageError for no time."""
    text = typed.strip().lower()
    midnight = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    if text == "today":
        return midnight.timestamp()
    if text == "yesterday":
        return (midnight - timedelta(days=1)).timestamp()
    if ago := _ago.fullmatch(text):
        return max(0.0, now - int(ago[1]) * DAYS[ago[2]] * 86400)
    if date := _date.fullmatch(text):
        try:
            return max(0.0, datetime(int(date[1]), int(date[2] or 1), int(date[3] or 1)).timestamp())
        except (ValueError, OverflowError, OSError):  # the 31st of a short month, the year 0
            pass
    raise UsageError(f'"since:{typed}" is no time.', cure=CURE)
