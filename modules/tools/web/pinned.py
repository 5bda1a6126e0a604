"""HTTP to an address that was checked: nothing is looked up again, and the server is still asked for by name."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, TypeVar

from modules.daemon_thread import in_thread
from modules.errors import ConfigError, ToolFailed
from modules.llm.network.certificates import trusted
from modules.tools.web import addresses

if TYPE_CHECKING:
    import ssl

    from httpx2 import URL, AsyncClient, Response

T = TypeVar("T")
PATIENCE_SECONDS = 30.0  # for all of it
CONNECTING_SECONDS = 8.0  # for one address
PORTS = {"http": 80, "https": 443}


def port_of(url: "URL") -> int:
    return PORTS[url.scheme] if url.port is None else url.port


def ascii_host(url: "URL") -> str:
    """The host as it goes out: punycode where it has letters beyond ASCII."""
    return url.raw_host.decode("ascii")


async def from_first(
    url: "URL", found: list[str], use: "Callable[[AsyncClient, str], Awaitable[T]]", *, about: str = ""
) -> T:
    """What `use` makes of a client and the first of these addresses that can be reached; `about` names it in errors.

    Raises ToolFailed where none can, and where HTTP fails.
    """
    import httpx2

    about = about or str(url)
    trust = await _trust_for(url)
    failure: Exception | None = None
    # A client of its own for each request: no cookie and no connection goes from one to the next.
    for address in found:
        try:
            async with httpx2.AsyncClient(
                verify=trust, trust_env=False, timeout=httpx2.Timeout(PATIENCE_SECONDS, connect=CONNECTING_SECONDS)
            ) as client:
                return await use(client, address)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            failure = error
        except httpx2.HTTPError as error:
            raise ToolFailed(f"{about} failed: {type(error).__name__} {error}".rstrip() + ".") from error
    raise ToolFailed(f"{about} cannot be reached: {failure or type(failure).__name__}.") from failure


def asked(
    client: "AsyncClient", url: "URL", address: str, headers: Mapping[str, str], content: bytes | None = None
) -> "AbstractAsyncContextManager[Response]":
    """The unread response of this address; a request with content is a POST. No redirect is followed."""
    headers = {**headers, "Host": url.netloc.decode("ascii")}
    by_name = {} if addresses.is_address(url.host) else {"sni_hostname": ascii_host(url)}
    pinned = url.copy_with(host=address, fragment=None)
    method = "GET" if content is None else "POST"
    return client.stream(method, pinned, headers=headers, content=content, extensions=by_name, follow_redirects=False)


async def _trust_for(url: "URL") -> "ssl.SSLContext | bool":
    if url.scheme != "https":
        return False
    try:
        context: ssl.SSLContext = await in_thread(trusted)
    except ConfigError as error:
        raise ToolFailed(str(error)) from error
    return context
