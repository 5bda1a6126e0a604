"""Which key does what: the usual keys of all actions, and over them what a person has bound in the settings."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from msgspec import Struct
from prompt_toolkit.key_binding.key_bindings import _parse_key
from prompt_toolkit.keys import Keys

from modules.chat.prompt.key_actions import ACTIONS, BY_NAME, Action, LineActions

Sequence = tuple[str, ...]
# What a line cannot do without: nobody could stop, send, leave or edit any more, or it is what is typed.
KEPT = {
    "c-c", "c-d", "c-m", "escape", "c-i", "s-tab", "c-h", "delete", "up", "down", "left", "right", "home", "end",
}  # fmt: skip
_SHIFTED = re.compile(r"s-f(\d|1[0-2])")
_SAID = {"c": "Ctrl", "s": "Shift", "escape": "Alt"}
_NAMES = {"c-m": "Enter", "c-i": "Tab", "c-h": "Backspace", "c-@": "Ctrl+Space", " ": "Space"}


class Bound(Struct, frozen=True):
    """What a key does: an action, a command line, or nothing where both are empty."""

    action: Action | None = None
    line: str = ""

    @property
    def about(self) -> str:
        return self.action.about if self.action else self.line

    def act(self, prompt: LineActions) -> None:
        if self.action is not None:
            self.action.act(prompt)
        elif self.line:
            prompt.command(self.line)


class BoundKeys(Struct, frozen=True, eq=False):
    """All keys with what they do, and what is wrong about those that were bound, a sentence each."""

    keys: dict[Sequence, Bound]
    problems: tuple[str, ...]


def bound_keys(wished: Mapping[str, str]) -> BoundKeys:
    """The keys of all actions with what a person wishes: a key, and the action or the command that it does."""
    found = {parsed(key): Bound(action) for action in ACTIONS for key in action.keys}
    problems: list[str] = []
    for key, does in wished.items():
        try:
            sequence = parsed(key)
            _refuse_kept(key, sequence)
            found[sequence] = _meant(does.strip())
        except ValueError as error:
            problems.append(f"{error} It stands under [keys] bind.")
    return BoundKeys(found, tuple(problems))


def parsed(key: str) -> Sequence:
    """The keys of a sequence, as prompt_toolkit has them. Raises ValueError with what is none."""
    names = key.split() or [key]
    return tuple(_key(name) for name in names)


def said(sequence: Sequence) -> str:
    """A sequence as people say it, such as Ctrl+X Ctrl+E."""
    words, alt = [], ""
    for key in sequence:
        if key == "escape" and not alt and len(sequence) > 1:
            alt = "Alt+"
            continue
        words.append(alt + _said(key))
        alt = ""
    return " ".join(words)


def rows(bound: BoundKeys) -> Iterator[tuple[str, str]]:
    """What is bound, for a table: the keys of one thing together, in the order of the actions."""
    order: dict[str, list[str]] = {action.about: [] for action in ACTIONS}
    for sequence, what in bound.keys.items():
        if what.about:
            order.setdefault(what.about, []).append(said(sequence))
    yield from ((", ".join(keys), about) for about, keys in order.items() if keys)


def _key(name: str) -> str:
    lowered = name if len(name) == 1 else name.lower()
    if match := _SHIFTED.fullmatch(lowered):  # as terminfo counts: Shift+F1 is F13
        lowered = f"f{int(match[1]) + 12}"
    try:
        key = _parse_key(lowered)
    except ValueError:
        near = _near(lowered)
        raise ValueError(f'"{name}" is no key{f"; {chr(34)}{near}{chr(34)} is near" if near else ""}.') from None
    if isinstance(key, Keys):
        return key.value
    return key


def _near(name: str) -> str:
    """The name that was perhaps meant; other programs write "ctrl+t" where prompt_toolkit has "c-t"."""
    short = re.sub(
        r"(?:alt|meta|option)[+-]", "escape ", re.sub(r"shift[+-]", "s-", re.sub(r"c(?:on)?tro?l[+-]", "c-", name))
    )
    known = [key.value for key in Keys if not key.value.startswith("<")]
    if short != name and all(len(one) == 1 or one in known for one in short.split()):
        return short
    return next(iter(get_close_matches(short, known, n=1)), "")


def _refuse_kept(key: str, sequence: Sequence) -> None:
    """Raise ValueError for a key that is kept for the line."""
    first = sequence[0]
    if "c-c" in sequence or (first in KEPT and not (first == "escape" and len(sequence) > 1)):
        raise ValueError(f'"{key}" is kept for what it does in any line.')
    if len(first) == 1:
        raise ValueError(f'"{key}" begins with what is typed.')
    if first.startswith("<"):
        raise ValueError(f'"{key}" is no key of a keyboard.')


def _meant(does: str) -> Bound:
    if not does or does.startswith("/"):
        return Bound(line=does)
    if does in BY_NAME:
        return Bound(BY_NAME[does])
    near = get_close_matches(does, BY_NAME, n=1)
    hint = f'; "{near[0]}" is near' if near else ""
    raise ValueError(f'"{does}" is no action{hint}. /help keys lists them.')


def _said(key: str) -> str:
    if key in _NAMES:
        return _NAMES[key]
    if match := re.fullmatch(r"f(1[3-9]|2[0-4])", key):
        return f"Shift+F{int(match[1]) - 12}"
    *held, last = re.split(r"-(?=.)", key)
    return "+".join([*(_SAID.get(one, one) for one in held), last.upper() if len(last) == 1 else last.capitalize()])
