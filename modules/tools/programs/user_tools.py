"""A person's own tools: Python files in the config folder, each read and run in a process of its own."""

import asyncio
import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, assert_never

import msgspec
from msgspec.structs import replace

from modules.daemon_thread import in_thread
from modules.errors import ToolFailed
from modules.llm.parts import Content, File, Image, Text
from modules.tools.argument_check import problem
from modules.tools.isolated_worker import LARGEST_BYTES, IsolatedWorker
from modules.tools.media.media import media_in
from modules.tools.programs import process
from modules.tools.programs.user_tool_worker import Described, WorkerReply, WorkerRequest, replies
from modules.tools.tool import Output, Plan, Tool, ToolContext

# What a file prints is shown at once, and what it imports leaves nothing beside it.
WORKER = IsolatedWorker(replies, options=("-B", "-u", "-X", "utf8"))
AT_LOAD_SECONDS = 10.0  # that a file may take to be read
AT_CALL_SECONDS = 120.0  # that a call may take
WAIT_SECONDS = 5.0  # that a turn waits for the first list
AT_ONCE = 4  # files that are read side by side
MOST = 100  # files
LAST_CHARS = 500  # of what a process said before it died


class UserTools:
    """The tools of a folder. They are read in the background when they are first asked for, and on `reload`."""

    def __init__(self, folder: Path, context: ToolContext) -> None:
        self._folder = folder
        self._context = context
        self._tools: list[Tool] = []
        self._news: list[str] = []
        self._reading: asyncio.Task[None] | None = None

    @property
    def awaited(self) -> str:
        return "your tools" if self._reading is not None and not self._reading.done() else ""

    async def tools(self) -> Sequence[Tool]:
        """The tools that could be read, by file and in their order there."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._read())
        if not self._reading.done():
            await asyncio.wait({self._reading}, timeout=WAIT_SECONDS)
        return list(self._tools)

    def late(self) -> list[str]:
        """Nothing: all files are waited for."""
        return []

    def news(self) -> list[str]:
        """What could not be read, with file and line; each once."""
        news, self._news = self._news, []
        return news

    async def reload(self) -> None:
        """Read all files again, and wait for it."""
        await self.close()
        self._news.clear()
        self._reading = asyncio.ensure_future(self._read())
        await asyncio.wait({self._reading})

    async def close(self) -> None:
        """Stop reading."""
        if self._reading is not None and not self._reading.done():
            self._reading.cancel()
            await asyncio.wait({self._reading})

    async def _read(self) -> None:
        try:
            paths = files(self._folder)
        except ToolFailed as error:
            self._tools = []
            self._news.append(error.message)
            return
        if len(paths) > MOST:
            self._news.append(f"{self._folder} has {len(paths)} files: the first {MOST} are read.")
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(path: Path) -> list[Tool] | str:
            async with limit:
                return await self._described(path)

        read = await asyncio.gather(*map(one, paths[:MOST]))
        self._tools = [tool for tools in read if not isinstance(tools, str) for tool in tools]
        self._news += [trouble for trouble in read if isinstance(trouble, str)]

    async def _described(self, path: Path) -> list[Tool] | str:
        """The tools of one file, or what is wrong with it and where."""
        try:
            reply = await request(WorkerRequest(str(path)), self._context, self._folder, AT_LOAD_SECONDS)
        except ToolFailed as error:
            return f"{path.name}: {error.message}"
        except (OSError, RuntimeError) as error:  # a link in a circle, a disk that is full
            return f"{path.name}: {error}."
        if reply.error:
            place = f"{path.name}:{reply.line}" if reply.line else path.name
            return f"{place}: {reply.error}"
        return [self._tool(path, reply.digest, described) for described in reply.tools]

    def _tool(self, path: Path, digest: str, described: Described) -> Tool:
        spec = described.spec

        async def prepare(arguments: dict[str, Any], context: ToolContext) -> Plan:
            if wrong := problem(arguments, spec.parameters):
                raise ToolFailed(f"The arguments do not fit.\n{wrong}")

            async def do(context: ToolContext) -> Output:
                guarded = tuple(map(str, context.guarded))
                wanted = WorkerRequest(
                    str(path), digest, spec.name, arguments, str(context.folder), str(context.private), guarded
                )
                reply = await request(wanted, context, self._folder, AT_CALL_SECONDS)
                if reply.error or reply.output is None:
                    return Output((Text(reply.error or "The tool gave no result."),), is_error=True)
                output: Output = await in_thread(_checked, output=reply.output)
                return output

            return Plan(do, asks=described.asks or "", patience=AT_CALL_SECONDS + 10)

        return Tool(spec, described.effect, prepare, path.name, described.asks)


def _checked(output: Output) -> Output:
    """The output with its pictures and PDF as they can be sent; what cannot is a note."""
    parts: list[Content] = []
    for part in output.parts:
        match part:
            case Text() | File("text/plain"):
                parts.append(part)
            case Image() | File():
                parts.extend(media_in(part.base64, part.media_type, part.name))
            case _:
                assert_never(part)
    return Output(tuple(parts), output.is_error)


def files(folder: Path) -> list[Path]:
    """The files with tools in a folder, in the order of their names. Raises ToolFailed where it cannot be trusted."""
    try:
        names = sorted(
            path for path in folder.iterdir() if path.suffix == ".py" and not path.name.startswith(("_", "."))
        )
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ToolFailed(f"{folder} cannot be read: {error.strerror}.") from error
    if os.name == "nt":
        raise ToolFailed("Tools of your own do not work on Windows.")
    for path in (folder.parent, folder):
        check(path)
    return [path for path in names if not path.is_dir()]


def check(path: Path) -> None:
    """Raise ToolFailed where somebody else can change a file or folder, or where it is neither."""
    try:
        about = path.stat()
    except OSError as error:
        raise ToolFailed(f"{path} cannot be read: {error.strerror}.") from error
    if not (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode)):
        raise ToolFailed(f"{path} is not a file.")
    if about.st_uid not in (os.getuid(), 0):
        raise ToolFailed(f"{path} belongs to another user, so no tool is taken from it.")
    if about.st_mode & 0o022:
        raise ToolFailed(f"Others can change {path}, so no tool is taken from it. To cure that: chmod go-w '{path}'")


def check_file(path: Path, folder: Path) -> None:
    """Raise ToolFailed unless this file, and all Python files beside it that it may import, are the user's alone."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ToolFailed(f"{path} leads out of the folder, so no tool is taken from it.")
    for one in (folder.parent, folder, path):
        check(one)
    for beside in folder.rglob("*"):
        if beside.suffix in (".py", ".so", ".pyc") and (beside.name.startswith("_") or beside.parent != folder):
            check(beside)
            check(beside.parent)


