"""A login with a server: the browser asks the person, and comes back to a port of this machine with the answer."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp.client.auth import OAuthClientProvider, OAuthFlowError, OAuthRegistrationError
from mcp.shared.auth import AuthorizationCodeResult
from msgspec.structs import replace
from pydantic import ValidationError

from modules.config import APP, VERSION
from modules.errors import ToolFailed
from modules.mcp.authorization.login_file import LoginFile
from modules.mcp.authorization.oauth import Storage, as_json, metadata_of
from modules.mcp.configuration.server_config import ServerConfig, is_loopback
from modules.mcp.transport.clients import client_of, quiet
from modules.mcp.transport.refusals import fault_of
from modules.text.plain_words import one_line

PATIENCE_SECONDS = 300.0  # for the person in the browser
HEAD_BYTES = 16 * 1024  # of what the browser brings
GREETING = (
    '{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18", '
    f'"capabilities": {{}}, "clientInfo": {{"name": "{APP}", "version": "{VERSION}"}}}}}}'
)

Show = Callable[[str, int], Awaitable[None]]  # given the URL to open, and the port that the browser comes back to


async def log_in(entry: ServerConfig, file: LoginFile, show: Show) -> None:
    """Have the person log in, and keep what comes of it. Raises ToolFailed with what went wrong."""
    quiet()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            async with _Return(entry.login.redirect) as back:
                await _flow(entry, file, back, show)
    except TimeoutError as error:
        raise ToolFailed(f"Nobody has logged in within {PATIENCE_SECONDS / 60:g} minutes.") from error
    except OAuthRegistrationError as error:
        raise ToolFailed(
            f"The server gives no client id to this program: {one_line(str(error))}. "
            'One that you have got from it stands in its entry as "oauth": {"clientId": …}.'
        ) from error
    except (OAuthFlowError, ValidationError) as error:
        raise ToolFailed(f"The login did not come about: {one_line(str(error)).rstrip('.')}.") from error
    except httpx2.HTTPError as error:
        raise ToolFailed(f"The login did not come about: the server {fault_of(error).words}.") from error
    except OSError as error:
        raise ToolFailed(f"The login did not come about: {error.strerror or error}.") from error


async def _flow(entry: ServerConfig, file: LoginFile, back: "_Return", show: Show) -> None:
    async def redirect(url: str) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise OAuthFlowError("the server names no web page for the login")
        back.state = parse_qs(urlsplit(url).query).get("state", [""])[0]
        await show(url, back.port)

    provider = OAuthClientProvider(
        entry.url, metadata_of(entry.login, back.url), Storage(entry, file, fresh=True), redirect, back.arrived
    )
    head = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    async with client_of(entry) as client:
        first = client.build_request("POST", entry.url, content=GREETING, headers=head)
        flow = provider.async_auth_flow(first)
        try:
            outgoing = await anext(flow)
            response = await client.send(outgoing, auth=None)
            if response.status_code not in (401, 403):  # it lets anybody in at first, and asks later
                response = httpx2.Response(401, request=first)
            while (outgoing := await flow.asend(response)) is not first:
                response = await _asked(client, outgoing, entry)
        except StopAsyncIteration:
            pass
        finally:
            await flow.aclose()
    context = provider.context
    if context.current_tokens is None:
        raise OAuthFlowError("the server has given out no token")
    kept = replace(
        file.read(entry.url),
        client=as_json(context.client_info),
        server=as_json(context.oauth_metadata),
        resource=as_json(context.protected_resource_metadata),
    )
    file.write(kept)


async def _asked(client: httpx2.AsyncClient, request: httpx2.Request, entry: ServerConfig) -> httpx2.Response:
    """Send what the login takes, to whatever host the server names: over https, or to this machine from itself."""
    url = request.url
    if url.scheme != "https" and not (url.scheme == "http" and entry.is_local and is_loopback(url.host)):
        raise OAuthFlowError(f"the server names {one_line(f'{url.scheme}://{url.host}')}, which is no https")
    return await client.send(request, auth=None, follow_redirects=False)


class _Return:
    """The port to which the browser comes back, as long as it is entered. Only the answer to `state` is taken."""

    def __init__(self, redirect: str) -> None:
        self._wanted = urlsplit(redirect or "http://127.0.0.1:0/callback")
        self._done: asyncio.Future[AuthorizationCodeResult] = asyncio.get_running_loop().create_future()
        self.state = ""
        self.port = self._wanted.port or 0
        self.url = redirect

    async def __aenter__(self) -> "_Return":
        self._server = await asyncio.start_server(self._take, self._wanted.hostname, self.port, limit=HEAD_BYTES)
        if not self.url:
            self.port = self._server.sockets[0].getsockname()[1]
            self.url = f"http://127.0.0.1:{self.port}{self._wanted.path}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def arrived(self) -> AuthorizationCodeResult:
        """What the browser has brought."""
        return await self._done

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10):
                line = (await reader.readline()).decode("latin-1").split()
                while (await reader.readline()).strip():
                    pass
                status, words = self._read(line[1] if len(line) == 3 and line[0] == "GET" else "")
                body = f"{words}\n".encode()
                head = f"HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {len(body)}"
                writer.write(f"{head}\r\nconnection: close\r\ncache-control: no-store\r\n\r\n".encode() + body)
                await writer.drain()
        except (OSError, ValueError, TimeoutError):
            return  # a browser that goes, or something that is none
        finally:
            writer.close()

    def _read(self, target: str) -> tuple[str, str]:
        """What to answer to a request for this; takes the answer to the login where it is that."""
        place = urlsplit(target)
        given = {key: values[0] for key, values in parse_qs(place.query).items()}
        if place.path != self._wanted.path or not self.state or given.get("state") != self.state or self._done.done():
            return "404 Not Found", "There is nothing here."
        if code := given.get("code"):
            self._done.set_result(AuthorizationCodeResult(code=code, state=self.state, iss=given.get("iss")))
            return "200 OK", "You are logged in. This page may be closed."
        why = given.get("error_description") or given.get("error") or "no reason was given"
        self._done.set_exception(OAuthFlowError(f"the server refused: {one_line(why)}"))
        return "200 OK", "The login was refused. This page may be closed."
