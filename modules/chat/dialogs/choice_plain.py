"""A question with several answers where the terminal wants no escape sequences: printed, and answered by a key."""

from modules.chat.command import Options
from modules.chat.dialogs.approval_dialog import KeyGuard
from modules.chat.output.screen import TerminalScreen
from modules.chat.prompt.plain_prompt import PlainPrompt


async def choose(options: Options, prompt: PlainPrompt, screen: TerminalScreen) -> int | None:
    """Which answer the person takes; None for none of them. Raises EOFError at the end."""
    answers = [*options.answers, options.none]
    screen.say(options.question)
    for number, answer in enumerate(answers, 1):
        screen.say(f"  {number} {answer}")
    if screen.spoken:
        return await _on_a_line(options, prompt, screen)
    screen.say(f"Enter takes 1 · 1 to {len(answers)} choose · Esc or n takes {len(answers)}")
    patience = KeyGuard()
    patience.begin()
    while True:
        pressed = await prompt.keys()
        if pressed == "\x1b":
            return None
        if patience.too_early(pressed[0], with_others=len(pressed) > 1):
            continue
        match pressed[0].lower():
            case "\r" | "\n":
                return 0
            case "n" | "\x04" | "\x1b":
                return None
            case key if key.isdecimal() and 1 <= int(key) <= len(answers):
                return int(key) - 1 if int(key) <= len(options.answers) else None


async def _on_a_line(options: Options, prompt: PlainPrompt, screen: TerminalScreen) -> int | None:
    """The same answered by a number on a line of its own, which the terminal shows and a screen reader says."""
    last = len(options.answers) + 1
    while True:
        typed = (await prompt.answer(f"A number from 1 to {last}; Enter takes 1:")).lower()
        if typed in ("n", "no", str(last)):
            return None
        if not typed:
            return 0
        if typed.isascii() and typed.isdecimal() and 1 <= int(typed) < last:
            return int(typed) - 1
        screen.say(f'"{typed}" is no answer here.')
