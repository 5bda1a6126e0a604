"""The tools that list and search files: what they ask for, and the process that looks."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict, replace
from typing import Any

from modules.errors import ToolFailed
from modules.tools.files.access.paths import WHEN_READING, Place, place_of, plan_to_read
from modules.tools.files.search.search_worker import Request, search
from modules.tools.isolated_worker import IsolatedWorker
from modules.tools.tool import Plan, ToolContext, tool

LISTED = 500  # entries
MATCHES = 200  # lines
MOST_AROUND = 10  # lines
SECONDS = 30

WORKER = IsolatedWorker(search, SECONDS)


@tool(effect="read", when=WHEN_READING)
def list_files(context: ToolContext, pattern: str = "*", folder: str = ".", all: bool = False) -> Plan:
    """List files and folders that match a glob, with their sizes.

    Args:
        pattern: such as "*" or "src/**/*.py"
        folder: where the pattern begins
        all: also hidden and git-ignored ones
    """
    place = place_of(folder, context)
    request = _request(place, context, glob=pattern, everything=all, limit=LISTED)
    return _plan(place, request)


@tool(effect="read", when=WHEN_READING)
def search_files(
    pattern: str,
    context: ToolContext,
    folder: str = ".",
    glob: str = "",
    ignore_case: bool = False,
    around: int = 0,
    all: bool = False,
) -> Plan:
    """Search the lines of text files for a regular expression.

    Args:
        folder: or a single file
        glob: only in such files, as "*.py"
        around: lines to show before and after each match
        all: also in hidden and git-ignored files
    """
    place = place_of(folder, context)
    if not pattern:
        raise ToolFailed("The pattern is empty.")
    path = os.pathsep.join(one for one in context.environment.get("PATH", "").split(os.pathsep) if os.path.isabs(one))
    request = _request(
        place,
        context,
        pattern=pattern,
        glob=glob,
        ignore_case=ignore_case,
        around=min(max(around, 0), MOST_AROUND),
        everything=all,
        limit=MATCHES,
        rg=shutil.which("rg", path=path) or "",
    )
    if place.real.is_file():
        shown = place.shown[: -len(place.real.name)] if place.shown.endswith(place.real.name) else ""
        request = replace(request, root=str(place.real.parent), file=place.real.name, shown=shown)
    return _plan(place, request)


def _request(place: Place, context: ToolContext, *, glob: str, everything: bool, limit: int, **more: Any) -> Request:
    folder = os.path.realpath(context.folder)
    return Request(
        root=str(place.real),
        base=str(place.real) if place.outside else folder,
        shown="" if place.shown == "." else f"{place.shown.rstrip('/')}/",
        guarded=[os.path.realpath(one) for one in context.guarded],
        secrets=place.sensitive,
        glob=glob,
        everything=everything,
        limit=limit,
        **more,
    )


def _plan(place: Place, request: Request) -> Plan:
    async def do(context: ToolContext) -> str:
        lines: list[str] = []
        notes: list[str] = []
        try:
            async with asyncio.timeout(SECONDS - 5), aclosing(_answers(request, context)) as answers:
                async for kind, text in answers:
                    if kind == "failure":
                        raise ToolFailed(text)
                    (lines if kind == "line" else notes).append(text)
        except TimeoutError:
            notes.append(f"stopped after {SECONDS - 5} seconds: narrow it to a folder, or simplify the pattern")
        return "\n".join([*lines, *([f"[{'; '.join(notes)}]"] if notes else [])])

    return plan_to_read(place, do)


async def _answers(request: Request, context: ToolContext) -> AsyncGenerator[tuple[str, str], None]:
    """What the process that looks has to say. It ends when nobody listens any more."""
    async with aclosing(WORKER.answers(json.dumps(asdict(request)).encode(), context.environment)) as answers:
        async for answer in answers:
            kind, text = json.loads(answer)
            if kind == "end":
                return
            yield kind, text
    raise ToolFailed("The process that looks ended early.")
