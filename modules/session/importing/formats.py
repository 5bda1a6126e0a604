"""The formats that are read: a file is recognised by what it holds, whatever its name is."""

import itertools
from collections.abc import Iterator
from typing import Any

from modules.session.importing.chatgpt import CHATGPT
from modules.session.importing.claude import CLAUDE
from modules.session.importing.claude_code import CLAUDE_CODE
from modules.session.importing.codex import CODEX
from modules.session.importing.fields import items
from modules.session.importing.imported import ImportedConversation, Missed
from modules.session.importing.openai_messages import MESSAGES
from modules.session.importing.pi import PI
from modules.session.importing.reader import Beside, Reader


def _says_that_it_is_ours(value: Any) -> bool:
    return isinstance(value, dict) and value.get("format") == "parlance"


def _as_it_is(values: Iterator[Any], beside: Beside, missed: Missed) -> Iterator[ImportedConversation]:
    """Nothing: JSON of our own holds more than an imported conversation, and whoever imports it reads it itself."""
    return iter(())


OWN = Reader("parlance", "Parlance's JSON", _says_that_it_is_ours, _as_it_is)
# The order matters where a value could be of two: an envelope is looked for before what may stand in it.
READERS: tuple[Reader, ...] = (OWN, CHATGPT, CLAUDE, PI, CODEX, CLAUDE_CODE, MESSAGES)
LOOKED_AT = 200  # values at the head of a file, of which the first that a reader knows decides


def recognised(values: Iterator[Any]) -> tuple[Reader | None, Iterator[Any]]:
    """The reader for these values, None where no reader knows any of the first; and all of the values."""
    head: list[Any] = []
    for value in itertools.islice(values, LOOKED_AT):
        head.append(value)
        if (reader := _reader_of(value)) is not None:
            return reader, itertools.chain(head, values)
        nested = items(value, "conversations")  # an export within an object
        if (reader := next(filter(None, map(_reader_of, nested[:LOOKED_AT])), None)) is not None:
            return reader, itertools.chain(nested, values)
    return None, iter(head)


def _reader_of(value: Any) -> Reader | None:
    return next((reader for reader in READERS if reader.recognises(value)), None)
