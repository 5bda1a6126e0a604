"""What the known targets take of a picture, with sources; every picture is brought within the strictest of them."""

from msgspec import Struct

MB = 1_000_000
MIB = 1024 * 1024

PNG, JPEG, GIF, WEBP, HEIC = "image/png", "image/jpeg", "image/gif", "image/webp", "image/heic"


class Limit(Struct, frozen=True, kw_only=True):
    """What one target takes: media types, characters of base64, pixels of the longer side, pixels in all."""

    target: str
    source: str
    types: tuple[str, ...]
    encoded: int
    side: int = 10_000
    pixels: int = 100_000_000


# A conversation may go to any of them, and a picture in it is sent again with every question.
LIMITS = (
    # 8000 px and 5 MB alone. A request of more than 20 pictures has 2000 px (opencode#12068, claude-code#49720) and
    # 32 MB in all, of which each of 21 has one and a half.
    Limit(
        target="Anthropic", source="https://platform.claude.com/docs/en/build-with-claude/vision",
        types=(PNG, JPEG, GIF, WEBP), encoded=32 * MB // 21, side=2000,
    ),
    # A GIF must not be animated.
    Limit(
        target="OpenAI", source="https://platform.openai.com/docs/guides/images-vision",
        types=(PNG, JPEG, WEBP), encoded=20 * MB,
    ),
    # 4 MB for the whole request: a quarter of it stays for the words.
    Limit(
        target="Groq", source="https://console.groq.com/docs/vision",
        types=(PNG, JPEG, GIF, WEBP), encoded=3 * MB, pixels=33_177_600,
    ),
    # Since Gemini 2 no GIF (discuss.ai.google.dev/t/71468); 7 MB of file given inline.
    Limit(
        target="Gemini",
        source="https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/image-understanding",
        types=(PNG, JPEG, WEBP, HEIC), encoded=7 * MB * 4 // 3,
    ),
    Limit(
        target="xAI", source="https://docs.x.ai/docs/guides/image-understanding",
        types=(PNG, JPEG), encoded=10 * MIB * 4 // 3,
    ),
    Limit(
        target="Mistral", source="https://docs.mistral.ai/capabilities/vision",
        types=(PNG, JPEG, WEBP), encoded=10 * MB * 4 // 3, side=10_000,
    ),
    # Its decoder, stb_image, knows no WebP (ollama#17755, cline#8977).
    Limit(
        target="llama.cpp", source="https://github.com/ggml-org/llama.cpp/discussions/15542",
        types=(PNG, JPEG, GIF), encoded=20 * MB,
    ),
)  # fmt: skip

TYPES = frozenset.intersection(*(frozenset(limit.types) for limit in LIMITS))
LARGEST_BYTES = min(limit.encoded for limit in LIMITS) // 4 * 3  # before they are base64
SIDE = min(limit.side for limit in LIMITS)
PIXELS = min(limit.pixels for limit in LIMITS)
