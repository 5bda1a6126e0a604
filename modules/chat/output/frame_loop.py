"""Drawing a dozen times a second beside the work that is drawn; a drawing that fails ends the work."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

FRAME_SECONDS = 1 / 12  # between two drawings


@contextlib.asynccontextmanager
async def frames(draw: Callable[[], None]) -> AsyncIterator[None]:
    """Call `draw` meanwhile. What it raises, as where the terminal is gone, stops the work and is raised here."""
    working = asyncio.current_task()

    async def tick() -> None:
        while True:
            draw()
            await asyncio.sleep(FRAME_SECONDS)

    def stop(ended: "asyncio.Task[None]") -> None:
        if working is not None and not ended.cancelled():
            working.cancel()

    ticking = asyncio.ensure_future(tick())
    ticking.add_done_callback(stop)
    try:
        yield
    except asyncio.CancelledError:
        if working is not None and ticking.done() and not ticking.cancelled():
            working.uncancel()
            ticking.result()
        raise
    finally:
        ticking.remove_done_callback(stop)
        ticking.cancel()
