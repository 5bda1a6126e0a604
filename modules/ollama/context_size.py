"""How many tokens a server is asked to keep: what the next request needs, in steps, within what the model can.

Untold, Ollama keeps 2,048 or 4,096 tokens of a conversation on most machines, and drops the rest without a word
(ollama#8099, ollama#10368, docs/context-length.mdx). Another number loads the model anew (aider#4687), and each takes
memory, so it grows in a few steps and never shrinks while a conversation lasts.
"""

from typing import Any

from modules.llm.models import Model
from modules.llm.parts import Wire

LEAST_TOKENS = 8192
ANSWER_TOKENS = 2048  # room for the answer, thinking included, at the least
ANSWER_SHARE = 4  # and of a long conversation its fourth part, up to
LONG_ANSWER_TOKENS = 8192
BYTES_PER_TOKEN = 3  # of UTF-8: a letter of Chinese is one token, English has four and more, code about three
MESSAGE_TOKENS = 8  # what a template puts around each
IMAGE_TOKENS = 1200  # ollama/ollama, server/prompt.go counts 768; newer models take more


def tokens_in(wire: Wire) -> int:
    """About how many tokens a model reads of a message or a tool: rather too many than too few."""
    pictures = len(wire.get("images", ()))
    size = _bytes({key: value for key, value in wire.items() if key != "images"})
    return -(-size // BYTES_PER_TOKEN) + MESSAGE_TOKENS + IMAGE_TOKENS * pictures


def context_size(model: Model, read: int, at_least: int = 0) -> int:
    """The number to ask for where a request holds about `read` tokens; the same for much of a conversation."""
    if model.profile.context is not None:
        return model.profile.context
    room = min(max(ANSWER_TOKENS, read // ANSWER_SHARE), LONG_ANSWER_TOKENS)
    size = max(LEAST_TOKENS, at_least)
    while size < read + room:
        size *= 2
    return min(size, model.window or size)


def _bytes(value: Any) -> int:
    """The text in a JSON value, in bytes of UTF-8, with a little for what stands between."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode(errors="replace"))
    if isinstance(value, dict):
        return sum(len(key) + 4 + _bytes(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return sum(map(_bytes, value))
    return 4
