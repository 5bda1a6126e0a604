"""An editing buffer that forgets no wish for its menu, however quickly the text changes."""

from collections.abc import Callable, Coroutine
from typing import Any

from prompt_toolkit.buffer import Buffer


class CompletedBuffer(Buffer):
    """prompt_toolkit's buffer, whose menu is also looked for after what was typed while it looked for another.

    The library drops a key that comes meanwhile, unless it only lengthens the text (`Buffer._async_completer`): a line
    that is emptied and typed anew would stay without its menu.
    """

    def _create_completer_coroutine(self) -> Callable[..., Coroutine[Any, Any, None]]:
        complete = super()._create_completer_coroutine()
        looking = False
        wanted: dict[str, Any] | None = None  # what was asked of the menu last

        async def completed(**how: Any) -> None:
            nonlocal looking, wanted
            wanted = how
            if looking:
                return
            looking = True
            try:
                while wanted is not None:
                    now, wanted = wanted, None
                    await complete(**now)  # which does nothing where there is a menu
            finally:
                looking = False

        return completed
