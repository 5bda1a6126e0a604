"""The words that all readable exports share: when, how an answer ended, what is attached, where a branch leaves."""

import base64
import re
from collections.abc import Sequence
from datetime import datetime

from modules.llm.history import Message, State
from modules.llm.parts import Attached, File, Image
from modules.session.conversation import Conversation
from modules.session.export.passages import CalledTool, Line
from modules.text.sanitize import clean

UNTITLED = "A conversation"
SHORT_CHARS = 80
_SAFE_LINK = re.compile(r"(?:https?://|mailto:)[!#-;=?-\[\]_a-z~%]+", re.IGNORECASE)
ENDINGS: dict[State, str] = {
    "complete": "",
    "interrupted": "stopped before its end",
    "incomplete": "cut off before its end",
    "refused": "refused",
}


def title_of(conversation: Conversation) -> str:
    return conversation.title or conversation.first_words or UNTITLED


def when(created: float) -> str:
    """A time to the minute, on this machine's clock; "" where it is not known."""
    try:
        return datetime.fromtimestamp(created).strftime("%Y-%m-%d %H:%M") if created > 0 else ""
    except (ValueError, OverflowError, OSError):
        return ""


def about(conversation: Conversation) -> str:
    """When the conversation began, who answered, and its id."""
    began = when(next((node.created for node in conversation.nodes if node.created > 0), 0.0))
    models = dict.fromkeys(spent.model.full_name for spent in conversation.spent)
    return " · ".join(filter(None, (began, ", ".join(models), conversation.id)))


def ending(message: Message) -> str:
    """How an answer ended, where it did not end by itself."""
    if message.role != "assistant":
        return ""
    return ENDINGS[message.state] or ("cut off by its limit" if message.stop in ("max_tokens", "context_full") else "")


def attached(part: Attached) -> str:
    """A picture or a document by its kind, name and size."""
    kind = "picture" if isinstance(part, Image) else "file"
    size = len(part.base64) * 3 // 4
    shown = f"{size} bytes" if size < 1000 else f"{size / 1000:.0f} kB"
    return f"{kind}: {part.name or part.media_type}, {shown}"


def text_of(file: File) -> str:
    """What a text file says."""
    try:
        return base64.b64decode(file.base64).decode(errors="replace")
    except ValueError:
        return ""


def outcome(called: CalledTool) -> str:
    """What became of a call, in a word or two; "" where it went well."""
    if called.result is None:
        return "no result"
    if not called.result.ran:
        return "did not run"
    return "failed" if called.result.is_error else ""


def leaves(line: Line, conversation: Conversation) -> str:
    """Where a branch leaves, as a heading."""
    name = f' "{short(line.name)}"' if line.name else ""
    if not line.after:
        return f"Branch{name}: another beginning"
    words = short(conversation.nodes[line.after - 1].message.text)
    return f"Branch{name}: after message {line.after}" + (f", “{words}”" if words else "")


def is_safe_link(url: str) -> bool:
    """Whether an address leads to the web, or to a letter, and is one in any document."""
    return _SAFE_LINK.fullmatch(url) is not None


def short(text: str) -> str:
    """The beginning of a text, in one line."""
    line = " ".join(text[: SHORT_CHARS * 4].split())
    return line if len(line) <= SHORT_CHARS else line[: SHORT_CHARS - 1].rstrip() + "…"


def readable(text: str) -> str:
    """A text for a file that is read: its line ends as everywhere, nothing in it that a terminal would obey."""
    return clean(text.replace("\r\n", "\n").replace("\r", "\n"))


def joined(pieces: Sequence[str]) -> str:
    """Pieces of a document with an empty line between, and one line end at the end."""
    return "\n\n".join(piece.strip("\n") for piece in pieces if piece.strip()) + "\n"
