"""All MCP servers of a person as one source of tools, and what else they offer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from msgspec import Struct

from modules.config import Config
from modules.daemon_thread import in_thread
from modules.errors import ConfigError, ToolFailed, UsageError
from modules.llm.message import Message
from modules.llm.parts import Content
from modules.mcp.authorization.login_file import LoginFile
from modules.mcp.configuration.mcp_json import read
from modules.mcp.configuration.server_config import ServerConfig, names_itself
from modules.mcp.log import Log
from modules.mcp.naming import file_name
from modules.mcp.prompts_and_resources import Kind, Lists, Resource, ServerPrompt, listed_prompt, listed_resource, sound
from modules.mcp.reported_troubles import ReportedTroubles
from modules.mcp.sdk import sdk_needed
from modules.mcp.server import Server, State
from modules.mcp.status import Status, status_of
from modules.mcp.tool_adapter import tool_of
from modules.mcp.tool_definitions import Definition, definitions, is_wanted
from modules.mcp.transport.content import messages_of, resource_of
from modules.mcp.trusted_definitions import Pins
from modules.tools.tool import Tool

CLOSING_SECONDS = 4.5  # for all of them
WAIT_SECONDS = 10.0  # that a question in the chat waits for servers that were never seen
LOOKING_SECONDS = 2.0  # for a server to show that it is there, when its state is looked at


class _Offer(Struct, frozen=True):
    """What a server's entry and definitions have been made into."""

    entry: ServerConfig
    definitions: list[Definition]
    tools: list[Tool]


