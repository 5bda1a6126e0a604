"""Error bodies, headers and wording, in each provider's shape."""

from typing import Any

from tests.wire.answers import Status
from tests.wire.facts import Dialect
from tests.wire.sse import dumps, new_id

_ANTHROPIC_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_OPENAI_KINDS = {403: "permission_error", 429: "rate_limit_error", 500: "server_error", 503: "server_error"}
_GOOGLE_KINDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_MESSAGES = {
    401: "invalid x-api-key",
    403: "Your account may not use this model.",
    429: "This request would exceed your rate limit.",
    500: "Internal server error",
    503: "Service unavailable",
    529: "Overloaded",
}


def page(status: int) -> bytes:
    """Give the kind of page a proxy puts in place of an API's answer."""
    head = f"<head><title>{status} Bad Gateway</title></head>"
    return f"<html>{head}<body><center><h1>{status} Bad Gateway</h1></center></body></html>\n".encode()


def error_object(dialect: Dialect, status: Status) -> dict[str, Any]:
    """Give the error as it stands inside the envelope, or alone in an event of a stream."""
    message = status.message or _MESSAGES.get(status.status, f"Error {status.status}")
    if dialect == "gemini":
        kind = status.code or _GOOGLE_KINDS.get(status.status, "UNKNOWN")
        return {"code": status.status, "message": message, "status": kind}
    if dialect == "anthropic":
        return {"type": status.kind or _ANTHROPIC_KINDS.get(status.status, "api_error"), "message": message}
    kind = status.kind or _OPENAI_KINDS.get(status.status, "invalid_request_error")
    error: dict[str, Any] = {"message": message, "type": kind}
    if dialect != "groq":
        error["param"] = status.param
    if status.code or dialect != "groq":
        error["code"] = status.code
    return error


def error_response(dialect: Dialect, status: Status) -> tuple[dict[str, str], bytes]:
    """Give headers and body of an error response."""
    request_id = new_id("req_01", 22)
    headers = {"content-type": "application/json"}
    headers["request-id" if dialect == "anthropic" else "x-request-id"] = request_id
    if status.retry_after is not None:
        headers["retry-after"] = status.retry_after
    if status.html:
        headers["content-type"] = "text/html; charset=utf-8"
        body = page(status.status)
    elif status.body is not None:
        body = status.body.encode()
    elif dialect == "anthropic":
        error = error_object(dialect, status)
        body = dumps({"type": "error", "error": error, "request_id": request_id})
    elif dialect == "ollama":
        body = dumps({"error": error_object(dialect, status)["message"]})
    else:
        body = dumps({"error": error_object(dialect, status)})
    return {**headers, **(status.headers or {})}, body


def unauthorized(dialect: Dialect, given: bool) -> Status:
    """Word a 401: no key, or a wrong one."""
    if dialect == "anthropic":
        return Status(401, message="invalid bearer token" if given else "x-api-key header is required")
    if dialect == "gemini" and not given:
        words = "Method doesn't allow unregistered callers (callers without established identity)."
        return Status(
            403, message=f"{words} Please use API Key or other form of API consumer identity to call this API."
        )
    if dialect == "gemini":
        return Status(400, message="API key not valid. Please pass a valid API key.")
    if dialect == "groq":
        return Status(401, message="Invalid API Key", code="invalid_api_key")
    if dialect == "ollama":
        return Status(401, message="unauthorized")
    message = "Incorrect API key provided: ****." if given else "You didn't provide an API key."
    return Status(401, message=message, code="invalid_api_key" if given else None)


def unknown_model(dialect: Dialect, model: object) -> Status:
    """Word a 404 for a model that this endpoint does not have."""
    match dialect:
        case "anthropic":
            return Status(404, message=f"model: {model}")
        case "gemini":
            message = (
                f"models/{model} is not found for API version v1beta, or is not supported for generateContent. Call"
                " ModelService.ListModels to see the list of available models and their supported methods."
            )
            return Status(404, message=message)
        case "groq":
            message = f"The model `{model}` does not exist or you do not have access to it."
            return Status(404, message=message, code="model_not_found")
        case "ollama":
            return Status(404, message=f"model '{model}' not found")
        case _:
            message = f"The model '{model}' does not exist or you do not have access to it."
            return Status(404, message=message, code="model_not_found")


def unknown_route(dialect: Dialect, method: str, path: str) -> Status:
    """Word a 404 for a path that this endpoint does not have."""
    match dialect:
        case "anthropic":
            return Status(404, message="Not Found")
        case "gemini":
            page = "<title>Error 404 (Not Found)!!1</title>"
            return Status(404, body=page, headers={"content-type": "text/html; charset=UTF-8"})
        case "groq":
            message = f"Unknown request URL: {method} {path}. Please check the URL for typos."
            return Status(404, message=message, code="unknown_url")
        case "ollama":
            return Status(404, body="404 page not found", headers={"content-type": "text/plain"})
        case _:
            return Status(404, message=f"Invalid URL ({method} {path})")


def refused(dialect: Dialect, broken: list[str]) -> Status:
    """Word the 400 for a request that breaks rules: the first rule, without its id."""
    _, _, message = broken[0].partition(": ")
    code = "invalid_encrypted_content" if "could not be verified" in message else None
    if dialect == "gemini":
        return Status(400, message=message)
    too_large = broken[0].startswith("A9:") and dialect == "groq"
    return Status(413 if too_large else 400, kind="invalid_request_error", message=message, code=code)
