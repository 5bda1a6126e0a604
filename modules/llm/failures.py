"""What a provider's failure means: one classification for every SDK, total by construction.

The SDKs share names and shapes but not details: bodies wrapped or not, errors inside a stream with status 200,
causes hidden two exceptions deep. Everything is read by attribute here, so no SDK is imported.
"""

import json
import re
import traceback
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from modules import errors
from modules.config import Key
from modules.llm.models import Model, Provider
from modules.llm.report import Report, inner, read_report, short
from modules.llm.transport_failures import between, in_between, transport

RETRY = "/retry asks again, /model asks another."
QUOTA_CODES = {"insufficient_quota", "enforced_spend_limit_reached", "contract_spend_limit_reached", "billing_error"}
CONTEXT = re.compile(
    r"prompt is too long|context[ _](length|window)|maximum context|too many (input )?tokens|reduce the length", re.I
)
BY_STATUS: dict[int, tuple[type[errors.ProviderError], str]] = {
    400: (errors.RequestRefused, "/undo takes the turn back, /model asks another."),
    403: (errors.PermissionDenied, "Check what the key may use, or /model to go on elsewhere."),
    408: (errors.ServerFailed, RETRY),
    413: (errors.RequestTooLarge, "Send less at once, or /undo the turn that made it large."),
    429: (errors.RateLimited, RETRY),
    498: (errors.Overloaded, RETRY),
    500: (errors.ServerFailed, RETRY),
    503: (errors.Overloaded, RETRY),
    529: (errors.Overloaded, RETRY),
}
UNREADABLE = re.compile(
    r"bound to a different|invalid `?(signature|data)`?|invalid_encrypted_content|could not be verified"
    r"|required following item|required 'reasoning' item|item with id 'rs_|cannot be modified",
    re.I,
)
UNKNOWN_FIELD = re.compile(
    r"property '(\w+)' is unsupported|unknown field[: ]+[`'\"]?(\w+)|(\w+): Extra inputs"
    r"|(?:unknown|unsupported|unrecognized) parameter: [`'\"](\w+)[`'\"]|(tool_choice)\W+(?:none\W+)?is not supported",
    re.I,
)
NO_IMAGES = re.compile(
    r"(not|n't) support (image|vision|multimodal)|support (image|vision) input|unknown variant `image_url`"
    r"|image(_url| inputs?|s)?`? (is|are) not (supported|enabled|allowed)|not a (vision|multimodal) model"
    r"|content`? must be a string|unsupported content type.{0,20}image",
    re.I,
)
NO_TOOLS = re.compile(
    r"(not|n't) support (the use of )?(tool|function)s?([ _-]?(use|calls?|calling))?\b(?![ _-]?choice)"
    r"|found that support tool use|tool choice requires --enable|tools param requires"
    r"|\b(tools|(tool|function)[ _-]?(use|calls?|calling))[`'\"]? (is|are) (not (supported|enabled)|unsupported)"
    r"|(unknown|unsupported) (parameter|field):? [`'\"]?tools\b|property 'tools' is unsupported|\btools: Extra inputs",
    re.I,
)
STREAM_STATUS = {
    "overloaded_error": 529,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "authentication_error": 401,
    "permission_error": 403,
    "billing_error": 402,
    "not_found_error": 404,
    "invalid_request_error": 400,
    "request_too_large": 413,
    "tool_use_failed": 400,
}


def translate(error: BaseException, provider: Provider, model: Model | None, key: Key | None) -> errors.ProviderError:
    """Our error for anything that an SDK or its HTTP library raised."""
    status = getattr(error, "status_code", None)
    body = getattr(error, "body", None)
    if isinstance(status, int) and status >= 300:
        headers: Mapping[str, str] = getattr(getattr(error, "response", None), "headers", None) or {}
        if (stranger := in_between(status, body, headers, provider)) is not None:
            return stranger
        report = read_report(status, body, headers)
        return classify(report, provider, model, key)
    if isinstance(body, dict):
        return in_stream(body, provider, model, key)
    return transport(error, provider)


def in_stream(
    body: Mapping[str, Any], provider: Provider, model: Model | None, key: Key | None
) -> errors.ProviderError:
    """Our error for an error event inside a stream, which has no status of its own."""
    report = read_report(0, body, {})
    status = STREAM_STATUS.get(report.kind) or STREAM_STATUS.get(report.code)
    if status is None:
        number = str(inner(body).get("code", ""))
        status = int(number) if re.fullmatch(r"[45]\d\d", number) else 500
    return classify(replace(report, status=status), provider, model, key)


