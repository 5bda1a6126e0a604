"""The tools of a session with their permissions and limits, put together when they are first needed."""

import os
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from modules.config import PACKAGE, Config
from modules.llm.models import Model
from modules.llm.tool_spec import ToolSpec
from modules.llm.web_searches import KIND as SEARCH
from modules.tools.approval import Approval, standing
from modules.tools.toolbox import Source, Toolbox
from modules.tools.web.search_choice import SearchChoice

if TYPE_CHECKING:
    from modules.mcp.servers import Servers
    from modules.prompts.skills import Skills
    from modules.tools.tool import ToolContext

EVERY = ("all",)
NONE = ("none",)


class Limits(Struct, frozen=True):
    """Where a turn pauses: requests, identical calls in a row, dollars as far as prices are known, and tokens."""

    steps: int = 25
    repeats: int = 3
    dollars: float = 1.0
    tokens: int = 1_000_000


class Tooling:
    """What a turn needs to run tools. `make` is called once, with the first need: the prompt does not wait for it."""

    def __init__(
        self,
        make: Callable[[], Toolbox],
        approval: Approval | None = None,
        limits: Limits | Callable[[], Limits] | None = None,
        *,
        enabled: bool = True,
        named: tuple[str, ...] = (),
        settled: tuple[str, ...] = (),
        search: SearchChoice | None = None,
        in_chat: bool = True,
    ) -> None:
        self._make = make
        self.approval = approval or Approval()
        self._limits = limits or Limits()
        self.over_budget: Callable[[], str] = lambda: ""  # why a turn pauses, beside its own limits
        self._enabled = enabled
        self._named = (*named, *(one.tool for one in self.approval.permissions))
        self.search = search
        self._in_chat = in_chat
        self._settled = settled  # the names in settings.toml
        self._unchecked = True
        self.said: set[str] = set()  # notices that the person has seen already

    @cached_property
    def toolbox(self) -> Toolbox:
        return self._make()

    @property
    def limits(self) -> Limits:
        """Those of this moment: settings may have changed."""
        return self._limits if isinstance(self._limits, Limits) else self._limits()

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._limits = limits

    @property
    def _made(self) -> bool:
        """Whether the need has come; asking does not make it come."""
        return "toolbox" in self.__dict__

    @property
    def enabled(self) -> bool:
        """Whether models may call tools; known before there are any."""
        return self.toolbox.enabled if self._made else self._enabled

    def specs(self, model: Model) -> tuple[ToolSpec, ...]:
        """The tools that this model may call, as far as they are known; none before they are needed.

        Where its provider searches the web by itself, that stands in the place of our own search.
        """
        specs = self.toolbox.specs if self._made and self.toolbox.enabled else ()
        if self.search is None:
            return specs
        return tuple(one for spec in specs if (one := self.search.declared(spec, model)) is not None)

    def news_of(self, model: Model) -> str:
        """That the provider of this model searches by itself, once; "" where it does not, or that was said.

        Without the chat nobody is there who could turn it off, and what was searched is said below the answer.
        """
        if self.search is None or not (self._in_chat and self.enabled and self.search.is_native(model)):
            return ""
        if self._made and not self.toolbox.is_on(SEARCH):
            return ""
        text = self.search.told(model)
        news, self.said = ("" if text in self.said else text), self.said | {text}
        return news

    def news(self) -> list[str]:
        """Notices about the tools that the person has not seen yet; none before the tools are needed."""
        return [*self._wrong_names(), *self.toolbox.news()] if self._made else []

    @property
    def awaited(self) -> str:
        """What the first request waits for at this moment, in words for the person; "" for nothing."""
        return self.toolbox.awaited if self._made else ""

    def late(self) -> list[str]:
        """The sources of tools that a question does not wait for any longer, in words; each is given once."""
        return self.toolbox.late() if self._made else []

    def _wrong_names(self) -> list[str]:
        """Said once, when it is known which tools there are: a name that nothing has does nothing."""
        if not self._unchecked or not self.toolbox.gathered:
            return []
        self._unchecked = False
        return [
            *(f"settings.toml: {error}" for error in self.toolbox.unknown(self._settled)),
            *map(str, self.toolbox.unknown(dict.fromkeys(self._named))),
        ]

    async def check(self) -> None:
        """Raise UsageError where the person named a tool, to be on or allowed, that is not there."""
        await self.toolbox.gather()
        self.toolbox.check(self._named)

    @property
    def servers(self) -> "Servers | None":
        """The MCP servers; None where there is no mcp.json."""
        sources = self.toolbox.sources
        if f"{PACKAGE}.mcp.servers" not in sys.modules:  # nobody has made any, and nothing of them is to be loaded
            return None
        from modules.mcp.servers import Servers

        return next((source for source in sources if isinstance(source, Servers)), None)

    @property
    def skills(self) -> "Skills | None":
        """The skills that models may read; None where the settings are against that."""
        from modules.prompts.skill_tool import SkillTool  # with the tools, which whoever asks for skills needs

        return next((one.skills for one in self.toolbox.sources if isinstance(one, SkillTool)), None)

    @property
    def servers_in_use(self) -> "Servers | None":
        """The MCP servers where tools were needed already, so that some may run; asking loads and starts nothing."""
        return self.servers if self._made else None

    async def close(self) -> None:
        """End what the tools have started."""
        if self._made:
            await self.toolbox.close()


