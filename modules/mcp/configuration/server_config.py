"""A server as mcp.json names it, and what cannot be meant in an entry."""

import os
import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from msgspec import Struct

LONGEST_CALL_SECONDS = 3600.0
LONGEST_START = 600.0
STARTUP_SECONDS = 30.0  # from the start of the program to its list of tools
CALL_SECONDS = 120.0  # for a call, or from one word of its progress to the next
WHOLE_CALL_SECONDS = 1800.0  # for a call that reports progress
TRANSPORTS = {"stdio": False, "http": True, "sse": True}  # whether it has a URL


class Login(Struct, frozen=True):
    """What a login is to be made with, where a server does not give that out itself."""

    client_id: str = ""
    client_secret: str = ""
    scope: str = ""
    redirect: str = ""


class RawEntry(Struct, frozen=True):
    """An entry as it is written, in our keys."""

    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    env_file: str = ""
    cwd: str = ""
    url: str = ""
    headers: dict[str, str] = {}
    timeout: float = CALL_SECONDS
    max_timeout: float = 0.0
    startup_timeout: float = STARTUP_SECONDS
    disabled: bool = False
    type: str = ""
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    login: Login = Login()


class ServerConfig(RawEntry, frozen=True, kw_only=True):
    """One server: a program to start, or a URL. `shown` is either as it was written, without values of variables.

    A URL without a type is tried as HTTP, and then as the older SSE. Times are in seconds: `timeout` for a call, or
    from one word of its progress to the next, and `max_timeout` for all of it.
    """

    name: str
    shown: str

    def __repr__(self) -> str:  # its values may be secrets
        return f"ServerConfig({self.name!r})"

    @property
    def is_local(self) -> bool:
        """Whether the URL leads to this machine."""
        return is_loopback(urlsplit(self.url).hostname or "")


def names_itself(entry: ServerConfig) -> bool:
    """Whether its headers say who asks, so that no login is needed."""
    return any(name.lower() == "authorization" for name in entry.headers)


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by its very name."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def problems(entry: ServerConfig) -> Iterator[tuple[str, str]]:
    """The keys of an entry that cannot be meant as they are. Values are not repeated: they may be secrets."""
    if bool(entry.command) == bool(entry.url):
        yield "command", "is missing, and there is no url" if not entry.url else "and url exclude each other"
    if entry.type and TRANSPORTS[entry.type] is not bool(entry.url):
        yield "type", "does not go with the rest"
    yield from _times(entry)
    if entry.env_file and not os.path.isabs(entry.env_file):
        yield "envFile", "must be a whole path, beginning with / or ~"
    if "/" in entry.command and not os.path.isabs(entry.command):
        yield "command", "with a slash must be a whole path, beginning with / or ~"
    if entry.cwd and not os.path.isabs(entry.cwd):
        yield "cwd", "must be a whole path, beginning with / or ~"
    for key, text in (("command", entry.command), *(("args", arg) for arg in entry.args)):
        if "\0" in text:
            yield key, "holds a NUL character"
    for name, text in entry.env.items():
        if not name or "=" in name or "\0" in name + text:
            yield "env", f"cannot hold {name!a}"
    if entry.url:
        yield from _url_problems(entry)


def _times(entry: ServerConfig) -> Iterator[tuple[str, str]]:
    if not 0 < entry.timeout <= LONGEST_CALL_SECONDS:
        yield "timeout", f"is longer than {LONGEST_CALL_SECONDS:g} seconds, or nothing"
    if not entry.timeout <= entry.max_timeout <= 24 * LONGEST_CALL_SECONDS:
        yield "max_timeout", f"is in seconds, from timeout to {24 * LONGEST_CALL_SECONDS:g}"
    if not 0 < entry.startup_timeout <= LONGEST_START:
        yield "startup_timeout", f"is in seconds, at most {LONGEST_START:g}"


def _url_problems(entry: ServerConfig) -> Iterator[tuple[str, str]]:
    try:
        url = urlsplit(entry.url)
        host, _ = url.hostname or "", url.port
    except ValueError:
        yield "url", "is no URL"
        return
    if url.scheme not in ("http", "https") or not host or not entry.url.isprintable() or " " in entry.url:
        yield "url", "must begin with https://"
    elif url.scheme == "http" and not is_loopback(host):
        yield "url", "must begin with https://, as only this machine itself is spoken to without"
    if url.username is not None:
        yield "url", "holds a user name: put it into headers"
    for name, text in entry.headers.items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or not re.fullmatch(r"[\t\x20-\x7e]*", text):
            yield "headers", f"cannot hold {name!a}: HTTP has no such header"
    redirect = urlsplit(entry.login.redirect)
    if entry.login.redirect and not (redirect.scheme == "http" and is_loopback(redirect.hostname or "")):
        yield "oauth", "must come back to this machine itself: http://localhost:PORT/…"
