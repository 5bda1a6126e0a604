"""The chat at a terminal, from its first line to its last."""

import gc
from collections.abc import Sequence
from functools import cache

from modules.chat.arguments import Arguments
from modules.chat.command import ChatContext
from modules.chat.commands import COMMANDS
from modules.chat.interactive import Interactive
from modules.chat.plugin_commands import plugin_commands
from modules.chat.program_name import this_program
from modules.chat.prompt.prompt_factory import prompt_of
from modules.chat.start.own_models import own_models
from modules.chat.start.startup import apply, close_calls, greeting, take_unanswered
from modules.chat.terminal.terminal_state import TerminalState
from modules.chat.ways.wiring import attached, begun, fitting_for, screen_of, tooling_for
from modules.config import VERSION, Config
from modules.errors import ParlanceError, UsageError
from modules.llm.models import ModelRegistry
from modules.llm.service_manager import ServiceManager
from modules.session.budget import Budget
from modules.session.storage.saved_conversations import SHORT_CHARS
from modules.session.switching.held_back import news_of_options


async def run(args: Arguments, config: Config, services: ServiceManager, terminal: TerminalState) -> int:
    """Talk until the person leaves. Returns the exit code."""
    troubles: list[str] = []
    models = own_models(config, troubles)
    attachments, done = await attached(args, config)
    parts = begun(args, config, models, services, done)
    conversation, screen = parts.conversation, screen_of(config)
    fitting = cache(lambda compact: fitting_for(config, models, "ask"))  # another one with other settings
    commands = COMMANDS.with_more(lambda: plugin_commands(config, screen.say))
    context = ChatContext(
        config, models, parts.services, conversation, commands, screen,
        tooling_for(config, args), attachments, saves=not args.no_save, store=None if args.no_save else parts.store,
        fitting=lambda: fitting(config.settings.compact),
        budget=Budget(lambda: config.settings.budget, None if args.no_save else parts.store.spendings),
    )  # fmt: skip
    notes = [*parts.notes, *troubles, *_no_writer(config, models), news_of_options(conversation, conversation.model)]
    for line in greeting(VERSION, conversation.model.full_name, [*filter(None, notes)]):
        screen.say(line)
    if (trouble := screen.themes.trouble) is not None:
        screen.error(trouble)
    for problem in key_problems(config):
        screen.error(UsageError(problem))
    unanswered = take_unanswered(conversation)
    waiting = close_calls(conversation)
    if conversation.nodes:
        from modules.chat.output.resume_preview import preview_of_last_turns  # a new one has nothing to show

        for text in preview_of_last_turns(conversation, screen.size()[0]):
            screen.say(text)
    if waiting:
        screen.say(waiting)
    chat = Interactive(context, screen, prompt_of(context, screen, terminal))
    if unanswered is not None:
        chat.give_back(unanswered)
    gc.freeze()
    gc.enable()

    def keep_wishes() -> None:
        if context.conversation is not conversation:  # one was chosen from the list
            apply(parts.wish, context.conversation, parts.start)

    try:
        await chat.run(("/sessions --here" if args.here else "/sessions") if args.pick else "", keep_wishes)
        if not args.no_save and context.conversation.messages:
            screen.say(f"Continue with: {this_program()} -c, or -r {context.conversation.id[:SHORT_CHARS]}")
    finally:
        for text in await parts.close(context.tooling, screen.say):  # last: the screen may be gone
            screen.error(ParlanceError(text))
    return 0


def key_problems(config: Config) -> Sequence[str]:
    """What is wrong about the keys that the settings bind."""
    if not (wished := config.settings.keys.bind):
        return ()
    from modules.chat.prompt.bound_keys import bound_keys  # hardly anyone binds one

    return bound_keys(wished).problems


def _no_writer(config: Config, models: ModelRegistry) -> list[str]:
    """What is wrong about the writer of summaries that the settings name: what is offered later is silent about it."""
    if not (name := config.settings.compact.model):
        return []
    from modules.session.fitting.writer import writer_of_settings  # hardly anyone names one

    try:
        writer_of_settings(name, models)
    except UsageError as error:
        return [f"{error.message} {error.cure}"]
    return []
