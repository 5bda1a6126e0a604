"""What a service yields while an answer arrives, and the words for how it ended and what it cost."""

from typing import Literal, assert_never, get_args

from msgspec import Struct

from modules.llm.citations import Source

StopReason = Literal["end_turn", "tool_use", "max_tokens", "refusal", "paused", "context_full", "aborted", "unknown"]


def _is_cut(stop: StopReason) -> bool:
    match stop:
        case "max_tokens" | "context_full" | "aborted":
            return True
        case "end_turn" | "tool_use" | "refusal" | "paused" | "unknown":
            return False
        case _:
            assert_never(stop)


CUT: tuple[StopReason, ...] = tuple(filter(_is_cut, get_args(StopReason)))


class Usage(Struct, frozen=True):
    """Tokens of one request. `input` counts everything read, cached or not; `output` includes `reasoning`.

    `cost` is what the provider says it charged, in dollars; None where it does not say.
    """

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    cost: float | None = None

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
            self.reasoning + other.reasoning,
            None if self.cost is None or other.cost is None else self.cost + other.cost,
        )


class TextDelta(Struct, frozen=True):
    """The next piece of the answer."""

    text: str


class ReasoningDelta(Struct, frozen=True):
    """The next piece of the model's reasoning, as far as the provider shows it."""

    text: str


class ToolCallDelta(Struct, frozen=True):
    """The next piece of a tool call's arguments; the first piece of a call has its name and no arguments."""

    index: int
    name: str
    arguments: str


class ProviderSearch(Struct, frozen=True):
    """A search of the web that the provider runs by itself: told when it begins, and again when it has ended.

    `sources` is None while it runs; `failed` says why it found nothing, "" where it did not fail.
    """

    query: str
    sources: tuple[Source, ...] | None = None
    failed: str = ""


class Cited(Struct, frozen=True):
    """A page is named for the words that came last; with `late`, for words before those."""

    url: str
    title: str = ""
    late: bool = False


class PictureMade(Struct, frozen=True):
    """The model has made a picture, which is whole. Its place is after the words that have come so far.

    `base64` and `media_type` as for an Image.
    """

    media_type: str
    base64: str


class Silence(Struct, frozen=True):
    """The connection is alive but no content has come for `seconds`; the answer is given up at `limit` seconds."""

    seconds: float
    limit: float


class Finished(Struct, frozen=True):
    """The provider said that the answer has ended. Always last, exactly once; without it the connection broke.

    `model` is the id that the provider says has answered; `usage` is None where it did not say. `word` is the
    provider's own word for the end, where it says more to a person than `stop` does.
    """

    stop: StopReason
    usage: Usage | None
    model: str
    word: str = ""


ShownEvent = (
    TextDelta | ReasoningDelta | ToolCallDelta | ProviderSearch | Cited | PictureMade | Finished
)  # what a turn passes on as it came
StreamEvent = ShownEvent | Silence
