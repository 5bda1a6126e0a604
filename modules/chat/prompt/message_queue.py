"""What was entered and has not been acted on: lines that follow by themselves, and lines that want another Enter."""

from collections.abc import Iterator

from modules.chat.command import parse_command

SHOWN = 3  # lines of the list; of what is beyond that, the number


class MessageQueue:
    """Lines in the order in which they were entered.

    `queued` lines follow one another as each comes to a good end. `held` ones do not: something failed or was stopped
    before their turn, or they came back, and only a new Enter sends each.
    """

    def __init__(self) -> None:
        self.queued: list[str] = []
        self.held: list[str] = []

    def add(self, line: str) -> None:
        """Entered while something else ran."""
        self.queued.append(line)

    def hold(self) -> None:
        """Nothing of it follows by itself any more."""
        self.held += self.queued
        self.queued.clear()

    def hold_for_question(self) -> None:
        """Whoever entered a line had not seen the question that comes now. One letter alone was meant to answer it."""
        self.queued = [line for line in self.queued if len(line.strip()) > 1]
        self.hold()

    def give_back(self, line: str) -> None:
        """A line that was acted on and wants to be entered again comes before all others."""
        self.held.insert(0, line)

    def next(self) -> str | None:
        """The line that follows now."""
        return self.queued.pop(0) if self.queued else None

    def next_held(self) -> str | None:
        """The line that a person may enter again now."""
        return self.held.pop(0) if self.held else None

    @property
    def lines(self) -> list[str]:
        """All that waits."""
        return [*self.held, *self.queued]

    def take_last(self) -> str | None:
        """The line that was entered last, to be edited."""
        lines = self.queued or self.held
        return lines.pop() if lines else None

    def rows(self) -> Iterator[str]:
        """The list for the screen: a few lines, the next one first, and how many more there are."""
        marked = [("not sent", line) for line in self.held] + [("queued", line) for line in self.queued]
        yield from (f"{mark}: {_in_a_row(line)}" for mark, line in marked[:SHOWN])
        if len(marked) > SHOWN:
            yield f"and {len(marked) - SHOWN} more"


def _in_a_row(line: str) -> str:
    return " ".join(line[:500].split())


def lines_of(text: str) -> list[str]:
    """What was entered in one text: more than one line where several commands stand in it.

    Commands that were typed ahead of a program that was busy stand below one another, and are not one.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    return lines if len(lines) > 1 and all(map(parse_command, lines)) else [text]
