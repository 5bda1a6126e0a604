"""The files and folders that a path may go on with, read in the moment that a person types."""

import os
import re
from collections.abc import Iterator
from itertools import islice
from time import monotonic

from modules.chat.command import ChatContext
from modules.chat.input.ranking import BEGINNING, ranked
from modules.chat.input.typed_paths import unfinished

Pair = tuple[str, str]

MAX_PATHS = 200
MAX_SECONDS = 0.1  # for reading one folder; a person is typing


def complete_paths(context: ChatContext, args: str) -> Iterator[Pair]:
    """The files and folders that the path may go on with; a folder ends in a slash, a hidden one must be asked for."""
    if args == "~":
        yield "~/", "folder"
        return
    head, slash, name = args.rpartition("/")
    head += slash
    found = ranked(name, (((entry.name,), entry) for entry in _entries(os.path.expanduser(head) or ".", name)))
    begun = [pair for pair in found if pair[0] <= BEGINNING]
    found = sorted(begun or found, key=lambda pair: (pair[0], pair[1].name.lower()))
    for _, entry in found[:MAX_PATHS]:
        folder = _is_folder(entry)
        yield head + entry.name + "/" * folder, "folder" if folder else ""


def complete_attachments(context: ChatContext, args: str) -> Iterator[Pair]:
    """Paths, also after the option."""
    option, _, path = args.rpartition("--text ")
    head, args = ("--text ", path.lstrip()) if not option and args.startswith("--text ") else ("", args)
    yield from ((head + text, about) for text, about in complete_words(context, args))


def complete_words(context: ChatContext, args: str) -> Iterator[Pair]:
    """What a line of paths may go on with: as one path with blanks in it, else its last word, in its quotes."""
    plain = list(complete_paths(context, args))
    yield from plain
    word = unfinished(args)
    if plain or not (word.head or word.quote or word.said != args):
        return
    for text, about in complete_paths(context, word.said):
        yield word.written(text, whole=about != "folder"), about


def _entries(folder: str, name: str) -> Iterator[os.DirEntry[str]]:
    """What the folder holds, as far as it can be read in the time there is, without what no line can hold."""
    until = monotonic() + MAX_SECONDS
    try:
        with os.scandir(folder) as entries:
            while monotonic() < until and (some := list(islice(entries, 100))):
                yield from (entry for entry in some if _offered(entry.name, name))
    except (OSError, ValueError):  # not a folder, not ours to read, or a name with a null in it
        return


def _offered(entry: str, typed: str) -> bool:
    hidden = entry.startswith(".") and not typed.startswith(".")
    return not hidden and not re.search("[\r\n\ud800-\udfff]", entry)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
