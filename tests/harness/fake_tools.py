"""The real program with tools made for tests in the place of its own: they do little, and write down what ran."""

import atexit
import functools
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from tests.harness.home import Home, copied

TOOLS = '''"""Tools for tests."""

import asyncio
import json

from modules.errors import ToolFailed
from modules.tools.tool import Plan, ToolContext, tool

RAN = "ran.jsonl"


def note(context, *what):
    with open(context.folder / RAN, "a") as file:
        file.write(json.dumps(what) + "\\n")


@tool(effect="read", free=True)
async def add(a: int, b: int) -> str:
    """Add two numbers."""
    return str(a + b)


@tool(effect="read", free=True)
async def lines(count: int, text: str = "line") -> str:
    """Many lines."""
    return "\\n".join(f"{text} {n}" for n in range(1, count + 1))


@tool(effect="read", free=True)
async def slow(seconds: float, context: ToolContext) -> str:
    """Take a while."""
    context.tell("half way")
    await asyncio.sleep(seconds)
    return f"waited {seconds}"


@tool(effect="network")
async def note_text(text: str, context: ToolContext) -> str:
    """Write a text down."""
    note(context, text)
    return "noted"


@tool(effect="execute")
async def run_command(command: str, context: ToolContext, timeout: int = 10) -> Plan:
    """Run a command."""
    async def do(context):
        note(context, command)
        return f"ran {command}"
    return Plan(do, "runs a program", line=command)


@tool(effect="write")
async def edit_file(path: str, new: str, context: ToolContext) -> Plan:
    """Change a file."""
    async def do(context):
        note(context, path)
        return "changed"
    diff = f"--- {path}\\n+++ {path}\\n@@ -1 +1 @@\\n-old\\n" + "".join(f"+{line}\\n" for line in new.split("\\n"))
    return Plan(do, "changes files", preview=diff)


@tool(effect="read", free=True)
async def boom() -> str:
    """Fail."""
    raise ToolFailed("It went wrong.")


BUILT_IN = (add, lines, slow, note_text, run_command, edit_file, boom)
'''


@functools.cache
def _program() -> Path:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    program = copied(folder / "program")
    (program / "modules" / "tools" / "built_in.py").write_text(TOOLS)
    return program


def equip(home: Home) -> Home:
    """Give this machine the program with the tools for tests."""
    home.program = _program()
    return home


def ran(home: Home) -> list[Any]:
    """What the tools that ask have been given, in the order in which they ran."""
    path = home.folder / "ran.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
