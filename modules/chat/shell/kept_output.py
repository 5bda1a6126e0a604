"""`!!command`: run by the rules of the tool `run_command`, shown as it comes, and attached to the next message."""

import base64
import codecs
import uuid

from modules.chat.command import ChatContext
from modules.chat.shell.lent_terminal import ending
from modules.chat.shell.person_shell import argv, environment, folder
from modules.llm.parts import File
from modules.text.hidden_messages import visible
from modules.text.plain_words import one_line
from modules.tools.programs import process
from modules.tools.programs.capture import settled
from modules.tools.programs.process import Ended
from modules.tools.programs.shell import ALONE
from modules.tools.results import BOUND_BYTES, bounded
from modules.tools.tool import ToolContext

LONGEST_SECONDS = 86_400.0  # whoever typed it can stop it
SHOWN_BYTES = 200_000  # of output on the screen; more of it nobody reads, and Ctrl+C would have to wait
NAME_CHARS = 60


async def run_kept(chat: ChatContext, command: str) -> bool:
    """Whether it came to its end. Raises ToolFailed where it cannot be started."""
    shown = _Shown(chat)
    context = ToolContext(
        folder(), chat.config.data_folder, environment={**environment(chat), **ALONE}, umask=chat.config.umask
    )
    chat.screen.status(f"Running {one_line(command, NAME_CHARS)}", "Ctrl+C stops it")
    try:
        work = process.run(argv(chat, command), context, LONGEST_SECONDS, hear=shown.take)
        ended = await chat.running.run(work)
    finally:
        chat.screen.status("", "")
        shown.end()
    if ended is None:
        chat.screen.say("Stopped. Nothing is attached.")
        return False
    if ended.left:
        chat.screen.say(f"Still running in the background, and stopped: {', '.join(ended.left)}.")
    if ended.code:
        chat.screen.say(ending(ended.code))
        chat.screen.say("It had no keyboard and no terminal; !COMMAND, with one sign, gives it both.")
    chat.attachments.append(_attached(chat, command, ended))
    chat.screen.say(f"Attached to the next message: {', '.join(part.name for part in chat.attachments)}.")
    return True


def _attached(chat: ChatContext, command: str, ended: Ended) -> File:
    """What the model reads: the command, its output within the bounds of a tool's, and how it ended."""
    text, _ = settled(ended.output)
    text = visible(text)
    if len(text) > BOUND_BYTES // 4:  # it may be too long: where all of it is kept is only made then
        text = bounded(text, chat.tooling.toolbox.result_files, f"typed_{uuid.uuid4().hex}")
    end = "" if not text or text.endswith("\n") else "\n"
    whole = f"$ {command}\n{text}{end}[{ended.words}]\n"
    name = f"output of {one_line(command, NAME_CHARS)}"
    return File("text/plain", base64.b64encode(whole.encode(errors="replace")).decode("ascii"), name)


class _Shown:
    """Output on the screen, in whole lines, as it comes."""

    def __init__(self, chat: ChatContext) -> None:
        self._screen = chat.screen
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = ""
        self._room = SHOWN_BYTES
        self._unshown = 0

    def take(self, data: bytes) -> None:
        if self._room <= 0:
            self._unshown += len(data)
            return
        self._unshown += max(0, len(data) - self._room)
        data = data[: self._room]
        self._room -= len(data)
        lines, newline, self._begun = (self._begun + self._decoder.decode(data)).rpartition("\n")
        if newline:
            self._show(lines)

    def end(self) -> None:
        if self._begun:
            self._show(self._begun)
            self._begun = ""
        if self._unshown:
            self._screen.say(f"{self._unshown:,} more bytes are not shown.")

    def _show(self, lines: str) -> None:
        self._screen.show("\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines.split("\n")))
