"""Rules that several APIs share: text that can be encoded, names, ids, arguments, images, tool lists."""

import base64
import binascii
import json
import math
import re
import string
from collections.abc import Collection, Iterable, Iterator, Sized

from tests.wire.facts import ModelFacts

_SURROGATE = re.compile("[\ud800-\udfff]")
HEADS = string.ascii_letters + "_"  # of names of tools
IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")


def encodable(value: object, where: str = "") -> Iterator[str]:
    """Rules A10 and A11: no lone surrogates, no NaN, no infinity, anywhere."""
    match value:
        case str():
            if _SURROGATE.search(value):
                yield f"A10: {where}: the string has a lone surrogate"
        case float():
            if not math.isfinite(value):
                yield f"A11: {where}: {value} is not JSON"
        case dict():
            for key, item in value.items():
                yield from encodable(item, f"{where}.{key}".strip("."))
        case list():
            for index, item in enumerate(value):
                yield from encodable(item, f"{where}.{index}".strip("."))


def plain_name(name: object, limit: int) -> bool:
    """Tell whether a tool name (or an id) is made of letters, digits, _ and - and not too long."""
    return isinstance(name, str) and bool(re.fullmatch(r"[a-zA-Z0-9_-]+", name)) and len(name) <= limit


def json_object(text: object) -> bool:
    """Tell whether a string is a JSON object without NaN and infinity."""
    if not isinstance(text, str):
        return False
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict)


def _no_constant(name: str) -> None:
    raise ValueError(name)


def base64_ok(data: object) -> bool:
    """Tell whether a string is non-empty, valid base64."""
    try:
        return isinstance(data, str) and bool(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        return False


def image_url_rules(where: str, url: object, facts: ModelFacts) -> Iterator[str]:
    """Rules F1, F2 and F7 for an image given as a URL or as a data URL."""
    if not facts.vision:
        yield f"F7: {where}: this model does not support image inputs"
    if not isinstance(url, str):
        yield f"F1: {where}: expected a URL string"
        return
    head, comma, data = url.partition(",")
    if url.startswith("data:"):
        kind = head.removeprefix("data:").removesuffix(";base64")
        if kind not in IMAGE_TYPES or not comma or not base64_ok(data):
            yield f"F1: {where}: You uploaded an unsupported image or invalid base64 data."
    elif not url.startswith(("http://", "https://")):
        yield f"F1: {where}: Invalid image URL."
    if len(url) > 20_971_520:
        yield f"F2: {where}: string too long, maximum length 20971520"


def tool_list_rules(names: Iterable[object], limit: int, where: str) -> Iterator[str]:
    """Rules C7 and T1: tool names are plain, not too long, and unique."""
    seen: set[object] = set()
    for index, name in enumerate(names):
        if not plain_name(name, limit) or str(name)[0] not in HEADS:  # the latter is Gemini's rule (qwen-code#6970)
            yield f"C7: {where}.{index}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,{limit}}}$'"
        if name in seen:
            yield f"T1: {where}: Tool names must be unique."
        seen.add(name if isinstance(name, str) else None)


def count_rule(tools: Sized, where: str = "tools") -> Iterator[str]:
    """Rule B20: OpenAI's APIs and their kin take 128 tools."""
    if len(tools) > 128:
        yield (
            f"B20: Invalid '{where}': array too long. Expected an array with maximum length 128, but got an array"
            f" with length {len(tools)} instead."
        )


def choice_rule(choice: object, name: object, names: Collection[object]) -> Iterator[str]:
    """Rule T2: a choice that is no word names one of the tools."""
    if isinstance(choice, str) and choice not in ("auto", "none", "required"):
        yield f"T2: Invalid value: '{choice}' for 'tool_choice'."
    elif isinstance(choice, dict) and choice.get("type") == "function" and name not in names:
        yield f"T2: Tool choice '{name}' not found in 'tools' parameter."


def blank(text: object) -> bool:
    """Tell whether a text is empty or only white space."""
    return not isinstance(text, str) or not text.strip()
