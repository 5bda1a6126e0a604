"""About how many tokens a message takes, and a conversation, before a provider has counted them."""

from collections.abc import Sequence
from typing import assert_never

from modules.llm.history import Message
from modules.llm.parts import File, Image, Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from modules.session.node import Node

IMAGE_TOKENS = 1200
OVERHEAD = 4
LOOKED_AT = 200  # messages from the end that are decoded to be counted; those before them need not be
BYTES_TO_A_TOKEN = 2  # of a row, in which text is packed


def estimated_tokens(message: Message) -> int:
    """About how many tokens a message takes where nobody has counted them: four characters to a token."""
    return sum(map(_characters, message.parts)) // 4 + OVERHEAD


def _characters(part: Part) -> int:
    """About how much text takes as many tokens. For reasoning and documents only the provider knows."""
    match part:
        case Text(text):
            return len(text)
        case ToolCall():
            return len(part.arguments) + len(part.name)
        case ToolResult():
            return len(part.text) + sum(_characters(inner) for inner in part.parts if not isinstance(inner, Text))
        case Image():
            return 4 * IMAGE_TOKENS
        case Reasoning() | File() | Refusal() | Opaque():
            return 0
        case _:
            assert_never(part)


class PathEstimate:
    """What was estimated of a conversation's messages, each once: it is asked for at each key pressed."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}

    def tokens(self, path: Sequence[Node]) -> int:
        """About how many tokens these messages take, from the last answer on that a provider has counted."""
        counted = 0
        for seen, node in enumerate(reversed(path)):
            if seen > LOOKED_AT and not node.is_decoded:
                counted += node.size // BYTES_TO_A_TOKEN + OVERHEAD
                continue
            message = node.message
            if message.role == "assistant" and message.usage and message.usage.input:
                return counted + message.usage.input + message.usage.output - message.usage.reasoning
            if node.id not in self._known:  # a message never changes
                self._known[node.id] = estimated_tokens(message)
            counted += self._known[node.id]
        return counted