class Servers:
    """The servers of mcp.json. Nothing is started before tools are asked for; a Source for the toolbox.

    `troubles` are what is wrong with the file. `in_chat` is whether somebody is there who can type a command. Where
    nobody is, a server that was never seen is waited for as long as it may take.
    """

    def __init__(self, config: Config, *, in_chat: bool = True) -> None:
        self._config = config
        self._in_chat = in_chat
        self._late: dict[str, bool] = {}  # servers that are not waited for any longer, and whether that was said
        self._awaited: Sequence[Server] = ()
        self._servers: dict[str, Server] = {}
        self._pins: dict[str, Pins] = {}
        self._offers: dict[str, _Offer] = {}
        self._lists = Lists()
        self._reported = ReportedTroubles(config.state_folder / "mcp" / "told.json" if in_chat else None)
        try:
            entries, self.troubles = read(config.mcp_file, config.get)
        except ConfigError as error:
            entries, self.troubles = [], [str(error)]
        self._news = self._reported.of_file(config.mcp_file, self.troubles)
        for entry in entries:
            self._add(entry)

    @property
    def awaited(self) -> str:
        """The servers that were never seen and are not there yet."""
        names = [server.name for server in self._awaited if server.state == "starting"]
        return f"the MCP server{'s' if len(names) > 1 else ''} {', '.join(names)}" if names else ""

    def late(self) -> list[str]:
        """The servers that a question does not wait for any longer, in words; each is given once."""
        names = [name for name, is_reported in self._late.items() if not is_reported]
        self._late |= dict.fromkeys(names, True)
        return [
            f'The MCP server "{name}" is still starting, for at most '
            f"{self._servers[name].entry.startup_timeout:g} seconds. Its tools join when they are there."
            for name in names
        ]

    async def tools(self) -> Sequence[Tool]:
        """What all offer, in the order of mcp.json. Waits only for those that were never seen, and not for long."""
        for server in self._servers.values():
            if server.state == "not started":
                server.start()
        new = [
            one
            for name, one in self._servers.items()
            if not self._pins[name].known and one.state == "starting" and name not in self._late
        ]
        await self._wait_for(new, WAIT_SECONDS if self._in_chat else None)
        self._late |= {one.name: False for one in new if one.state == "starting"}
        for name in [name for name in self._late if self._servers[name].state != "starting"]:
            del self._late[name]
            if self._servers[name].state == "ready":
                count = len(self._pins[name].offered)
                self._news.append(f'The MCP server "{name}" is there now. Its tools have joined: {count}.')
        return [one for server in self._servers.values() if server.state != "disabled" for one in self._tools(server)]

    def news(self) -> list[str]:
        """What has happened since the last time this was asked."""
        news, self._news = [*self._news, *self._reported.of_servers(self._servers.values(), self._cure)], []
        return list(dict.fromkeys(news))

    async def close(self) -> None:
        """End them all, side by side."""
        self._lists.close()
        closing = [asyncio.ensure_future(server.close()) for server in self._servers.values()]
        if closing:
            await asyncio.wait(closing, timeout=CLOSING_SECONDS)

    def status(self) -> list[Status]:
        """All servers as they are now."""
        return [status_of(server, self._pins[name]) for name, server in self._servers.items()]

    def states(self) -> dict[str, State]:
        """The state of each server by its name; may be asked from any thread."""
        return {name: server.state for name, server in list(self._servers.items())}

    async def check(self) -> None:
        """Find out which of the servers that seem to be ready really are; `status` has the answer."""
        await asyncio.gather(*(server.check(LOOKING_SECONDS) for server in self._servers.values()))
        for server in self._servers.values():
            server.unsaid.clear()

    async def restart(self, name: str, *, start: bool = True) -> None:
        """Stop the server, and start it as mcp.json has it now; `status` says how that went.

        Raises UsageError for an unknown name, and ConfigError where the file is no use any more.
        """
        entries, self.troubles = read(self._config.mcp_file, self._config.get)
        entry = next((entry for entry in entries if entry.name == name), None)
        if entry is None:
            raise UsageError(
                f'There is no MCP server "{name}" in {self._config.mcp_file}.', cure=" ".join(self.troubles)
            )
        if name in self._servers:
            await self._servers[name].close()
            self._servers[name].take(entry)
            self._lists.forget(name)
        else:
            self._add(entry)
        if not start:
            return
        self._servers[name].start()
        await self._wait_for([self._servers[name]] if not entry.disabled else [], None)
        self._servers[name].unsaid.clear()

    async def login(self, name: str, show: Callable[[str, int], Awaitable[None]]) -> None:
        """Have the person log in, and start the server anew. Raises ToolFailed, and UsageError for an unknown server.

        `show` is given the URL to open, and the port that the browser comes back to.
        """
        await self.restart(name, start=False)
        server = self._servers[name]
        if not server.entry.url:
            raise UsageError(f'The MCP server "{name}" is a program: there is no login for it here.')
        if names_itself(server.entry):
            raise UsageError(
                f'The headers of "{name}" in mcp.json say already who asks.', cure="Take Authorization out of them."
            )
        await (await in_thread(_log_in))(server.entry, LoginFile(server.tokens), show)
        await self.restart(name)

    async def logout(self, name: str) -> bool:
        """Forget a login, and stop the server; whether there was one. Raises UsageError for an unknown server."""
        server = self._named(name)
        await server.close()
        server.take(server.entry)
        return LoginFile(server.tokens).remove()

    def log(self, name: str) -> list[str]:
        """The last lines that the server wrote to standard error, without control characters."""
        return self._named(name).log.lines

    def difference(self, name: str) -> str:
        """What the server has changed since its tools were trusted, as a unified diff; "" for nothing."""
        self._named(name)
        return self._pins[name].difference()

    def accept(self, name: str) -> list[str]:
        """Trust what `difference` has shown; gives the names of the tools. Raises UsageError where it has not."""
        self._named(name)
        return self._pins[name].accept()

    async def prompts(self) -> list[ServerPrompt]:
        """What all servers offer as prompts; those that cannot say are left out."""
        return [listed_prompt(server, item) for server, item in await self._listed("prompts")]

    async def prompt(self, name: str, prompt: str, arguments: dict[str, str]) -> list[Message]:
        """The messages of a prompt. Raises ToolFailed, and UsageError for an unknown server."""
        params = {"name": prompt, "arguments": arguments}
        result = await self._named(name).ask("prompts/get", params)
        messages: list[Message] = await in_thread(messages_of, result=result)  # pictures are decoded
        return messages

    async def resources(self) -> list[Resource]:
        """What all servers offer as resources; those that cannot say are left out."""
        return [listed_resource(server, item) for server, item in await self._listed("resources")]

    async def look(self, name: str, kind: Kind, patience: float) -> None:
        """Have the list fetched that completion is about to show, where the server runs; starts none, raises nothing.

        Waits at most `patience` seconds, and only for a list that was never seen.
        """
        if server := self._servers.get(name):
            await self._lists.look(server, kind, patience)

    def known_prompts(self, name: str) -> list[ServerPrompt]:
        """The prompts that the server listed last, at most 1,000; may be asked from any thread."""
        return [listed_prompt(name, item) for item in self._lists.known(name, "prompts")]

    def known_resources(self, name: str) -> list[Resource]:
        """The resources that the server listed last, at most 1,000; may be asked from any thread."""
        return [listed_resource(name, item) for item in self._lists.known(name, "resources")]

    async def read(self, name: str, uri: str) -> tuple[Content, ...]:
        """What a resource holds. Raises ToolFailed, and UsageError for an unknown server."""
        result = await self._named(name).ask("resources/read", {"uri": uri})
        held: tuple[Content, ...] = await in_thread(resource_of, result=result)
        return held

    def _add(self, entry: ServerConfig) -> None:
        name, folder, file = entry.name, self._config.state_folder / "mcp", file_name(entry.name)
        log = Log(folder / f"{file}.log")
        self._pins[name] = Pins(folder / f"{file}.json", name, in_chat=self._in_chat)
        tokens = folder / f"{file}.login"
        self._servers[name] = Server(entry, self._config.child_environment, log, self._listener(name), tokens)
        self._news += filter(None, [self._pins[name].trouble])

    def _tools(self, server: Server) -> list[Tool]:
        """The server's tools: the same ones as before unless something has changed, so that each is coded once."""
        pins = self._pins[server.name]
        offer = self._offers.get(server.name)
        if offer is None or (offer.entry, offer.definitions) != (server.entry, pins.offered):
            offer = _Offer(server.entry, pins.offered, [tool_of(server, pins, one) for one in pins.offered])
            self._offers[server.name] = offer
        return offer.tools

    async def _listed(self, kind: Kind) -> list[tuple[str, dict[str, Any]]]:
        """The sound items of all servers, each with its server's name."""
        running = [server for server in self._servers.values() if server.state != "disabled"]

        async def listing(server: Server) -> list[Any]:
            with suppress(ToolFailed):  # it cannot say
                items = await server.listing(kind)
                self._lists.keep(server.name, kind, items)
                return items
            return []

        return [
            (server.name, item)
            for server, items in zip(running, await asyncio.gather(*map(listing, running)), strict=True)
            for item in sound(kind, items)
        ]

    def _named(self, name: str) -> Server:
        if name not in self._servers:
            names = ", ".join(self._servers) or "none"
            raise UsageError(f'There is no MCP server "{name}".', cure=f"There are: {names}.")
        return self._servers[name]

    async def _wait_for(self, servers: Sequence[Server], patience: float | None) -> None:
        self._awaited = servers
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await asyncio.gather(*(server.settled() for server in servers))
        finally:
            self._awaited = ()

    def _cure(self, server: Server) -> str:
        """What the person can do about a server that does not run, where that is known."""
        if not server.wants_login:
            return ""
        return f'"/mcp login {server.name}" logs in.' if self._in_chat else "Log in from the chat."

    def _listener(self, name: str) -> Callable[[list[Any]], Awaitable[None]]:
        async def listed(items: list[Any]) -> None:
            entry = self._servers[name].entry
            self._reported.forget(entry)
            wanted = [item for item in items if is_wanted(item, entry.only, entry.without)]
            sound, troubles = await in_thread(definitions, server=name, listed=wanted)
            self._news += [*troubles, *self._pins[name].see(sound)]

        return listed


def _log_in() -> Any:
    """What makes a login, with the SDK behind it: imported here, in a thread. Raises as a server's start does."""
    with sdk_needed():
        from modules.mcp.authorization.login import log_in

    return log_in
