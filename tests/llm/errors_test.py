"""Every exception that an SDK or its HTTP library has, found by looking into the packages, becomes one of ours."""

import importlib
import inspect
import json
import pkgutil
import socket
import ssl
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import ModuleType
from typing import Any

import anthropic
import groq
import httpx
import httpx2
import openai
import pytest

from modules import errors
from modules.config import Key
from modules.errors import ParlanceError, ProviderError
from modules.llm.base import BaseService
from modules.llm.failures import error_mapping
from modules.llm.failures.error_report import read_report
from modules.llm.models import Provider
from tests.conftest import KEY, make_service
from tests.harness.cases import ENDPOINTS
from tests.wire.facts import Dialect

SDKS: dict[Dialect, tuple[ModuleType, ModuleType]] = {
    "anthropic": (anthropic, httpx2),
    "openai": (openai, httpx2),
    "groq": (groq, httpx),
    "chat": (openai, httpx2),
}
# Parts of the SDKs that a request for an answer never runs through: tools of their own, command lines, other protocols.
ELSEWHERE = (
    "anthropic.lib.tools",
    "anthropic.lib.sessions",
    "anthropic.lib.environments",
    "openai.lib.beta",
    "openai.lib.browser",
    "openai.cli",
    "openai.auth",
)
STATUSES: dict[int, type[ProviderError]] = {
    400: errors.RequestRefused,
    401: errors.AuthenticationFailed,
    402: errors.QuotaExhausted,
    403: errors.PermissionDenied,
    404: errors.ModelUnavailable,
    408: errors.ServerFailed,
    409: errors.RequestRefused,
    412: errors.RequestRefused,
    413: errors.RequestTooLarge,
    422: errors.RequestRefused,
    429: errors.RateLimited,
    431: errors.RequestRefused,
    498: errors.Overloaded,
    499: errors.RequestRefused,
    500: errors.ServerFailed,
    501: errors.ServerFailed,
    502: errors.ServerFailed,
    503: errors.Overloaded,
    504: errors.ServerFailed,
    529: errors.Overloaded,
}


def exceptions_of(package: ModuleType) -> set[type[Exception]]:
    """Every public exception class that the package defines, wherever in it."""
    found: set[type[Exception]] = set()
    for module in _modules(package):
        for name, value in list(vars(module).items()):
            own = inspect.isclass(value) and value.__module__.partition(".")[0] == package.__name__
            if own and issubclass(value, Exception) and not issubclass(value, Warning) and not name.startswith("_"):
                found.add(value)
    return {kind for kind in found if not kind.__module__.startswith(ELSEWHERE)}


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for name in list(getattr(package, "__all__", ())):  # some names are loaded when they are asked for
        getattr(package, name, None)
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.", onerror=lambda name: None):
        # The types are thousands of files without an exception but for the error classes, which __init__ has.
        if (
            ".types" in info.name
            or ".resources" in info.name
            or info.name.startswith(ELSEWHERE)
            or "__main__" in info.name
        ):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                yield importlib.import_module(info.name)
            except (ImportError, openai.OpenAIError):
                continue  # an optional part whose dependency is not installed: it cannot raise either


def _public(name: Dialect) -> list[type[Exception]]:
    sdk, http = SDKS[name]
    return sorted(exceptions_of(sdk) | exceptions_of(http), key=lambda kind: kind.__qualname__)


@pytest.fixture(scope="module", params=["anthropic", "openai", "groq", "chat"])
def endpoint(request: pytest.FixtureRequest) -> tuple[Dialect, BaseService]:
    """A service of each kind; nothing is sent, so it may point nowhere."""
    provider = ENDPOINTS[request.param].provider("https://api.example/v1")
    return request.param, make_service(provider)


