"""Options of an answer as they are typed after -o: checked as the settings are."""

from collections.abc import Sequence
from typing import Any

from modules.errors import UsageError
from modules.settings.checking import taken
from modules.settings.kinds import kind_words, shape
from modules.settings.table import Setting, all_settings, near
from modules.settings.typed_values import from_words

EXAMPLE = "It is typed as in -o temperature=0.2."


def options_from(typed: Sequence[str]) -> dict[str, Any]:
    """The values by the names of their settings, the last where one is given twice; texts to stop at add up.

    Raises UsageError for what no setting may be.
    """
    found: dict[str, Any] = {}
    for text in typed:
        name, equals, value = text.partition("=")
        one = _named(name.strip().lower().replace("-", "_"))
        if not equals:
            raise UsageError(f'"-o {text}" has no value.', cure=EXAMPLE)
        given = _value(one, value)
        found[one.name] = (*found.get(one.name, ()), *given) if shape(one.kind) == "list" else given
    return found


def _named(name: str) -> Setting:
    options = {one.field: one for one in all_settings().values() if one.part == "options"}
    if name not in options:
        guess = near(name, options)
        cure = f"Did you mean {guess[0]}?" if guess else f"There are {', '.join(options)}."
        raise UsageError(f'There is no option "{name}".', cure=cure)
    return options[name]


def _value(one: Setting, text: str) -> Any:
    """The value as the setting has it. A text to stop at is taken as it is, with blanks and commas."""
    if shape(one.kind) == "list" and not text.lstrip().startswith("["):
        text_alone = taken(one, [text] if text else [])
        return text_alone[0] if text_alone else ()
    try:
        return from_words(one, text, None)
    except UsageError:
        raise UsageError(f"-o {one.field}={text}: it has to be {kind_words(one.kind)}.", cure=EXAMPLE) from None
