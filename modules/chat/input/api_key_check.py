"""Keys in what is about to be sent: a person is asked before a model is told one."""

import base64
from collections.abc import Iterable, Iterator

from modules.config import Config
from modules.llm.key_forms import owners
from modules.llm.models import Provider
from modules.llm.parts import Attached, File

SHORTEST_CHARS = 10  # a shorter value, as some local servers are given, is also an ordinary word


def keys_of(config: Config, providers: Iterable[Provider]) -> dict[str, str]:
    """The keys that this person has set: the value, and the variable that it is in."""
    from modules.tools.search_engines import FORMS  # not before a line is sent

    variables = {provider.key_variable for provider in providers if provider.key_variable}
    variables |= {form.key_variable for form in FORMS.values() if form.key_variable}
    values = ((config.get(variable).strip("\"'").strip(), variable) for variable in sorted(variables))
    return {value: variable for value, variable in values if len(value) >= SHORTEST_CHARS}


def found_in(text: str, own: dict[str, str]) -> list[str]:
    """What of a text is a key, in words: the person's own, and whatever looks like one."""
    mine = own_in(text, own)
    rest = text
    for value in own:
        rest = rest.replace(value, " ")
    return mine + [f"what looks like a key of {whose}" if whose else "a private key" for whose in owners(rest)]


def own_in(text: str, own: dict[str, str]) -> list[str]:
    """The person's own keys in a text that they did not type, where anything else may be meant to be there."""
    return [f"your {variable}" for value, variable in own.items() if value in text]


def own_in_files(parts: Iterable[Attached], own: dict[str, str]) -> Iterator[str]:
    """The person's own keys in attached text files."""
    for part in parts:
        if isinstance(part, File) and part.media_type.startswith("text/"):
            yield from own_in(base64.b64decode(part.base64).decode(errors="replace"), own)
