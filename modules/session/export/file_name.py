"""What a file is called where nobody gave it a name: after the title, in letters that every file system takes."""

import re
import unicodedata

from modules.session.conversation import Conversation
from modules.session.export.formats import Format
from modules.session.export.wording import title_of

LONGEST_BYTES = 120
_SIGNS = re.compile(r"[^\w.-]+")
# Names that Windows takes for devices, whatever stands behind their dot.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


def file_name(conversation: Conversation, format: Format) -> str:
    """A name after the conversation's title, with the suffix of the format."""
    words = unicodedata.normalize("NFC", title_of(conversation).encode(errors="ignore").decode())
    name = _SIGNS.sub("-", words).strip("-.")
    while len(name.encode()) > LONGEST_BYTES:
        name = name[:-1]
    name = name.strip("-.")
    return f"{'' if name and not _DEVICES.match(name) else 'conversation-'}{name}".strip("-") + f".{format}"