def _instances(kind: type[Exception], http: ModuleType) -> Iterator[Exception]:
    """This exception as it might be raised; an error with a status once for every status that it may have."""
    request = http.Request("POST", "https://api.example/v1")
    body = {"error": {"message": "model: x", "type": "t"}}
    own = getattr(kind, "status_code", None)
    for status in [own] if isinstance(own, int) else STATUSES:
        response = http.Response(status, request=request, json=body, headers={"request-id": "req_1"})
        for arguments in (
            {"message": "m", "response": response, "body": body},
            {"response": response, "body": body},
            {"message": "m", "request": request, "body": body},
            {"message": "m", "request": request, "response": response},
            {"request": request},
            {"message": "m"},
            {"completion": None},
            {},
        ):
            try:
                error = kind(**arguments)
            except (TypeError, AttributeError):
                continue
            yield error
            break
        else:
            yield _bare(kind)
        if "response" not in arguments:
            return


def _bare(kind: type[Exception]) -> Exception:
    error = kind.__new__(kind)
    error.args = ("m",)
    return error


def test_every_public_exception_is_caught_and_becomes_ours_with_a_cure(endpoint: tuple[Dialect, BaseService]) -> None:
    name, service = endpoint
    kinds = _public(name)
    assert len(kinds) > 40
    for kind in kinds:
        assert issubclass(kind, service.foreign_errors), f"{kind.__module__}.{kind.__qualname__} would escape"
        for error in _instances(kind, SDKS[name][1]):
            ours = error_mapping.translate(error, service.provider, None, KEY)
            assert isinstance(ours, ProviderError)
            assert ours.message
            assert ours.cure
            status = getattr(error, "status_code", None)
            if isinstance(status, int) and "Validation" not in kind.__name__:
                assert type(ours) is STATUSES.get(status, errors.ProtocolError), (kind, status)
                assert ours.status == status


def test_an_exception_that_an_sdk_adds_tomorrow_is_looked_for(endpoint: tuple[Dialect, BaseService]) -> None:
    name, service = endpoint
    package = SDKS[name][0]
    stranger = type("BrandNewFailure", (Exception,), {"__module__": package.__name__})
    package.BrandNewFailure = stranger  # type: ignore[attr-defined]
    try:
        assert stranger in exceptions_of(package)
        assert not issubclass(stranger, service.foreign_errors)
    finally:
        del package.BrandNewFailure


async def _raised(service: BaseService, error: Exception) -> Any:
    with pytest.raises(ParlanceError) as caught, service.translated():
        raise error
    return caught.value


LOOSE: list[Exception] = [
    json.JSONDecodeError("Expecting value", "{", 1),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    TypeError("Could not resolve authentication method"),
    RuntimeError("Cannot send a request, as the client has been closed."),
    FileNotFoundError(2, "No such file or directory"),
    RecursionError("maximum recursion depth exceeded"),
    EOFError("stream ended"),
]


@pytest.mark.parametrize("error", LOOSE, ids=lambda error: type(error).__name__)
async def test_what_slips_through_an_sdk_does_not_slip_through_us(
    endpoint: tuple[Dialect, BaseService], error: Exception
) -> None:
    ours = await _raised(endpoint[1], error)
    assert isinstance(ours, ProviderError)
    assert ours.cure


async def test_our_own_errors_pass_through_untouched(endpoint: tuple[Dialect, BaseService]) -> None:
    ours = errors.RateLimited("slow down", cure="Wait.", retry_after=3)
    assert await _raised(endpoint[1], ours) is ours


def _provider(base_url: str = "https://api.example/v1") -> Provider:
    return ENDPOINTS["chat"].provider(base_url)


def _below(cause: Exception, kind: type[Exception] = openai.APIConnectionError) -> Exception:
    """A cause two exceptions down, as the SDKs raise it."""
    middle = httpx2.ConnectError("All connection attempts failed")
    middle.__cause__ = cause
    top = kind(request=httpx2.Request("POST", "https://api.example/v1"))  # type: ignore[call-arg]
    top.__cause__ = middle
    return top


