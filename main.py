"""Parlance: one conversation, any model. Wiring and clean-up; everything else is in modules/."""

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from modules.chat.arguments import REFUSE, Arguments, parse
from modules.chat.end_signals import Leaving
from modules.chat.program_name import as_started
from modules.chat.subcommand import find
from modules.chat.terminal import streams
from modules.chat.terminal.terminal_state import TerminalState
from modules.config import VERSION, Config
from modules.errors import EXIT_INTERRUPTED, ParlanceError, UsageError

if TYPE_CHECKING:
    from modules.chat.output.screen import TerminalScreen
    from modules.chat.startup import StartOptions
    from modules.llm.models import Choice, ModelRegistry
    from modules.llm.parts import Attached
    from modules.llm.service_manager import ServiceManager
    from modules.session.conversation import Conversation
    from modules.session.fitting.policy import Fitting, Wish
    from modules.session.storage.store import Store
    from modules.session.turns.tooling import Tooling

ALL_ALLOWED = "Every tool may do everything without asking (--yes)."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program. Returns the exit code; `--help` lists them."""
    streams.set_up()
    words = sys.argv[1:] if argv is None else argv
    if (subcommand := find(words)) is not None:
        return _to_its_end(lambda: subcommand(words[1:], Config(umask=os.umask(0o077))))
    args = parse(argv)
    gc.disable()  # until everything is loaded: thousands of new objects, none of them garbage
    config = Config(umask=os.umask(0o077))
    terminal = TerminalState()
    terminal.plain = config.plain

    def run() -> int:
        if args.list_models:
            return _list_models(config)
        return _run(_interactive(args, config, terminal) if args.interactive else _headless(args, config), terminal)

    return _to_its_end(run, as_json=args.json)


def _to_its_end(run: Callable[[], int], *, as_json: bool = False) -> int:
    """What was run, to an exit code, whatever it raises."""
    try:
        return run()
    except ParlanceError as error:
        from modules.chat import headless
        from modules.chat.wording.cures import in_pipe

        headless.complain(error, in_pipe(error))
        if as_json:
            headless.fail_as_json(error)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # whoever read us has seen enough
        streams.let_go(sys.stdout)
        return 128 + 13
    except OSError as error:
        from modules.text.sanitize import clean

        streams.let_go(sys.stdout)
        streams.diagnose(f"parlance: {clean(str(error))}")
        return 1


class _Chat(NamedTuple):
    """What both ways to run are made of; `notes` are for the person, before anything else."""

    models: "ModelRegistry"
    services: "ServiceManager"
    store: "Store"
    start: "Choice"
    conversation: "Conversation"
    notes: list[str]
    wish: "StartOptions"

    async def close(self, tooling: "Tooling | None", say: Callable[[str], None]) -> list[str]:
        """End everything, in order. Returns what the store has to say last."""
        if tooling is not None:
            await tooling.close()
        await self.store.end(say)
        await self.services.close()
        return [*map(as_started, self.store.news())]


def _begun(args: Arguments, config: Config, models: "ModelRegistry", done: Sequence[str]) -> _Chat:
    """The conversation that the arguments ask for; `done` is what was done with what they attach."""
    from modules.chat.startup import StartOptions, begin, first_choice
    from modules.llm.catalogue.learned_facts import LearnedFacts
    from modules.llm.service_manager import ServiceManager
    from modules.llm.tokens.learned_weights import LearnedWeights
    from modules.session.storage.store import FILE, Store

    services, store = ServiceManager.instance(config), Store(config.data_folder / FILE)
    start = first_choice(models, config, args.model)
    wish = StartOptions(
        args.resume, args.model, args.system, not args.no_save, os.path.realpath(os.getcwd()), not args.interactive
    )
    learned, weights = LearnedFacts(config.learned_file), LearnedWeights(config.weights_file)
    conversation, notes = begin(wish, store, models, services, start, learned, weights)
    notes = [*map(as_started, notes), *done, *([ALL_ALLOWED] if args.yes else [])]
    return _Chat(models, services, store, start, conversation, notes, wish)


async def _interactive(args: Arguments, config: Config, terminal: TerminalState) -> int:
    # Each way to run loads only what it needs: the chat no headless code, a piped question no prompt_toolkit.
    from modules.chat.command import ChatContext
    from modules.chat.commands import COMMANDS
    from modules.chat.interactive import Interactive
    from modules.chat.output.resume_preview import preview_of_last_turns
    from modules.chat.program_name import this_program
    from modules.chat.prompt.prompt_factory import prompt_of
    from modules.chat.startup import apply, close_calls, greeting, take_unanswered
    from modules.session.storage.saved_conversations import SHORT_CHARS

    models = _models(config)
    attachments, done = await _attached(args, config)
    parts = _begun(args, config, models, done)
    conversation, screen = parts.conversation, _screen(config)
    context = ChatContext(
        config, models, parts.services, conversation, COMMANDS, screen,
        _tooling(config, args), attachments, saves=not args.no_save, store=None if args.no_save else parts.store,
        fitting=cache(partial(_fitting, config, models, "ask")),
    )  # fmt: skip
    for line in greeting(VERSION, conversation.model.full_name, [*parts.notes, *_no_writer(config, models)]):
        screen.say(line)
    unanswered = take_unanswered(conversation)
    waiting = close_calls(conversation)
    for text in [*preview_of_last_turns(conversation, screen.size()[0]), *filter(None, [waiting])]:
        screen.say(text)
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


async def _headless(args: Arguments, config: Config) -> int:
    from modules.chat import headless
    from modules.chat.input.api_key_check import keys_of
    from modules.chat.startup import close_calls, refuse_guide, take_unanswered
    from modules.chat.wording.cures import others

    piped = "" if streams.at_terminal(sys.stdin) or sys.stdin is None else await headless.read()
    attachments, done = await _attached(args, config)
    asked = args.question or ""
    message = headless.question(asked, piped, attachments)
    models = _models(config)
    if not args.send_keys:
        headless.refuse_keys((asked, args.system), piped, message, keys_of(config, models.providers.values()))
    parts = _begun(args, config, models, done)
    conversation = parts.conversation
    refuse_guide(conversation, parts.start, models, config)
    headless.tell(parts.notes)
    take_unanswered(conversation)
    close_calls(conversation)
    tooling = _tooling(config, args) if args.yes or args.allow or args.tools is not None else None
    gc.enable()
    try:
        able = others(models, conversation.model, config.has_key)
        return await headless.answer(
            conversation, parts.services, message, tooling,
            as_json=args.json, screen=partial(_screen, config), others=able,
            fitting=None if args.fit == REFUSE else _fitting(config, models, args.fit),
        )  # fmt: skip
    finally:
        headless.tell(await parts.close(tooling, lambda text: headless.tell([text])))


def _models(config: Config) -> "ModelRegistry":
    from modules.llm.catalogue.catalogue_cache import load

    return load(config.shipped_models, config.user_models, config.get, config.state_folder / "catalogue")


def _tooling(config: Config, args: Arguments) -> "Tooling":
    """The tools that the arguments ask for, with what they allow."""
    from modules.session.turns.tooling import NONE, tooling_of
    from modules.tools.approval import Approval, permission_from

    wanted = None if args.tools is None else tuple(name.strip() for name in args.tools.split(",") if name.strip())
    approval = Approval(map(permission_from, args.allow), everything=args.yes)
    return tooling_of(
        config, approval, wanted, enabled=wanted != NONE, saves=not args.no_save, in_chat=args.interactive
    )


def _fitting(config: Config, models: "ModelRegistry", wish: "Wish") -> "Fitting":
    """What is done where a conversation does not fit a model, as the settings say and `wish`."""
    from modules.session.fitting.policy import fitting_of  # not before the first question

    return fitting_of(config.settings.compact, models, config.has_key, wish)


def _no_writer(config: Config, models: "ModelRegistry") -> list[str]:
    """What is wrong about the writer of summaries that the settings name: what is offered later is silent about it."""
    if not (name := config.settings.compact.model):
        return []
    from modules.session.fitting.writer import writer_of_settings

    try:
        writer_of_settings(name, models)
    except UsageError as error:
        return [f"{error.message} {error.cure}"]
    return []


def _screen(config: Config) -> "TerminalScreen":
    """The terminal as the settings and the environment say."""
    from modules.chat.markdown.links import takes_links
    from modules.chat.output.screen import TerminalScreen
    from modules.chat.terminal.theme import background

    settings = config.settings.screen
    return TerminalScreen(
        plain=config.plain,
        color=config.color,
        links=takes_links(config.get),
        prose_width=settings.width,
        background=lambda: background(settings.background, "", config.get),
    )


async def _attached(args: Arguments, config: Config) -> "tuple[list[Attached], list[str]]":
    """The parts of the files that are attached, and what to say of them."""
    if not args.attach and not args.attach_text:
        return [], []
    from modules.chat.input.attachment import load_all

    return await load_all(args.attach, args.attach_text, config.child_environment)


def _list_models(config: Config) -> int:
    from modules.chat.wording.model_summary import columns
    from modules.text.sanitize import clean

    models = _models(config)
    for model in models:
        facts = columns(model, config.has_key(model.provider.key_variable), models.lists(model), alone=True)
        sys.stdout.write(clean("\t".join(facts)) + "\n")
    sys.stdout.flush()
    return 0


def _run(work: Coroutine[Any, Any, int], terminal: TerminalState) -> int:
    """Run to the end; a signal that asks us to go cancels the work first, so that nothing of it is lost."""
    leaving: list[Leaving] = []

    async def guarded() -> int:
        if task := asyncio.current_task():
            leaving.append(Leaving(task, terminal.restore))
            leaving[0].listen()
        return await work

    try:
        code = asyncio.run(guarded())
    except asyncio.CancelledError:
        code = EXIT_INTERRUPTED
    finally:
        terminal.restore()
    if not (number := leaving[0].number):
        return code
    try:
        sys.stdout.flush()
    except OSError:  # the terminal is gone; Python would make an exit code of its own of that
        streams.let_go(sys.stdout)
    return 128 + number


if __name__ == "__main__":
    sys.exit(main())
