"""Attaching a file to the next message: reading it without holding up the screen, and what to say of it."""

import base64
from pathlib import Path

from modules.chat.attachment import Attachment, load, load_text, text_of
from modules.chat.command import ChatContext
from modules.chat.readers import in_chat
from modules.llm.message import user
from modules.llm.parts import Image
from modules.llm.replay import documents, reads, sees
from modules.tools.tool import in_thread


async def attach_to(chat: ChatContext, args: str) -> None:
    """Attach the file that is named, or its text alone. Raises FileProblem where it cannot be."""
    option, _, rest = args.partition(" ")
    work = _text(chat, rest.strip()) if option == "--text" else in_thread(load, name=args)
    new: Attachment | None = await chat.running.run(work)
    if new is None:
        chat.screen.say(f"Stopped: {rest or args} is not attached.")
        return
    if option == "--text":  # in the place of the file
        left = [part for part in chat.attachments if part.name != new.part.name or not documents(user(part))]
        chat.attachments[:] = left
    if new.part in chat.attachments:
        chat.screen.say(f"{new.part.name} was attached already.")
        return
    chat.attachments.append(new.part)
    if new.note:
        chat.screen.say(new.said)
    model = chat.conversation.reader(chat.conversation.model)
    if isinstance(new.part, Image) and not sees(model):
        chat.screen.say(f"{model.name} sees no images; /model to one that does before asking.")
    if (read := documents(user(new.part))) and not reads(model):
        chat.screen.say(
            f"{model.name} reads no PDF. {in_chat(map(chat.conversation.reader, chat.models), chat.services, read)}"
        )


async def _text(chat: ChatContext, name: str) -> Attachment:
    """The text of the file, or where no file is called so, of the PDF that is attached or was asked about as this."""
    environment = chat.config.child_environment
    asked = [document for message in reversed(chat.conversation.messages) for document in documents(message)]
    for held in (*documents(user(*chat.attachments)), *asked):
        if held.name == name and not Path(name).exists():
            data = base64.b64decode(held.base64)
            found: Attachment = await in_thread(text_of, data=data, name=name, environment=environment)
            return found
    new: Attachment = await in_thread(load_text, name=name, environment=environment)
    return new
