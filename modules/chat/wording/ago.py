"""How long ago something was, as people say it: in minutes, in hours, and then by its day."""

from datetime import datetime, timedelta

from modules.chat.wording.retry_time import MONTHS

LONGEST = len("30 Sep 2024")


def ago(seconds: float, now: datetime | None = None) -> str:
    """Such as "5 min ago", "yesterday", "3 Nov", or "3 Nov 2024" for another year; "" where it is not known (0).

    `seconds` since 1970.
    """
    if seconds <= 0:
        return ""
    now = now or datetime.now()
    try:
        then = datetime.fromtimestamp(seconds)
    except (OverflowError, OSError, ValueError):
        return ""
    passed = now - then
    if timedelta(0) <= passed < timedelta(minutes=1):
        return "just now"
    if timedelta(0) <= passed < timedelta(hours=1):
        return f"{passed.seconds // 60} min ago"
    if then.date() == now.date() and then <= now:
        return f"{passed.seconds // 3600} h ago"
    if then.date() == now.date() - timedelta(days=1):
        return "yesterday"
    day = f"{then.day} {MONTHS[then.month - 1][:3]}"
    return day if then.year == now.year else f"{day} {then.year}"
