"""A failure as JSON, and one line of JSON as it is printed."""

import sys
from typing import Any

from modules.chat.terminal.streams import holds_all
from modules.chat.wording.cures import in_pipe
from modules.errors import ParlanceError, ProviderError
from modules.text.safe_json import safe_json


def fail_as_json(error: ParlanceError) -> None:
    """The one JSON object of a run that failed before there was a conversation."""
    sys.stdout.write(
        json_line({"text": "", "stop_reason": "failed", "error": error_as_json(error, in_pipe(error))}) + "\n"
    )
    sys.stdout.flush()


def error_as_json(error: ParlanceError, cure: str) -> dict[str, Any]:
    """`kind` is the name that the error has in errors.py; `retry_after` is in seconds, as the server said."""
    after = error.retry_after if isinstance(error, ProviderError) else None
    return failure(type(error).__name__, error.message, cure, after)


def failure(kind: str, message: str, cure: str, retry_after: float | None = None) -> dict[str, Any]:
    """The field `error`; `kind` names the error, or the way in which an answer is not whole."""
    return {"kind": kind, "message": message, "cure": cure, "retry_after": retry_after}


def json_line(value: Any) -> str:
    """One line of JSON, in letters that standard output takes."""
    return safe_json(value, in_ascii=not holds_all(sys.stdout))
