"""Attaching files to the next message: reading them without holding up the screen, and what to say of them."""

import base64
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any

from modules.chat.command import ChatContext
from modules.chat.input.attached_page import is_url, load_page
from modules.chat.input.attachment import Attachment, load, load_text, text_of
from modules.chat.input.pdf_readers import not_taken
from modules.chat.input.typed_paths import files_in
from modules.daemon_thread import in_thread
from modules.llm.conversion.replay import documents
from modules.llm.message import user

MANY = 10  # files that one command attaches without asking


async def attach_to(chat: ChatContext, args: str) -> None:
    """Attach the files and the pages that are named, or their text alone. Raises FileProblem where that cannot be."""
    option, _, rest = args.partition(" ")
    if option == "--text":
        await _attach_each(chat, {rest.strip(): _text(chat, rest.strip())}, as_text=True)
        return
    urls = list(dict.fromkeys(filter(is_url, args.split())))
    names = " ".join(word for word in args.split() if word not in urls) if urls else args
    paths = files_in(names) if names else []
    if len(paths) > MANY and not await chat.confirm(f"Attach {len(paths)} files?"):
        return
    await attach_files(chat, paths)
    await _attach_each(chat, {url: load_page(url, chat.config) for url in urls})


async def attach_files(chat: ChatContext, paths: Iterable[Path]) -> None:
    """Attach these files, each once. Raises FileProblem for the first that cannot be; those before it are attached."""
    environment = chat.config.child_environment
    works = {str(path): in_thread(load, name=str(path), environment=environment) for path in paths}
    await _attach_each(chat, works)


async def _attach_each(
    chat: ChatContext, works: dict[str, Coroutine[Any, Any, Attachment]], *, as_text: bool = False
) -> None:
    waiting = list(works.items())
    try:
        while waiting:
            name, work = waiting.pop(0)
            new = await chat.running.run(work)
            if new is None:
                chat.screen.say(f"Stopped: {name} is not attached.")
                return
            _take(chat, new, as_text=as_text)
    finally:
        for _, work in waiting:
            work.close()


def _take(chat: ChatContext, new: Attachment, *, as_text: bool) -> None:
    if as_text:  # in the place of the file
        left = [part for part in chat.attachments if part.name != new.part.name or not documents(user(part))]
        chat.attachments[:] = left
    if new.part in chat.attachments:
        chat.screen.say(f"{new.part.name} was attached already.")
        return
    chat.attachments.append(new.part)
    if new.note:
        chat.screen.say(new.said)
    for text in not_taken(chat, [new.part]):
        chat.screen.say(text)


async def _text(chat: ChatContext, name: str) -> Attachment:
    """The text of the file, or where no file is called so, of the PDF that is attached or was asked about as this."""
    environment = chat.config.child_environment
    asked = [document for message in reversed(chat.conversation.messages) for document in documents(message)]
    for held in (*documents(user(*chat.attachments)), *asked):
        if held.name == name and not Path(name).exists():
            data = base64.b64decode(held.base64)
            return await text_of(data, name, environment)
    return await load_text(name, environment)
