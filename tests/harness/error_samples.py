"""The samples of `error_words.toml` as tests take them: the body of each, and the error it becomes."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from modules import errors
from modules.llm.failures import error_mapping, error_words
from modules.llm.failures.error_report import read_report
from modules.llm.models import Model, Provider
from tests.wire import Status

NOT_FACTS = {"who", "status", "message", "body", "source", "class", "dialect", "headers"}


def provider_of(dialect: str = "openai-chat") -> Provider:
    return Provider(name="somewhere", title="Somewhere", dialect=dialect, base_url="https://api.example/v1")


def body_of(sample: dict[str, Any]) -> Any:
    """The body as the SDKs hand it over: parsed where it is JSON."""
    return json.loads(sample["body"]) if "body" in sample else sample["message"]


def error_of(sample: dict[str, Any]) -> errors.ProviderError:
    provider = provider_of(sample.get("dialect", "openai-chat"))
    model = Model(name="m", id="m", provider=provider)
    if sample["status"] == 0:
        return error_mapping.in_stream(body_of(sample), provider, model, None)
    report = read_report(sample["status"], body_of(sample), sample.get("headers", {}))
    return error_mapping.classify(report, provider, model, None)


def words_of(sample: dict[str, Any]) -> Status:
    """What a server with a window says: the sample with places for its numbers, where they are written in digits."""
    text = sample.get("body", sample.get("message", ""))
    for name in ("needed", "window"):
        for number in (f"{sample.get(name, 0):,}", str(sample.get(name, 0))):
            text = re.sub(rf"(?<!\d){number}(?!\d)", f"{{{name}}}", text) if name in sample else text
    told = {"body": text} if "body" in sample else {"message": text}
    return Status(sample["status"], **told)


def rows() -> Iterator[Any]:
    table = error_words.rules()
    for number, entry in enumerate(table["words"]):
        for place, sample in enumerate(entry["samples"]):
            kind = sample.get("class", entry["class"])
            yield pytest.param(number, sample, kind, id=f"{kind}-{sample['who']}-{number}.{place}".replace(" ", "_"))
    for place, sample in enumerate(table["unmatched"]["samples"]):
        yield pytest.param(None, sample, sample["class"], id=f"{sample['class']}-{sample['who']}-by_status.{place}")
