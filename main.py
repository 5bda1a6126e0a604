"""Parlance: one conversation, any model. Wiring and clean-up; everything else is in modules/."""

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from modules.chat.arguments import Arguments, parse
from modules.chat.end_signals import Leaving
from modules.chat.subcommand import find
from modules.chat.terminal import streams
from modules.chat.terminal.terminal_state import TerminalState
from modules.config import Config
from modules.errors import EXIT_INTERRUPTED, ParlanceError


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
    config.plain_asked = args.plain

    def run() -> int:
        terminal.plain = config.plain
        # Each way to run loads only what it needs: the chat no headless code, a piped question no prompt_toolkit.
        if args.list_models:
            from modules.chat.ways import model_list

            return model_list.run(config)
        return _run(_work(args, config, terminal), terminal)

    return _to_its_end(run, as_json=args.json or args.json_stream)


def _to_its_end(run: Callable[[], int], *, as_json: bool = False) -> int:
    """What was run, to an exit code, whatever it raises."""
    try:
        return run()
    except ParlanceError as error:
        from modules.chat.headless.json_failure import fail_as_json
        from modules.chat.headless.telling import complain
        from modules.chat.wording.cures import in_pipe

        complain(error, in_pipe(error))
        if as_json:
            fail_as_json(error)
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


async def _work(args: Arguments, config: Config, terminal: TerminalState) -> int:
    """The chat, or one question. The one place where the one instance of ServiceManager is asked for."""
    from modules.llm.service_manager import ServiceManager

    services = ServiceManager.instance(config)
    if args.interactive:
        from modules.chat.ways import chat

        return await chat.run(args, config, services, terminal)
    from modules.chat.ways import one_question

    return await one_question.run(args, config, services)


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
