"""A question where the terminal wants no escape sequences: printed, page by page, and answered by a key."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path

from modules.chat.dialogs.approval_dialog import KeyGuard, always, answers
from modules.chat.dialogs.approval_text import BORDER, lasting, permission_for, rows, title
from modules.chat.output.screen import TerminalScreen
from modules.chat.prompt.plain_prompt import PlainPrompt
from modules.chat.wording.spoken_words import in_words
from modules.tools.approval import Decision, Question

# What may be typed on a line: whole words only, since a message that was begun before is no answer.
KEYS = {
    "y": "y", "yes": "y", "n": "n", "no": "n", "": "n", "r": "r", "a": "a", "always": "a", "f": "f",
    "m": " ", "more": " ",
}  # fmt: skip
WIDE = 100_000  # columns: a reader reads lines, and what is wrapped on the screen is one of them
OTHER_ROWS = 4  # of a page: the title, and what the keys do


async def ask(question: Question, folder: Path, prompt: PlainPrompt, screen: TerminalScreen) -> Decision | None:
    """What the person decides; None where they would rather stop altogether."""
    return await (_Spoken if screen.spoken else _Printed)(question, folder, prompt, screen).answer()


class _Printed:
    def __init__(self, question: Question, folder: Path, prompt: PlainPrompt, screen: TerminalScreen) -> None:
        self._question = question
        self._prompt = prompt
        self._screen = screen
        self._patience = KeyGuard()
        columns, height = screen.size()
        self._page = max(1, height - OTHER_ROWS)
        found = [row.text for row in rows(question, folder, WIDE if screen.spoken else columns - 1)]
        self._rows = numbered(found) if screen.spoken else found
        self._at = 0

    async def answer(self) -> Decision | None:
        """Show the first page and take keys until one of them, or a line typed, is an answer."""
        self._screen.say(title(self._question))
        self._turn_page()
        self._patience.begin()
        while True:
            key = await self._awaited()
            match key.lower():
                case "\x04":
                    return None
                case "y" | "a" | "f" if self._at < len(self._rows):
                    self._screen.say("There is more. Space shows it.")
                case "y":
                    return Decision(allowed=True)
                case "n" | "\r" | "\n" | "\x1b":
                    return Decision()
                case " " if self._at < len(self._rows):
                    self._turn_page()
                case "f" if self._question.plan.apart:
                    pass  # it asks each time
                case "r" | "a" | "f" if key in "rR" or lasting(self._question):
                    if decision := await self._typed(key.lower()):
                        return decision
                    self._screen.say(" · ".join(answers(self._question)))

    def _turn_page(self) -> None:
        self._print_rows()
        self._screen.say(" · ".join(answers(self._question)))

    def _print_rows(self) -> None:
        first, self._at = self._at, min(len(self._rows), self._at + self._page)
        self._screen.write("".join(f"{row}\n" for row in self._rows[first : self._at]))
        if len(self._rows) > self._page:
            more = " · Space shows more" if self._at < len(self._rows) else ""
            self._screen.say(f"lines {first + 1}-{self._at} of {len(self._rows)}{more}")

    async def _awaited(self) -> str:
        """The next key that counts. Esc, which only declines, always does."""
        while True:
            pressed = await self._prompt.keys()
            if pressed == "\x1b" or not self._patience.too_early(pressed[0], with_others=len(pressed) > 1):
                return pressed[0]

    async def _typed(self, key: str) -> Decision | None:
        """What is typed on a line: a reason, or what a lasting permission is to cover. None goes back."""
        if key != "r" and (permission := always(self._question)):
            return Decision(allowed=True, permission=permission, lasts=key == "f")
        if key == "r":
            return Decision(reason=await self._prompt.answer("No, because:"))
        self._screen.say(
            f"{self._question.plan.line}\nEnter alone allows it. Or type its beginning, and *, to cover more."
        )
        line = await self._prompt.answer("Always:") or self._question.plan.line
        permission, covers = permission_for(self._question, line)
        self._screen.say(covers)
        return Decision(allowed=True, permission=permission, lasts=key == "f") if permission is not None else None


def numbered(rows: Sequence[str]) -> list[str]:
    """The rows without a border. Lines of the model's have numbers, so that none can pass for one of ours."""
    lines = count(1)
    return [
        f"Line {next(lines)}: {row.removeprefix(BORDER)}" if row.startswith(BORDER) else in_words(row) for row in rows
    ]


class _Spoken(_Printed):
    """The same for a screen reader: an answer is a word on a line, which the terminal shows and says."""

    def _turn_page(self) -> None:
        self._print_rows()
        words = [answer.replace(" ", ": ", 1) for answer in answers(self._question)[:-1]]
        more = ["m: more of it"] if self._at < len(self._rows) else []
        self._screen.say("\n".join([*words, *more, "Enter alone: no", "Ctrl+C: no, and stop"]))

    async def _awaited(self) -> str:
        while True:
            typed = (await self._prompt.answer("Your answer:")).lower()
            if key := KEYS.get(typed):
                return key
            self._screen.say(f'"{typed}" is no answer here.')
