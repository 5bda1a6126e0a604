"""Files that a prompt names as `@path`: they go with it. One outside the working folder only after a question."""

import re

from msgspec import Struct

from modules.chat.command import ChatContext
from modules.chat.input.attachment import Attachment, load
from modules.daemon_thread import in_thread
from modules.errors import ToolFailed
from modules.tools.files.access.paths import Place, place_of

MOST = 20  # files of one prompt
_MENTION = re.compile(r"(?<![\w`@/])@([^\s`,;'\"<>()]+)")


class Mention(Struct, frozen=True):
    """A file that is there, and how the text names it."""

    word: str
    place: Place


def mentioned(chat: ChatContext, text: str) -> list[Mention]:
    """The files that the text names, each once; a word behind an @ that names no file is a word."""
    found: dict[str, Mention] = {}
    for match in _MENTION.finditer(text):
        for word in (match[1], match[1].rstrip(".:!?")):
            place = _file(chat, word)
            if place is not None:
                found.setdefault(str(place.real), Mention(word, place))
                break
    return list(found.values())[:MOST]


async def attached(chat: ChatContext, text: str, typed: str) -> list[Attachment] | None:
    """The files as parts; None where the person said No to one. Raises FileProblem.

    One that was `typed` behind the name of the prompt is meant, wherever it lies.
    """
    parts: list[Attachment] = []
    for one in mentioned(chat, text):
        if one.place.reasons and f"@{one.word}" not in typed.split():
            chat.screen.say(f"This prompt {one.place.asks('attaches')}.")
            if not await chat.confirm("Attach it?"):
                return None
        parts.append(await in_thread(load, name=str(one.place.real)))
    return parts


def _file(chat: ChatContext, word: str) -> Place | None:
    try:
        place = place_of(word, chat.tooling.toolbox.context)
        return place if place.real.is_file() else None
    except (ToolFailed, OSError, ValueError):
        return None
