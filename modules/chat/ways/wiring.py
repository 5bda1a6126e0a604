"""What every way to run is made of: the models, the conversation to go on with, the tools, the screen."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from modules.chat.arguments import Arguments
from modules.chat.program_name import as_started
from modules.chat.start.folder_settings import take_folder_settings
from modules.chat.start.settled import settle
from modules.chat.start.start_model import first_choice
from modules.chat.start.startup import StartOptions, begin
from modules.config import Config
from modules.errors import ConfigError, ParlanceError
from modules.llm.catalogue.learned_facts import LearnedFacts
from modules.llm.models import Choice, ModelRegistry
from modules.llm.service_manager import ServiceManager
from modules.llm.tokens.learned_weights import LearnedWeights
from modules.session.conversation import Conversation
from modules.session.storage.store import FILE, Store

if TYPE_CHECKING:
    from modules.chat.output.screen import TerminalScreen
    from modules.llm.parts import Attached
    from modules.session.fitting.policy import Fitting, Wish
    from modules.session.turns.tooling import Tooling

ALL_ALLOWED = "Every tool may do everything without asking (--yes)."


class Begun(NamedTuple):
    """A conversation that is about to go on, and what it goes on with; `notes` are said before anything else."""

    models: ModelRegistry
    services: ServiceManager
    store: Store
    start: Choice
    conversation: Conversation
    notes: list[str]
    wish: StartOptions

    async def close(self, tooling: "Tooling | None", say: Callable[[str], None]) -> list[str]:
        """End everything, in order. Returns what the store has to say last."""
        if tooling is not None:
            await tooling.close()
        await self.store.end(say)
        await self.services.close()
        return [*map(as_started, self.store.news())]


def begun(
    args: Arguments, config: Config, models: ModelRegistry, services: ServiceManager, done: Sequence[str]
) -> Begun:
    """The conversation that the arguments ask for; `done` is what was done with what they attach."""
    folder = os.path.realpath(os.getcwd())
    of_folder = take_folder_settings(config, Path(folder), in_chat=args.interactive)
    if args.option:
        from modules.chat.input.option_arguments import options_from  # hardly any run has them

        for name, value in options_from(args.option).items():
            config.layers.change(name, value)
    store = Store(config.data_folder / FILE)
    start = first_choice(models, config, args.model)
    wish = StartOptions(
        args.resume, args.model, args.system, not args.no_save, folder, not args.interactive,
        role_of(config, config.settings.start.role) if config.settings.start.role else "",
    )  # fmt: skip
    learned, weights = LearnedFacts(config.learned_file), LearnedWeights(config.weights_file)
    conversation, notes = begin(wish, store, models, services, start, learned, weights)
    settle(conversation, config.settings)
    notes = [*config.layers.news(), *of_folder, *map(as_started, notes), *done, *([ALL_ALLOWED] if args.yes else [])]
    return Begun(models, services, store, start, conversation, notes, wish)


def role_of(config: Config, name: str) -> str:
    """The instructions of a role. Raises ConfigError where the settings name one that is not there."""
    from modules.prompts.roles import role  # few people have one from the start

    try:
        return role(config.folder, name).instructions
    except ParlanceError as error:
        raise ConfigError(f"settings.toml: start.role: {error.message}", cure=error.cure) from error


def tooling_for(config: Config, args: Arguments) -> "Tooling":
    """The tools that the arguments ask for, with what they allow."""
    from modules.session.turns.tooling import NONE, tooling_of  # no plain question needs them
    from modules.tools.approval import Approval, permission_from

    wanted = None if args.tools is None else tuple(name.strip() for name in args.tools.split(",") if name.strip())
    approval = Approval(map(permission_from, args.allow), everything=args.yes)
    return tooling_of(
        config, approval, wanted, enabled=wanted != NONE, saves=not args.no_save, in_chat=args.interactive
    )


def fitting_for(config: Config, models: ModelRegistry, wish: "Wish") -> "Fitting":
    """What is done where a conversation does not fit a model, as the settings say and `wish`."""
    from modules.session.fitting.policy import fitting_of  # not before the first question

    return fitting_of(config.settings.compact, models, config.has_key, wish)


def screen_of(config: Config) -> "TerminalScreen":
    """The terminal as the settings and the environment say."""
    from modules.chat.looks.themes import Themes  # nothing that is piped needs the terminal's library
    from modules.chat.markdown.links import takes_links
    from modules.chat.output.screen import TerminalScreen
    from modules.chat.terminal.terminal_signs import takes_signs

    def wished() -> tuple[str, str]:
        screen = config.settings.screen
        return screen.theme, screen.background

    def installed() -> dict[str, Callable[[], Path]]:
        from modules.plugins.installed import Plugin, Plugins  # only where a theme is named that is not shipped
        from modules.plugins.loading import all_of

        def file_of(plugin: Plugin) -> Path:
            return all_of(plugin, Path, "the path of a theme in TOML")[0]

        return {one.name: partial(file_of, one) for one in Plugins(config.plugins_file).of("themes")}

    return TerminalScreen(
        plain=config.plain,
        spoken=config.spoken,
        color=config.color,
        links=takes_links(config.get),
        settings=lambda: config.settings,
        themes=Themes(wished, config.folder / "themes", config.get, installed),
        marks=lambda: config.settings.notify.marks and takes_signs(config.get("TERM")),
    )


async def attached(args: Arguments, config: Config) -> "tuple[list[Attached], list[str]]":
    """The parts of the files that are attached, and what to say of them."""
    if not args.attach and not args.attach_text:
        return [], []
    from modules.chat.input.named_attachments import load_all

    return await load_all(args.attach, args.attach_text, config)
