"""How to be rid of what fills a window: what takes each thing out of the next request, as it is at this moment."""

from fnmatch import fnmatchcase
from typing import Literal

from msgspec import Struct

from modules.errors import UsageError
from modules.llm.models import Model
from modules.llm.tool_spec import ToolSpec
from modules.prompts.told import told_in
from modules.session.conversation import Conversation
from modules.session.fitting.cut import pinned
from modules.session.fitting.room import room
from modules.session.fitting.summary import KEEP_TOKENS, plan_summary
from modules.session.fitting.trim import trimmed
from modules.session.fitting.window_use import Thing

Way = Literal["trim", "summarise", "unpin", "undo", "tools off", "no instructions", "no folder instructions"]


class Relief(Struct, frozen=True):
    """One way to be rid of a thing: `question` counts from the end, `tool` is a name or a pattern of names."""

    way: Way
    question: int = 0
    tool: str = ""


class Reliefs:
    """What can be done about the things in the window of one model, to which `tools` would be declared.

    A way that costs no model call goes before a summary, and that before taking questions back. `keep` is how many
    tokens of the last turns a summary leaves.
    """

    def __init__(
        self, conversation: Conversation, model: Model, tools: tuple[ToolSpec, ...] = (), *, keep: int = KEEP_TOKENS
    ) -> None:
        self._conversation = conversation
        self._tools = tools
        path = conversation.tree.path
        before, after = conversation.view(model), trimmed(conversation, model, tools)
        self._stubs = frozenset(after.stubs if after is not None else ()) - {*(before.stubs if before else ())}
        self._pinned = frozenset(path[at].id for at in pinned(path, conversation.pins))
        self._questions = [node.id for node in path if node.is_question]
        try:
            target = room(conversation.reader(model))
            plan = plan_summary(conversation, model, model, tools, target=target, keep=keep)
        except UsageError:
            self._summed: frozenset[int] = frozenset()
        else:
            self._summed = frozenset(id for id in conversation.path if id <= plan.until) - {*plan.verbatim}

    def of(self, thing: Thing) -> Relief | None:
        """What takes this out; None where nothing does, short of another conversation."""
        if thing.kind == "tool":
            return self._of_tool(thing)
        if not thing.message:
            is_set = thing.kind == "instructions" and self._conversation.system and not self._conversation.head
            told = told_in(self._conversation.system)
            of_folder = len(told.folder) > len(told.own)
            return Relief("no folder instructions" if of_folder else "no instructions") if is_set else None
        if thing.kind == "summary":
            return None
        if (thing.message, thing.part) in self._stubs and thing.kind in ("result", "attached"):
            return Relief("trim")
        if thing.message in self._summed:
            return Relief("summarise")
        question = sum(id >= self._asked_by(thing.message) for id in self._questions)
        if thing.message in self._pinned and question > 1:
            return Relief("unpin", question)
        is_taken_back = self._asked_by(thing.message) > 0
        return Relief("undo", question) if is_taken_back else None

    def _asked_by(self, message: int) -> int:
        """The question of the turn that a message belongs to; 0 where it comes before the first."""
        return max((id for id in self._questions if id <= message), default=0)

    def _of_tool(self, thing: Thing) -> Relief | None:
        """Tools that were declared stay so where no other is left: without any, a provider loses its cache."""
        names = [tool.name for tool in self._tools]
        stay = [name for name in names if not fnmatchcase(name, thing.name)]
        goes = len(stay) < len(names) and (stay or not self._conversation.tools)
        return Relief("tools off", tool=thing.name) if goes else None