CAUSES: list[tuple[Exception, type[ProviderError], bool, str]] = [
    (_below(ConnectionRefusedError(111, "refused")), errors.ConnectionFailed, True, "api.example refused"),
    (_below(socket.gaierror(-2, "Name or service not known")), errors.ConnectionFailed, False, "cannot be found"),
    (_below(socket.gaierror(socket.EAI_AGAIN, "Temporary failure")), errors.ConnectionFailed, True, "cannot be found"),
    (_below(ssl.SSLCertVerificationError(1, "self-signed certificate")), errors.ConnectionFailed, False, "self-signed"),
    (_below(OSError(113, "No route to host")), errors.ConnectionFailed, True, "api.example"),
    (httpx2.ReadTimeout("slow"), errors.TimedOut, True, "silent"),
    (httpx.ConnectTimeout("slow"), errors.TimedOut, True, "silent"),
    (openai.APITimeoutError(httpx2.Request("POST", "https://x")), errors.TimedOut, True, "silent"),
    (httpx.RemoteProtocolError("peer closed"), errors.ConnectionFailed, True, "broke"),
    (httpx2.ProxyError("407"), errors.ConnectionFailed, False, "proxy"),
]


@pytest.mark.parametrize(("error", "kind", "again", "words"), CAUSES)
def test_the_truth_is_found_below_the_sdk(error: Exception, kind: type[ProviderError], again: bool, words: str) -> None:
    ours = error_mapping.translate(error, _provider(), None, None)
    assert type(ours) is kind
    assert ours.retryable is again
    assert words in ours.message
    assert ours.cure


@pytest.mark.parametrize("code", ["enforced_spend_limit_reached", "contract_spend_limit_reached"])
def test_a_spend_limit_of_anthropic_is_no_rate_limit(code: str) -> None:
    details = {"error_code": code}
    body = {"type": "error", "error": {"type": "rate_limit_error", "message": "Limit.", "details": details}}
    response = httpx2.Response(429, request=httpx2.Request("POST", "https://x"), json=body)
    error = anthropic.RateLimitError("m", response=response, body=body)
    assert type(error_mapping.translate(error, _provider(), None, None)) is errors.QuotaExhausted


BODIES: list[Any] = [
    None,
    "",
    "plain words",
    "<!doctype html><html><head><title>502 Bad Gateway</title></head></html>",
    "<html>no title</html>",
    {},
    [],
    [{"error": {"message": "in a list", "code": 400}}],
    {"error": "just words"},
    {"error": None},
    {"error": {"message": {"nested": 1}, "type": 7, "code": 8}},
    {"detail": [{"loc": ["body", "x"], "msg": "bad"}]},
    {"message": "bare"},
    {"error": {"message": "x" * 5000}},
    {"error": {"message": "line\nline\n\n\x1b[31mred"}},
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body)[:40])
@pytest.mark.parametrize("status", [400, 404, 429, 502])
def test_any_body_makes_one_short_line(status: int, body: Any) -> None:
    response = httpx2.Response(status, request=httpx2.Request("POST", "https://x"))
    ours = error_mapping.translate(openai.APIStatusError("m", response=response, body=body), _provider(), None, None)
    assert "\n" not in ours.message
    assert "<" not in ours.message
    assert len(ours.message) < 450
    assert ours.message.endswith((".", "…"))


def test_every_error_of_ours_has_a_code_for_the_shell() -> None:
    kinds = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, ParlanceError)]
    assert len(kinds) >= 29
    for kind in kinds:
        assert kind.exit_code in {1, 2, 75, 76, 77}
        assert kind.__name__ in (errors.__doc__ or "")
        assert str(kind("What.", cure="Do.")) == "What. Do."


def test_a_key_does_not_show_itself() -> None:
    key = Key("sk-secret-0123456789", "the environment")
    assert "secret" not in f"{key} {key!r} {[key]}"


def test_a_wait_until_a_date_is_understood() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    ahead = read_report(429, {}, {"retry-after": at}).retry_after
    assert ahead is not None
    assert 27 < ahead <= 30
    assert read_report(429, {}, {"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}).retry_after is None
