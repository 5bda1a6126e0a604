"""Where a key is kept: in the system's keyring or in a file, as the person wishes; and how it is taken out again."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from modules.chat.api_keys.key_slots import KeySlot
from modules.chat.command import ChatContext, Options
from modules.config import ENVIRONMENT, KEYRING, Key
from modules.daemon_thread import in_thread
from modules.errors import FileProblem, KeyringFailed
from modules.extras import how_to_install
from modules.keys import env_lines


async def keep(chat: ChatContext, slot: KeySlot, key: Key) -> str:
    """Keep the key where the settings say, or the person. Returns where it is, "" where it was not kept.

    Raises FileProblem, ConfigError.
    """
    config = chat.config
    file, wish = config.place_for_keys(), config.settings.keys.store
    in_file, question = f"in {file}, for you alone to read", f"Where is the key of {slot.title} kept?"
    if wish != "file":
        trouble = await _trouble(config.keyring.check)
        if not trouble:
            places = Options(question, ("in the keyring of this system", in_file), "nowhere")
            chosen = 0 if wish == "keyring" else await chat.choose(places)
            if chosen is None:
                return ""
            if chosen == 0 and not (trouble := await _trouble(partial(config.keyring.store, slot.variable, key.value))):
                return KEYRING
        if trouble:
            chat.screen.say(trouble)
            instead = Options(
                f"Shall a file keep the key of {slot.title}?", (f"yes, {in_file}",), "no, nothing keeps it"
            )
            if await chat.choose(instead) is None:
                return ""
    await in_file_now(file, slot.variable, key.value)
    return str(file)


async def in_file_now(file: Path, variable: str, value: str | None) -> None:
    """Let the file hold this value, or none. Raises FileProblem, ConfigError."""
    try:
        if value is None:
            await in_thread(env_lines.remove_from, path=file, variable=variable)
        else:
            await in_thread(env_lines.set_in, path=file, variable=variable, value=value)
    except OSError as error:
        problem = f"{file} cannot be written: {error.strerror or error}."
        raise FileProblem(problem, cure="Look at what stands in its place, and at its permissions.") from error


async def first_come(chat: ChatContext, slot: KeySlot, key: Key, where: str) -> None:
    """Say what comes before the key that was just kept, and take it out where it is a file and the person wishes."""
    value, source = chat.config.lookup(slot.variable)
    if source == where or not value:
        return
    if value == key.value:
        chat.screen.say(f"The same key is in {source}, which comes first.")
    elif source == ENVIRONMENT:
        chat.screen.say(f"{ENVIRONMENT.capitalize()} holds another {slot.variable}, which comes first: unset it there.")
    else:
        chat.screen.say(f"{source} holds another {slot.variable}, which comes first.")
        if await chat.confirm("Take that one out?"):
            await in_file_now(Path(source), slot.variable, None)


async def take_out(chat: ChatContext, variable: str, place: str) -> bool:
    """Take the key out of a file or the keyring; False where it stays. Raises FileProblem, ConfigError."""
    if place != KEYRING:
        await in_file_now(Path(place), variable, None)
        return True
    try:
        await in_thread(chat.config.keyring.remove, variable=variable)
    except KeyringFailed as error:
        chat.screen.say(f"{error.message} {error.cure}".rstrip())
        if not await chat.confirm("Forget that the key is there?"):
            return False
        chat.config.keyring_names.remove(variable)
    return True


async def _trouble(work: Callable[[], None]) -> str:
    """Why the keyring could not do this, "" where it did."""
    try:
        await in_thread(work)
    except KeyringFailed as error:
        cure = how_to_install("keyring") if isinstance(error.__cause__, ImportError) else error.cure
        return f"{error.message} {cure}".rstrip()
    except OSError as error:  # the file of names
        return f"What is in the keyring cannot be written down: {error.strerror or error}."
    return ""
