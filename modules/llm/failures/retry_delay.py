"""How long a provider says to wait: headers, durations in any notation, dates, and the sentences that hold them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
PIECE = re.compile(
    r"(\d{1,15}(?:\.\d{1,15})?) ?(ms|millisecond|s|sec|second|m|min|minute|h|hr|hour|d|day)s?(?![a-z])", re.I
)
NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,15})?")
UNIT = r"(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])"
IN_WORDS = re.compile(
    r"(?:again|retry|retrying|wait|resets?|available|access) (?:in|after|for)?:? ?(?:about |another )?"
    rf"((?:\d[\d.]{{0,20}} ?{UNIT}[ ,]{{0,2}}(?:and )?){{1,4}})",
    re.I,
)
DATE_IN_WORDS = re.compile(
    r"(?:until|access on|resets? (?:on|at)|again (?:on|at)) (\d{4}-\d\d-\d\d)[T ](?:at )?(\d\d:\d\d)(:\d\d)?", re.I
)
EPOCH = 1e9  # a number that large is a moment, not a duration
EPOCH_MS = 1e12
LONGEST = 366 * 86400.0


# The last is what LiteLLM makes of a provider's header (BerriAI/litellm#21553).
MEANT_FOR_IT = (
    ("retry-after-ms", 0.001), ("retry-after", 1.0), ("x-ratelimit-reset-after", 1.0), ("llm_provider-retry-after", 1.0)
)  # fmt: skip


def from_headers(headers: Mapping[str, str]) -> float | None:
    """Seconds from the headers that are meant for it."""
    for name, scale in MEANT_FOR_IT:
        seconds = until(headers.get(name, ""), scale)
        if seconds is not None:
            return seconds
    return None


def from_rate_headers(headers: Mapping[str, str]) -> float | None:
    """Seconds until the limit that is used up starts anew, of the several that such headers name.

    Groq sends each limit's reset at all times, so that only one with nothing remaining counts.
    """
    waits: list[float] = []
    for prefix in ("x-ratelimit-", "ratelimit-", "anthropic-ratelimit-"):
        for what in ("", "requests", "tokens", "input-tokens", "output-tokens"):
            reset, remaining = (
                (f"{prefix}{what}-reset", f"{prefix}{what}-remaining")
                if prefix.startswith("anthropic") and what
                else (f"{prefix}reset{what and '-' + what}", f"{prefix}remaining{what and '-' + what}")
            )
            left = headers.get(remaining, "0" if not what else "")
            seconds = until(headers.get(reset, ""))
            if seconds is not None and left.strip() == "0":
                waits.append(seconds)
    return max(waits, default=None)


def from_words(text: str) -> float | None:
    """Seconds from a sentence such as "Please try again in 2m59.56s" or "regain access on 2026-01-01 at 00:00 UTC"."""
    if found := IN_WORDS.search(text):
        return duration(found[1])
    if found := DATE_IN_WORDS.search(text):
        return until(f"{found[1]}T{found[2]}{found[3] or ':00'}Z")
    return None


def until(text: str, scale: float = 1.0) -> float | None:
    """Seconds of a header's value: a number, a duration, a date, or a moment in seconds or milliseconds since 1970."""
    text = text.strip()[:64]
    if NUMBER.fullmatch(text):
        number = float(text)
        if number >= EPOCH_MS:
            number /= 1000
        if number >= EPOCH and scale == 1.0:
            return _sane(number - datetime.now(UTC).timestamp())
        return _sane(number * scale)
    seconds = duration(text)
    return seconds if seconds is not None else _from_date(text)


def duration(text: str) -> float | None:
    """Seconds of "1m30s", "250ms", "12.8s", "5 minutes"; None for anything else."""
    rest = PIECE.sub("", text)
    if not re.fullmatch(r"[\s,.and]*", rest):
        return None
    pieces = [(float(number), unit.lower()) for number, unit in PIECE.findall(text)]
    short = {
        "millisecond": "ms",
        "second": "s",
        "sec": "s",
        "minute": "m",
        "min": "m",
        "hour": "h",
        "hr": "h",
        "day": "d",
    }
    seconds = sum(number * UNITS[short.get(unit, unit)] for number, unit in pieces)
    return _sane(seconds) if pieces else None


def next_midnight(zone: str) -> float | None:
    """Seconds until the next midnight there, None where this machine knows no such zone."""
    from zoneinfo import ZoneInfo  # 8 ms, and only for a limit of a day

    try:
        now = datetime.now(ZoneInfo(zone))
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return None
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight.astimezone(UTC) - now.astimezone(UTC)).total_seconds()


def _from_date(text: str) -> float | None:
    from email.utils import parsedate_to_datetime  # a dozen modules that a start without an error does not need

    try:
        moment = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return _sane((moment - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _sane(seconds: float) -> float | None:
    return round(seconds, 3) if 0 <= seconds <= LONGEST else None
