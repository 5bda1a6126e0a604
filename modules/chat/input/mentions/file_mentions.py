"""Files in a message: `@path` attaches what is there, `@path:10-40` some lines of it, `@folder/` a list of files."""

import base64
import os
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from modules.chat.command import ChatContext, parse_ask
from modules.chat.input.attachment import Attachment, load
from modules.chat.input.mcp_mentions import named
from modules.chat.input.typed_paths import existing
from modules.daemon_thread import in_thread
from modules.errors import FileProblem, ParlanceError
from modules.llm.parts import File
from modules.tools.files.access.secret_names import is_secret

MOST = 50  # that one message may name
PASTED_LINES, PASTED_CHARS = 40, 8_000  # a message of more than that was not typed, and names things of others
_LINES = r"(?::|#L)(\d{1,9})(?:(-)L?(\d{0,9}))?"
_WORD = re.compile(rf"""(?:^|(?<=[\s(\[{{"']))@(?:"([^"\n]+)"({_LINES})?|'([^'\n]+)'({_LINES})?|((?:\\.|[^\s\\])+))""")
_RANGED = re.compile(rf"(.+?)({_LINES})")
_BEHIND = ".,;:!?)]}>\"'»”’…"


class Lines(Struct, frozen=True):
    """The lines from `first` to `last`, None for the file's last."""

    first: int
    last: int | None


class Mention(Struct, frozen=True):
    """A file or folder that a message names: as it is said, without the `@`, and what it is."""

    said: str
    path: Path
    lines: Lines | None = None


def mentioned(text: str) -> list[Mention]:
    """What of a message names something that is there, each once. A name is taken as it stands before any range."""
    found: dict[Mention, None] = {}
    for word in _WORD.finditer(text):
        double, double_range, *_, bare = word.groups()
        single, single_range = word[6], word[7]
        if bare is None:
            quoted = double or single
            one = _named(quoted + (double_range or single_range or "")) if quoted else None
        else:
            one = next((one for name in _shorter(bare) if (one := _named(name))), None)
        if one is not None:
            found[one] = None
        if len(found) == MOST:
            break
    return list(found)


def are_all(text: str, mentions: list[Mention]) -> bool:
    """Whether there is nothing else in the message."""
    return bool(mentions) and not _WORD.sub("", text).strip()


async def attach_mentioned(chat: ChatContext, text: str) -> bool:
    """Attach what the message names; False where the person said No, stopped it, or named nothing but files.

    Then nothing is to be sent. Raises FileProblem, and the line is in the next prompt.
    """
    mentions = _meant(chat, text)
    if not mentions:
        return True
    try:
        if not await _are_wanted(chat, text, mentions):
            chat.draft = text
            chat.screen.say("Nothing was sent.")
            return False
        loaded = await chat.running.run(_all(chat, mentions))
    except ParlanceError:
        chat.draft = text
        raise
    if loaded is None:
        chat.draft = text
        chat.screen.say("Stopped. Nothing was sent.")
        return False
    _take(chat, loaded)
    alone = are_all(text, mentions)
    names = ", ".join(part.name for part in chat.attachments)
    chat.screen.say(f"Attached{' to the next message' if alone else ''}: {names}.")
    return not alone


def _meant(chat: ChatContext, text: str) -> list[Mention]:
    """The mentions that are no model to be asked and no resource of a server."""
    if "@" not in text or text == chat.as_it_is:
        return []
    start = 0
    stripped = text.lstrip()
    if stripped.startswith("@") and parse_ask(text, chat.models) is not None:
        start = len(text) - len(stripped) + len(stripped.split()[0])
    resources = {f"{server}:{uri}" for server, uri in named(chat, text)}
    return [one for one in mentioned(text[start:]) if one.said not in resources]


async def _are_wanted(chat: ChatContext, text: str, mentions: list[Mention]) -> bool:
    names = ", ".join(one.said for one in mentions)
    if len(text) > PASTED_CHARS or text.count("\n") > PASTED_LINES:
        return bool(await chat.confirm(f"This long text names {names}. Attach what is there, and send it?"))
    secret = [one.said for one in mentions if is_secret((one.path.name,))]
    if secret:
        named = ", ".join(secret)
        return bool(await chat.confirm(f"{named}: files of such names hold secrets. Attach and send it?"))
    return True


async def _all(chat: ChatContext, mentions: list[Mention]) -> list[Attachment]:
    environment = chat.config.child_environment
    return [await in_thread(loaded, mention=one, environment=environment) for one in mentions]


def loaded(mention: Mention, environment: dict[str, str]) -> Attachment:
    """What it names as a part that is called as it was said. Raises FileProblem. To be run in a thread."""
    whole = load(str(mention.path), environment)
    if mention.lines is None:
        return Attachment(replace(whole.part, name=mention.said), whole.note)
    if not isinstance(whole.part, File) or not whole.part.media_type.startswith("text/") or mention.path.is_dir():
        raise FileProblem(f"{mention.path.name} has no lines.", cure="Name it without a range.")
    text = _lines_of(base64.b64decode(whole.part.base64).decode(errors="replace"), mention.lines, mention.path.name)
    return Attachment(File("text/plain", base64.b64encode(text.encode()).decode("ascii"), mention.said), whole.note)


def _lines_of(text: str, lines: Lines, name: str) -> str:
    """These lines with their numbers. Raises FileProblem where the file does not have them."""
    rows = text.split("\n")
    if rows[-1] == "":
        rows.pop()
    total, last = len(rows), len(rows) if lines.last is None else lines.last
    if lines.first < 1 or lines.first > last or last > total:
        have = f"{name} has {total} line{'' if total == 1 else 's'}"
        wanted = f"{lines.first}-{'' if lines.last is None else lines.last}"
        cure = f"A range is as in {name}:1-{total}. Nothing was sent."
        raise FileProblem(f'{have}, and "{wanted}" is no part of them.', cure=cure)
    width = len(str(last))
    numbered = (f"{number:>{width}}\t{rows[number - 1]}" for number in range(lines.first, last + 1))
    return "\n".join((f"[{name}: lines {lines.first}-{last} of {total}]", *numbered)) + "\n"


def _take(chat: ChatContext, attachments: list[Attachment]) -> None:
    from modules.chat.input.pdf_readers import not_taken  # only where something is attached

    for one in attachments:
        if one.part in chat.attachments:
            continue
        chat.attachments.append(one.part)
        for note in (one.said, *not_taken(chat, [one.part])):
            if note:
                chat.screen.say(note)


def _shorter(word: str) -> Iterator[str]:
    """The word, and without the signs behind it one after another: they may belong to the sentence."""
    yield word
    bare = word.removesuffix("'s").removesuffix("’s")
    if bare != word:
        yield bare
    while bare and bare[-1] in _BEHIND:
        bare = bare[:-1]
        yield bare


def _named(name: str) -> Mention | None:
    if (path := _there(name)) is not None:
        return Mention(name, path)
    if (found := _RANGED.fullmatch(name)) is None or (path := _there(found[1])) is None:
        return None
    first = int(found[3])
    last = first if found[4] is None else int(found[5]) if found[5] else None
    return Mention(name, path, Lines(first, last))


def _there(name: str) -> Path | None:
    """The file of this name; a folder only where a slash says that one is meant, for words are named like folders."""
    if not name.strip("./~ "):
        return Path(name).expanduser() if name in ("./", "../", "~/") else None
    path = existing(name)
    if path is None or not (os.path.isdir(path) if name.endswith("/") else os.path.isfile(path)):
        return None
    return path
