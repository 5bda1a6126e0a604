"""Google's SDK in the shape in which the SDKs' clients are used here: a URL and a body in, the unread response out."""

import logging
from typing import Any

import httpx2
from google import genai
from google.genai._api_client import HttpRequest
from google.genai.types import HttpOptions

from modules.config import Key
from modules.daemon_thread import in_thread
from modules.llm.conversion.wire_json import WireBody
from modules.llm.http.http_client import client_options
from modules.llm.models import Provider

KEY_HEADER = "x-goog-api-key"
NO_KEY = "none"  # the SDK insists on one; it is not sent


class SdkClient:
    """Sends what `HttpService` gives it. Raises the SDK's APIError, and what httpx2 raises.

    The SDK makes the headers, key and versions among them, sends through the HTTP client that it is given, and reads
    the status. Its public methods cannot be used for more: they take and give pydantic models, which drop what they do
    not know and encode signatures anew, while a turn has to go back exactly as it came; and they read a stream to its
    end without a word when it was cut. So the one method below all of them is called, with a body that is bytes.
    """

    def __init__(self, provider: Provider, key: Key | None, idle_timeout: float) -> None:
        # It says in the terminal that two keys are set, where only the one that it is given matters.
        logging.getLogger("google_genai").addHandler(logging.NullHandler())
        options = client_options(httpx2, provider, idle_timeout)
        self._client = options["http_client"]
        sdk = genai.Client(
            vertexai=False,  # whatever the environment says
            api_key=key.value if key else NO_KEY,
            http_options=HttpOptions(
                base_url=provider.base_url,
                headers=options["default_headers"],
                httpx_async_client=self._client,
                httpx_client=httpx2.Client(trust_env=False, verify=False),  # else it makes one, with certificates
            ),
        )
        self._api = sdk._api_client
        self._keep = sdk  # it closes what it has when it is collected
        self._headers: dict[str, str] = dict(self._api.get_read_only_http_options()["headers"])
        if key is None:
            del self._headers[KEY_HEADER]

    async def post(self, url: str, *, content: bytes | WireBody, options: dict[str, Any], **_: Any) -> Any:
        """The response to this JSON, unread; the SDK takes it in one piece only."""
        whole = content if isinstance(content, bytes) else await in_thread(lambda: content.text)
        return await self._send("post", url, whole, options)

    async def get(self, url: str, *, options: dict[str, Any], **_: Any) -> Any:
        """The response at this URL, unread."""
        query = options.get("params") or {}
        return await self._send("get", str(httpx2.URL(url, params=query)) if query else url, b"", options)

    async def close(self) -> None:
        await self._client.aclose()

    async def _send(self, method: str, url: str, content: bytes, options: dict[str, Any]) -> Any:
        headers = {**self._headers, **options["headers"]}
        # Where nothing is said of time, the HTTP client's own limits hold; None would be no limit.
        limits = options.get("timeout", httpx2.USE_CLIENT_DEFAULT)
        request = HttpRequest(method=method, url=url, headers=headers, data=content, timeout=limits)
        response = await self._api._async_request(request, stream=True)
        return response.response_stream
