"""What of a message is searched: the words that were said, calls of tools and their results; no pictures, no thoughts.

Of a call's arguments and of each result the first 100,000 characters are searched. What a model thought is not: it says
most of it again in its answer. A picture or a document is known by its name.
"""

from collections.abc import Iterator
from typing import Any, assert_never

from modules.llm.history import Message
from modules.llm.parts import File, Image, Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult

MOST_CHARS = 100_000  # of one call's arguments, or of one result
DEEPEST = 50  # levels of arguments that are read


def said(message: Message) -> str:
    """All that is searched of a message, in its order."""
    return "\n".join(filter(None, (_of(part) for part in message.parts)))


def speaker(message: Message) -> str:
    """The model that said it, with its provider, as in "anthropic:claude-sonnet-5"; "" where no model did."""
    if message.origin is None:
        return ""
    provider = message.origin.issuer.partition(" ")[0]
    return f"{provider}:{message.origin.model}" if provider else message.origin.model


def _of(part: Part) -> str:
    match part:
        case Text(text) | Refusal(text):
            return text
        case ToolCall():
            return f"{part.name} {_arguments(part)}"[:MOST_CHARS]
        case ToolResult():
            names = (inner.name for inner in part.parts if not isinstance(inner, Text))
            return "\n".join(filter(None, [part.text[:MOST_CHARS], *names]))
        case Image() | File():
            return part.name
        case Opaque():
            return part.summary
        case Reasoning():
            return ""
        case _:
            assert_never(part)


def _arguments(call: ToolCall) -> str:
    """The names and values of arguments without the marks of JSON, which would run into the words; else as written."""
    if len(call.arguments) > MOST_CHARS * 4 or (arguments := call.parsed()) is None:
        return call.arguments
    return " ".join(_words(arguments, DEEPEST))


def _words(value: Any, deeper: int) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict() if deeper:
            for key, inner in value.items():
                yield f"{key}:"
                yield from _words(inner, deeper - 1)
        case list() if deeper:
            for inner in value:
                yield from _words(inner, deeper - 1)
        case bool() | int() | float():
            yield str(value)
