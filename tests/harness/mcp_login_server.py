"""An MCP server that wants a login, with the SDK's own server side of OAuth, on loopback and in a thread."""

import secrets
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    OAuthAuthorizationServerProvider,
    RefreshToken,
    construct_redirect_uri,
)
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken


class Guard(OAuthAuthorizationServerProvider[AuthorizationCode, RefreshToken, AccessToken]):
    """Lets everybody in at once who comes with a browser; counts what it gives out. `lasting` is in seconds."""

    def __init__(self) -> None:
        self.url = ""
        self.lasting = 3600
        self.denies = False
        self.clients: dict[str, OAuthClientInformationFull] = {}
        self.codes: dict[str, AuthorizationCode] = {}
        self.refreshing: dict[str, RefreshToken] = {}
        self.tokens: dict[str, AccessToken] = {}
        self.renewed = 0

    def revoke_all(self) -> None:
        self.tokens.clear()

    async def get_client(self, client_id: str) -> OAuthClientInformationFull | None:
        return self.clients.get(client_id)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        self.clients[client_info.client_id] = client_info

    async def authorize(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> str:
        if self.denies:
            return construct_redirect_uri(str(params.redirect_uri), error="access_denied", state=params.state)
        code = AuthorizationCode(
            code=secrets.token_hex(16),
            scopes=params.scopes or [],
            expires_at=time.time() + 60,
            client_id=client.client_id,
            code_challenge=params.code_challenge,
            redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly,
            resource=params.resource,
        )
        self.codes[code.code] = code
        return construct_redirect_uri(str(params.redirect_uri), code=code.code, state=params.state)

    async def load_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: str
    ) -> AuthorizationCode | None:
        return self.codes.get(authorization_code)

    async def exchange_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: AuthorizationCode
    ) -> OAuthToken:
        del self.codes[authorization_code.code]
        return self.give(client.client_id, authorization_code.scopes, authorization_code.resource)

    async def load_refresh_token(self, client: OAuthClientInformationFull, refresh_token: str) -> RefreshToken | None:
        return self.refreshing.get(refresh_token)

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: RefreshToken, scopes: list[str]
    ) -> OAuthToken:
        del self.refreshing[refresh_token.token]
        self.renewed += 1
        return self.give(client.client_id, scopes, refresh_token.resource)

    async def load_access_token(self, token: str) -> AccessToken | None:
        return self.tokens.get(token)

    async def revoke_token(self, token: AccessToken | RefreshToken) -> None:
        self.tokens.pop(token.token, None)

    def give(self, client: str, scopes: list[str], resource: str | None) -> OAuthToken:
        one, other = secrets.token_hex(16), secrets.token_hex(16)
        self.tokens[one] = AccessToken(token=one, client_id=client, scopes=scopes, resource=resource)
        self.refreshing[other] = RefreshToken(token=other, client_id=client, scopes=scopes, resource=resource)
        return OAuthToken(access_token=one, expires_in=self.lasting, refresh_token=other, scope=" ".join(scopes))


@contextmanager
def guarded() -> Iterator[Guard]:
    """Such a server, which runs in a thread of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    guard = Guard()
    guard.url = f"{base}/mcp"
    settings: Any = {
        "issuer_url": base,
        "resource_server_url": guard.url,
        "client_registration_options": ClientRegistrationOptions(enabled=True),
        "validate_token_resource": True,
    }
    served = MCPServer("guarded", auth_server_provider=guard, auth=AuthSettings(**settings))

    @served.tool()
    def add(a: int, b: int) -> int:
        """Adds two numbers."""
        return a + b

    server = uvicorn.Server(
        uvicorn.Config(served.streamable_http_app(), log_config=None, ws="none", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield guard
    finally:
        server.should_exit = True
        thread.join()


def browse(url: str) -> str:
    """What a person does: open the page, and be sent back. Returns the words of the last page."""
    with urllib.request.urlopen(url) as page:
        words: str = page.read().decode()
    return words
