"""The proxy that leads to a URL, by the variables that curl and requests go by: the one reader of them.

The HTTP libraries each read them in their own way, and make no client at all of some that are in common use:
an IPv6 network in NO_PROXY (encode/httpx#3221, basicmachines-co/basic-memory#1541), "socks://" as desktops write it
(MoonshotAI/kimi-cli#404).
"""

import re
import sys
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from modules.config import Config
from modules.errors import ConfigError

PORTS = {"http": 80, "https": 443}
# What may stand before "://": the library's word for it, and its usual port. SOCKS servers always look up the name.
SCHEMES = {
    "http": ("http", 80),
    "https": ("https", 443),
    "socks5": ("socks5", 1080),
    "socks5h": ("socks5", 1080),
    "socks": ("socks5", 1080),
}
SYSTEM = "the proxy in the system's settings"
CURE = "Write it as http://host:port, https://host:port or socks5://host:port, or unset it."
_BRACKETS = re.compile(r"\[([^\]]*)\](/\d+)?(?::(\d+))?")


class Proxy(Struct, frozen=True):
    """A proxy. `url` is without name and password, which are in `auth`; `variable` is what names it."""

    url: str
    variable: str
    auth: tuple[str, str] | None = None

    @property
    def place(self) -> str:
        """Host and port, for messages."""
        return urlsplit(self.url).netloc


def proxy_for(url: str) -> Proxy | None:
    """The proxy that a request to `url` goes through; None where it goes straight there, as to this machine.

    Raises ConfigError where the variable for it holds no address of a proxy.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if host == "localhost" or ((address := _address(host)) and address.is_loopback):
        return None
    config = Config()
    scheme = parts.scheme.lower()
    named = config.first_set(f"{scheme}_proxy", f"{scheme}_proxy".upper()) or config.first_set("all_proxy", "ALL_PROXY")
    named = named or _of_the_system(scheme, host)
    if named is None or not named[1]:  # set to nothing, it says that there is none
        return None
    excepted = config.first_set("no_proxy", "NO_PROXY")
    if excepted and is_excepted(host, parts.port or PORTS.get(scheme, 0), excepted[1]):
        return None
    return _read(*named)


def is_excepted(host: str, port: int, entries: str) -> bool:
    """Whether a value of NO_PROXY names this host: itself, a domain above it, a network that its address is in."""
    return any(_names(entry, host.lower(), port) for entry in re.split(r"[\s,;]+", entries.lower()) if entry)


def masked(written: str) -> str:
    """The value of such a variable without the name and password in it."""
    return re.sub(r"^(\w+://)?.*@", r"\1…@", written, flags=re.DOTALL)


def _names(entry: str, host: str, port: int) -> bool:
    if "://" in entry:
        entry = entry.partition("://")[2].partition("/")[0]
    if bracketed := _BRACKETS.fullmatch(entry):
        name, wanted = bracketed[1] + (bracketed[2] or ""), bracketed[3]
    elif entry.count(":") == 1:
        name, _, wanted = entry.partition(":")
    else:
        name, wanted = entry, None
    if wanted and wanted != str(port):
        return False
    if address := _address(host):
        try:
            return address in ip_network(name, strict=False)
        except ValueError:  # a pattern, or a name
            pass
    if name != "*":
        name = name.removeprefix("*.").strip(".")
    return host == name or (bool(name) and host.endswith(f".{name}")) or ("*" in name and fnmatchcase(host, name))


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _read(variable: str, written: str) -> Proxy:
    kind, found, rest = written.partition("://")
    if not found:
        kind, rest = "http", written
    # A password may hold what would end a host name; the host begins behind the last "@".
    user, _, place = rest.rpartition("@")
    known = SCHEMES.get(kind.lower())
    if known is None:
        problem = f'{variable} is "{masked(written)}": there is no way through a proxy of the kind "{kind[:20]}".'
        raise ConfigError(problem, cure=CURE)
    try:
        parts = urlsplit(f"//{place}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    bare = not found and port is None and "." not in host  # a word such as "none" or "on" is meant otherwise
    if bare or port == 0 or not re.fullmatch(r"[^\s\x00-\x20\x7f/\\]+", host):
        raise ConfigError(f'{variable} is "{masked(written)}", which is no address of a proxy.', cure=CURE)
    name, _, password = user.partition(":")
    auth = (unquote(name), unquote(password)) if user else None
    shown = f"[{host}]" if ":" in host else host
    return Proxy(f"{known[0]}://{shown}:{port or known[1]}", variable, auth)


def _of_the_system(scheme: str, host: str) -> tuple[str, str] | None:
    """What the settings of macOS and Windows name, where no variable does."""
    if sys.platform not in ("darwin", "win32"):
        return None
    from urllib.request import getproxies, proxy_bypass  # it loads much that nothing else here needs

    value = getproxies().get(scheme, "")
    return (SYSTEM, value) if value and not proxy_bypass(host) else None
