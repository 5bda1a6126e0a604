"""OAuth with the SDK's own client: what a login has left is sent along and renewed; no request begins a login."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx2
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import (
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthMetadata,
    OAuthToken,
    ProtectedResourceMetadata,
)
from pydantic import AnyUrl

from modules.config import APP
from modules.mcp.authorization.login_file import LoginFile
from modules.mcp.configuration.server_config import Login, ServerConfig

REDIRECT = "http://127.0.0.1/callback"  # where a login that is only renewed would come back to


class Storage:
    """Where the SDK keeps tokens and its registration. One that is `fresh` has none yet."""

    def __init__(self, entry: ServerConfig, file: LoginFile, *, fresh: bool = False) -> None:
        self._url = entry.url
        self._login = entry.login
        self._file = file
        self._fresh = fresh
        self._client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        tokens = {} if self._fresh else self._file.read(self._url).tokens
        return OAuthToken.model_validate(tokens) if tokens else None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self._fresh = False
        self._file.renew(self._url, tokens.model_dump(mode="json", exclude_none=True))

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        client = {} if self._fresh else self._file.read(self._url).client
        return OAuthClientInformationFull.model_validate(client) if client else _registered(self._login)

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self._client = client_info


def metadata_of(login: Login, redirect: str) -> OAuthClientMetadata:
    """How this program presents itself."""
    return OAuthClientMetadata(
        client_name=APP.capitalize(), redirect_uris=[AnyUrl(redirect)], scope=login.scope or None
    )


def _registered(login: Login) -> OAuthClientInformationFull | None:
    """The client that the entry names, where the server registers none by itself."""
    if not login.client_id:
        return None
    secret = login.client_secret or None
    return OAuthClientInformationFull(
        client_id=login.client_id,
        client_secret=secret,
        token_endpoint_auth_method="client_secret_post" if secret else "none",
    )


class Returning(OAuthClientProvider):
    """Sends the token of the last login along, and renews it when it has ended, or is refused.

    The SDK itself forgets when a token ends and where it is renewed, and would begin a login in the middle of a call.
    """

    def __init__(self, entry: ServerConfig, file: LoginFile) -> None:
        super().__init__(entry.url, metadata_of(entry.login, REDIRECT), Storage(entry, file))
        self._url = entry.url
        self._file = file

    async def _auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        async with self.context.lock:
            await self._load_registration()
            if not self.context.is_token_valid() and self.context.can_refresh_token():
                await self._handle_refresh_response((yield await self._refresh_token()))
        sent = self._token
        self._add_auth_header(request)
        response = yield request
        if response.status_code != 401 or not sent:
            return
        async with self.context.lock:
            await self._load_registration()
            if self._token == sent:  # nobody else has renewed it meanwhile
                if not self.context.can_refresh_token():
                    return
                await self._handle_refresh_response((yield await self._refresh_token()))
        request.headers.pop("Authorization", None)
        self._add_auth_header(request)
        yield request  # also without a token: what came last is the answer, and must be that of the server

    @property
    def _token(self) -> str:
        tokens = self.context.current_tokens
        return tokens.access_token if tokens is not None else ""

    async def _load_registration(self) -> None:
        """Take what the file says now: another run may have renewed the token, which ends the one before."""
        kept = self._file.read(self._url)
        await self._initialize()
        self.context.token_expiry_time = kept.expires or None
        self.context.oauth_metadata = OAuthMetadata.model_validate(kept.server) if kept.server else None
        resource = kept.resource
        self.context.protected_resource_metadata = (
            ProtectedResourceMetadata.model_validate(resource) if resource else None
        )


def as_json(model: Any) -> dict[str, Any]:
    """A model of the SDK as JSON; {} for None."""
    found: dict[str, Any] = {} if model is None else model.model_dump(mode="json", exclude_none=True)
    return found
