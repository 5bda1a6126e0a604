"""Asks the person about a call: shows the question in the place of the line, and writes the decision into it."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from modules.chat.output.screen import TerminalScreen
from modules.session.turns.tooling import Tooling
from modules.tools.approval import Decision, Permission, Question

Decide = Callable[[Question], Awaitable[Decision | None]]  # None where the person would rather stop altogether


class Approver:
    """Answers the questions of one turn, as `decide` finds out; `stop` ends the turn, `keep` lets a permission last."""

    def __init__(
        self,
        screen: TerminalScreen,
        tooling: Tooling,
        decide: Decide,
        stop: Callable[[], object],
        keep: Callable[[Permission], str],
    ) -> None:
        self._screen = screen
        self._tooling = tooling
        self._decide = decide
        self._stop = stop
        self._keep = keep
        self.seconds = 0.0  # that the person has taken to answer; nobody else's work

    async def answer(self, question: Question) -> None:
        """Set the question's decision. Where there is none the turn ends, with CancelledError."""
        from modules.chat.dialogs.approval_text import permission_label  # the first prompt need not wait for it

        began = time.monotonic()
        try:
            decision = await self._decide(question)
        except EOFError:  # the terminal is gone
            decision = None
        self.seconds += time.monotonic() - began
        if decision is None:
            self._stop()
            await asyncio.sleep(0)  # where the turn ends
            return
        question.decision = decision
        if decision.permission is not None and decision.lasts:
            self._screen.say(self._keep(decision.permission))
        elif decision.permission is not None:
            self._screen.say(f"From now on without asking: {permission_label(decision.permission)}")
