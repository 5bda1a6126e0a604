"""What a folder's own settings come to: believed where the person has seen exactly them, and else told in a line."""

from pathlib import Path
from typing import TYPE_CHECKING

from modules.config import Config
from modules.settings.declarations import FOLDER_FILE

if TYPE_CHECKING:
    from modules.settings.folder_file import FolderSettings


def take_folder_settings(config: Config, folder: Path, *, in_chat: bool) -> list[str]:
    """Let the folder's settings hold where the person agreed to them, before anything is read from them.

    Returns what there is to say: nobody is asked in a pipe, and in the chat the question comes at the first prompt.
    """
    if (found := _found(folder)) is None:
        return []
    if found.trouble:
        return [f"{found.trouble} Nothing of it holds."]
    from modules.settings.folder_file import KIND

    agreed = config.folder_trust.answer(folder, KIND, found.content)
    if agreed:
        config.layers.believe(found.values)
        return [f"{found.path}, {wrong}" for wrong in found.mistakes]
    if agreed is None and found.values and not in_chat:
        return [f"{found.path} is left out: nobody has looked at it yet. The chat asks about it in this folder."]
    return []


def _found(folder: Path) -> "FolderSettings | None":
    if not (folder / FOLDER_FILE).is_file():
        return None
    from modules.settings.folder_file import of_folder  # hardly any folder has some

    return of_folder(folder)


def unasked(config: Config, folder: Path) -> "FolderSettings | None":
    """The folder's settings that the person has to be asked about; None where there are none."""
    if (found := _found(folder)) is None or not found.values:
        return None
    from modules.settings.folder_file import KIND

    return found if config.folder_trust.answer(folder, KIND, found.content) is None else None
