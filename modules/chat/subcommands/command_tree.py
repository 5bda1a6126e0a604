"""The whole command line as one parser, subcommands included: what completion and the man page are made of."""

import argparse
import importlib
from collections.abc import Iterator

from modules.chat import arguments
from modules.chat.subcommand import SUBCOMMANDS
from modules.config import PACKAGE

MODELS, CONVERSATIONS, FILES = "models", "conversations", "files"
# What stands for a value, by the option's own name; what is not here is free text.
VALUES = {
    "model": MODELS,
    "resume": CONVERSATIONS,
    "id": CONVERSATIONS,
    "attach": FILES,
    "attach_text": FILES,
    "output": FILES,
    "schema": FILES,
    "salvage": FILES,
    "files": FILES,
}


def command_tree() -> argparse.ArgumentParser:
    """Everything that may follow the name of the program, but for a question."""
    whole = arguments.argument_parser(asks=False)
    below = whole.add_subparsers(title="subcommands", metavar="", prog=whole.prog)
    for name, about in SUBCOMMANDS.items():
        module = importlib.import_module(f"{PACKAGE}.chat.subcommands.{about.module}")
        own: argparse.ArgumentParser = module.argument_parser()
        below.add_parser(
            name, parents=[own], add_help=False, help=about.summary, description=own.description, prog=own.prog
        )
    return whole


def parsers_of(whole: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser of the program, and those of its subcommands."""
    yield whole
    for action in whole._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.values()