async def request(wanted: WorkerRequest, context: ToolContext, folder: Path, seconds: float) -> WorkerReply:
    """Ask a process of its own. Raises ToolFailed, in words, where it gives no reply."""
    check_file(Path(wanted.path), folder)
    with tempfile.TemporaryFile() as sent, tempfile.TemporaryFile() as got:
        sent.write(msgspec.json.encode(wanted))
        sent.seek(0)
        where = context if wanted.tool else replace(context, folder=folder)
        ended = await process.run(
            WORKER.command(got.fileno()), where, seconds, stdin=sent.fileno(), keep=(got.fileno(),)
        )
        got.seek(0)
        data = got.read(LARGEST_BYTES + 1)
    if len(data) > LARGEST_BYTES:
        raise ToolFailed(f"The result is larger than {LARGEST_BYTES // 1_000_000} MB.")
    try:
        return msgspec.json.decode(data, type=WorkerReply)
    except msgspec.DecodeError as error:
        if not ended.in_time:
            raise ToolFailed(f"Stopped: it took longer than {seconds:g} seconds.") from error
        said = f" It said last: {ended.output.strip()[-LAST_CHARS:]}" if ended.output.strip() else ""
        raise ToolFailed(f"The tool's process gave no result: {ended.words}.{said}") from error
