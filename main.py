"""Parlance: one conversation, any model. Arguments, wiring, clean-up; everything else is in modules/."""

import argparse
import asyncio
import gc
import os
import sys
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from modules.chat.end_signals import Leaving
from modules.chat.terminal import streams
from modules.chat.terminal.terminal_state import TerminalState
from modules.config import VERSION, Config
from modules.errors import EXIT_INTERRUPTED, ParlanceError

if TYPE_CHECKING:
    from modules.chat.output.screen import TerminalScreen
    from modules.chat.startup import StartOptions
    from modules.llm.parts import Attached
    from modules.session.tooling import Tooling

ALL_ALLOWED = "Every tool may do everything without asking (--yes)."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program. Returns the exit code; `--help` lists them."""
    streams.set_up()
    args = _parse(argv)
    gc.disable()  # until everything is loaded: thousands of new objects, none of them garbage
    args.umask = os.umask(0o077)
    try:
        if args.list_models:
            return _list_models()
        terminal = TerminalState()
        return _run((_interactive if args.interactive else _headless)(args, terminal), terminal)
    except ParlanceError as error:
        from modules.chat import headless
        from modules.chat.wording.cures import in_pipe

        headless.complain(error, in_pipe(error))
        if args.json:
            headless.fail_as_json(error)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # whoever read us has seen enough
        streams.let_go(sys.stdout)
        return 128 + 13
    except OSError as error:
        streams.let_go(sys.stdout)
        streams.diagnose(f"parlance: {_cleaned(str(error))}")
        return 1


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments; ends the program with code 2 for those that make no sense."""
    parser = _arguments()
    args, stray = parser.parse_known_args(argv)
    if options := [word for word in stray if word.startswith("-")]:
        parser.error(f"unrecognized arguments: {' '.join(map(_cleaned, options))}")
    if stray:
        asked = _cleaned(" ".join(stray))
        parser.error(f'"{asked}" stands alone. To ask it, put -p before it: {_program_name()} -p "{asked}"')
    args.question, args.system = args.question and streams.recovered(args.question), streams.recovered(args.system)
    args.interactive = args.question is None and streams.at_terminal(sys.stdin) and streams.at_terminal(sys.stdout)
    if args.json and args.interactive and not args.list_models:
        parser.error(f'--json goes with a question: {_program_name()} -p "question" --json')
    return args


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="parlance",
        description="One conversation, any model. Without a question it is a chat; /help there lists the commands.",
        epilog="Exit codes: 0 a whole answer, 1 an error or an answer that is cut, declined, empty or otherwise not "
        "whole, 2 usage, 75 try later, 76 key refused or missing, "
        "77 the provider does not have the model, 130 interrupted.",
    )
    parser.add_argument("-p", "--print", dest="question", metavar="QUESTION", nargs="?", const="",
                        help="answer one question and leave; what is piped in is added to it")  # fmt: skip
    parser.add_argument("-m", "--model", default="", help="the model: provider:model, a name or an alias")
    parser.add_argument("-s", "--system", default="", help="instructions for the model")
    parser.add_argument("-a", "--attach", action="append", default=[], metavar="FILE",
                        help="attach a picture, PDF or text file to the question; may be repeated")  # fmt: skip
    parser.add_argument("--attach-text", action="append", default=[], metavar="FILE",
                        help="attach only the text of a PDF, for models that read none; may be repeated")  # fmt: skip
    parser.add_argument(
        "--json", action="store_true", help="with -p: one JSON object with text, usage, model, stop_reason, error"
    )
    parser.add_argument("--send-keys", action="store_true", help="send a question although it seems to hold an API key")
    _add_tool_arguments(parser)
    saving = parser.add_mutually_exclusive_group()
    saving.add_argument("-c", "--continue", dest="resume", action="store_const", const="",
                        help="go on with the last conversation")  # fmt: skip
    saving.add_argument("-r", "--resume", metavar="ID", help="go on with the conversation whose id begins so")
    saving.add_argument("--no-save", action="store_true", help="do not save this conversation")
    parser.add_argument("--list-models", action="store_true", help="list the models and leave")
    parser.add_argument("--version", action="version", version=f"Parlance {VERSION}")
    return parser


def _add_tool_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tools", metavar="NAMES",
                        help="the tools that are on: names with commas between, all, or none")  # fmt: skip
    parser.add_argument("--allow", action="append", default=[], metavar="NAME",
                        help="let this tool run without asking; NAME:COMMAND for one command only, "
                        'and "NAME:COMMAND *" for those that begin so; may be repeated')  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="let every tool do everything without asking")


def _tooling(config: Config, args: argparse.Namespace) -> "Tooling":
    """The tools that the arguments ask for, with what they allow."""
    from modules.session.tooling import NONE, tooling_of
    from modules.tools.approval import Approval, permission_from

    wanted = None if args.tools is None else tuple(name.strip() for name in args.tools.split(",") if name.strip())
    approval = Approval(map(permission_from, args.allow), everything=args.yes)
    return tooling_of(
        config, approval, wanted, enabled=wanted != NONE, saves=not args.no_save, in_chat=args.interactive
    )