def classify(report: Report, provider: Provider, model: Model | None, key: Key | None) -> errors.ProviderError:
    """Our error for a report; the order of the tests matters, since one status has several meanings."""
    name = model.full_name if model else provider.title
    said = f" {provider.title} says: {_sentence(report.message)}" if report.message else ""
    kind, cure = _kind(report, provider, model, key)
    field = _unknown_field(report) if kind is errors.RequestRefused else ""
    if field:
        kind = errors.FieldRefused
    elif kind is errors.RequestRefused and report.generation:
        kind = errors.ToolCallFailed
    messages = {
        errors.AuthenticationFailed: f"{provider.title} refused the key.{said}",
        errors.PermissionDenied: f"{provider.title} does not allow this.{said}",
        errors.QuotaExhausted: f"The account at {provider.title} has no credit left for this.{said}",
        errors.ModelUnavailable: f"{provider.title} has no model {model.id if model else ''}.{said}",
        errors.EndpointNotFound: f"There is no such API at {provider.base_url}.{said}",
        errors.ContextOverflow: f"The conversation does not fit the window of {name}.{said}",
        errors.RequestTooLarge: f"The request is too large for {name}.{said}",
        errors.RateLimited: f"{provider.title} limits the rate of requests.{said}",
        errors.Overloaded: f"{provider.title} is overloaded.{said}",
        errors.ServerFailed: f"{provider.title} failed with status {report.status}.{said}",
        errors.ProtocolError: f"{provider.host} answered with status {report.status}.{said}",
        errors.RequestRefused: f"{provider.title} refused the request ({report.status}).{said}",
        errors.ReasoningUnreadable: f"{provider.title} cannot take back earlier reasoning.{said}",
        errors.FieldRefused: f"{provider.title} does not know the field {field}.{said}",
        errors.ImagesRefused: f"{name} takes no images.{said}",
        errors.ToolsRefused: f"{name} takes no tools.{said}",
        errors.ToolCallFailed: f"{provider.title} could not read the tool call of {name}.{said}",
    }
    error = kind(
        messages[kind],
        cure=cure,
        status=report.status,
        retry_after=report.retry_after,
        request_id=report.request_id,
    )
    if isinstance(error, errors.FieldRefused):
        error.field = field
    if isinstance(error, errors.ToolCallFailed):
        error.generation = report.generation
    return error


def _unknown_field(report: Report) -> str:
    found = UNKNOWN_FIELD.search(report.message)
    return next((name for name in found.groups() if name), "") if found else ""


def _kind(
    report: Report, provider: Provider, model: Model | None, key: Key | None
) -> tuple[type[errors.ProviderError], str]:
    # "Too many tokens" with a 429 is about a minute, not about the window.
    if "context_length_exceeded" in (report.code, report.kind) or (
        report.status != 429 and CONTEXT.search(report.message)
    ):
        return errors.ContextOverflow, "/model to one with a larger window, /undo a turn, or /new."
    if report.status == 402 or report.code in QUOTA_CODES or report.kind in QUOTA_CODES:
        return errors.QuotaExhausted, "Add credit there, or /model to go on elsewhere."
    if report.status in (400, 404) and UNREADABLE.search(f"{report.code} {report.message}"):
        return errors.ReasoningUnreadable, "/retry goes on without it."
    if report.status in (400, 404, 415, 422) and NO_IMAGES.search(report.message):
        return errors.ImagesRefused, "/model to one that sees, or ask without the image."
    if report.status in (400, 404, 422, 500, 501) and NO_TOOLS.search(report.message):
        return errors.ToolsRefused, "/tools off, or /model to one that takes them."
    if report.status == 401:
        source = f"Check {key.source}" if key else "Set a key"
        page = f"; keys come from {provider.key_page}" if provider.key_page else ""
        return errors.AuthenticationFailed, f"{source}{page}."
    if report.status == 404 and _names_model(report):
        return errors.ModelUnavailable, f"/models {provider.name} --refresh lists what it has."
    if report.status == 404:
        return errors.EndpointNotFound, f"Check {provider.address_source}."
    if report.status < 400:
        return errors.ProtocolError, f"Check {provider.address_source}: redirects are not followed."
    if report.status in BY_STATUS:
        return BY_STATUS[report.status]
    return BY_STATUS[500] if report.status >= 500 else BY_STATUS[400]


def no_events(provider: Provider, content_type: str) -> errors.ProviderError:
    """The error for an answer that held no event at all."""
    return errors.ProtocolError(
        f"{provider.host} answered with nothing that this program can read ({content_type or 'no content type'}).",
        cure=f"Check {provider.address_source}, and {between(provider)}.",
    )


def not_a_stream(provider: Provider, content_type: str, body: bytes) -> errors.ProviderError:
    """The error for a good status with a body that is no stream: an error in JSON, or some proxy's page."""
    try:
        said = inner(json.loads(body)).get("message", "")
    except (ValueError, RecursionError):
        said = body.decode(errors="replace")
    error = no_events(provider, content_type)
    error.message += f" It says: {_sentence(short(str(said)))}" if said else ""
    return error


def hush(error: errors.ParlanceError, key: Key | None) -> None:
    """Take the key out of an error's words: some servers repeat what they were sent."""
    if key is not None and key.value in error.message:
        error.message = error.message.replace(key.value, "…")
        error.args = (error.message,)


def shows(error: BaseException, key: Key | None) -> bool:
    """Whether a traceback of this error would show the key."""
    return key is not None and key.value in "".join(traceback.format_exception(error))


def _names_model(report: Report) -> bool:
    return report.code == "model_not_found" or "model" in report.message.lower()


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
