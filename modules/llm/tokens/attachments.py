"""About how many tokens a picture or a document takes: by the rule that the maker of the model has published."""

import base64
import math
import re
from collections.abc import Callable

from msgspec import Struct

from modules.llm.catalogue.model_makers import maker_of
from modules.llm.models import Model
from modules.llm.parts import File, Image
from modules.llm.tokens.picture_size import picture_size

UNKNOWN_SIZE = (1024, 1024)  # of a picture, in pixels, where its file does not say
PAGE_BYTES = 50_000  # of a PDF that does not say how many pages it has
LOOKED_AT_CHARS = 8_000_000  # of a PDF in base64, in which pages are looked for
LINEARIZED = re.compile(rb"/Linearized\b[^>]{0,200}?/N (\d{1,6})")
PAGE = re.compile(rb"/Type\s*/Page\b")
COUNT = re.compile(rb"/Count (\d{1,6})")

Picture = Callable[[int, int], float]


def in_patches(side: int, most: int, longest: int = 10**6, factor: float = 1.0) -> Picture:
    """A token, times `factor`, for each square of so many pixels, of a picture made smaller until `most` suffice."""

    def tokens(width: int, height: int) -> float:
        scale = min(1.0, longest / max(width, height))
        width, height = max(1, int(width * scale)), max(1, int(height * scale))
        patches = math.ceil(width / side) * math.ceil(height / side)
        return min(patches, most) * factor

    return tokens


def in_tiles(base: int, tile: int) -> Picture:
    """OpenAI's older rule: within 2048 by 2048, the short side 768 at most, then squares of 512."""

    def tokens(width: int, height: int) -> float:
        scale = min(1.0, 2048 / max(width, height))
        scale = min(scale, 768 / min(width, height))
        return base + tile * math.ceil(width * scale / 512) * math.ceil(height * scale / 512)

    return tokens


def in_crops(width: int, height: int) -> float:
    """Gemini's rule until 2.5: 258 for a small one, and for each crop of a larger one."""
    if max(width, height) <= 384:
        return 258
    unit = min(768, max(256, min(width, height) / 1.5))
    return 258 * math.ceil(width / unit) * math.ceil(height / unit)


def always(tokens: int) -> Picture:
    return lambda width, height: tokens


class Rule(Struct, frozen=True):
    """What attachments take at models whose maker and id the pattern is found in; a page is one of a PDF."""

    pattern: str
    picture: Picture
    page: int


# The first that is found in "maker id" holds. Sources:
# - platform.claude.com/docs/en/build-with-claude/vision and /pdf-support: squares of 28 pixels, resized to 1568, with
#   2576 since Opus 4.7; a page is a picture and its text, about 7,000 for three.
# - developers.openai.com/api/docs/guides/images-vision; the factors of GPT-5's small models, and that 5.2 and later
#   count squares, are as measured in community.openai.com/t/1377015. Of a PDF they get text and a picture of each page.
# - ai.google.dev/gemini-api/docs/image-understanding, /media-resolution and /document-processing.
# - docs.x.ai/docs/guides/image-understanding: squares of 448 pixels, 256 tokens each, and one more.
# - docs.mistral.ai/capabilities/vision, mistral-common's image encoder: squares of 28 pixels up to 1540.
# - Qwen2.5-VL and Qwen3-VL, preprocessor_config.json: squares of 28 and 32 pixels.
RULES = (
    Rule(r"^anthropic .*(opus-4-[7-9]|(opus|sonnet|haiku|fable)-[5-9])", in_patches(28, 4784, 2576), 2300),
    Rule(r"^anthropic ", in_patches(28, 1568, 1568), 2300),
    Rule(r"^openai .*gpt-4o-mini", in_tiles(2833, 5667), 1200),
    Rule(r"^openai .*gpt-4\.1-mini", in_patches(32, 1536, factor=1.62), 1200),
    Rule(r"^openai .*gpt-4\.1-nano", in_patches(32, 1536, factor=2.46), 1200),
    Rule(r"^openai .*(o4-mini|codex-mini)", in_patches(32, 1536, factor=1.72), 1200),
    Rule(r"^openai .*gpt-5-nano", in_patches(32, 1536, factor=1.5), 1200),
    Rule(r"^openai .*gpt-(5\S*-(mini|nano)|5\.[23])", in_patches(32, 1536, factor=1.2), 1200),
    Rule(r"^openai .*gpt-(5\.[4-9]|[6-9])", in_patches(32, 2500, 2048, factor=1.2), 1200),
    Rule(r"^openai .*gpt-5", in_tiles(70, 140), 1200),
    Rule(r"^openai .*\bo[13]", in_tiles(75, 150), 1200),
    Rule(r"^openai ", in_tiles(85, 170), 1200),
    Rule(r"^google .*gemma", always(256), 1200),
    Rule(r"^google .*gemini-[12]\b", in_crops, 258),
    Rule(r"^google ", always(1120), 560),
    Rule(r"^x-ai ", lambda width, height: 256 * (min(6, math.ceil(width / 448) * math.ceil(height / 448)) + 1), 1200),
    Rule(r"^mistralai ", in_patches(28, 3025, 1540), 1200),
    Rule(r"^qwen .*qwen-?3", in_patches(32, 2560), 1200),
    Rule(r"^qwen ", in_patches(28, 1280), 1200),
    Rule(r"", in_patches(28, 1568, 1568), 1200),
)


def picture_tokens(image: Image, model: Model) -> int:
    """About how many tokens the model reads of a picture that it is shown."""
    return round(rule_of(model).picture(*(picture_size(image.base64) or UNKNOWN_SIZE)))


def document_tokens(file: File, model: Model) -> int:
    """About how many tokens the model reads of a PDF that it is given."""
    return rule_of(model).page * pages(file)


def pages(file: File) -> int:
    """How many pages a PDF has: as it says itself, else by its size."""
    data = base64.b64decode(file.base64[: min(len(file.base64), LOOKED_AT_CHARS) // 4 * 4])
    if said := LINEARIZED.search(data, 0, 2048):
        return max(1, int(said[1]))
    found = len(PAGE.findall(data)) or max((int(count[1]) for count in COUNT.finditer(data)), default=0)
    return found or max(1, len(data) // PAGE_BYTES)


_known: dict[str, Rule] = {}


def rule_of(model: Model) -> Rule:
    """What attachments take at this model."""
    name = f"{maker_of(model.id)} {model.id.lower()}"
    if name not in _known:
        _known[name] = next(rule for rule in RULES if re.search(rule.pattern, name))
    return _known[name]
