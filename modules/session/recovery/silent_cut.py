"""A server that reads less than it was sent and does not say so: noticed by what its usage counts."""

import base64
import re
from collections.abc import Iterable, Iterator
from typing import assert_never

from modules.llm.base import ChatRequest
from modules.llm.dialects import about
from modules.llm.events import Usage
from modules.llm.message import Message
from modules.llm.models import Model, Provider
from modules.llm.network.local_endpoints import is_near
from modules.llm.parts import File, Image, Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult

# Characters to a token. Prose of any language has fewer than six, so a server that counts eight has left something
# out. Ollama's compatible endpoint keeps 2,048 or 4,096 tokens (ollama#8099, ollama#10368), its own what it is told, or
# half of that (ollama#17427); servers before 0.12.6 drop the rest without a word.
MOST = 8
LEAST_CHARS = 6_000  # less than this fits every server's window
LOOKED_AT_CHARS = 2_000_000  # in which repetition is looked for
SETTINGS = {
    "ollama": "give the model a larger num_ctx in its Modelfile, or a larger window in models.yaml, or ask another",
    "llamacpp": "start it with a larger --ctx-size",
    "lmstudio": "load the model with a larger context length",
}
ANY = "raise the server's context setting; for Ollama it is OLLAMA_CONTEXT_LENGTH or num_ctx"
BLANKS = re.compile(r"\s+")
REPEATED = re.compile(r"(\S{1,4}?)\1{3,}")


def silent_cut(request: ChatRequest, usage: Usage | None) -> str:
    """What to say where the server has read far less than the request held; "" where it may have read all of it.

    Only text is counted: pictures and PDF take tokens and no characters, and what may have been left out of the
    request, such as reasoning and refused turns, is not expected to have been read. What was read is no window to
    learn: it may be half of it, or a part that was left in a cache.
    """
    if not _may_cut(request.model.provider):
        return ""
    read = tokens_read(usage)
    ledger = request.ledger
    # 0 is a server that does not count. The JSON has more characters than the text in it, and is measured already.
    if read <= 0 or (ledger is not None and ledger.entries.size + len(request.system) < max(LEAST_CHARS, read * MOST)):
        return ""
    if not _reads_far_less(texts_of(request.system, request.messages), read):
        return ""
    model = request.model
    sent = sum(map(len, texts_of(request.system, request.messages))) // 4
    return (
        f"{model.full_name} has read {read:,} tokens of about {sent:,} that were sent: the server keeps no more of a "
        f"conversation, and the model has not seen the rest. To change that, {_setting(model)}."
    )


def _may_cut(provider: Provider) -> bool:
    """Whether its servers are known for that; those that people run themselves speak every dialect by now."""
    return about(provider.dialect).cuts_in_silence or is_near(provider.base_url)


def tokens_read(usage: Usage | None) -> int:
    """Tokens that the server counts as read. Some count what came from a cache apart, so that is added in any case."""
    return 0 if usage is None else usage.input + usage.cache_read + usage.cache_write


def _reads_far_less(texts: Iterable[str], read: int) -> bool:
    """Whether a server that read so many tokens cannot have read these texts; only so many are looked at."""
    dense = 0  # without blanks and repetition, of which a token may hold any number
    for text in texts:
        dense += len(REPEATED.sub(r"\1\1", BLANKS.sub(" ", text[:LOOKED_AT_CHARS])))
        if dense >= max(LEAST_CHARS, read * MOST):
            return True
    return False


def texts_of(system: str, messages: Iterable[Message]) -> Iterator[str]:
    """All text that a server is sent for certain."""
    yield system
    asked: list[str] = []  # a question is not sent if its answer was refused
    for message in messages:
        if message.role == "user":
            yield from asked
            asked = list(_texts(message.parts))
        elif message.state == "refused":
            asked = []
        else:
            yield from asked
            asked = []
            yield from _texts(message.parts)
    yield from asked


def _texts(parts: Iterable[Part]) -> Iterator[str]:
    for part in parts:
        match part:
            case Text(text) | Refusal(text) | ToolCall(arguments=text):
                yield text
            case ToolResult(parts=inner):
                yield from _texts(inner)
            case File("text/plain", data):
                yield base64.b64decode(data).decode(errors="replace")
            case Image() | File() | Reasoning() | Opaque():
                pass
            case _:
                assert_never(part)


def _setting(model: Model) -> str:
    return SETTINGS.get(model.provider.name, ANY)
