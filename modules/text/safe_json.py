"""JSON as text that any terminal and any parser takes: what a terminal would obey, or nobody could see, is escaped."""

import json
import math
import re
from typing import Any

from modules.text.sanitize import UNSAFE

_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")  # escaped, the two would come back as one


def safe_json(value: Any, *, in_ascii: bool = False) -> str:
    """The value as JSON on one line; the same to whoever parses it. What is no number in JSON becomes null.

    Raises TypeError, ValueError or RecursionError for what is no JSON.
    """
    try:
        text = json.dumps(value, ensure_ascii=in_ascii, allow_nan=False, separators=(", ", ": "))
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=in_ascii, allow_nan=False, separators=(", ", ": "))
    if text.isascii() and "\x7f" not in text:  # then all there is to escape is escaped, and no pattern has to look
        return text
    text = _PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
    return UNSAFE.sub(lambda char: json.dumps(char[0])[1:-1], text)


def _finite(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_finite(inner) for inner in value]
    return value
