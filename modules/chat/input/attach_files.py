"""Attaching files to the next message: reading them without holding up the screen, and what to say of them."""

import asyncio
import base64
import re
from collections.abc import Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from modules.chat.command import ChatContext
from modules.chat.input.attachment import Attachment, load, load_text, text_of
from modules.chat.input.pdf_readers import not_taken
from modules.chat.input.typed_paths import files_in
from modules.daemon_thread import in_thread
from modules.errors import FileProblem, ToolFailed
from modules.llm.conversion.replay import documents
from modules.llm.message import user
from modules.llm.parts import Attached, Content, File, Text
from modules.tools.tool import as_output

MANY = 10  # files that one command attaches without asking
_URL = re.compile(r"https?://\S+", re.I)


async def attach_to(chat: ChatContext, args: str) -> None:
    """Attach the files or the page that are named, or their text alone. Raises FileProblem where that cannot be."""
    option, _, rest = args.partition(" ")
    if option == "--text":
        await _attach_each(chat, {rest.strip(): _text(chat, rest.strip())}, as_text=True)
    elif _URL.fullmatch(args.strip()):
        await _attach_page(chat, args.strip())
    else:
        paths = files_in(args)
        if len(paths) <= MANY or await chat.confirm(f"Attach {len(paths)} files?"):
            await attach_files(chat, paths)


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


async def _attach_page(chat: ChatContext, url: str) -> None:
    """What the URL leads to, after a question, by the rules of `fetch_url`. Raises FileProblem."""
    from modules.tools.web.fetch import fetch_url  # with the HTTP library, which no file needs

    context = chat.tooling.toolbox.context
    try:
        plan = await fetch_url.prepare({"url": url}, context)
        chat.screen.say(f"Attaching {plan.preview} {plan.asks}.")
        if not await chat.confirm("Fetch it?"):
            return
        output = await chat.running.run(_fetched(plan.do(context), plan.patience))
    except ToolFailed as error:
        raise FileProblem(error.message, cure="Nothing was attached.") from error
    if output is None:
        chat.screen.say(f"Stopped: {url} is not attached.")
        return
    parts = as_output(output).parts
    if as_output(output).is_error:
        raise FileProblem(parts[0].text if isinstance(parts[0], Text) else url, cure="Nothing was attached.")
    _take(chat, Attachment(_named(parts, url)), as_text=False)


async def _fetched(work: Any, patience: float) -> Any:
    try:
        async with asyncio.timeout(patience):
            return await work
    except TimeoutError as error:
        raise ToolFailed(f"It did not come within {patience:g} seconds.") from error


def _named(parts: Sequence[Content], url: str) -> Attached:
    """The one part that is attached: a picture or PDF as it is, else the text as a file."""
    media = next((part for part in parts if not isinstance(part, Text)), None)
    if media is not None:
        return replace(media, name=url)
    text = "\n".join(part.text for part in parts if isinstance(part, Text))
    return File("text/plain", base64.b64encode(text.encode(errors="replace")).decode("ascii"), url)


async def _text(chat: ChatContext, name: str) -> Attachment:
    """The text of the file, or where no file is called so, of the PDF that is attached or was asked about as this."""
    environment = chat.config.child_environment
    asked = [document for message in reversed(chat.conversation.messages) for document in documents(message)]
    for held in (*documents(user(*chat.attachments)), *asked):
        if held.name == name and not Path(name).exists():
            data = base64.b64decode(held.base64)
            return await text_of(data, name, environment)
    return await load_text(name, environment)
