"""`!command`: the terminal is lent to it, as to an editor; what it leaves behind is ended when it is over."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from modules.chat.command import ChatContext
from modules.chat.shell.person_shell import argv, changes_folder, environment, folder
from modules.chat.terminal.interrupts import handled
from modules.errors import UsageError

if TYPE_CHECKING:
    from psutil import Process

LINGER_SECONDS = 0.25  # that what it started may outlive it, such as the end of a pipeline
GRACE_SECONDS = 2.0  # between the request to end and the order to


async def run_in_terminal(chat: ChatContext, command: str) -> bool:
    """Whether it ended with code 0. Nothing of it is kept. Raises UsageError where it cannot be started."""
    assert chat.lend is not None
    async with chat.lend():
        code, left = await _run(argv(chat, command), environment(chat), chat.config.umask)
    if left:
        chat.screen.say(f"Still running in the background, and stopped: {', '.join(left)}.")
    if code == 0 and changes_folder(command):
        chat.screen.say("Each command begins in the folder that the chat was started in.")
    if code:
        chat.screen.say(ending(code))
    return code == 0


def ending(code: int) -> str:
    """How a command ended that did not end well; a code below 0 is a signal."""
    if code >= 0:
        return f"Exit code {code}."
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return "Stopped." if name == "SIGINT" else f"Ended by {name}."


async def _run(words: list[str], variables: dict[str, str], umask: int) -> tuple[int, list[str]]:
    """The exit code, and the names of what was still running and is no more.

    It stays in our own group, for the terminal is that group's: Ctrl+C and Ctrl+\\ reach it and all that it has
    started, and us, who take no notice; Ctrl+Z stops all, and fg in the shell has all go on.
    """
    before = set(_group())
    with ExitStack() as stack:
        for number in (signal.SIGINT, signal.SIGQUIT):
            stack.enter_context(handled(number, lambda: None))
        try:
            process = await asyncio.create_subprocess_exec(*words, cwd=folder(), env=variables, umask=umask)
            code = await process.wait()
            return code, await _end(before, LINGER_SECONDS)
        except ValueError as error:
            raise UsageError("A NUL cannot be part of a command.", cure="Type it anew.") from error
        except OSError as error:
            raise UsageError(f"{words[0]} cannot be started: {error.strerror}.", cure="Look at SHELL.") from error
        except asyncio.CancelledError:  # the program leaves
            await _end(before, 0.0)
            raise


def _group() -> "Iterator[Process]":
    """The processes of our group besides ourselves."""
    import psutil  # only where a program is started

    ours, us = os.getpgrp(), os.getpid()
    for pid in psutil.pids():
        with suppress(psutil.Error, ProcessLookupError, PermissionError):  # it has ended since, or is none of ours
            if pid != us and os.getpgid(pid) == ours:
                one = psutil.Process(pid)
                if one.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                    yield one


async def _end(before: "set[Process]", linger: float) -> list[str]:
    """End what has come into our group since, and give its names; in a while it may end by itself."""
    import psutil

    if not (left := await _gone(before, linger)):
        return []
    names = []
    for one in left:
        with suppress(psutil.Error):
            names.append(one.name())
            one.terminate()
    for one in await _gone(before, GRACE_SECONDS):
        with suppress(psutil.Error):
            one.kill()
    return sorted(set(names))


async def _gone(before: "set[Process]", seconds: float) -> "set[Process]":
    """What is still there after so long."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while (left := set(_group()) - before) and loop.time() < until:
        await asyncio.sleep(0.02)
    return left
