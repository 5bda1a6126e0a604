"""What a line was perhaps meant to be, before it goes to a model: no word that seems to mean more is just sent."""

import re
from pathlib import Path

from msgspec import Struct

from modules.chat.command import ASK_LINE, ChatContext, parse_ask
from modules.chat.input.mcp_mentions import named
from modules.chat.input.shell_line import begins_as_one
from modules.chat.input.typed_paths import dropped, existing
from modules.chat.input.unlisted_model import doubt_about
from modules.errors import ParlanceError
from modules.llm.catalogue.model_names import either, nearest

SEND = "Send it as a message?"
SHOWN_CHARS = 40  # of a word that is asked about
_AT = re.compile(r"@(\S+)\s*(.*)", re.S)


class Doubt(Struct, frozen=True):
    """What is said of a line and asked, with No as the answer of whoever just presses Enter.

    A yes attaches these files and sends `line`, nothing where that is empty. With a No the line comes back.
    """

    notice: str
    question: str
    line: str
    attach: tuple[Path, ...] = ()


def doubt_of(chat: ChatContext, line: str) -> Doubt | None:
    """Why this message is not sent just so; None where it is. Raises AmbiguousModel, UnknownModel."""
    if line == chat.as_it_is:
        return None
    text = line.strip()
    if text.startswith("@"):
        return _of_mention(chat, line, text)
    if begins_as_one(line):
        return Doubt('A "!" runs a command only in a line alone. This has several lines.', SEND, line)
    if found := dropped(line):
        return _to_attach(found.paths, found.rest)
    return None


async def without_doubt(chat: ChatContext, line: str) -> str:
    """The line to send, after asking where there is a doubt; "" for nothing, and the line is in the next prompt.

    Raises FileProblem for what cannot be attached, and what `doubt_of` raises.
    """
    if (doubt := doubt_of(chat, line)) is None:
        chat.as_it_is = ""
        return line
    if doubt.notice:
        chat.screen.say(doubt.notice)
    if not await chat.confirm(doubt.question):
        chat.draft = line
        if doubt.attach:
            chat.as_it_is = line
        chat.screen.say(f"Nothing was sent.{' Enter sends it as it is.' if doubt.attach else ''}")
        return ""
    if doubt.attach:
        await _attach(chat, doubt, line)
    return doubt.line


async def _attach(chat: ChatContext, doubt: Doubt, line: str) -> None:
    from modules.chat.input.attach_files import attach_files  # reads pictures and PDF: only where there are some

    try:
        await attach_files(chat, doubt.attach)
    except ParlanceError:
        chat.draft = line
        raise
    if not doubt.line:
        chat.screen.say(f"Attached to the next message: {', '.join(part.name for part in chat.attachments)}.")


def _begins_with_file(text: str) -> bool:
    """Whether the text begins with a mention of a file or a folder that is there."""
    from modules.chat.input.mentions.file_mentions import mentioned  # reads pictures and PDF

    return any(text.startswith((f"@{one.said}", f'@"{one.said}', f"@'{one.said}")) for one in mentioned(text))


def _of_mention(chat: ChatContext, line: str, text: str) -> Doubt | None:
    """A line that begins with `@`: a question for a model, a resource of a server, a file, or a doubt."""
    found = _AT.fullmatch(text)
    if found is None or named(chat, text.split()[0]):
        return None
    word, rest = found.groups()
    if parse_ask(line, chat.models) is not None:
        unlisted = doubt_about(chat.models.find(word))
        return Doubt(unlisted, f"Ask {word} all the same?", line) if unlisted else None
    if _begins_with_file(text):
        return None
    path = existing(text[1:]) or existing(word)
    if path is not None and path.is_file():
        whole = existing(text[1:]) == path and path != existing(word)
        return _to_attach((path,), "" if whole else rest)
    shown = word if len(word) <= SHOWN_CHARS else f"{word[:SHOWN_CHARS]}…"
    if not ASK_LINE.fullmatch(text) and chat.models.names(word):
        return Doubt(f'"@{shown}" names a model and asks it nothing.', SEND, line)
    if path is not None and path.is_dir():
        return Doubt(f'"{shown}" is a folder; "@{shown.rstrip("/")}/" attaches the list of its files.', SEND, line)
    if "/" in word or "\\" in word or path is not None:
        return Doubt(f'There is no file "{shown}".' if path is None else f'"{shown}" is no file.', SEND, line)
    near = nearest(word, chat.models)
    return Doubt(f'There is no model "{shown}".{f" Did you mean {either(near)}?" if near else ""}', SEND, line)


def _to_attach(paths: tuple[Path, ...], rest: str) -> Doubt:
    names = ", ".join(path.name for path in paths)
    what = names if len(paths) == 1 else f"these {len(paths)} files"
    notice = "" if len(paths) == 1 else f"This names {names}."
    return Doubt(notice, f"Attach {what}{' and send the rest' if rest else ''}?", rest, paths)
