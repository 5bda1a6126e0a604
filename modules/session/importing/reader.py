"""What a reader of one format is: how its values are recognised, and how they become conversations."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from msgspec import Struct

from modules.session.importing.imported import ImportedConversation, Missed


class Beside(Protocol):
    """The files that came along with the one that is read, such as the pictures of an archive."""

    def find(self, id: str) -> tuple[str, bytes] | None:
        """The name and the bytes of the file that goes by this id; None where there is none."""


class Nothing:
    """Nothing came along."""

    def find(self, id: str) -> tuple[str, bytes] | None:
        return None


class Reader(Struct, frozen=True):
    """One format. `read` gets the values of one file in their order, and what lies beside it.

    `name` begins the source of its conversations, `title` is what people call the format. A value that `recognises`
    says yes to decides which reader a file is for.
    """

    name: str
    title: str
    recognises: Callable[[Any], bool]
    read: Callable[[Iterator[Any], Beside, Missed], Iterator[ImportedConversation]]
