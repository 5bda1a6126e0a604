"""What may become of a request to a server, beside its answer: words for a person, and what has to happen next."""

from typing import Any, Literal

from msgspec import Struct

from modules.errors import ToolFailed

ENDED = "ended before it answered."  # what is said of a call, and says nothing of why

Kind = Literal["error", "session lost", "login", "dropped", "unreachable"]


class Said(Struct, frozen=True):
    """Stands in the data of an error that the server itself has sent: the SDK's own, of the same codes, lack it."""

    data: Any = None


class Failure(Struct, frozen=True):
    """Stands in the data of an error that our transport has made, in place of an answer that will not come."""

    kind: Kind
    words: str


class SessionLost(ToolFailed):
    """The server does not know this session any more: it has done nothing, and a new session may be begun."""


class ConnectionDropped(ToolFailed):
    """The connection broke before the answer was there. What the request has done by then is not known."""


class LoginNeeded(ToolFailed):
    """The server wants a login: the request had no credentials, or it did not accept them."""


FAULTS: dict[Kind, type[ToolFailed]] = {
    "error": ToolFailed,
    "session lost": SessionLost,
    "login": LoginNeeded,
    "dropped": ConnectionDropped,
    "unreachable": ToolFailed,
}
