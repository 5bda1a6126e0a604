"""Every sample of `modules/llm/error_words.toml` comes out as the class and facts that stand beside it.

Of the 263 samples the code before this table (0749388) named the right class, or the nearest that it had, for 97, and
for 51 of those with every number, field and wait that they hold. Of 165 sentences that were made up or remembered
before they were looked for, some forty were not understood at first: a sentence that stands in no row is worth one.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules import errors
from modules.llm import error_words, failures
from modules.llm.error_body import LONGEST_LINE, ErrorBody
from modules.llm.models import Dialect, Model, Provider
from modules.llm.report import read_report
from tests.cases import NAMES
from tests.conftest import Connect
from tests.wire import Status
from tests.wire.facts import Dialect as WireDialect

NOT_FACTS = {"who", "status", "message", "body", "source", "class", "dialect", "headers"}


def provider_of(dialect: Dialect = "openai-chat") -> Provider:
    return Provider(name="somewhere", title="Somewhere", dialect=dialect, base_url="https://api.example/v1")


def body_of(sample: dict[str, Any]) -> Any:
    """The body as the SDKs hand it over: parsed where it is JSON."""
    return json.loads(sample["body"]) if "body" in sample else sample["message"]


def error_of(sample: dict[str, Any]) -> errors.ProviderError:
    provider = provider_of(sample.get("dialect", "openai-chat"))
    model = Model(name="m", id="m", provider=provider)
    if sample["status"] == 0:
        return failures.in_stream(body_of(sample), provider, model, None)
    report = read_report(sample["status"], body_of(sample), sample.get("headers", {}))
    return failures.classify(report, provider, model, None)


def _rows() -> Iterator[Any]:
    table = error_words.rules()
    for number, entry in enumerate(table["words"]):
        for place, sample in enumerate(entry["samples"]):
            kind = sample.get("class", entry["class"])
            yield pytest.param(number, sample, kind, id=f"{kind}-{sample['who']}-{number}.{place}".replace(" ", "_"))
    for place, sample in enumerate(table["unmatched"]["samples"]):
        yield pytest.param(None, sample, sample["class"], id=f"{sample['class']}-{sample['who']}-by_status.{place}")


@pytest.mark.parametrize(("number", "sample", "kind"), list(_rows()))
def test_a_sample_comes_out_as_its_row_says(number: int | None, sample: dict[str, Any], kind: str) -> None:
    error = error_of(sample)
    assert type(error).__name__ == kind
    told = {name: value for name, value in sample.items() if name not in NOT_FACTS}
    assert {name: getattr(error, name) for name in told} == {
        name: tuple(value) if isinstance(value, list) else value for name, value in told.items()
    }
    assert _first_row(sample) == number, "another row comes first"


def _first_row(sample: dict[str, Any]) -> int | None:
    report = read_report(sample["status"], body_of(sample), {})
    for number, words in enumerate(error_words.table()):
        asked = (not words.only or report.status in words.only) and report.status not in words.never
        if asked and words.pattern.search(report.line):
            return number
    return None


EXTRA = {"type": "extra_forbidden", "loc": ["body", "x_option"], "msg": "Extra inputs are not permitted"}
LONG = "This model's maximum prompt length is 10 but the request contains 20 tokens."
RENEW = "API key expired. Please renew the API key."
LOADING = {"error": "Model x is currently loading", "estimated_time": 20.5}
# Bodies whose shape an SDK would lose a part of, and headers, over real sockets and through the real SDKs.
OVER_SOCKETS: list[tuple[Status, str, dict[str, Any]]] = [
    (Status(400, body=json.dumps({"code": "x", "error": LONG})), "ContextOverflow", {"window": 10, "needed": 20}),
    (Status(503, body=json.dumps(LOADING)), "ModelLoading", {"retry_after": 20.5}),
    (Status(429, body='{"code":"insufficient_quota","error":"No."}'), "QuotaExhausted", {}),
    (Status(422, body=json.dumps({"detail": [EXTRA]})), "FieldRefused", {"field": "x_option"}),
    (Status(400, body=json.dumps([{"error": {"code": 400, "message": RENEW}}])), "AuthenticationFailed", {}),
    (Status(500, body="image input is not supported"), "ImagesRefused", {"most": 0}),
    (Status(429, message="Slow.", headers={"retry-after-ms": "1500"}), "RateLimited", {"retry_after": 1.5}),
    (Status(429, message="Too many requests per day.", retry_after="3600"), "DailyLimit", {"retry_after": 3600}),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("status", "kind", "facts"), OVER_SOCKETS, ids=[row[1] for row in OVER_SOCKETS])
async def test_what_a_server_says_comes_through_the_sdk_whole(
    connect: Connect, name: WireDialect, status: Status, kind: str, facts: dict[str, Any]
) -> None:
    """C6, C9, C10, C15: the SDKs hand on what stands under "error" and lose what stands beside it."""
    wired = await connect(name)
    wired.server.answer(status)
    with pytest.raises(errors.ProviderError) as caught:
        async for _ in wired.reply():
            pass
    assert type(caught.value).__name__ == kind
    assert {fact: getattr(caught.value, fact) for fact in facts} == facts


def test_every_pattern_has_a_sample_and_every_sample_a_source() -> None:
    table = error_words.rules()
    assert all(entry["samples"] for entry in table["words"])
    samples = [sample for entry in table["words"] for sample in entry["samples"]]
    assert all(sample["source"] and sample["who"] for sample in samples)
    assert len(samples) >= 180


def test_the_table_is_read_at_the_first_error_and_not_before() -> None:
    code = "import sys, main, modules.llm.failures; print(sorted({'tomllib'} & set(sys.modules)), end='')"
    table = "from modules.llm.error_words import rules; print(rules.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", f"{code}; {table}"], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("0")


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
    error = failures.not_a_stream(provider_of(), "application/json", body)
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
SAID = [str(body_of(row.values[1])) for row in _rows()]
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
        failures.classify(report, provider, None, None),
        failures.in_stream({"e": body}, provider, None, None),
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


@pytest.mark.parametrize("body", HUGE, ids=lambda body: repr(str(body)[:24]))
def test_a_huge_or_deep_body_is_read_in_part(body: Any) -> None:
    assert isinstance(error_of({"status": 400, "message": body}), errors.ProviderError)
    assert len(ErrorBody(body).line) <= LONGEST_LINE


def test_a_body_within_itself_a_thousand_times_is_read_in_part() -> None:
    body: Any = "No."
    for _ in range(1000):
        body = {"error": body}
    assert isinstance(error_of({"status": 400, "message": body}), errors.RequestRefused)


@pytest.mark.parametrize("dialect", ["anthropic-messages", "openai-responses", "openai-chat"])
@pytest.mark.parametrize("words", ["Unrecognized parameter: '{}'", "{}: Extra inputs are not permitted"])
@pytest.mark.parametrize("field", ["model", "messages", "input", "messages.1.role", "messages[0].content", "stream"])
def test_what_a_request_cannot_do_without_is_never_left_out(dialect: Dialect, words: str, field: str) -> None:
    """C5."""
    error = error_of({"status": 400, "message": words.format(field), "dialect": dialect})
    assert type(error) is errors.RequestRefused
    assert field in error.message
