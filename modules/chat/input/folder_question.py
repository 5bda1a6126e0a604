"""Asks whether the settings that lie in the folder hold: all of them are shown, and a change of them is asked about."""

from pathlib import Path

from modules.chat.command import ChatContext, Options
from modules.chat.start.folder_settings import unasked
from modules.errors import FileProblem, UsageError
from modules.settings.declarations import FOLDER_FILE
from modules.settings.folder_file import KIND, FolderSettings, of_folder
from modules.settings.typed_values import as_words

QUESTION = "Do these settings of this folder hold here?"
ANSWERS = ("No, not until they change.", "Yes, until they change.")
LATER = "Not now: ask again the next time."


async def ask_about_folder(chat: ChatContext, folder: Path) -> None:
    """Ask about what nobody has answered for yet; nothing where there is nothing."""
    if (found := unasked(chat.config, folder)) is not None:
        await _ask(chat, folder, found)


async def show_folder(chat: ChatContext, folder: Path) -> None:
    """Show what lies in the folder and ask, whatever was said before. Raises UsageError where there is none."""
    found = of_folder(folder)
    if found is None:
        raise UsageError("This folder has no settings of its own.", cure=f"They would stand in {folder / FOLDER_FILE}.")
    if found.trouble:
        raise UsageError(found.trouble, cure="Nothing of it holds.")
    await _ask(chat, folder, found)


async def _ask(chat: ChatContext, folder: Path, found: FolderSettings) -> None:
    chat.screen.say(f"{found.path} says:")
    chat.screen.table([(name, as_words(value)) for name, value in found.values.items()])
    if found.left_out:
        chat.screen.say(f"Never taken from a folder: {', '.join(found.left_out)}.")
    for wrong in found.mistakes:
        chat.screen.say(str(wrong))
    try:
        at = await chat.choose(Options(QUESTION, ANSWERS, LATER))
    except EOFError:  # the terminal is gone
        return
    trust = chat.config.folder_trust
    chat.config.layers.believe(found.values if at == 1 else {})
    try:
        if at is None:
            trust.forget(folder, KIND)
        else:
            trust.remember(folder, KIND, found.content, at == 1)
    except FileProblem as error:
        chat.screen.say(str(error))
    chat.screen.say("They hold here. /set folder shows them again." if at == 1 else "They do not hold.")
