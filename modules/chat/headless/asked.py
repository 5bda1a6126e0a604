"""What is asked without the chat: typed, piped in and attached, checked before anything is sent."""

from collections.abc import Iterable, Sequence

from modules.chat.headless.telling import tell
from modules.chat.input.api_key_check import found_in, own_in, own_in_files
from modules.chat.terminal.streams import decoded, piped_in
from modules.errors import UsageError
from modules.llm.message import Message, user
from modules.llm.parts import Attached, File

MAX_INPUT = 32 * 1024 * 1024


def question(asked: str, piped: str, attachments: Sequence[Attached] = ()) -> Message:
    """The message: what was asked, then what was piped in. Raises UsageError where both are empty."""
    texts = [text for text in (asked.strip(), piped.strip()) if text]
    if not texts:
        raise UsageError("There is no question.", cure='Give one: -p "question", or pipe it in.')
    return user("\n\n".join(texts), *attachments)


def refuse_keys(typed: Iterable[str], piped: str, message: Message, own: dict[str, str]) -> None:
    """Raise UsageError where a key would be sent: of what was typed anything that looks like one, else one's own."""
    files = [part for part in message.parts if isinstance(part, File)]
    found = [*found_in("\n".join(typed), own), *own_in(piped, own), *own_in_files(files, own)]
    if words := " and ".join(dict.fromkeys(found)):
        raise UsageError(f"Not sent: this holds {words}.", cure="Take it out, or add --send-keys to send it.")


async def read() -> str:
    """All that is piped in. Raises UsageError for more than any model takes, or for what is no text."""
    try:
        data = await piped_in(MAX_INPUT)
    except OSError as error:
        raise UsageError(f"Standard input cannot be read: {error.strerror}.", cure="Pipe text in.") from error
    if len(data) > MAX_INPUT:
        raise UsageError("More than 32 MB were piped in.", cure="Send less.")
    try:
        text, encoding = decoded(data)
    except ValueError as error:
        problem = "What was piped in is not text."
        raise UsageError(problem, cure="Attach pictures and PDF with -a FILE.") from error
    if encoding:
        tell([f"What was piped in is not UTF-8; it was read as {encoding}."])
    return text
