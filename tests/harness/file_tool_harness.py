"""The file tools in a folder of their own, called as a model calls them."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from modules.errors import ToolFailed
from modules.llm.parts import ToolCall
from modules.tools.files.edit_files import edit_file, write_file
from modules.tools.files.read_file import read_file
from modules.tools.files.search_files import list_files, search_files
from modules.tools.tool import Output, Plan, ToolContext, as_output
from modules.tools.toolbox import Toolbox

PATH = "/usr/bin:/bin"
FILE_TOOLS = (read_file, list_files, search_files, edit_file, write_file)


class Desk:
    """A working folder, a place outside it, and the tools."""

    def __init__(self, top: Path, path: str = PATH, guarded: Sequence[Path] = ()) -> None:
        self.folder = top / "work"
        self.outside = top / "outside"
        self.private = top / "private"
        for folder in (self.folder, self.outside):
            folder.mkdir(exist_ok=True)
        environment = {"PATH": path, "HOME": str(top / "home")}
        self.context = ToolContext(self.folder, self.private, tuple(guarded), environment)
        self.tools = Toolbox(FILE_TOOLS, self.context)

    def file(self, name: str, content: str | bytes = "") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    async def plan(self, name: str, **arguments: Any) -> Plan:
        """What would be done, before anyone is asked."""
        return (await self.tools.plan(ToolCall("call_1", name, json.dumps(arguments))))[1]

    async def output(self, name: str, **arguments: Any) -> Output:
        return as_output(await (await self.plan(name, **arguments)).do(self.context))

    async def run(self, name: str, **arguments: Any) -> str:
        """What the model is told, after a yes to whatever is asked."""
        return told(await self.output(name, **arguments))

    async def do(self, plan: Plan) -> str:
        return told(as_output(await plan.do(self.context)))

    async def fault(self, name: str, **arguments: Any) -> str:
        """What the model is told where it does not work."""
        with pytest.raises(ToolFailed) as failed:
            await self.run(name, **arguments)
        return failed.value.message

    async def asks(self, name: str, **arguments: Any) -> str:
        return (await self.plan(name, **arguments)).asks


def told(output: Output) -> str:
    return "\n".join(part.text for part in output.parts if hasattr(part, "text"))


def descriptors() -> int:
    """How many files this process has open."""
    return len(os.listdir("/dev/fd"))
