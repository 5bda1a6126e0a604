"""What a provider's words mean: the table of `error_words.toml`, read at the first error, and the facts in a match."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from modules import errors
from modules.llm.failures import retry_delay
from modules.llm.failures.error_report import Report
from modules.llm.failures.refused_fields import droppable

TABLE = Path(__file__).with_suffix(".toml")
RESERVE = 256  # tokens: providers count a little differently from one request to the next
WORDS = ("field", "at", "least", "where")  # groups that are no numbers
# How `[\d,]+` of the table is read: "8192", "8,192", "9.5k", "128 K". A window that is written short is at least that.
DIGITS = r"[\d,]+"
NUMBER = r"\d[\d,]{0,18}(?:\.\d{1,3})?(?: ?[km](?![a-z]))?"
UNITS = {"k": 1_000, "m": 1_000_000}


class Words(Struct, frozen=True):
    """One pattern and what it means; `only` and `never` are statuses, `every` looks for all places."""

    kind: type[errors.ProviderError]
    pattern: re.Pattern[str]
    only: frozenset[int]
    never: frozenset[int]
    every: bool
    facts: Mapping[str, Any]


class Verdict(Struct, frozen=True):
    """The class of an error and the facts that it carries, by the names of its attributes."""

    kind: type[errors.ProviderError]
    facts: Mapping[str, Any] = {}


@cache
def rules() -> Mapping[str, Any]:
    """The table as it is written."""
    import tomllib  # 3 ms, and only where something went wrong

    with TABLE.open("rb") as file:
        return tomllib.load(file)


@cache
def table() -> tuple[Words, ...]:
    """Every pattern, compiled, in the order in which they are tried."""
    return tuple(
        Words(
            getattr(errors, entry["class"]),
            _compiled(entry["pattern"]),
            frozenset(entry.get("only", ())),
            frozenset(entry.get("never", ())),
            entry.get("all", False),
            entry.get("facts", {}),
        )
        for entry in rules()["words"]
    )


@cache
def _numbers(name: str) -> tuple[re.Pattern[str], ...]:
    return tuple(map(_compiled, rules()["numbers"][name]))


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(DIGITS, NUMBER), re.I | re.S)


def understood(report: Report, dialect: str) -> Verdict | None:
    """What the words of a report mean; None where they say nothing that is known."""
    for words in table():
        if (words.only and report.status not in words.only) or report.status in words.never:
            continue
        found = list(words.pattern.finditer(report.line)) if words.every else [words.pattern.search(report.line)]
        groups = [_groups(match) for match in found if match is not None]
        if not groups:
            continue
        verdict = READERS.get(words.kind, _plain)(words, groups, report, dialect)
        if verdict is not None:
            return verdict
    return None


def _groups(match: re.Match[str]) -> dict[str, Any]:
    """The named groups that took part, numbers as numbers; "window_2" is another place for "window"."""
    found: dict[str, Any] = {}
    for name, text in match.groupdict().items():
        name = re.sub(r"_\d$", "", name)
        if text is not None:
            found[name] = text if name in WORDS else _number(text)
    return found


def _number(text: str) -> int:
    """The number that people wrote so; a point parts thousands in some languages."""
    digits, unit = text[:24].lower().rstrip("km "), text[-1:].lower()
    if unit in UNITS:
        return int(float(digits.replace(",", "")) * UNITS[unit])
    return int(re.sub(r"\D", "", digits) or 0)


Facts = dict[str, Any]
Reader = Callable[[Words, list[Facts], Report, str], Verdict | None]


def _plain(words: Words, found: list[Facts], report: Report, dialect: str) -> Verdict:
    return Verdict(words.kind, {**words.facts, **found[0]})


def _overflow(words: Words, found: list[Facts], report: Report, dialect: str) -> Verdict:
    """With the window that the words name, whatever its place in them, and with what was sent, where that is more."""
    facts = {**words.facts, **found[0]}
    if "window" not in facts:
        window = next((match["window"] for match in _places("window", report.line)), None)
        facts |= {"window": window} if window else {}
    if "window" in facts and "needed" not in facts:
        needed = next((n for match in _places("needed", report.line) if (n := match["needed"]) > facts["window"]), None)
        facts |= {"needed": needed} if needed else {}
    return Verdict(words.kind, facts)


def _places(name: str, line: str) -> Iterator[Facts]:
    """Where such a number stands in a line, the likelier places first."""
    return (_groups(match) for pattern in _numbers(name) for match in pattern.finditer(line))


def _fields(words: Words, found: list[Facts], report: Report, dialect: str) -> Verdict | None:
    """No verdict where the request can do without none of the fields: a later pattern may know what is meant."""
    named = [f"{groups.get('at', '')}.{groups['field']}".strip(".") for groups in found if "field" in groups]
    fields = droppable(named or [words.facts.get("field", "")], rules(), dialect)
    facts = {name: value for name, value in words.facts.items() if name != "field"}
    return Verdict(words.kind, {**facts, "field": fields[0], "fields": fields}) if fields else None


def _output(words: Words, found: list[Facts], report: Report, dialect: str) -> Verdict:
    """With a window and what was sent, the limit is the room that is left; without room it is no matter of output."""
    facts = found[0]
    if "over" in facts:
        return Verdict(words.kind, {"limit": facts["over"] - 1})
    if "window" not in facts:
        return _plain(words, found, report, dialect)
    window, sent = facts["window"], facts["input"]
    room = window - sent
    if room <= 0:
        return Verdict(errors.ContextOverflow, {"window": window, "needed": sent})
    # "At least" so many: vLLM stops counting at what would still fit, so the room is not known.
    limit = None if "least" in facts else room - min(RESERVE, room // 10)
    return Verdict(words.kind, {"limit": limit, "lasting": False, "window": window})


def _rate(words: Words, found: list[Facts], report: Report, dialect: str) -> Verdict:
    """A request that is larger than the whole limit fits into no minute."""
    if found[0].get("needed", 0) > found[0].get("limit", 0):
        return Verdict(errors.OverRateLimit, found[0])
    return Verdict(words.kind)


def _daily(words: Words, found: list[Facts], report: Report, dialect: str) -> Verdict:
    """A quota that starts anew at midnight somewhere, unless hours are said: a shorter wait is that of the minute."""
    if "resets" not in words.facts or (report.retry_after or 0) >= 3600:
        return Verdict(words.kind)
    return Verdict(words.kind, {"retry_after": retry_delay.next_midnight(words.facts["resets"])})


READERS: Mapping[type[errors.ProviderError], Reader] = {
    errors.ContextOverflow: _overflow,
    errors.FieldRefused: _fields,
    errors.OutputLimitRefused: _output,
    errors.RateLimited: _rate,
    errors.DailyLimit: _daily,
}
