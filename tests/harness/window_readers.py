"""Models with windows of 4k to 1M tokens, several of one issuer among them, and what is said to them at length."""

import base64
import struct
import zlib
from dataclasses import replace

from modules.llm.models import Model, ModelRegistry
from modules.llm.parts import Image
from tests.harness.conversation_machine import MODELS
from tests.harness.engine_harness import ANTHROPIC, GROQ, OLLAMA, OPENAI

# Each with its window in tokens, and that of a second model of the same issuer that reads the same, 0 for none.
WINDOWS: dict[str, tuple[int | None, int]] = {
    "anthropic:claude-opus-5.5": (1_000_000, 8_000),
    "anthropic:claude-opus-4.5": (32_000, 0),
    "openai:gpt-6.1-sol": (200_000, 4_000),
    "groq:gpt-oss-120b": (8_000, 4_000),
    "google:gemini-4-argon": (1_000_000, 16_000),
    "mistral:mistral-large-4": (32_000, 0),
    "openrouter:auto": (None, 0),
    "ollama:llama3.1": (4_000, 0),
    "worst:all strict": (8_000, 0),
    "notools:no tools": (16_000, 0),
}
WRITERS: dict[str, int] = {ANTHROPIC: 200_000, OPENAI: 32_000, GROQ: 8_000, OLLAMA: 16_000}
# Kinds of text of which about four bytes are a token in real tokenizers too: so many the loopback servers count.
SAID = {
    "prose": "The river runs past the old mill, and nobody remembers who built it. ",
    "code": "for at, row in enumerate(rows):\n    total += row[at] * 0x1F\n",
    "chinese": "这条河流过旧磨坊，没有人记得是谁建造的。",
}


def png(width: int, height: int) -> str:
    """A black picture of that size, in base64."""
    pieces = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes((width + 7) // 8 + 1) * height)),
        (b"IEND", b""),
    )
    found = b"\x89PNG\r\n\x1a\n"
    for kind, data in pieces:
        found += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return base64.b64encode(found).decode()


def readers() -> dict[str, Model]:
    """The models by full name."""
    found: dict[str, Model] = {}
    for name, (window, second) in WINDOWS.items():
        model = replace(MODELS[name], window=window)
        found[model.full_name] = model
        if second:
            other = replace(model, name=f"{model.name}-small", id=f"{model.id}-small", window=second)
            found[other.full_name] = other
    return found


READERS = readers()
SECOND = {name.removesuffix("-small"): name for name in READERS if name.endswith("-small")}
REGISTRY = ModelRegistry(READERS.values())

PICTURE = Image("image/png", png(1000, 750), "mill.png")  # about as many tokens by each published rule


def at_length(kind: str, chars: int) -> str:
    """About so many characters of one kind of text."""
    return (SAID[kind] * (1 + chars // len(SAID[kind])))[:chars]
