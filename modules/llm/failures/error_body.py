"""An error body in any shape, read into one sentence for people and one line for patterns; bounded, and total.

Gateways put one provider's error into another's: as an object, as JSON in a string, as a Python literal, or behind
words of their own. All of these are followed a few levels deep. What a body repeats of the request is never read.
"""

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

from modules.llm.failures import retry_delay

DEEPEST = 8
MOST_VALUES = 200
MOST_ITEMS = 16
LONGEST_TEXT = 20_000
LONGEST_SENTENCE = 1500
LONGEST_LINE = 6000

MAIN = (
    "message",
    "Message",
    "detail",
    "error",
    "error_message",
    "errorMessage",
    "error_description",
    "msg",
    "title",
    "base_resp",  # MiniMax: {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}
    "status_msg",
)
BENEATH = ("raw", "upstream_error", "provider_error")  # in place of what the gateway says itself
CODES = (
    "code",
    "type",
    "status",
    "reason",
    "error_code",
    "errorCode",
    "error_type",
    "__type",
    "quotaId",
    "quota_limit",
)
MORE_CODES = ("limit_source", "Code", "name")
NUMBERS = ("n_prompt_tokens", "n_ctx")
ASIDE = ("details", "errors", "violations", "fieldViolations", "innererror", "metadata", "headers", "response")
ASIDE_WORDS = ("description", "reason")
WAITS = (
    "retryDelay",
    "retry_after",
    "retry_after_seconds",
    "estimated_time",
    "resets_in_seconds",
    "X-RateLimit-Reset",
    "Retry-After",
    "resets_at",
)


class ErrorBody:
    """What was found: `message` for people; `line` for patterns: codes in angle brackets, then the sentences."""

    def __init__(self, body: Any) -> None:
        self.codes: list[str] = []
        self.sentences: list[str] = []
        self.param = ""
        self.generation = ""
        self.provider = ""
        self.retry_after: float | None = None
        self._left = MOST_VALUES
        self.message = self._read(body, 0)

    @property
    def line(self) -> str:
        """All that patterns look at."""
        codes = "".join(f"<{code}>" for code in dict.fromkeys(self.codes))
        param = f"<param:{self.param}>" if self.param else ""
        return f"{codes}{param} {' | '.join(dict.fromkeys(self.sentences))}"[:LONGEST_LINE]

    def _read(self, value: Any, depth: int) -> str:
        """The main sentence of a value; codes and all sentences are collected on the way."""
        self._left -= 1
        if depth > DEEPEST or self._left < 0:
            return ""
        if isinstance(value, str):
            return self._text(value, depth)
        if isinstance(value, list | tuple):
            said = [self._read(item, depth + 1) for item in value[:MOST_ITEMS]]
            return "; ".join(dict.fromkeys(filter(None, said)))
        return self._mapping(value, depth) if isinstance(value, dict) else ""

    def _mapping(self, value: Mapping[str, Any], depth: int) -> str:
        if "loc" in value and "msg" in value:
            return self._validation(value)
        self._facts(value)
        said, beneath = self._main(value, depth), ""
        for key in BENEATH:
            beneath = beneath or self._read(value.get(key), depth + 1)
        for key in ASIDE:
            if isinstance(inner := value.get(key), dict | list):
                words = self._read(inner, depth + 1)
                beneath = beneath or (words if key == "metadata" else "")
                said = said or words
        for key in ASIDE_WORDS:
            if isinstance(inner := value.get(key), str):
                self._read(inner, depth + 1)
        return beneath or said

    def _main(self, value: Mapping[str, Any], depth: int) -> str:
        """What an object says of itself, from the first of its keys that holds words."""
        said = ""
        name = ""
        for key in MAIN:
            inner = value.get(key)
            if key == "error" and isinstance(inner, str) and re.fullmatch(r"[\w.-]{1,60}", inner):
                name = inner  # {"error": "invalid_request", "error_description": ...}
                self.codes.append(name)
            elif inner:
                words = self._read(inner, depth + 1)
                said = said or words
        return said or self._read(name, depth + 1)

    def _facts(self, value: Mapping[str, Any]) -> None:
        for key in (*CODES, *MORE_CODES):
            code = value.get(key)
            if isinstance(code, str | int) and not isinstance(code, bool) and 0 < len(str(code)) <= 120:
                self.codes.append(str(code))
        self.codes += [f"{key}={value[key]}" for key in NUMBERS if isinstance(value.get(key), int)]
        if isinstance(param := value.get("param"), str) and param:
            if re.fullmatch(r"[\w.\[\]$-]{1,100}", param):
                self.param = self.param or param
            else:  # some gateways put the words there: AQBot-Desktop/AQBot#93
                self.sentences.append(param[:LONGEST_SENTENCE])
        if isinstance(name := value.get("provider_name"), str):
            self.provider = self.provider or name[:80]
        if isinstance(words := value.get("failed_generation"), str):
            self.generation = self.generation or words
        for key in WAITS:
            given = value.get(key)
            if self.retry_after is None and isinstance(given, str | int | float) and not isinstance(given, bool):
                self.retry_after = retry_delay.until(str(given))

    def _validation(self, value: Mapping[str, Any]) -> str:
        """One entry of pydantic's list, as the sentence that Anthropic makes of it: "messages.1.x: Extra inputs"."""
        loc = value["loc"]
        path = loc if isinstance(loc, list | tuple) else [loc]
        steps = [str(step)[:80] for step in path[:20]]
        where = ".".join(steps[1:] if steps[:1] == ["body"] else steps)
        sentence = f"{where}: {str(value['msg'])[:300]}"
        self.codes.append(str(value.get("type", ""))[:120])
        self.sentences.append(sentence)
        return sentence

    def _text(self, text: str, depth: int) -> str:
        text = text[:LONGEST_TEXT]
        page = page_title(text)
        if page is None and (inner := _embedded(text)) is not None and (said := self._read(inner, depth + 1)):
            before = text[: min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=0)]
            if re.search(r"[A-Za-z]{3}", before):
                self.sentences.append(_one_line(before)[:LONGEST_SENTENCE])
            return said
        sentence = _one_line(text if page is None else page)[:LONGEST_SENTENCE]
        if sentence:
            self.sentences.append(sentence)
        return sentence


def _embedded(text: str) -> Any:
    """The object or list of objects that a text holds, as JSON or as Python writes it; None where there is none."""
    for start in (text.find("{"), next((found.start() for found in re.finditer(r"\[\s{0,9}\{", text)), -1)):
        if start < 0:
            continue
        try:
            return json.JSONDecoder().raw_decode(text, start)[0]
        except (ValueError, RecursionError):
            pass
    starts = [start for start in (text.find("[{'"), text.find("{'")) if start >= 0]
    end = max(text.rfind("}"), text.rfind("]"))
    if not starts or end < 0 or text.count("(") + text.count("[") + text.count("{") > 300:
        return None
    try:
        return ast.literal_eval(text[min(starts) : end + 1])
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


def page_title(text: str) -> str | None:
    """What an HTML page is called, None for a text that is none."""
    if title := re.search(r"<title[^>]{0,200}>(.{0,300}?)</title", text, re.I | re.S):
        return f"{title[1]} (an HTML page)"
    return "an HTML page" if re.search(r"<html|<!doctype", text, re.I) else None


def _one_line(text: str) -> str:
    return " ".join(text.split())
