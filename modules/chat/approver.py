"""Asks the person about a call: takes the keyboard, shows the question, and writes the decision into it."""

import asyncio
import time

from modules.chat.interrupt import Keyboard
from modules.chat.screen import TerminalScreen
from modules.session.tooling import Tooling
from modules.tools.approval import Question


class Approver:
    """Answers the questions of one turn."""

    def __init__(self, screen: TerminalScreen, keyboard: Keyboard, tooling: Tooling) -> None:
        self._screen = screen
        self._keyboard = keyboard
        self._tooling = tooling
        self.seconds = 0.0  # that the person has taken to answer; nobody else's work

    async def answer(self, question: Question) -> None:
        """Set the question's decision. Ctrl+C declines and ends the turn, with CancelledError."""
        from modules.chat import question_plain, question_view  # the first prompt need not wait for these
        from modules.chat.approval import told

        folder, began = self._tooling.toolbox.context.folder, time.monotonic()
        with self._keyboard.lent():
            try:
                if self._screen.plain:
                    decision = await question_plain.ask(question, folder, self._keyboard, self._screen)
                else:
                    decision = await question_view.ask(question, folder, self._keyboard)
            except EOFError:  # the terminal is gone
                decision = None
        self.seconds += time.monotonic() - began
        if decision is None:
            self._keyboard.stop()
            await asyncio.sleep(0)  # where the turn ends
            return
        question.decision = decision
        if decision.permission is not None:
            self._screen.say(f"From now on without asking: {told(decision.permission)}")
