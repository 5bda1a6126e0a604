"""Files that a prompt names as `@path`: they go with it. One outside the working folder only after a question."""

from modules.chat.command import ChatContext
from modules.chat.input.attachment import Attachment
from modules.chat.input.mcp_mentions import named
from modules.chat.input.mentions.file_mentions import Mention, loaded, mentioned
from modules.daemon_thread import in_thread
from modules.errors import FileProblem, ToolFailed
from modules.tools.files.access.paths import place_of


async def attached(chat: ChatContext, text: str, typed: str) -> list[Attachment] | None:
    """The files as parts; None where the person said No to one. Raises FileProblem.

    One that was `typed` behind the name of the prompt is meant, wherever it lies.
    """
    resources = {f"{server}:{uri}" for server, uri in named(chat, text)}
    parts: list[Attachment] = []
    for one in mentioned(text):
        if one.said in resources:
            continue
        if f"@{one.said}" not in typed.split() and (asks := _asks(chat, one)):
            chat.screen.say(f"This prompt {asks}.")
            if not await chat.confirm("Attach it?"):
                return None
        parts.append(await in_thread(loaded, mention=one, environment=chat.config.child_environment))
    return parts


def _asks(chat: ChatContext, mention: Mention) -> str:
    """Why a person is asked about it, in words that go on from "This prompt"; "" inside the working folder."""
    try:
        place = place_of(str(mention.path), chat.tooling.toolbox.context)
    except ToolFailed as error:
        raise FileProblem(error.message, cure="Name it behind the prompt, or attach it with /attach.") from error
    return place.asks("attaches") if place.reasons else ""
