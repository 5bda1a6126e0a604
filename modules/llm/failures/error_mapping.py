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
from modules.llm.dialects import about
from modules.llm.failures import error_words
from modules.llm.failures.error_report import Report, read_report
from modules.llm.failures.raised_error import read_raised
from modules.llm.failures.transport_failures import between, in_between, transport
from modules.llm.models import Model, Provider

RETRY = "Ask again."  # the chat and a pipe say how
CHECK_URL = "Check {source}."
# What a status means where the words say nothing.
BY_STATUS: dict[int, type[errors.ProviderError]] = {
    401: errors.AuthenticationFailed,
    402: errors.QuotaExhausted,
    403: errors.PermissionDenied,
    404: errors.EndpointNotFound,
    408: errors.ServerFailed,
    413: errors.RequestTooLarge,
    429: errors.RateLimited,
    498: errors.Overloaded,
    503: errors.Overloaded,
    529: errors.Overloaded,
}
# What to say, and what helps in any place; {name} is the model's or the provider's name.
SENTENCES: dict[type[errors.ProviderError], tuple[str, str]] = {
    errors.AuthenticationFailed: ("{title} refused the key.", ""),
    errors.PermissionDenied: ("{title} does not allow this.", "Check what the key may use."),
    errors.NotVerified: ("{title} wants the organisation verified first.", "Verify it there."),
    errors.RegionRefused: ("{title} does not serve the place where this request comes from.", "Check the network."),
    errors.QuotaExhausted: ("The account at {title} has no credit left for this.", "Add credit there."),
    errors.ModelUnavailable: ("{title} has no model {id}.", "Check which models it has."),
    errors.EndpointNotFound: ("There is no such API at {url}.", CHECK_URL),
    errors.ContextOverflow: (
        "The conversation does not fit the window of {name}.",
        "Ask a model with a larger window.",
    ),
    errors.OutputLimitRefused: ("{name} does not give so long an answer.", "Ask for a shorter one."),
    errors.RequestTooLarge: ("The request is too large for {name}.", "Send less at once."),
    errors.OverRateLimit: ("This one request is larger than what {title} allows in a minute.", "Send less at once."),
    errors.RateLimited: ("{title} limits the rate of requests.", RETRY),
    errors.DailyLimit: (
        "The limit of {title} for the day, week or month is used up.",
        "Ask again when it starts anew.",
    ),
    errors.Overloaded: ("{title} is overloaded.", RETRY),
    errors.ModelLoading: ("{title} is still loading the model.", RETRY),
    errors.ServerFailed: ("{title} failed{status}.", RETRY),
    errors.ProtocolError: ("{host} answered{status}.", f"{CHECK_URL} Redirects are not followed."),
    errors.RequestRefused: ("{title} refused the request{number}.", "Ask in another way, or another model."),
    errors.ReasoningUnreadable: ("{title} cannot take back earlier reasoning.", RETRY),
    errors.FieldRefused: ("{title} does not know the field {field}.", RETRY),
    errors.ImagesRefused: ("{name} takes no images.", "Ask without the image."),
    errors.DocumentsRefused: ("{name} takes no such document.", "Ask without the document."),
    errors.ToolsRefused: ("{name} takes no tools.", "Ask without tools."),
    errors.RolesRefused: ("{name} does not take the messages in this order.", RETRY),
    errors.CallIdsRefused: ("{name} wants other ids of tool calls.", RETRY),
    errors.Moderated: ("{title} refuses what was said.", "Say it in another way."),
    errors.ToolCallFailed: ("{title} could not read the tool call of {name}.", RETRY),
}
# The same with the number that came, by the fact that must be there.
COUNTED: dict[type[errors.ProviderError], tuple[str, str]] = {
    errors.ContextOverflow: ("needed", "The conversation has {needed:,} tokens, the window of {name} {window:,}."),
    errors.OutputLimitRefused: ("limit", "{name} gives at most {limit:,} tokens here."),
    errors.OverRateLimit: ("limit", "{title} allows {limit:,} tokens in a minute, this one request counts {needed:,}."),
    errors.ImagesRefused: ("most", "{name} takes at most {most} images at once."),
}
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
    raised = read_raised(error)
    if raised.status:
        if (stranger := in_between(raised.status, raised.body, raised.headers, provider)) is not None:
            return stranger
        return classify(read_report(raised.status, raised.body, raised.headers), provider, model, key)
    if isinstance(raised.body, dict):
        return in_stream(raised.body, provider, model, key)
    return transport(error, provider)


