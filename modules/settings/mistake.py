"""One thing that a settings.toml says and cannot mean."""

from msgspec import Struct

MOST_TOLD = 10  # in one message
NO_LINE = 0


class Mistake(Struct, frozen=True):
    """What a file says and cannot mean. It is refused where going on without it would lift a limit."""

    line: int
    words: str
    is_refused: bool

    def __str__(self) -> str:
        return f"line {self.line}: {self.words}" if self.line else self.words


def listed(mistakes: tuple[Mistake, ...]) -> str:
    """Mistakes as lines of one message."""
    more = [f"and {len(mistakes) - MOST_TOLD} more."] if len(mistakes) > MOST_TOLD else []
    return "\n".join([*map(str, mistakes[:MOST_TOLD]), *more])
