"""An error body of any shape and size is read: its words, its numbers, when to come back; and nothing harms."""

import json
import time
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules import errors
from modules.llm.failures import error_mapping
from modules.llm.failures.error_body import LONGEST_LINE, ErrorBody
from modules.llm.failures.error_report import read_report
from tests.harness.error_samples import body_of, error_of, provider_of, rows

CREDIT = "Your credit balance is too low to access the Anthropic API."
SHAPES: list[Any] = [
    {"error": {"message": CREDIT}},
    [{"error": {"message": CREDIT}}],
    {"error": CREDIT},
    {"error": {"error": {"message": CREDIT}}},
    {"object": "error", "message": CREDIT},
    {"message": CREDIT},
    {"Message": CREDIT},
    {"detail": CREDIT},
    {"detail": [{"msg": CREDIT}]},
    {"detail": {"error": {"message": CREDIT}}},
    {"code": "Client specified an invalid argument", "error": CREDIT},
    {"error": "invalid_request", "error_description": CREDIT},
    {"error": {"message": "Provider returned error", "metadata": {"raw": CREDIT, "provider_name": "Acme"}}},
    {"error": {"message": "Provider returned error", "metadata": {"raw": json.dumps({"error": {"message": CREDIT}})}}},
    {
        "error": {
            "message": f"litellm.BadRequestError: AnthropicException - {json.dumps({'error': {'message': CREDIT}})}"
        }
    },
    {"error": {"message": f"AnthropicException - b'{json.dumps({'error': {'message': CREDIT}})}'. Handle it."}},
    {"error": {"message": f"Error code: 400 - { {'error': {'message': CREDIT, 'param': None}}!r}"}},
    {"error": {"message": json.dumps({"error": {"message": json.dumps({"error": {"message": CREDIT}})}})}},
    {"error": {"type": "request_fail", "upstream_error": {"error": {"message": CREDIT}}}},
    CREDIT,
    json.dumps({"error": {"message": CREDIT}}),
]


@pytest.mark.parametrize("body", SHAPES, ids=lambda body: repr(body)[:60])
def test_the_words_are_found_in_every_shape_of_body(body: Any) -> None:
    """C8, and the wrapped bodies of LiteLLM, new-api, xAI, FastAPI."""
    error = error_of({"status": 400, "message": body})
    assert type(error) is errors.QuotaExhausted
    assert CREDIT in error.message
    assert "{" not in error.message


def test_the_provider_behind_a_gateway_is_named() -> None:
    body = {"error": {"message": "Provider returned error", "metadata": {"raw": "No.", "provider_name": "Acme"}}}
    assert "Acme, behind Somewhere, says: No." in error_of({"status": 400, "message": body}).message


@pytest.mark.parametrize(("number", "words"), [(402, "Pay."), (0, CREDIT)])
def test_an_error_with_a_good_status_is_what_its_words_say(number: int, words: str) -> None:
    body = json.dumps({"error": {"message": words, "code": number}}).encode()
    error = error_mapping.not_a_stream(provider_of(), "application/json", body)
    assert type(error) is (errors.QuotaExhausted if words == CREDIT else errors.ProtocolError)
    assert words in error.message


def test_the_numbers_of_a_refusal_are_said() -> None:
    """C6: a full window is told with the tokens that it holds, also where the words do not say them."""
    body = {
        "error": {"type": "exceed_context_size_error", "message": "Too much.", "n_prompt_tokens": 13392, "n_ctx": 8192}
    }
    assert "13,392 tokens" in error_of({"status": 400, "message": body}).message
    assert "8,192" in error_of({"status": 400, "message": body}).message


def test_what_a_body_repeats_of_the_request_decides_nothing() -> None:
    echoed = {"type": "missing", "loc": ["body", "x"], "msg": "Field required", "input": {"text": CREDIT}}
    assert type(error_of({"status": 422, "message": {"detail": [echoed]}})) is errors.RequestRefused


WAITS: list[tuple[dict[str, str], Any, float]] = [
    ({"retry-after": "7"}, {}, 7),
    ({"retry-after": "3600"}, {}, 3600),
    ({"retry-after-ms": "250", "retry-after": "9"}, {}, 0.25),
    ({"retry-after": "1m30s"}, {}, 90),
    ({"llm_provider-retry-after": "7200"}, {}, 7200),  # BerriAI/litellm#21553
    ({"retry-after": "5", "llm_provider-retry-after": "7200"}, {}, 5),
    ({"x-ratelimit-reset-after": "12"}, {}, 12),
    ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "7.66s"}, {}, 7.66),
    ({"x-ratelimit-remaining-requests": "9", "x-ratelimit-reset-requests": "2m59.56s"}, "Wait.", -1),
    ({"x-ratelimit-reset": "1m30s"}, {}, 90),
    ({"x-ratelimit-reset-requests": "250ms", "x-ratelimit-remaining-requests": "0"}, {}, 0.25),
    ({}, "Please try again in 7.66s.", 7.66),
    ({}, "Please try again in 2m59.56s.", 179.56),
    ({}, "Please try again in 250ms.", 0.25),
    ({}, "Please retry after 26 seconds.", 26),
    ({}, "please try again after 1 seconds", 1),
    ({}, "Please wait 5 minutes.", 300),
    ({}, "Try again in 1 hour and 5 minutes.", 3900),
    ({}, "Your limit resets in 2 days.", 172800),
    ({}, [{"error": {"message": "No.", "details": [{"retryDelay": "12.8s"}]}}], 12.8),
    ({}, {"error": "Model x is currently loading", "estimated_time": 20.5}, 20.5),
    ({"retry-after": "2"}, "Please try again in 9s.", 2),
]


