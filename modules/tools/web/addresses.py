"""Which addresses a page may be fetched from: those of the public internet, and of no network nearer than that."""

import ipaddress
import socket
from collections.abc import Callable, Sequence

from modules.errors import ToolFailed

Resolve = Callable[[str, int], Sequence[str]]

# What Python's own table calls global, or has called so in some release, and what is no place for a public page:
# protocol assignments, 6to4 relays, multicast, the reserved rest, and Azure's address for its own machines.
_NOT_V4 = [
    ipaddress.IPv4Network(text)
    for text in ("192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32")
]
# The only unicast range that is given out, less what tunnels (Teredo, 6to4) and examples have of it.
_V6 = ipaddress.IPv6Network("2000::/3")
_NOT_V6 = [ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether anyone on the internet can reach this address. An IPv4 address inside an IPv6 one is what counts."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        elif found in _NAT64:
            found = ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
        else:
            return found in _V6 and found.is_global and not any(found in network for network in _NOT_V6)
    return found.is_global and not any(found in network for network in _NOT_V4)


def is_address(host: str) -> bool:
    """Whether the host is an IP address as it is usually written."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def looked_up(host: str, port: int) -> list[str]:
    """The addresses of a host as the system resolves it, each once. Raises OSError where it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def checked(host: str, port: int, granted: bool, resolve: Resolve = looked_up) -> list[str]:
    """The addresses to connect to, in the order to try. A single one that is not public spoils the host.

    Raises ToolFailed where nothing may be sent. `granted` hosts may be anywhere: the person has named them.
    """
    try:
        found = resolve(host, port)
    except (OSError, UnicodeError, ValueError) as error:
        raise ToolFailed(f'There is no host "{host}": {getattr(error, "strerror", None) or error}.') from error
    if not found:
        raise ToolFailed(f'There is no host "{host}".')
    if not granted and not all(map(is_public, found)):
        raise ToolFailed(private(host))
    return list(found)


def is_private_literal(host: str) -> bool:
    """Whether the host is an address, in any form that the system takes for one, and not a public one.

    No name is looked up: that alone could tell somebody something.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError, ValueError):
        return False
    return not all(is_public(str(entry[4][0])) for entry in found)


def private(host: str) -> str:
    """What the model is told of a host that is not public."""
    return (
        f'Nothing was sent: "{host}" is not on the public internet. Only the user can allow it, with '
        "private_hosts under [tools] in settings.toml."
    )
