"""What an import brings: conversations of other programs as our messages, and the names of what could not come."""

import hashlib
from collections import Counter

from msgspec import Struct, field

from modules.llm.events import StopReason
from modules.llm.history import Message, Origin, State
from modules.llm.parts import Content, Part
from modules.text.sanitize import clean
from modules.text.surrogates import whole

DIALECT = "imported"  # of every origin here: no provider has it, so nothing is ever given back as a provider's own
MOST_MESSAGES = 200_000  # of one conversation
LONGEST_TITLE = 200
_LONGEST_NAME, _MOST_NAMES, _LONGEST_MODEL = 60, 100, 100


class Missed:
    """What could not be taken, counted by name. Names may hold foreign words, so they are cleaned and bounded."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def count(self, name: str, number: int = 1) -> None:
        if name in self.counts:  # as nearly always
            self.counts[name] += number
            return
        name = clean(" ".join(name.split()))[:_LONGEST_NAME]
        if name not in self.counts and len(self.counts) >= _MOST_NAMES:
            name = "other things"
        self.counts[name] += number


class Result(Struct):
    """What a tool gave. `call` is the foreign id of its call, "" for the call that was made last before it."""

    call: str
    parts: tuple[Content, ...]
    name: str = ""
    is_error: bool = False


class Entry(Struct):
    """One record of a foreign conversation, before the records are put together as messages.

    A call's `id` in `parts` is the foreign one. An entry with neither parts nor results only carries its place on to
    those that name it as their parent. `group` says that records are pieces of one answer; with `joins`, an answer
    goes on with the piece before it.
    """

    id: str
    parent: str
    role: str  # "user", "assistant", "system" or "tool"
    parts: tuple[Part, ...] = ()
    results: tuple[Result, ...] = ()
    created: float = 0.0
    model: str = ""
    group: str = ""
    joins: bool = False
    state: State = "complete"
    stop: StopReason | None = None


class ImportedMessage(Struct):
    """A message with its place: `parent` is the `id` of an earlier one, "" for a first message."""

    id: str
    parent: str
    message: Message
    created: float = 0.0


class ImportedConversation(Struct):
    """A conversation of another program. A message comes after its parent; `head` is the message it stood at.

    `source` names it for good, as in "chatgpt:<id>"; `folder` is where it was held, "" where nobody knows.
    """

    source: str
    title: str = ""
    created: float = 0.0
    folder: str = ""
    system: str = ""
    messages: list[ImportedMessage] = field(default_factory=list)
    head: str = ""
    own_id: str = ""  # of one that was ours before

    @property
    def id(self) -> str:
        """Our id: the same whenever it is imported."""
        return self.own_id or digest(self.source)[:16]

    @property
    def calls(self) -> int:
        return sum(len(one.message.calls) for one in self.messages)

    @property
    def pictures(self) -> int:
        return sum(len(one.message.images) for one in self.messages)


def digest(*texts: str) -> str:
    """A fixed name for these texts, in hex."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


def call_id(source: str, *place: str) -> str:
    """The id of a call here, legal everywhere and the same at each import."""
    return f"call_{digest(source, *place)[:24]}"


def origin(issuer: str, model: str) -> Origin:
    """Who made an answer, in the terms of the program that it comes from."""
    return Origin(DIALECT, issuer, whole(" ".join(model.split())[:_LONGEST_MODEL]) or "unknown")


def as_title(text: str) -> str:
    """A title in one line; whoever shows it cleans it."""
    return whole(" ".join(text.split())[:LONGEST_TITLE])
