"""Who may do what without being asked again: the question before a call, its answer, and the standing permissions."""

from collections.abc import Iterable

from msgspec import Struct

from modules.llm.parts import ToolCall
from modules.tools.programs.command_line import unsafe_prefix, words_of
from modules.tools.tool import Plan, Tool


class Permission(Struct, frozen=True):
    """A standing yes for one tool, for as long as the program runs.

    Without a `line` it covers every call. With one it covers just that command line, or with `prefix` every command
    line that begins with the same words and is nothing but words: no shell syntax, which could smuggle in another. A
    prefix that says too little, as `unsafe_prefix` tells, covers only itself.
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


def permission_from(text: str) -> Permission:
    """What a person wrote: a tool's name, then perhaps a colon and a command; a star at its end makes it a prefix."""
    name, _, line = text.partition(":")
    beginning = line.removesuffix(" *")
    return Permission(name.strip(), beginning, prefix=beginning != line)


class Decision(Struct, frozen=True):
    """What the person said. `reason` is told to the model; `permission` holds from now on."""

    allowed: bool = False
    reason: str = ""
    permission: Permission | None = None


class Question(Struct):
    """May this call be done? Whoever shows it sets `decision`; an unanswered question is a no.

    `plan` is what runs after a yes, the very object whose arguments are shown.
    """

    call: ToolCall
    tool: Tool
    plan: Plan
    decision: Decision = Decision()


class Approval:
    """The permissions of a session. `everything` allows all calls, which a person must have said in so many words."""

    def __init__(self, permissions: Iterable[Permission] = (), *, everything: bool = False) -> None:
        self.permissions = list(permissions)
        self.everything = everything

    def needs(self, tool: Tool, plan: Plan) -> bool:
        """Whether the person must be asked before this plan is carried out."""
        return bool(plan.asks) and not self.everything and not any(one.covers(tool, plan) for one in self.permissions)

    def take(self, decision: Decision) -> None:
        """Remember a standing permission."""
        if decision.allowed and decision.permission is not None:
            self.permissions.append(decision.permission)