async def _interactive(args: argparse.Namespace, terminal: TerminalState) -> int:
    # Each way to run loads only what it needs: the chat no headless code, a piped question no prompt_toolkit.
    from modules.chat.command import ChatContext
    from modules.chat.commands import COMMANDS
    from modules.chat.interactive import Interactive
    from modules.chat.output.resume_preview import preview_of_last_turns
    from modules.chat.prompt.prompt_factory import prompt_of
    from modules.chat.startup import begin, close_calls, first_choice, greeting, take_unanswered
    from modules.llm.catalogue.catalogue_cache import load as load_catalogue
    from modules.llm.catalogue.learned_facts import LearnedFacts
    from modules.llm.service_manager import ServiceManager
    from modules.session.storage.store import FILE, SHORT_CHARS, Store

    config = Config(umask=args.umask)
    terminal.plain = config.plain
    models = load_catalogue(config.shipped_models, config.user_models, config.get, config.state_folder / "catalogue")
    services, store = ServiceManager.instance(), Store(config.data_folder / FILE)
    attachments, done = await _attached(args, config)
    learned = LearnedFacts(config.learned_file)
    start = first_choice(models, config, args.model)
    conversation, notes = begin(_start_options(args), store, models, services, start, learned)
    screen = _screen(config)
    context = ChatContext(
        config, models, services, conversation, COMMANDS, screen,
        _tooling(config, args), attachments, saves=not args.no_save,
    )  # fmt: skip
    for line in greeting(VERSION, conversation.model.full_name, [*notes, *done, *([ALL_ALLOWED] if args.yes else [])]):
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
    try:
        await chat.run()
        if not args.no_save and context.conversation.messages:
            screen.say(f"Continue with: {_program_name()} -c, or -r {context.conversation.id[:SHORT_CHARS]}")
    finally:
        await context.tooling.close()
        await store.end(screen.say)
        await services.close()
        for text in store.news():  # last: the screen may be gone
            screen.error(ParlanceError(text))
    return 0


def _screen(config: Config) -> "TerminalScreen":
    """The terminal as the settings and the environment say."""
    from modules.chat.markdown.links import takes_links
    from modules.chat.output.screen import TerminalScreen
    from modules.chat.output.theme import background

    settings = config.settings.screen
    return TerminalScreen(
        plain=config.plain,
        color=config.color,
        links=takes_links(config.get),
        prose_width=settings.width,
        background=lambda: background(settings.background, "", config.get),
    )


async def _attached(args: argparse.Namespace, config: Config) -> "tuple[list[Attached], list[str]]":
    """The parts of the files that are attached, and what to say of them."""
    if not args.attach and not args.attach_text:
        return [], []
    from modules.chat.input.attachment import load_all

    return await load_all(args.attach, args.attach_text, config.child_environment)


async def _headless(args: argparse.Namespace, terminal: TerminalState) -> int:
    from modules.chat import headless
    from modules.chat.input.api_key_check import keys_of
    from modules.chat.startup import begin, close_calls, first_choice, refuse_guide, take_unanswered
    from modules.chat.wording.cures import others
    from modules.llm.catalogue.catalogue_cache import load as load_catalogue
    from modules.llm.catalogue.learned_facts import LearnedFacts
    from modules.llm.service_manager import ServiceManager
    from modules.session.storage.store import FILE, Store

    config = Config(umask=args.umask)
    terminal.plain = config.plain
    piped = "" if streams.at_terminal(sys.stdin) or sys.stdin is None else await headless.read()
    attachments, done = await _attached(args, config)
    message = headless.question(args.question or "", piped, attachments)
    models = load_catalogue(config.shipped_models, config.user_models, config.get, config.state_folder / "catalogue")
    if not args.send_keys:
        headless.refuse_keys(
            (args.question or "", args.system), piped, message, keys_of(config, models.providers.values())
        )
    services, store = ServiceManager.instance(), Store(config.data_folder / FILE)
    start = first_choice(models, config, args.model)
    conversation, notes = begin(_start_options(args), store, models, services, start, LearnedFacts(config.learned_file))
    refuse_guide(conversation, start)
    headless.tell([*notes, *done, *([ALL_ALLOWED] if args.yes else [])])
    take_unanswered(conversation)
    close_calls(conversation)
    with_tools = args.yes or args.allow or args.tools is not None
    tooling = _tooling(config, args) if with_tools else None
    gc.enable()
    try:
        able = others(models, conversation.model, config.has_key)
        return await headless.answer(
            conversation, services, message, tooling, as_json=args.json, screen=partial(_screen, config), others=able
        )
    finally:
        if tooling is not None:
            await tooling.close()
        await store.end(lambda text: headless.tell([text]))
        headless.tell(store.news())
        await services.close()


def _program_name() -> str:
    from modules.chat.program_name import own_name

    return own_name(sys.argv[0], sys.executable, in_uv=bool(Config().get("UV_RUN_RECURSION_DEPTH")))


def _start_options(args: argparse.Namespace) -> "StartOptions":
    from modules.chat.startup import StartOptions

    return StartOptions(args.resume, args.model, args.system, save=not args.no_save)


def _list_models() -> int:
    from modules.chat.output.model_summary import UNIT, columns
    from modules.llm.catalogue.catalogue_cache import load as load_catalogue

    config = Config()
    models = load_catalogue(config.shipped_models, config.user_models, config.get, config.state_folder / "catalogue")
    for model in models:
        sys.stdout.write(
            _cleaned("\t".join(columns(model, config.has_key(model.provider.key_variable), models.lists(model), UNIT)))
            + "\n"
        )
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


def _cleaned(text: str) -> str:
    from modules.text.sanitize import clean

    return clean(text)


if __name__ == "__main__":
    sys.exit(main())