def tooling_of(
    config: Config, approval: Approval, wanted: tuple[str, ...] | None, *, enabled: bool, saves: bool = True,
    in_chat: bool = True,
) -> Tooling:  # fmt: skip
    """All the tools there are for this person.

    `wanted` are the names that are on, or EVERY for all of them; None for what the settings say. `saves` is whether
    long results are there for later runs, `in_chat` whether somebody is there who can type a command.
    """
    settings = config.settings.tools
    folder = Path(os.getcwd()).resolve()  # fixed here: whatever is done later, "the working folder" stays this one

    named = () if wanted is None or wanted in (EVERY, NONE) else wanted
    settled = settings.on or () if wanted is None else ()

    search = SearchChoice.of(config)

    def make() -> Toolbox:
        from modules.tools.built_in import BUILT_IN
        from modules.tools.programs.process_protection import shut
        from modules.tools.result_files import ResultFiles, TemporaryResultFiles
        from modules.tools.tool import ToolContext

        shut()
        result_files = ResultFiles(config.data_folder / "results") if saves else TemporaryResultFiles()
        context = ToolContext(
            folder,
            config.data_folder,
            (config.folder, config.data_folder, config.state_folder, result_files.folder),
            config.child_environment,
            umask=config.umask,
            private_hosts=frozenset(host.lower() for host in settings.private_hosts),
            search=search.engine,
        )
        on = settings.on if wanted in (None, NONE) else None if wanted == EVERY else wanted
        sources = _sources(config, context, in_chat=in_chat)
        return Toolbox(BUILT_IN, context, sources, on=on, enabled=enabled, result_files=result_files)

    approval.of_folder = lambda: standing(config.settings.tools.allow, folder)

    def limits() -> Limits:
        now = config.settings
        return Limits(steps=now.tools.steps, dollars=now.budget.turn, tokens=now.tools.tokens)

    return Tooling(
        make, approval, limits, enabled=enabled, named=named, settled=settled, search=search, in_chat=in_chat
    )


def _sources(config: Config, context: "ToolContext", *, in_chat: bool) -> "list[Source]":
    """Tools that do not come with the program: files of one's own, plugins, skills, servers."""
    from modules.plugins.installed import Plugins
    from modules.tools.plugin_tools import PluginTools
    from modules.tools.programs.user_tools import UserTools

    plugins = Plugins(config.plugins_file)
    sources: list[Source] = [UserTools(config.folder / "tools", context), PluginTools(lambda: plugins.of("tools"))]
    if config.settings.send.skills:
        from modules.prompts.places import origin
        from modules.prompts.skill_tool import SkillTool
        from modules.prompts.skills import Skills, trusted

        sources.append(SkillTool(Skills(lambda: origin(config, context.folder), trusted(config))))
    if config.mcp_file.exists():
        from modules.mcp.servers import Servers

        sources.append(Servers(config, in_chat=in_chat))
    return sources
