"""A window in tokens at a loopback server: one plain rule counts each request, and one that is too long is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tests.wire.answers import Answer, Status
from tests.wire.facts import Dialect
from tests.wire.faults import Fault

BYTES_TO_A_TOKEN = 4  # of all text in UTF-8, whatever it is
PICTURE_TOKENS = 1_000  # of each picture and each PDF
# What is read of a request, in any dialect, and what in it is for the server alone.
READ = ("system", "instructions", "messages", "input", "tools", "contents", "systemInstruction")
UNREAD = ("signature", "encrypted_content", "thoughtSignature", "id", "tool_use_id", "call_id", "tool_call_id")

# The words of each provider, with {needed} and {window} in the place of the numbers; sources are those of the samples
# in error_words.toml. Ollama's are of llm/llama_server.go.
WORDS: dict[Dialect, Status] = {
    "anthropic": Status(400, message="prompt is too long: {needed} tokens > {window} maximum"),
    "openai": Status(
        400,
        code="context_length_exceeded",
        param="input",
        message="Your input exceeds the context window of this model. Please adjust your input and try again.",
    ),
    "groq": Status(
        400,
        code="context_length_exceeded",
        param="messages",
        message="Please reduce the length of the messages or completion.",
    ),
    "chat": Status(
        400,
        code="context_length_exceeded",
        param="messages",
        message="This model's maximum context length is {window} tokens. However, your messages resulted in {needed} "
        "tokens. Please reduce the length of the messages.",
    ),
    "gemini": Status(
        400, message="The input token count ({needed}) exceeds the maximum number of tokens allowed ({window})."
    ),
    "ollama": Status(400, message="request ({needed} tokens) exceeds the available context size ({window} tokens)"),
}
BEFORE_CONTENT: dict[Dialect, int] = {"anthropic": 1, "openai": 2, "groq": 1, "chat": 1, "gemini": 0, "ollama": 0}


@dataclass(frozen=True)
class Window:
    """How many tokens a server reads, and what it does with more: `how`.

    "refuse": an error status. "stream": the stream begins, and an error stands in it before any content. "stop": the
    answer ends at once, with the stop word `stop` and no content. "cut": it reads the last `keeps` tokens, or as many
    as it can, and does not say so. `words` are those of the refusal where they are not its dialect's.
    """

    tokens: int
    how: Literal["refuse", "stream", "stop", "cut"] = "refuse"
    words: Status | None = None
    stop: str = "max_tokens"
    keeps: int | None = None

    def reads(self, count: int) -> int:
        """How many tokens of so many it reads, and counts in its usage."""
        if self.how != "cut" or count <= self.tokens:
            return count
        return self.tokens if self.keeps is None else self.keeps

    def reply(self, dialect: Dialect, count: int) -> Answer | Status | None:
        """What a request of so many tokens is answered with in the place of an answer; None where it fits."""
        if self.how == "cut" or count <= self.tokens:
            return None
        if self.how == "stop":
            return Answer(stop=self.stop)
        said = worded(self.words or WORDS[dialect], count, self.tokens)
        if self.how == "refuse":
            return said
        kind = said.code or said.kind or "invalid_request_error"
        after = BEFORE_CONTENT[dialect]
        return Answer("Never.", fault=Fault.error_event(after=after, kind=kind, message=said.message or ""))


Windows = Window | Mapping[str, Window]  # one for all models of a server, or one for each by its id


def worded(words: Status, needed: int, window: int) -> Status:
    """The refusal with its numbers."""

    def told(text: str | None) -> str | None:
        return text and text.replace("{needed}", str(needed)).replace("{window}", str(window))

    return replace(words, message=told(words.message), body=told(words.body))


def tokens_in(body: Any) -> int:
    """How many tokens the server counts in a request: its text by bytes, and so many for each picture."""
    read = {key: body[key] for key in READ if key in body} if isinstance(body, dict) else {}
    size, pictures = _measure(read)
    return max(1, size // BYTES_TO_A_TOKEN + pictures * PICTURE_TOKENS)


def _measure(value: Any, key: str = "", kind: str = "") -> tuple[int, int]:
    """Bytes of text, and how many pictures; `kind` is the media type that stands beside a string."""
    if isinstance(value, str):
        picture = value.startswith("data:") or key == "images" or (key == "data" and not kind.startswith("text/"))
        return (0, 1) if picture else (len(value.encode(errors="replace")), 0)
    if isinstance(value, Mapping):
        beside = str(value.get("media_type") or value.get("mimeType") or "")
        parts = [_measure(inner, name, beside) for name, inner in value.items() if name not in UNREAD]
    elif isinstance(value, Sequence):
        parts = [_measure(inner, key) for inner in value]
    else:
        return 0, 0
    return sum(size for size, _ in parts), sum(pictures for _, pictures in parts)
