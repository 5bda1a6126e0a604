"""An API key that does not show itself, and what a text must be to be one."""

import re

from modules.errors import BadKey

LEAST_KEY, MOST_KEY = 4, 2048  # characters; servers of one's own take short ones
LEAST_SHOWN = 12  # characters of a key of which the last few may be shown


class Key:
    """An API key that does not show itself: `value` is the only way to it."""

    __slots__ = ("source", "value")

    def __init__(self, value: str, source: str) -> None:
        self.value = value
        self.source = source

    def __repr__(self) -> str:
        return f"Key({self.end} from {self.source})" if self.end else f"Key(from {self.source})"

    __str__ = __repr__

    @property
    def end(self) -> str:
        """Its last four characters, to tell keys apart; "" for a short one, of which that would be much."""
        return f"…{self.value[-4:]}" if len(self.value) >= LEAST_SHOWN else ""


def usable_key(variable: str, value: str, source: str) -> Key:
    """The key, where any header can carry it. Raises BadKey, which does not show it."""
    value = value.strip("\"'").strip()
    if not re.fullmatch(r"[\x21-\x7e]+", value) or not LEAST_KEY <= len(value) <= MOST_KEY:
        raise BadKey(
            f"{variable} in {source} is not a usable key: it {_fault_of(value)}.",
            cure="Copy the key again, alone on its line.",
        )
    return Key(value, f"{variable} in {source}")


def _fault_of(value: str) -> str:
    """What keeps this from being a key; never a part of it."""
    if re.search(r"[^\x21-\x7e]", value):
        return "holds blanks, line ends or letters outside ASCII"
    size = f"{len(value)} character{'' if len(value) == 1 else 's'}"
    return f"is too short, {size}" if len(value) < MOST_KEY else f"is too long, {size}"
