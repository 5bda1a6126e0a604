"""The process in which a person's own tools run: it reads one file, and describes its tools or calls one of them.

What a tool prints reaches neither the request nor the reply; it is shown as progress.
"""

import asyncio
import hashlib
import importlib
import importlib.util
import os
import stat
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from msgspec import Struct

from modules.config import PACKAGE
from modules.daemon_thread import in_words
from modules.errors import ToolFailed
from modules.llm.parts import NAME
from modules.llm.tool_spec import ToolSpec
from modules.tools.tool import Effect, Output, Tool, ToolContext, as_output

FOR_FILES = (".errors", ".llm.parts", ".tools.tool")  # what a file may import of this program, as docs/tools.md says


class WorkerRequest(Struct, frozen=True):
    """What is to be done: call `tool`, or describe all there are where that is "".

    With a `digest` it does nothing unless the file still has that one.
    """

    path: str
    digest: str = ""
    tool: str = ""
    arguments: dict[str, Any] = {}
    folder: str = ""
    private: str = ""
    guarded: tuple[str, ...] = ()


class Described(Struct, frozen=True):
    """One tool of a file; `asks` is what its plans ask, "" where it runs unasked."""

    spec: ToolSpec
    effect: Effect
    asks: str | None


class WorkerReply(Struct, frozen=True):
    """What came of a request. With an `error`, `line` is where in the file it arose, 0 where that is not known."""

    digest: str = ""
    tools: list[Described] = []
    output: Output | None = None
    error: str = ""
    line: int = 0


def replies(request: bytes) -> Iterator[bytes]:
    """The one reply to a request, whatever the file does; none where it ends the process."""
    wanted = msgspec.json.decode(request, type=WorkerRequest)
    path = Path(wanted.path)
    sys.path.append(str(path.parent))
    _name_the_program()
    try:
        reply = msgspec.json.encode(_reply(wanted, path))
    except BaseException as error:  # the file is anyone's: it may raise SystemExit, or something of its own making
        reply = msgspec.json.encode(WorkerReply(error=_error_text(error), line=_line(error, path)))
    yield reply


def _reply(wanted: WorkerRequest, path: Path) -> WorkerReply:
    source = _source(path)
    digest = hashlib.sha256(source).hexdigest()
    if wanted.digest not in ("", digest):
        return WorkerReply(error=f"{path.name} has changed. The user can read it again: /tools reload")
    tools = _tools(_module(path, source))
    if not wanted.tool:
        return WorkerReply(digest, [Described(one.spec, one.effect, one.asks) for one in tools.values()])
    return WorkerReply(digest, output=asyncio.run(_called(tools[wanted.tool], wanted)))


def _name_the_program() -> None:
    """Let a file say `parlance` however it was installed, and `modules` where nothing else has that name."""
    for name in FOR_FILES:
        importlib.import_module(f"{PACKAGE}{name}")
    own = {name: module for name, module in sys.modules.items() if f"{name}.".startswith(f"{PACKAGE}.")}
    for alias in ("parlance", "modules"):
        if alias == "parlance" or importlib.util.find_spec(alias) is None:
            sys.modules.update({alias + name.removeprefix(PACKAGE): module for name, module in own.items()})


def _source(path: Path) -> bytes:
    """The bytes of the file, from the very file that is looked at: what runs is what its digest is made of."""
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(f"{path.name} is not a file")
        return file.read()


def _module(path: Path, source: bytes) -> ModuleType:
    module = ModuleType(f"user_tools_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # annotations are looked up there
    exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)
    return module


def _tools(module: ModuleType) -> dict[str, Tool]:
    """The tools of a file by name. Raises TypeError for one that cannot be offered."""
    tools: dict[str, Tool] = {}
    for one in module.__dict__.values():
        if not isinstance(one, Tool):
            continue
        if not NAME.fullmatch(one.name):
            raise TypeError(f'The name "{one.name}" is not a letter and up to 63 letters, digits, _ and -.')
        if one.asks is None:
            raise TypeError(f'The tool "{one.name}" returns a Plan, which is for tools that come with the program.')
        if tools.setdefault(one.name, one) is not one:
            raise TypeError(f'There are two tools "{one.name}".')
    return tools


async def _called(tool: Tool, wanted: WorkerRequest) -> Output:
    def tell(line: str) -> None:
        sys.stdout.write(f"{line}\n")  # all that is printed is progress
        sys.stdout.flush()

    guarded = tuple(map(Path, wanted.guarded))
    context = ToolContext(Path(wanted.folder), Path(wanted.private), guarded, dict(os.environ), tell=tell)
    plan = await tool.prepare(wanted.arguments, context)
    return as_output(await plan.do(context))


def _error_text(error: BaseException) -> str:
    """What to tell the model of an exception."""
    if isinstance(error.__cause__, BaseException) and not isinstance(error.__cause__, Exception):
        error = error.__cause__  # such as SystemExit, which came out of a thread as an error that can be waited for
    return str(error) if isinstance(error, ToolFailed) else in_words(error)


def _line(error: BaseException, path: Path) -> int:
    """Where in the file it went wrong; 0 where that is not known."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 0 for frame in reversed(frames) if frame.filename == str(path)), 0)
