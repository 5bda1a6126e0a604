"""How every HTTP client is made, whoever uses it: which proxy, which certificates, how patient, and no surprises.

The libraries are given all of it and read nothing of the environment by themselves: each would read it otherwise.
"""

import socket
from collections.abc import Awaitable, Callable, Mapping
from types import ModuleType
from typing import Any

from modules.llm.http.unpacking import bounded
from modules.llm.models import Provider
from modules.llm.network.certificates import trusted
from modules.llm.network.first_bytes import LookingBackend
from modules.llm.network.proxies import proxy_for

CONNECT_TIMEOUT = 10.0
KEEPALIVE = 300.0  # the SDKs keep an idle connection for 5 s, which is less than a person thinks
HEADERS = {"Accept-Encoding": "identity"}  # a compressed answer could unfold to any size
# What escapes the SDKs besides their own errors: sockets, closed clients, keys that no header takes, broken encodings.
COMMON_ERRORS = (OSError, EOFError, RuntimeError, TypeError, ValueError)
# While a model thinks nothing is sent, and a router forgets a connection: the system asks after it each minute.
PROBES = {"TCP_KEEPIDLE": 60, "TCP_KEEPALIVE": 60, "TCP_KEEPINTVL": 60, "TCP_KEEPCNT": 5}

Hook = Callable[[Any], Awaitable[None]]


def http_errors(http: ModuleType) -> tuple[type[Exception], ...]:
    """All that a request can raise besides the SDK's own errors; `http` is the library below it, httpx or httpx2."""
    from socksio.exceptions import SOCKSError  # the libraries let it through; needed with an SDK, and only then

    return (http.HTTPError, http.InvalidURL, http.StreamError, http.CookieConflict, SOCKSError, *COMMON_ERRORS)


def client_options(http: ModuleType, provider: Provider, idle_timeout: float) -> dict[str, Any]:
    """How every SDK's client is made, but for its key. Nothing is retried here."""
    timeout = http.Timeout(idle_timeout, connect=CONNECT_TIMEOUT)
    return {
        "base_url": provider.base_url,
        "max_retries": 0,
        "default_headers": HEADERS,
        "http_client": client_for(http, provider.base_url, timeout, (bounded(http),)),
    }


def client_for(
    http: ModuleType, url: str, timeout: Any, hooks: tuple[Hook, ...] = (), headers: Mapping[str, str] | None = None
) -> Any:
    """An AsyncClient of `http` for one host, that of `url`. It follows no redirect: what is sent stays with that host.

    `hooks` are called with each response before its body is read. Raises ConfigError where the variables for proxies
    or certificates hold what they cannot.
    """
    return http.AsyncClient(**client_arguments(http, url, timeout, hooks), headers=headers)


def client_arguments(http: ModuleType, url: str, timeout: Any, hooks: tuple[Hook, ...]) -> dict[str, Any]:
    """What makes such a client, for an SDK that makes its own and hands its arguments on. Raises as `client_for`."""
    found = proxy_for(url)
    proxy = None
    if found is not None:
        of_its_own = trusted() if found.url.startswith("https:") else None
        proxy = http.Proxy(found.url, auth=found.auth, ssl_context=of_its_own)
    is_secure = url.lower().startswith("https:")
    transport = http.AsyncHTTPTransport(
        verify=trusted() if is_secure else False,  # without TLS there is nothing to load
        trust_env=False,
        limits=http.Limits(keepalive_expiry=KEEPALIVE),
        proxy=proxy,
        socket_options=_socket_options(),
    )
    pool = transport._pool
    if found is None or found.url.startswith("http"):  # a SOCKS server has first bytes of its own
        # The pool takes a backend as an argument; httpx has no way to hand it on.
        pool._network_backend = LookingBackend(
            pool._network_backend, direct=found is None, tunnels=found is not None and is_secure
        )
    return {
        "transport": transport,
        "trust_env": False,
        "timeout": timeout,
        "follow_redirects": False,
        "max_redirects": 0,  # the mcp SDK follows some by itself
        "event_hooks": {"response": list(hooks)},
    }


def _socket_options() -> list[tuple[int, int, int]]:
    known = [(getattr(socket, name), value) for name, value in PROBES.items() if hasattr(socket, name)]
    return [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *((socket.IPPROTO_TCP, name, value) for name, value in known)]
