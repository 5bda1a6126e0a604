"""A server as the person sees it."""

from msgspec import Struct

from modules.mcp.authorization.login_file import LoginFile
from modules.mcp.server import Server, State
from modules.mcp.trusted_definitions import Pins


class Status(Struct, frozen=True):
    """A server as the person sees it.

    `tools` is how many it offers, or offered when it was last seen; None where it never was. `where` is its command
    line or URL as it was written, `changed` are the tools that are off, `log` is a path. `wants_login` is whether a
    login would help, and `logged_in` whether there was one.
    """

    name: str
    state: State
    tools: int | None
    where: str
    trouble: str = ""
    changed: tuple[str, ...] = ()
    log: str = ""
    wants_login: bool = False
    logged_in: bool = False


def status_of(server: Server, pins: Pins) -> Status:
    """The server as it is now."""
    return Status(
        server.name,
        server.state,
        len(pins.offered) if pins.seen else None,
        server.entry.shown,
        server.trouble,
        tuple(pins.changed),
        str(server.log.path),
        server.wants_login,
        LoginFile(server.tokens).holds(server.entry.url),
    )
