"""`parlance show`: one saved conversation on standard output, for people and for scripts."""

import argparse
import os
import sys
from collections.abc import Sequence

from modules.chat.program_name import this_program
from modules.chat.terminal.streams import holds_all
from modules.config import Config
from modules.errors import UsageError
from modules.session.conversation import Conversation
from modules.session.export.formats import FORMATS, Format, exported
from modules.session.storage.saved_conversations import SavedConversations
from modules.session.storage.store import FILE

OF_FORMATS = {
    "md": "as Markdown, which it is without any of these",
    "html": "as one page with its pictures inside",
    "json": "as JSON with nothing left out",
    "txt": "as plain words",
}


def run(words: Sequence[str], config: Config) -> int:
    """Print one conversation. Returns the exit code."""
    args = argument_parser().parse_args(words)
    if args.id and args.last:
        raise UsageError("An id and --last name two conversations.", cure="Give one of them.")
    saved = SavedConversations(config.data_folder / FILE)
    format: Format = args.format or "md"
    text = exported(_read(saved, args.id, config), format, tree=args.tree)
    if not holds_all(sys.stdout):  # a page or JSON would not be one any more with signs in the place of letters
        text = _in_ascii(text, format)
    sys.stdout.write(text)
    sys.stdout.flush()
    return 0


def argument_parser() -> argparse.ArgumentParser:
    """What may follow the name of this subcommand."""
    parser = argparse.ArgumentParser(
        prog="parlance show",
        description="Print one saved conversation; without an id the last one of this folder.",
    )
    parser.add_argument("id", nargs="?", default="", metavar="ID", help="its id, or the beginning of it")
    parser.add_argument("--last", action="store_true", help="the last one of this folder")
    formats = parser.add_mutually_exclusive_group()
    for name in FORMATS:
        formats.add_argument(f"--{name}", dest="format", action="store_const", const=name, help=OF_FORMATS[name])
    parser.add_argument("--tree", action="store_true", help="all branches, not only what was spoken last")
    return parser


def _read(saved: SavedConversations, beginning: str, config: Config) -> Conversation:
    """The conversation. Raises UsageError where there is none, FileProblem where the file cannot be read."""
    from modules.chat.start.own_models import own_models

    there = f"{this_program()} sessions lists them."
    id = _found(saved, beginning, there) if beginning else saved.latest(os.path.realpath(os.getcwd()))
    if id is None:
        raise UsageError("No conversation of this folder is saved.", cure=there)
    models = own_models(config)
    return saved.read(id, models, next(iter(models)))


def _found(saved: SavedConversations, beginning: str, there: str) -> str:
    if not saved.ids(beginning):
        raise UsageError(f'No conversation\'s id begins with "{beginning}".', cure=there)
    return saved.find(beginning)


def _in_ascii(text: str, format: Format) -> str:
    """The same page or the same JSON in letters that every stream takes."""
    match format:
        case "html":
            return text.encode("ascii", "xmlcharrefreplace").decode()
        case "json":
            return "".join(char if char.isascii() else _escaped(char) for char in text)
    return text


def _escaped(char: str) -> str:
    import json

    return json.dumps(char)[1:-1]
