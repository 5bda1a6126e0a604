"""A plain function in a thread that never keeps the program alive, as the loop's own threads would; to be awaited."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any


async def in_thread(function: Callable[..., Any], /, **arguments: Any) -> Any:
    """Run the function in a thread, and give what it returns or raise what it raises.

    The thread goes on where the waiting ends; nobody hears of it then.
    """
    return await start_thread(function, **arguments)


def start_thread(function: Callable[..., Any], /, **arguments: Any) -> asyncio.Future[Any]:
    """Begin at once, for whoever waits later, or several."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if done.done():  # nobody waits any more
            return
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(_bearable(error))

    def run() -> None:
        result: Any = None
        error: BaseException | None = None
        try:
            result = function(**arguments)
        except BaseException as raised:  # whatever a tool raises is the waiting task's to hear
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name=getattr(function, "__name__", None), daemon=True).start()
    return done


def in_words(error: BaseException) -> str:
    """The kind of an exception and its words, which need not exist: `str` of it may fail in its turn."""
    words = ""
    with suppress(Exception):
        words = str(error)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _bearable(error: BaseException) -> Exception:
    """The error as a task can wait for it: StopIteration would be refused, and SystemExit would end the program."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    wrapped = RuntimeError(f"It raised {in_words(error)}")
    wrapped.__cause__ = error
    return wrapped