def in_stream(
    body: Mapping[str, Any], provider: Provider, model: Model | None, key: Key | None
) -> errors.ProviderError:
    """Our error for an error event inside a stream, which has no status of its own."""
    return classify(_with_status(read_report(0, body, {})), provider, model, key)


def _with_status(report: Report) -> Report:
    """The status that the report's own codes stand for, 0 where they stand for none."""
    status = next((STREAM_STATUS[code] for code in report.codes if code in STREAM_STATUS), None)
    if status is None:
        status = next((int(code) for code in report.codes if re.fullmatch(r"[45]\d\d", code)), 0)
    return replace(report, status=status)


def classify(report: Report, provider: Provider, model: Model | None, key: Key | None) -> errors.ProviderError:
    """Our error for a report: by its words, by its status where they say nothing."""
    kind, facts = _meaning(report, provider)
    if kind is errors.RequestRefused and report.generation:
        kind, facts = errors.ToolCallFailed, {"generation": report.generation}
    sentence, cure = SENTENCES[kind]
    names = {
        "name": model.full_name if model else provider.title,
        "id": model.id if model else "",
        "title": provider.title,
        "host": provider.host,
        "url": provider.base_url,
        "source": provider.address_source,
        "status": f" with status {report.status}" if report.status else "",
        "number": f" ({report.status})" if report.status else "",
        **facts,
    }
    if kind is errors.AuthenticationFailed:
        cure = _about_key(provider, key)
    if kind is errors.ModelUnavailable and model is not None:
        cure = about(provider.dialect).fetch or cure
    fact, counted = COUNTED.get(kind, ("", ""))
    sentence = counted if facts.get(fact) else sentence
    error = kind(
        sentence.format(**names) + _said(report, provider),
        cure=cure.format(**{**names, "name": provider.name}),
        status=report.status or None,
        retry_after=report.retry_after,
        request_id=report.request_id,
    )
    for name, value in facts.items():
        setattr(error, name, value)
    return error


def _meaning(report: Report, provider: Provider) -> tuple[type[errors.ProviderError], Mapping[str, Any]]:
    if verdict := error_words.understood(report, provider.dialect):
        return verdict.kind, verdict.facts
    if report.status == 0 or report.status >= 500:
        return BY_STATUS.get(report.status, errors.ServerFailed), {}
    return BY_STATUS.get(report.status, errors.ProtocolError if report.status < 400 else errors.RequestRefused), {}


def _said(report: Report, provider: Provider) -> str:
    if not report.message:
        return ""
    who = f"{report.provider}, behind {provider.title}," if report.provider else provider.title
    return f" {who} says: {_sentence(report.message)}"


def _about_key(provider: Provider, key: Key | None) -> str:
    named = (
        f"Set {provider.key_variable}"
        if provider.key_variable
        else "Name its key_variable in models.yaml, and set that"
    )
    source = f"Check {key.source}" if key else named
    page = f"; keys come from {provider.key_page}" if provider.key_page else ""
    return f"{source}{page}."


def no_events(provider: Provider, content_type: str) -> errors.ProviderError:
    """The error for an answer that held no event at all."""
    return errors.ProtocolError(
        f"{provider.host} answered with nothing that this program can read ({content_type or 'no content type'}).",
        cure=f"Check {provider.address_source}, and {between(provider)}.",
    )


def not_a_stream(provider: Provider, content_type: str, body: bytes) -> errors.ProviderError:
    """The error for a good status with a body that is no stream: an error in JSON, or some proxy's page."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = body.decode(errors="replace")
    report = read_report(0, said, {})
    if error_words.understood(report, provider.dialect):
        return classify(_with_status(report), provider, None, None)
    error = no_events(provider, content_type)
    error.message += f" It says: {_sentence(report.message)}" if report.message else ""
    return error


def hush(error: errors.ParlanceError, key: Key | None) -> None:
    """Take the key out of an error's words: some servers repeat what they were sent."""
    if key is not None and key.value in error.message:
        error.message = error.message.replace(key.value, "…")
        error.args = (error.message,)


def shows(error: BaseException, key: Key | None) -> bool:
    """Whether a traceback of this error would show the key."""
    return key is not None and key.value in "".join(traceback.format_exception(error))


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
