"""A request given to an SDK's own method, as anyone would send it, through the client of one of our services."""

from contextlib import AbstractAsyncContextManager
from typing import Any

from modules.llm.base import BaseService
from modules.llm.parts import Wire

HISTORY = ("messages", "input", "tools")  # what of a body grows


def create(service: BaseService, body: Wire, *given: str) -> AbstractAsyncContextManager[Any]:
    """The response, unread. `given` goes in as the method's parameters and all else as `extra_body`."""
    client = getattr(service, "client", None) or service._client  # type: ignore[attr-defined]  # each has its own type
    extra = {key: value for key, value in body.items() if key not in given}
    own: dict[str, Any] = {key: body[key] for key in given if key in body}
    headers = getattr(service, "headers", None) or getattr(service, "_headers", {})
    match service.provider.dialect:
        case "anthropic-messages":
            own = {"model": body["model"], "max_tokens": body["max_tokens"], "messages": []} | own
            method = client.messages.with_streaming_response.create
        case "openai-responses":
            method = client.responses.with_streaming_response.create
        case _:
            own = {"model": body["model"], "messages": []} | own
            method = client.chat.completions.with_streaming_response.create
    response: AbstractAsyncContextManager[Any] = method(**own, stream=True, extra_body=extra, extra_headers=headers)
    return response
