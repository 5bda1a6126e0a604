"""What a list waits for and keys do not: it is found in a thread, one question at a time, the newest of them next."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from modules.daemon_thread import in_thread
from modules.errors import ParlanceError

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class LateAnswer(Generic[Question, Answer]):
    """Asks `find` in a thread, and gives `take` the question with its answer, or `fail` the question and the error.

    Questions that come while one is looked for replace each other. An answer may come when another question counts by
    then: whoever takes it compares.
    """

    def __init__(
        self,
        find: Callable[[Question], Answer],
        take: Callable[[Question, Answer], None],
        fail: Callable[[Question, Exception], None],
    ) -> None:
        self._find, self._take, self._fail = find, take, fail
        self._next: list[Question] = []
        self._task: asyncio.Task[None] | None = None

    def ask(self, question: Question) -> None:
        """Have this found next."""
        self._next = [question]
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._run())

    @property
    def is_busy(self) -> bool:
        """Whether something is looked for, or will be."""
        return bool(self._next) or (self._task is not None and not self._task.done())

    def stop(self) -> None:
        """Wait for nothing any more; a thread that still looks is heard by nobody."""
        self._next.clear()
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while self._next:
            question = self._next.pop()
            try:
                answer: Answer = await in_thread(partial(self._find, question))
            except (ParlanceError, OSError, ValueError, LookupError) as error:
                self._fail(question, error)
            else:
                self._take(question, answer)
