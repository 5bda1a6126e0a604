"""About how many tokens a message takes, before a provider has counted them."""

from typing import assert_never

from modules.llm.history import Message
from modules.llm.parts import File, Image, Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult

IMAGE_TOKENS = 1200
OVERHEAD = 4


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
