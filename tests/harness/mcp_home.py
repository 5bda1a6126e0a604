"""A home with an mcp.json, for tests: servers that are really started, and a look at what is left of them."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from modules.config import ROOT, Config
from modules.mcp.servers import Servers
from modules.mcp.status import Status
from modules.tools.tool import Output, Tool, ToolContext

SCRIPT = str(ROOT / "tests" / "harness" / "mcp_faulty_server.py")
SECRET = "sk-ant-4f7b0c2d9e81"


class Place:
    """A config folder with servers, and programs run one after the other on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "config"
        self.home.mkdir(mode=0o700)
        self.told: list[str] = []
        self.context = ToolContext(root, self.home / "data", tell=self.told.append)
        self.entries: dict[str, Any] = {}

    @property
    def file(self) -> Path:
        return self.home / "mcp.json"

    @property
    def state(self) -> Path:
        """What the program has kept about servers."""
        return self.home / "state" / "mcp"

    def add(self, name: str = "faulty", *modes: str, **more: Any) -> None:
        """Add the server that misbehaves in these ways."""
        arguments = ["-S", "-E", SCRIPT, str(self.root / name), *modes]
        self.write(**{name: {"command": sys.executable, "args": arguments, **more}})

    def write(self, **entries: Any) -> None:
        """Add entries to mcp.json."""
        self.entries |= entries
        self.file.write_text(json.dumps({"mcpServers": self.entries}))
        self.file.chmod(0o600)

    def config(self, **variables: str) -> Config:
        usual = {"PATH": os.environ["PATH"], "HOME": str(self.root), "ANTHROPIC_API_KEY": SECRET, "LC_ALL": "C.UTF-8"}
        return Config({"PARLANCE_HOME": str(self.home), **usual, **variables})

    @asynccontextmanager
    async def running(self, *, in_chat: bool = True, **variables: str) -> AsyncIterator[Servers]:
        """One run of the program, as far as servers go."""
        servers = Servers(self.config(**variables), in_chat=in_chat)
        try:
            yield servers
        finally:
            await servers.close()

    async def call(self, tool: Tool, **arguments: Any) -> Output:
        """Plan the call and carry it out, as after a yes."""
        plan = await tool.prepare(arguments, self.context)
        output = await plan.do(self.context)
        assert isinstance(output, Output)
        return output

    def asked(self, name: str = "faulty") -> list[dict[str, Any]]:
        """All that the server was sent, over all its starts."""
        seen = self.root / f"{name}.seen"
        return [json.loads(line) for line in seen.read_text().splitlines()] if seen.exists() else []

    def starts(self, name: str = "faulty") -> int:
        state = self.root / name
        return len(state.read_text()) if state.exists() else 0

    def left(self) -> list[str]:
        """The command lines of what still runs in this home."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(self.root):
                    found.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return found


def named(tools: Any, name: str) -> Tool:
    found: Tool = next(tool for tool in tools if tool.name == name)
    return found


def text(output: Output) -> str:
    return "\n".join(getattr(part, "text", "") for part in output.parts)


def status(servers: Servers, name: str = "faulty") -> Status:
    return next(one for one in servers.status() if one.name == name)


async def until(true: Callable[[], bool]) -> None:
    """Wait for what a server in the background brings about."""
    while not true():
        await asyncio.sleep(0.01)