@pytest.mark.parametrize(("headers", "body", "seconds"), WAITS, ids=str)
def test_when_to_come_back_is_on_the_error_wherever_it_was_said(
    headers: dict[str, str], body: Any, seconds: float
) -> None:
    """C10 and C15; the last value but one of a limit that is not used up is no wait."""
    error = error_of({"status": 429, "message": body, "headers": headers})
    assert isinstance(error, errors.RateLimited | errors.Overloaded)
    assert error.retry_after == (None if seconds < 0 else seconds)


@pytest.mark.parametrize("scale", [1, 1000])
def test_a_moment_since_1970_is_a_wait(scale: int) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str((time.time() + 3600) * scale // 1)}
    body = {"error": {"message": "free-models-per-day limit", "code": 429, "metadata": {"headers": headers}}}
    error = error_of({"status": 429, "message": body})
    assert type(error) is errors.DailyLimit
    assert 3500 < (error.retry_after or 0) <= 3600


def test_the_quota_of_a_day_at_gemini_ends_at_midnight_there_and_not_in_half_a_minute() -> None:
    """C10: what it says beside a quota of the day is the wait of the minute."""
    violation = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}
    details = [{"violations": [violation]}, {"retryDelay": "36s"}]
    body = [{"error": {"code": 429, "message": "Quota.", "status": "RESOURCE_EXHAUSTED", "details": details}}]
    error = error_of({"status": 429, "message": body})
    midnight = datetime.now(ZoneInfo("America/Los_Angeles")) + timedelta(seconds=error.retry_after or 0)
    assert type(error) is errors.DailyLimit
    assert not error.retryable
    assert (midnight + timedelta(minutes=5)).hour == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(("error", "message", "detail", "metadata", "raw", "code", "type", "loc", "msg", "param"))
            | st.sampled_from(("details", "retryDelay", "status", "provider_name", "failed_generation", "x", "n_ctx"))
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)
SAID = [str(body_of(row.values[1])) for row in rows()]
HEADER = st.text(max_size=20) | st.sampled_from(("1e999", "nan", "-1", "9" * 400, "Mon, 99 Foo", "2026-13-45T99:99Z"))


@settings(deadline=None)
@given(
    JSON | st.sampled_from(SAID) | st.text(),
    st.integers(300, 999) | st.just(0),
    st.dictionaries(st.sampled_from(("retry-after", "retry-after-ms", "x-ratelimit-reset")), HEADER),
)
def test_any_body_at_any_status_is_one_of_our_errors(body: Any, status: int, headers: dict[str, str]) -> None:
    provider = provider_of()
    report = read_report(status, body, headers)
    for error in (
        error_mapping.classify(report, provider, None, None),
        error_mapping.in_stream({"e": body}, provider, None, None),
    ):
        assert isinstance(error, errors.ProviderError)
        assert error.message
        assert "\n" not in error.message
        assert error.retry_after is None or error.retry_after >= 0


@settings(deadline=None)
@given(st.sampled_from(SAID), st.text(), st.integers(0, 400))
def test_words_cut_and_mixed_with_others_are_read_without_harm(said: str, other: str, cut: int) -> None:
    error = error_of({"status": 400, "message": said[:cut] + other + said[cut:]})
    assert isinstance(error, errors.ProviderError)


HUGE: list[Any] = [
    "x" * 5_000_000,
    "{" * 200_000,
    "[" * 200_000,
    '{"a":' * 50_000,
    "{'a': " * 5_000,
    "(" * 50_000 + "{'a': 1}",
    {"error": {"message": "max_tokens " * 100_000}},
    {"error": {"message": "1," * 500_000}},
    {"detail": [{"loc": ["body", *range(10_000)], "msg": "Extra inputs are not permitted"}] * 10_000},
    {"error": {"message": "does not support parameters: [" + "'a', " * 100_000}},
    {"error": {"message": "try again in " + "1m " * 100_000}},
    {str(number): {"error": "x"} for number in range(100_000)},
]


@pytest.mark.parametrize("body", HUGE, ids=range(len(HUGE)))
def test_a_huge_or_deep_body_is_read_in_part(body: Any) -> None:
    assert isinstance(error_of({"status": 400, "message": body}), errors.ProviderError)
    assert len(ErrorBody(body).line) <= LONGEST_LINE


def test_a_body_within_itself_a_thousand_times_is_read_in_part() -> None:
    body: Any = "No."
    for _ in range(1000):
        body = {"error": body}
    assert isinstance(error_of({"status": 400, "message": body}), errors.RequestRefused)
