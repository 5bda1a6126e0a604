"""The command that writes an answer, or a block of code out of one, to a file."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from modules.chat.command import Ask, ChatContext, command
from modules.chat.commands.what_was_answered import Answered, answered, complete_answered
from modules.chat.commands.written_file import may_be_put, may_hold, written
from modules.chat.input.path_completion import complete_words
from modules.chat.input.typed_paths import named

# What is saved, as for /copy, and the name of the file behind it. A file that is called like that is "./2".
_WANTED = re.compile(r"((?:code|answer)(?:\s+[1-9]\d*)?|[1-9]\d*)(?:\s+(.*))?", re.IGNORECASE | re.DOTALL)
_SUFFIX = re.compile(r"\*(\.[A-Za-z0-9_+-]+)")  # in the patterns that pygments has for a language


def complete_save(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """What there is to save, and then paths."""
    found = _WANTED.fullmatch(args)
    if found and found[2] is not None:
        head = args[: found.start(2)]
        yield from ((head + text, about) for text, about in complete_words(chat, found[2]))
        return
    yield from ((f"{text} ", about) for text, about in complete_answered(chat))
    yield from complete_words(chat, args)


@command("/save [n|code|answer] [file]", complete=complete_save)
async def save(chat: ChatContext, args: str) -> Ask | None:
    """Save an answer, or a block of code, to a file.

    "/save 2 run.py" writes the block of code that has this number on the screen, "/save code" the last one, "/save
    notes.md" the last answer and "/save answer 2" the one before it. Without a name, or with that of a folder, the file
    is called block-2.py, after the language, or answer.md. You are asked before a file is replaced.
    """
    wanted = _WANTED.fullmatch(args.strip())
    what, name = (wanted[1], wanted[2] or "") if wanted else ("", args)
    found = await answered(chat, what.split())
    assert found is not None  # the pattern has nothing else
    path = named(name) if name.strip() else Path()
    if path.is_dir():
        path /= _file_name(found)
    chat.screen.say(await _saved(chat, path, found.text) or "Nothing was written.")
    return None


async def _saved(chat: ChatContext, path: Path, text: str) -> str:
    """What was done; "" where the person did not want it."""
    from modules.chat.input.api_key_check import found_in, keys_of

    over = os.path.lexists(path)
    keys = found_in(text, keys_of(chat.config, chat.models.providers.values()))
    if not await may_be_put(chat, path) or not await may_hold(chat, keys):
        return ""
    return await written(chat, path, text if text.endswith("\n") else f"{text}\n", over=over)


def _file_name(found: Answered) -> str:
    return f"block-{found.number}{_suffix(found.language)}" if found.number else "answer.md"


def _suffix(language: str) -> str:
    """The usual ending of a file in that language; .txt for one that nobody knows."""
    from pygments.lexers import find_lexer_class_by_name  # where there is a block of code, it is loaded already
    from pygments.util import ClassNotFound

    try:
        patterns = find_lexer_class_by_name(language).filenames if language else []
    except ClassNotFound:
        patterns = []
    return next((match[1] for pattern in patterns if (match := _SUFFIX.fullmatch(pattern))), ".txt")
