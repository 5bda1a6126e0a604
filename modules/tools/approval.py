"""Who may do what without being asked again: the question before a call, its answer, and the standing permissions."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from modules.llm.parts import ToolCall
from modules.tools.programs.command_line import unsafe_prefix, words_of
from modules.tools.tool import Plan, Tool

TOLD = 2  # permissions that a question says something of


class Permission(Struct, frozen=True):
    """A standing yes for one tool, for as long as the program runs.

    Without a `line` it covers every call. With one it covers just that command line, or with `prefix` every command
    line that begins with the same words and is nothing but words: no shell syntax, which could smuggle in another. A
    prefix that says too little, as `unsafe_prefix` says, covers only itself.
    A plan that is apart needs a permission for its very line.
    """

    tool: str
    line: str = ""
    prefix: bool = False

    def covers(self, tool: Tool, plan: Plan) -> bool:
        if self.tool != tool.name:
            return False
        if plan.apart:
            return bool(self.line) and self.line == plan.line
        if not self.line:
            return not self.prefix
        if self.line == plan.line:
            return True
        wanted, words = words_of(self.line), words_of(plan.line)
        if not self.prefix or wanted is None or words is None or unsafe_prefix(wanted):
            return False
        return words[: len(wanted)] == wanted

    def lacks(self, plan: Plan) -> str:
        """Why this permission for the plan's tool does not cover it, in words that go on after the permission."""
        if plan.apart:
            return "does not cover it: this call needs a permission for its very self"
        wanted, words = words_of(self.line), words_of(plan.line)
        if not self.prefix:
            return f'covers that very line only; "{self.tool}:{self.line} *" would cover what begins so'
        if wanted is None:
            return "covers nothing that begins so: it is more than words to a shell"
        if why := unsafe_prefix(wanted):
            return f"covers nothing that begins so. {why.rstrip('.')}"
        if words is None:
            return "does not cover it: the command is more than words to a shell, as with a pipe or a variable"
        return "does not cover it: the command begins with other words"

    def __str__(self) -> str:
        """As it is written behind --allow."""
        return f"{self.tool}:{self.line}{' *' if self.prefix else ''}" if self.line or self.prefix else self.tool


def permission_from(text: str) -> Permission:
    """What a person wrote: a tool's name, then perhaps a colon and a command; a star at its end makes it a prefix."""
    name, _, line = text.partition(":")
    beginning = line.removesuffix(" *")
    return Permission(name.strip(), beginning, prefix=beginning != line)


def standing(rules: Mapping[str, Iterable[str]], folder: Path) -> list[Permission]:
    """What lasts in a folder, by the settings: rules of the folder itself, whichever way its path is written there."""
    real = os.path.realpath(folder)
    own = (texts for path, texts in rules.items() if os.path.realpath(os.path.expanduser(path)) == real)
    return [permission_from(text) for texts in own for text in texts]


class Decision(Struct, frozen=True):
    """What the person said. `reason` goes to the model; `permission` holds from now on.

    One that `lasts` holds in this folder, also in later runs; whoever asked has written it into the settings.
    """

    allowed: bool = False
    reason: str = ""
    permission: Permission | None = None
    lasts: bool = False


class Question(Struct):
    """May this call be done? Whoever shows it sets `decision`; an unanswered question is a no.

    `plan` is what runs after a yes, the very object whose arguments are shown. `why` says why the permissions for this
    tool do not cover it, "" where there are none.
    """

    call: ToolCall
    tool: Tool
    plan: Plan
    decision: Decision = Decision()
    why: str = ""


class Approval:
    """The permissions of a session. `everything` allows all calls, which a person must have said in so many words.

    `of_folder` gives those that last in this folder; a call that is apart, which asks each time, is never covered by
    one of them.
    """

    def __init__(self, permissions: Iterable[Permission] = (), *, everything: bool = False) -> None:
        self.permissions = list(permissions)
        self.everything = everything
        self.of_folder: Callable[[], Iterable[Permission]] = tuple

    def needs(self, tool: Tool, plan: Plan) -> bool:
        """Whether the person must be asked before this plan is carried out."""
        if not plan.asks or self.everything or any(one.covers(tool, plan) for one in self.permissions):
            return False
        return plan.apart or not any(one.covers(tool, plan) for one in self.of_folder())

    def why_not(self, tool: Tool, plan: Plan) -> str:
        """Why the permissions for this tool do not cover the plan, a sentence each for two of them; "" without any."""
        lasting = () if plan.apart else self.of_folder()
        own = [one for one in (*self.permissions, *lasting) if one.tool == tool.name]
        return " ".join(f'"{one}" {one.lacks(plan)}.' for one in own[:TOLD])

    def take(self, decision: Decision) -> None:
        """Remember a standing permission."""
        if decision.allowed and decision.permission is not None and not decision.lasts:
            self.permissions.append(decision.permission)
