"""The command that takes a picture out of the clipboard, and what Ctrl+V does."""

from typing import TYPE_CHECKING

from modules.chat.command import Ask, ChatContext, command
from modules.daemon_thread import in_thread
from modules.errors import UsageError

if TYPE_CHECKING:
    from modules.chat.clipboard.clipboard_reading import Clipboard


@command("/paste")
async def paste(chat: ChatContext, args: str) -> Ask | None:
    """Attach the picture that is in the clipboard.

    It goes with the next message. Text that is there comes into the line. Ctrl+V does the same. A clipboard is read
    by wl-paste, xclip, or what macOS and Windows have; over SSH it is on another machine.
    """
    text = await from_clipboard(chat)
    if not text:
        return None
    if chat.edit is None:  # a line that cannot be filled
        raise UsageError("The clipboard holds text and no picture.", cure="Paste it with the terminal's own key.")
    chat.draft = text
    chat.screen.say("The clipboard holds text: it is in the line.")
    return None


async def from_clipboard(chat: ChatContext) -> str:
    """Attach the picture in the clipboard; where it holds text, that. Raises UsageError, FileProblem."""
    from modules.chat.clipboard.clipboard_reading import read_clipboard  # hardly any start needs these

    held: Clipboard | None = await chat.running.run(in_thread(read_clipboard, config=chat.config))
    if held is None:
        return ""
    if not held.picture:
        if not held.text:
            raise UsageError("The clipboard is empty, or holds no picture and no text.", cure="Copy something first.")
        return held.text
    from modules.chat.input.attachment import Attachment
    from modules.chat.input.pdf_readers import not_taken
    from modules.tools.media import media  # decodes pictures: only where there is one

    name = _name(chat)
    found: media.Media | None = await in_thread(media.media_of, data=held.picture, name=name)
    if found is None:
        raise UsageError("What the clipboard gives as a picture is none.", cure="Copy it again, or /attach the file.")
    attachment = Attachment(found.part, found.note)
    chat.attachments.append(attachment.part)
    for note in (attachment.said, *not_taken(chat, [attachment.part])):
        if note:
            chat.screen.say(note)
    chat.screen.say(f"Attached to the next message: {', '.join(part.name for part in chat.attachments)}.")
    return ""


def _name(chat: ChatContext) -> str:
    """A name for it that nothing else has which is attached."""
    taken = {part.name for part in chat.attachments}
    numbers = (number for number in range(1, len(taken) + 2))
    names = ("pasted.png" if number == 1 else f"pasted-{number}.png" for number in numbers)
    return next(name for name in names if name not in taken)
