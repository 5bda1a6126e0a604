"""The command that writes the conversation to a file, in the format that its suffix says."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from modules.chat.command import Ask, ChatContext, command
from modules.chat.commands.written_file import may_be_put, may_hold, written
from modules.chat.input.path_completion import complete_words
from modules.chat.input.typed_paths import named
from modules.daemon_thread import in_thread
from modules.errors import UsageError
from modules.session.conversation import Conversation

if TYPE_CHECKING:
    from modules.session.export.formats import Format

TREE, PATH = "--tree", "--path"


class _Wanted(NamedTuple):
    """What was typed after the name of the command."""

    name: str
    tree: bool


def complete_export(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """Paths, and the option that takes all branches along."""
    head = f"{TREE} " if args.startswith(f"{TREE} ") else ""
    yield from ((head + text, about) for text, about in complete_words(chat, args.removeprefix(head).lstrip()))
    if not head and (not args or TREE.startswith(args)):
        yield f"{TREE} ", "all branches, not only what was spoken last"


@command("/export [path] [--tree]", complete=complete_export)
async def export(chat: ChatContext, args: str) -> Ask | None:
    """Write the conversation to a file.

    The suffix says how: .md, .html, .json or .txt. Without a path it is Markdown in the current folder, named after the
    title. .html is one page with its pictures inside, .json holds everything. The others hold what is spoken, with
    "--tree" all branches. You are asked before a file is replaced, and before a key is written.
    """
    conversation, wanted = chat.conversation, parsed(args)
    path, format = _place(wanted.name, conversation)
    if not conversation.nodes:
        raise UsageError("There is nothing to export.", cure="Ask something first.")
    if not conversation.path and not wanted.tree and format != "json":
        raise UsageError("Nothing is spoken here.", cure="/export --tree takes the branches along.")
    done = await _written(chat, path, format, tree=wanted.tree)
    chat.screen.say(done or "Nothing was written.")
    return None


def parsed(args: str) -> _Wanted:
    """The path, and whether all branches are meant. An option may stand before the path or behind it."""
    name, tree = args.strip(), False
    for option in (TREE, PATH):
        if name == option or name.startswith(f"{option} "):
            name, tree = name.removeprefix(option).strip(), tree or option == TREE
        elif name.endswith(f" {option}"):
            name, tree = name.removesuffix(option).strip(), tree or option == TREE
    return _Wanted(name, tree)


def _place(name: str, conversation: Conversation) -> "tuple[Path, Format]":
    """The file that is meant and its format. Raises UsageError for a suffix of no format."""
    from modules.session.export.file_name import file_name  # what writes is loaded when there is something to write
    from modules.session.export.formats import format_named

    path = named(name) if name else Path()
    if path.is_dir():
        return path / file_name(conversation, "md"), "md"
    if (format := format_named(path.suffix)) is None:
        what = f'"{path.suffix}" is no format here' if path.suffix else f"{path.name} does not say in which format"
        raise UsageError(f"{what}.", cure="Give a name that ends in .md, .html, .json or .txt.")
    return path, format


async def _written(chat: ChatContext, path: Path, format: "Format", *, tree: bool) -> str:
    """What was done; "" where the person did not want it."""
    from modules.chat.input.api_key_check import keys_of
    from modules.chat.input.keys_in_conversation import keys_in
    from modules.session.export.formats import exported

    over = os.path.lexists(path)
    if not await may_be_put(chat, path):
        return ""
    conversation, own = chat.conversation, keys_of(chat.config, chat.models.providers.values())

    def made() -> tuple[list[str], str]:
        return keys_in(conversation, format, own, tree=tree), exported(conversation, format, tree=tree)

    made_now = await chat.running.run(in_thread(made))
    if made_now is None:  # stopped
        return ""
    keys, text = made_now
    return await written(chat, path, text, over=over) if await may_hold(chat, keys) else ""
