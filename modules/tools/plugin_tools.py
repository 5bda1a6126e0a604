"""Tools of installed packages: read in the background when tools are first asked for."""

import asyncio
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from modules.daemon_thread import in_thread
from modules.plugins.installed import Plugin
from modules.tools.tool import Tool

WAIT_SECONDS = 5.0  # that a turn waits for them


class PluginTools:
    """A source of tools. `plugins` says which there are; each names a Tool, or several."""

    def __init__(self, plugins: Callable[[], Sequence[Plugin]]) -> None:
        self._plugins = plugins
        self._tools: list[Tool] = []
        self._news: list[str] = []
        self._reading: asyncio.Task[None] | None = None
        self._is_late = False

    @property
    def awaited(self) -> str:
        return "the tools of plugins" if self._reading is not None and not self._reading.done() else ""

    async def tools(self) -> Sequence[Tool]:
        """The tools of all that could be loaded."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._read())
        if not self._reading.done():
            await asyncio.wait({self._reading}, timeout=WAIT_SECONDS)
            self._is_late = not self._reading.done()
        return list(self._tools)

    def late(self) -> list[str]:
        """That they join later, once."""
        late, self._is_late = self._is_late, False
        return ["the tools of plugins"] if late else []

    def news(self) -> list[str]:
        """Which plugins cannot be used, and why; each once."""
        news, self._news = self._news, []
        return news

    async def close(self) -> None:
        """Wait for nothing: a thread of our own reads, and ends with the program."""
        if self._reading is not None and not self._reading.done():
            self._reading.cancel()
            await asyncio.wait({self._reading})

    async def _read(self) -> None:
        self._tools, self._news = await in_thread(self._load)

    def _load(self) -> tuple[list[Tool], list[str]]:
        plugins = self._plugins()
        if not plugins:
            return [], []
        from modules.plugins.loading import working  # hardly anyone has one

        made, troubles = working(plugins, Tool, "a tool, or several")
        return [replace(tool, source=f"the plugin {plugin}") for plugin, tool in made], troubles
