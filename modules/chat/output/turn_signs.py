"""How a turn goes, for a person who looks elsewhere: in the title, as progress, and told where it took long."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator

from modules.chat.terminal.terminal_signs import APP, FAILED, RESTS, RUNS, Signs
from modules.session.conversation import Conversation

AGAIN_SECONDS = 10.0  # ghostty takes progress away that nobody has told of for 15 s (ghostty 1.2 release notes)


class TurnSigns:
    """The signs of one turn. `after` says how many seconds the person waits before they are told; 0 for no telling."""

    def __init__(self, signs: Signs, conversation: Conversation, model: str, after: Callable[[], float]) -> None:
        self._signs = signs
        self._conversation = conversation
        self._model = model
        self._after = after
        self._since = time.monotonic()  # since the person was there last
        self._ended = False
        self._runs()

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """A question stands on the screen; nothing runs."""
        self._timer.cancel()
        self._signs.progress(RESTS)
        self._signs.title(title_of(self._conversation, "asks"))
        waits = self._after() - (time.monotonic() - self._since)
        told = asyncio.get_running_loop().call_later(
            max(0.0, waits), self._tell, f"{self._model} waits for your answer to a question."
        )
        try:
            yield
        finally:
            told.cancel()
            self._since = time.monotonic()
            self._runs()

    def end(self, *, failed: bool = False, stopped: bool = False) -> None:
        """The turn is over, and only the first end counts; a person who stopped it need not be told."""
        if self._ended:
            return
        self._ended = True
        self._timer.cancel()
        self._signs.progress(FAILED if failed else RESTS)
        self._signs.title(title_of(self._conversation))
        if not stopped and time.monotonic() - self._since >= self._after():
            self._tell(f"{self._model} could not answer." if failed else f"The answer of {self._model} is there.")

    def _tell(self, words: str) -> None:
        if self._after():
            self._signs.notify(words)

    def _runs(self) -> None:
        self._signs.title(title_of(self._conversation, "answers"))
        self._go_on()

    def _go_on(self) -> None:
        self._signs.progress(RUNS)
        self._timer = asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._go_on)


def title_of(conversation: Conversation, does: str = "") -> str:
    """What the window is called: the conversation's own title, and what the model does. Nothing else that was said."""
    doing = f"{conversation.model.name} {does}" if does else ""
    return " · ".join(filter(None, (doing, conversation.title, APP)))
