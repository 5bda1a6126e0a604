"""Every sample of `modules/llm/failures/error_words.toml` comes out as the class and facts that stand beside it.

Of the 263 samples the code before this table (0749388) named the right class, or the nearest that it had, for 97, and
for 51 of those with every number, field and wait that they hold. Of 165 sentences that were made up or remembered
before they were looked for, some forty were not understood at first: a sentence that stands in no row is worth one.
"""

import json
import subprocess
import sys
from typing import Any

import pytest

from modules import errors
from modules.llm.failures import error_words
from modules.llm.failures.error_report import read_report
from tests.conftest import Connect
from tests.harness.cases import NAMES
from tests.harness.error_samples import NOT_FACTS, body_of, error_of, rows
from tests.wire import Status
from tests.wire.facts import Dialect


@pytest.mark.parametrize(("number", "sample", "kind"), list(rows()))
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
    connect: Connect, name: Dialect, status: Status, kind: str, facts: dict[str, Any]
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
    code = "import sys, main, modules.llm.failures.error_mapping; print({'tomllib', 'email.utils'} & set(sys.modules))"
    table = "from modules.llm.failures.error_words import rules; print(rules.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", f"{code}; {table}"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["set()", "0"]


@pytest.mark.parametrize("dialect", ["anthropic-messages", "openai-responses", "openai-chat"])
@pytest.mark.parametrize("words", ["Unrecognized parameter: '{}'", "{}: Extra inputs are not permitted"])
@pytest.mark.parametrize("field", ["model", "messages", "input", "messages.1.role", "messages[0].content", "stream"])
def test_what_a_request_cannot_do_without_is_never_left_out(dialect: str, words: str, field: str) -> None:
    """C5."""
    error = error_of({"status": 400, "message": words.format(field), "dialect": dialect})
    assert type(error) is errors.RequestRefused
    assert field in error.message
