"""A client for an API without an SDK: httpx or httpx2 alone, in the shape in which the SDKs' clients are used here."""

from types import ModuleType
from typing import Any

from modules.llm.conversion.wire_json import WireBody
from modules.llm.http.http_client import HEADERS, client_options
from modules.llm.models import Provider


class PlainClient:
    """Sends what `HttpService` gives it. `http` is the library, and the only errors are those of `http_errors(http)`.

    A failure's body is read, within the bounds of `unpacking`, before its HTTPStatusError is raised. `client` is one
    that an SDK has made, where the SDK's own methods would read the answer.
    """

    def __init__(self, http: ModuleType, provider: Provider, idle_timeout: float, client: Any = None) -> None:
        self._client = client or client_options(http, provider, idle_timeout)["http_client"]
        self._headers = HEADERS

    async def post(self, url: str, *, content: bytes | WireBody, options: dict[str, Any], **_: Any) -> Any:
        """The response to this JSON, unread. Raises HTTPStatusError for a status that is no success."""
        return await self._send("POST", url, options, content=content)

    async def get(self, url: str, *, options: dict[str, Any], **_: Any) -> Any:
        """The response at this URL, unread. Raises as `post` does."""
        return await self._send("GET", url, options)

    async def close(self) -> None:
        await self._client.aclose()

    async def _send(self, method: str, url: str, options: dict[str, Any], **body: Any) -> Any:
        kind = {"Content-Type": "application/json"} if body else {}
        given = {name: options[name] for name in ("params", "timeout") if options.get(name)}
        headers = {**self._headers, **kind, **options["headers"]}
        request = self._client.build_request(method, url, headers=headers, **given, **body)
        response = await self._client.send(request, stream=True)
        if response.is_success:
            return response
        try:
            await response.aread()
        finally:
            await response.aclose()
        response.raise_for_status()
        return response
