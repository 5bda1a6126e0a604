"""Whether an endpoint is near: on this machine or in a private network, where one may wait for as long as it takes."""

import ipaddress
from urllib.parse import urlsplit

ENDINGS = (".localhost", ".local", ".lan", ".internal", ".home.arpa", ".ts.net")
SHARED = ipaddress.ip_network("100.64.0.0/10")  # used by Tailscale


def is_near(base_url: str) -> bool:
    """Whether the host is this machine, has a private address, or a name that only a private network knows."""
    try:
        host = (urlsplit(base_url).hostname or "").rstrip(".")
    except ValueError:
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(ENDINGS) or (bool(host) and "." not in host)
    return address.is_private or address.is_loopback or address.is_link_local or address in SHARED
