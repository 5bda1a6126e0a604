"""A server's tool as models call it and people are asked about it."""

import time
from collections.abc import Callable
from typing import Any

from modules.daemon_thread import in_thread
from modules.errors import ToolFailed
from modules.llm.base import ToolSpec
from modules.mcp.naming import tool_name
from modules.mcp.server import Server
from modules.mcp.tool_definitions import Definition
from modules.mcp.transport.content import output_of
from modules.mcp.trusted_definitions import Pins
from modules.text.plain_words import one_line
from modules.tools import argument_check
from modules.tools.tool import Effect, Output, Plan, Tool, ToolContext

OFTEN_SECONDS = 0.2  # between two lines of progress


def tool_of(server: Server, pins: Pins, definition: Definition) -> Tool:
    """The tool with this definition. Whatever the server says of it, the person is asked."""
    effect: Effect = "network" if server.entry.url else "execute"
    source = f'MCP server "{server.name}"'
    asks = f"runs a tool of the {source}"

    async def prepare(arguments: dict[str, Any], context: ToolContext) -> Plan:
        if problem := pins.problem(definition):
            raise ToolFailed(problem)
        if problem := await in_thread(argument_check.problem, arguments=arguments, schema=definition.schema):
            raise ToolFailed(f"The arguments do not fit: {problem}")

        def agreed() -> None:
            """What the server offers is known by now, and may not be what was asked about."""
            if problem := pins.problem(definition):
                raise ToolFailed(problem)

        async def do(context: ToolContext) -> Output:
            if server.state == "starting":
                context.tell(f"waits for the {source}, which is starting")
            params = {"name": definition.name, "arguments": arguments}
            result = await server.ask("tools/call", params, _Progress(context.tell), agreed)
            output: Output = await in_thread(output_of, result=result)  # pictures may be megabytes
            return output

        entry = server.entry
        return Plan(do, asks, patience=2 * (entry.max_timeout + entry.startup_timeout))  # the server has its own limits

    spec = ToolSpec(tool_name(server.name, definition.name), definition.description, definition.schema)
    return Tool(spec, effect, prepare, source, asks)


class _Progress:
    """Tells of progress, and not too often."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._last = 0.0

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        if time.monotonic() - self._last >= OFTEN_SECONDS:
            self._last = time.monotonic()
            amount = f"{progress:g} of {total:g}" if total else f"{progress:g}"
            self._tell(f"{one_line(message)} ({amount})" if message else amount)
