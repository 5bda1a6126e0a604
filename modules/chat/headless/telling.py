"""What is said on standard error: notes and errors, each on a line."""

from collections.abc import Iterable

from modules.chat.terminal.streams import diagnose
from modules.chat.wording.shell_advice import without_commands
from modules.errors import ParlanceError
from modules.text.sanitize import clean


def tell(notes: Iterable[str]) -> None:
    """What a person should know, on standard error."""
    for note in notes:
        if note := without_commands(note):
            diagnose(clean(f"parlance: {note}"))


def complain(error: ParlanceError, cure: str) -> None:
    """An error on standard error, on one line."""
    diagnose(" ".join(clean(f"parlance: {error.message} {cure}").split()))
