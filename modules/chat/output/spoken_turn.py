"""A turn in words: what runs is said once on a line of its own, and again only where it goes on for long."""

import time

from modules.chat.output.screen import TerminalScreen
from modules.chat.output.tool_lines import DONE, NOT_RUN, ToolLines, brief, changed, folded, mark_of
from modules.chat.wording.phrases import count
from modules.chat.wording.spoken_words import in_words
from modules.llm.parts import ToolCall, ToolResult
from modules.session.turns.tool_calls import DECLINED
from modules.text.sanitize import clean

FIRST_SECONDS = 30.0  # after which a wait is told of again; then after twice as long each time
WORDS = {"waiting": "Waiting for {}.", "thinking": "{} thinks.", "reasoning": "{} thinks.", "text": "{} answers:"}
LONG_SECONDS = 0.5  # of a call, from which on its time is told


class Announcements:
    """Says what a turn has come to, in lines of their own."""

    def __init__(self, screen: TerminalScreen) -> None:
        self._screen = screen
        self._last = ""
        self._begin("")

    def become(self, kind: str, name: str) -> None:
        """Something else runs now; a kind that is said elsewhere, or that needs no word, is passed over."""
        words = WORDS.get(kind, "").format(name)
        self._begin(words)
        if words and words != self._last:
            self._screen.say(words)
        self._last = words or self._last

    def go_on(self) -> None:
        """Say that it still runs, where it has done so for long."""
        seconds = time.monotonic() - self._since
        if self._running and seconds >= self._next:
            self._next *= 2
            self._screen.say(f"Still at it, {seconds:.0f} seconds. {self._running}")

    def _begin(self, words: str) -> None:
        self._since, self._next = time.monotonic(), FIRST_SECONDS
        self._running = words if words.startswith("Waiting") or words.endswith("thinks.") else ""


class SpokenReasoning:
    """Reasoning: how much there was, or with "/reasoning show" all of it."""

    def __init__(self, screen: TerminalScreen) -> None:
        self._screen = screen
        self._arrived: list[str] = []

    def feed(self, text: str) -> None:
        self._arrived.append(text)

    def draw(self) -> None:
        """Nothing is said before all of it is there: it is not the answer."""

    def finish(self) -> None:
        text = "".join(self._arrived)
        self._arrived.clear()
        if not text.strip():
            return
        if self._screen.reasoning == "full":
            lines = [line for line in clean(text).split("\n") if line.strip()]
            self._screen.write("".join(f"{line}\n" for line in ["Thoughts:", *lines, "End of thoughts."]))
        else:
            self._screen.say(f"Thought in {count(len(text.split()), 'word')}. /reasoning show says them.")


class SpokenCalls(ToolLines):
    """The calls of a turn as sentences."""

    def start(self, call: ToolCall, preview: str = "") -> None:
        super().start(call, preview)
        self._screen.say(f"Running {clean(call.name)} {brief(call)}".rstrip() + ".")

    def _print(self, call: ToolCall, result: ToolResult, seconds: float | None) -> None:
        self._ended.add(call.id)
        number = self._number(call)
        mark = mark_of(result)
        took = f" in {seconds:.1f} seconds" if seconds is not None and seconds > LONG_SECONDS else ""
        how = f"done{took}" if mark == DONE else f"failed{took}"
        if mark == NOT_RUN:
            how = "declined" if result.text.startswith(DECLINED) else "not run"
        self._screen.say(f"Call {number}, {clean(call.name)}, {how}.")
        if mark != NOT_RUN and (lines := folded(result, number)):
            self._screen.write("".join(f"{in_words(line)}\n" for line in ["Result:", *lines] if line.strip()))
        if mark == DONE and (lines := changed(self._previews.get(call.id, ""), number)):
            self._screen.write("".join(f"{line}\n" for line in map(_change, lines) if line))


def _change(line: str) -> str:
    """A line of a diff in words; nothing of what stays as it is."""
    kind = {"+": "Added: ", "-": "Removed: "}.get(line[:1])
    if kind is not None:
        return f"{kind}{line[1:].strip() or 'an empty line'}"
    return in_words(line) if line.startswith("…") else ""
