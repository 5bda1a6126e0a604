"""The tool that runs a command line: by sh, in the working folder, with nobody at the keyboard."""

import os
from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from modules.errors import ToolFailed
from modules.llm.parts import Text
from modules.tools.programs import process
from modules.tools.programs.capture import settled
from modules.tools.tool import ALWAYS, WHY, Output, Plan, ToolContext, tool

SHELL = "/bin/sh"
MARGIN_SECONDS = 10.0  # that a command which took too long has to end
ALONE: Mapping[str, str] = {  # no program may page, ask, paint, or open an editor: nobody would see it
    "TERM": "dumb",
    "NO_COLOR": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "MANPAGER": "cat",
    "SYSTEMD_PAGER": "cat",
    "EDITOR": "false",
    "VISUAL": "false",
    "GIT_EDITOR": "false",
    "GIT_TERMINAL_PROMPT": "0",
    "SSH_ASKPASS_REQUIRE": "never",
    "SUDO_ASKPASS": "/bin/false",
    "DEBIAN_FRONTEND": "noninteractive",
    "PIP_NO_INPUT": "1",
    "PYTHONUNBUFFERED": "1",
}


@tool(effect="execute", when=ALWAYS)
async def run_command(command: str, timeout: Annotated[float, Meta(gt=0, le=3600)] = 120) -> Plan:
    """Run a command line with /bin/sh in the working folder, and give its output and exit code.

    Standard output and error come together. There is no terminal and no input: a program that asks something gets the
    end of its input at once. When the command ends, whatever it left in the background is stopped too. Each call
    begins in the working folder anew. For what only bash knows, use bash -c '...'.

    Args:
        command: the command line
        timeout: seconds after which it is stopped
    """
    if os.name == "nt":
        raise ToolFailed("run_command does not work on Windows.")
    if not command.strip():
        raise ToolFailed("The command is empty.")

    async def do(context: ToolContext) -> Output:
        alone = replace(context, environment={**context.environment, **ALONE})
        ended = await process.run([SHELL, "-c", "--", command], alone, timeout)
        return _output(ended, timeout)

    return Plan(do, asks=WHY["execute"], line=command, patience=timeout + MARGIN_SECONDS)


def _output(ended: process.Ended, timeout: float) -> Output:
    """What the model reads: the output, and in brackets how it came to its end."""
    text, over = settled(ended.output)
    notes = [f"{over} times a line was painted over; only its last state is here"] if over else []
    if ended.left:
        notes.append(f"still running in the background, and stopped: {', '.join(ended.left)}")
    notes.append(ended.words if ended.in_time else f"stopped after {timeout:g} seconds, which was the limit")
    end = "" if not text or text.endswith("\n") else "\n"
    return Output((Text(text + end + "\n".join(f"[{note}]" for note in notes)),), ended.code != 0 or not ended.in_time)
