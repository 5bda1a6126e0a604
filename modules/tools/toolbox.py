"""The tools of a session: which there are, which are on, and from a model's call to a plan."""

import asyncio
import difflib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from modules.errors import ToolFailed, UsageError
from modules.llm.base import ToolSpec
from modules.llm.parts import DEEPEST, ToolCall
from modules.tools.result_files import ResultFiles
from modules.tools.tool import Plan, Tool, ToolContext

NEAR = 3  # names that an unknown one is taken for
NAMED = 20  # names that an unknown one is answered with where it is like none
LONGEST_NAME_CHARS = 100  # of an unknown name that are repeated
LARGEST_CALL_CHARS = 1_000_000  # of arguments


class Source(Protocol):
    """Tools that are not there at once, such as a folder of files or a server."""

    @property
    def awaited(self) -> str:
        """What `tools` waits for at this moment, in words for the person; "" for nothing."""

    async def tools(self) -> Sequence[Tool]:
        """What it offers now, in a stable order. Waits for the first list, and not for long; never raises."""

    def late(self) -> list[str]:
        """What is not waited for any longer and joins when it is there, in words; each is given once."""

    def news(self) -> list[str]:
        """Notices that the person has not seen yet."""

    async def close(self) -> None:
        """Let go of everything, processes included."""


class Toolbox:
    """Built-in tools and those of sources. Which are on is the person's choice and outlives a reload of a source.

    `enabled` is False where all are switched off at once: they stay declared to the models, and cannot be called.
    """

    def __init__(
        self,
        tools: Iterable[Tool],
        context: ToolContext,
        sources: Sequence[Source] = (),
        *,
        on: Iterable[str] | None = None,
        enabled: bool = True,
        result_files: ResultFiles | None = None,
    ) -> None:
        self.context = context
        self.result_files = result_files or ResultFiles(context.private / "results")
        self.sources = sources
        self.enabled = enabled
        self._own = list(tools)
        self._wanted = None if on is None else set(on)
        self._off: set[str] = set()
        self._only: frozenset[str] | None = None
        self._tools = {one.name: one for one in self._own}
        self._clashes: dict[str, bool] = {}  # and whether that was said
        self.gathered = False  # whether the sources were ever asked

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __contains__(self, name: str) -> bool:
        return name in self._tools

    def is_on(self, name: str) -> bool:
        """Whether the tool is declared to models, once tools are enabled."""
        if self._only is not None and name not in self._only:
            return False
        return name not in self._off and (self._wanted is None or name in self._wanted)

    def limit(self, names: Iterable[str] | None) -> None:
        """Let nothing be on but what is on and among these; None takes that back."""
        self._only = None if names is None else frozenset(names)

    def check(self, names: Iterable[str]) -> None:
        """Raise UsageError for the first of these names that no tool has."""
        for error in self.unknown(names):
            raise error

    def unknown(self, names: Iterable[str]) -> Iterator[UsageError]:
        """What is to be said of each of these names that no tool has."""
        for name in names:
            if name not in self._tools:
                near = difflib.get_close_matches(name, self._tools, n=3, cutoff=0.4)
                cure = f"Did you mean {' or '.join(near)}?" if near else "/tools lists them in the chat."
                yield UsageError(f'There is no tool "{name}".', cure=cure)

    def switch(self, name: str, on: bool) -> None:
        """Switch a tool on or off."""
        if on:
            self._off.discard(name)
            if self._wanted is not None:
                self._wanted.add(name)
        else:
            self._off.add(name)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools that are on, as they are declared to models; the order does not change."""
        return tuple(one.spec for one in self if self.is_on(one.name))

    async def gather(self) -> None:
        """Take in what the sources offer now. A name that is taken already is left out, and that is news."""
        offered = await asyncio.gather(*(source.tools() for source in self.sources))
        tools = {one.name: one for one in self._own}
        for one in (one for some in offered for one in some):
            if (other := tools.setdefault(one.name, one)) is not one:
                clash = f'The tool "{one.name}" of {one.source} is left out: {other.source} has one of that name.'
                self._clashes.setdefault(clash, False)
        self._tools, self.gathered = tools, True

    @property
    def awaited(self) -> str:
        """What `gather` waits for at this moment, in words for the person; "" for nothing."""
        return " and ".join(filter(None, (source.awaited for source in self.sources)))

    def late(self) -> list[str]:
        """The sources that are not waited for any longer, in words; each is given once."""
        return [text for source in self.sources for text in source.late()]

    def news(self) -> list[str]:
        """What the sources have to say, each thing once."""
        clashes = [clash for clash, reported in self._clashes.items() if not reported]
        self._clashes = dict.fromkeys(self._clashes, True)
        return clashes + [text for source in self.sources for text in source.news()]

    async def plan(self, call: ToolCall) -> tuple[Tool, Plan]:
        """Look at a call: find the tool, check the arguments. Raises ToolFailed with what the model should know."""
        if not self.enabled:
            raise ToolFailed("Tools are switched off by the user.")
        found = self._tools.get(call.name)
        if found is None or not self.is_on(call.name):
            raise ToolFailed(self._unknown(call.name))
        if len(call.arguments) > LARGEST_CALL_CHARS:
            raise ToolFailed(f"The arguments are larger than {LARGEST_CALL_CHARS} characters.")
        return found, await found.prepare(_arguments(call), self.context)

    async def close(self) -> None:
        try:
            await asyncio.gather(*(source.close() for source in self.sources))
        finally:
            self.result_files.close()

    def _unknown(self, name: str) -> str:
        """The words for the model: that there is none of this name, and which one it may have meant."""
        short = name if len(name) <= LONGEST_NAME_CHARS else f"{name[:LONGEST_NAME_CHARS]}…"
        names = [one.name for one in self if self.is_on(one.name)]
        of_servers = [one for one in names if one.endswith(f"__{short}")]  # the name without the server's is a slip
        if near := of_servers[:NEAR] or difflib.get_close_matches(short, names, n=NEAR):
            return f'There is no tool "{short}". Did you mean {" or ".join(near)}?'
        left = len(names) - NAMED
        more = f", and {left} more" if left > 0 else ""
        listed = f"The tools are: {', '.join(names[:NAMED])}{more}." if names else "There are no others either."
        return f'There is no tool "{short}". {listed}'


def _arguments(call: ToolCall) -> dict[str, Any]:
    """What the model gave, read in one way only. Raises ToolFailed with what is wrong, and where."""
    try:
        value = json.loads(call.arguments or "{}", object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise ToolFailed(f"The arguments are not JSON: {error.msg} at character {error.pos}.") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets without end
        raise ToolFailed(f"The arguments cannot be read: {error}.") from error
    arguments = call.parsed()
    if arguments is None and isinstance(value, dict) and call.is_deep(value):
        raise ToolFailed(f"The arguments cannot be read: they have more than {DEEPEST} levels.")
    if arguments is None:
        raise ToolFailed("The arguments are not a JSON object with finite numbers.")
    return arguments


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object; a person may be shown one value of a name that comes twice, while the tool takes the other."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ToolFailed(f'The arguments give "{next(name for name in made if names.count(name) > 1)}" twice.')
    return made
