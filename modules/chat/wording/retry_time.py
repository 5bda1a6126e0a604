"""When to come back: a wait that is too long to be waited for, as a time of day."""

from datetime import datetime, timedelta

from modules.errors import ParlanceError, ProviderError

WAITED_FOR_SECONDS = 60.0  # a longer wait is shown as a time of day
FARTHEST_SECONDS = 366 * 24 * 3600.0  # a server that says more than this does not mean it
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip


def time_of(error: ParlanceError, now: datetime | None = None) -> str:
    """When to come back, as a time of day; "" where nobody knows, or where it is but a moment."""
    seconds = error.retry_after if isinstance(error, ProviderError) else None
    if seconds is None or not WAITED_FOR_SECONDS < seconds < FARTHEST_SECONDS:
        return ""
    now = now or datetime.now()
    then = now + timedelta(seconds=seconds)
    if then.second or then.microsecond:  # to the minute, and not a moment too early
        then = then.replace(second=0, microsecond=0) + timedelta(minutes=1)
    day = "" if then.date() == now.date() else f" on {WEEKDAYS[then.weekday()]} {then.day} {MONTHS[then.month - 1]}"
    return f"Again{day} at {then:%H:%M}"
