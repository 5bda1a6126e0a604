"""A text in the person's own editor and back: started as $VISUAL or $EDITOR say; a failure is named."""

import asyncio
import os
import shlex
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

from modules.chat.terminal.interrupts import handled
from modules.errors import FileProblem, UsageError
from modules.tools.files.encodings import encoding_of

VARIABLES = ("VISUAL", "EDITOR")
USUAL = ("editor", "nano", "vim", "vi", "emacs", "notepad.exe")  # where neither variable is set
# Editors with a window of their own leave at once, unless they are told to wait for the file to be closed.
WAITING = {
    "code": "--wait", "code-insiders": "--wait", "codium": "--wait", "cursor": "--wait", "windsurf": "--wait",
    "zed": "--wait", "subl": "--wait", "atom": "--wait", "mate": "--wait", "kate": "--block", "gvim": "-f",
    "mvim": "-f",
}  # fmt: skip
ALIKE = ("-w", "--wait", "-f", "--nofork", "-b", "--block")


async def edit(text: str, get: Callable[[str], str], suffix: str = ".md") -> str:
    """The text as the person left it in the editor, which has the terminal meanwhile: it must be given back first.

    `get` gives the value of a variable, "" where it is unset. Raises UsageError where the editor cannot be started or
    leaves with an error, and FileProblem where the file cannot be written or read again: the text is what it was then.
    """
    source, argv = editor_of(get)
    try:
        with tempfile.TemporaryDirectory(prefix="parlance-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / f"message{suffix}"  # the folder is this user's alone
            path.write_bytes(text.encode(errors="surrogatepass"))
            await _run(source, [*argv, str(path)])
            return _read(path, text)
    except OSError as error:
        raise FileProblem(
            f"The text cannot be handed to an editor: {error.strerror}.", cure="It stays as it was."
        ) from error


def editor_of(get: Callable[[str], str]) -> tuple[str, list[str]]:
    """The variable that names the editor, "" for none, and its words. Raises UsageError where there is none."""
    for variable in VARIABLES:
        if value := get(variable):
            return variable, _words(variable, value)
    for name in USUAL:
        if shutil.which(name):
            return "", [name]
    raise UsageError("There is no editor here.", cure="Install one, and name it in EDITOR, as in EDITOR=nano.")


def _words(variable: str, value: str) -> list[str]:
    whole = os.path.expanduser(value)
    if os.path.isfile(whole):  # a path with blanks in it
        words = [whole]
    else:
        try:
            words = shlex.split(value, posix=os.name != "nt")
        except ValueError as error:
            raise UsageError(f"{variable} has a quotation mark that is open: {value}", cure="Close it.") from error
        words[:1] = [os.path.expanduser(word) for word in words[:1]]
    name = Path(words[0]).name.lower().removesuffix(".exe").removesuffix(".cmd") if words else ""
    if name in WAITING and not set(words[1:]) & set(ALIKE):
        words.append(WAITING[name])
    return words


async def _run(source: str, argv: list[str]) -> None:
    named = f'{source} is "{argv[0]}", and' if source else f'"{argv[0]}":'
    cure = f"Name another in {source or VARIABLES[-1]}, as in {source or VARIABLES[-1]}=nano. The text is kept."
    try:
        # Ctrl+C belongs to the editor, which has the terminal: it reaches us too, and must not end us.
        with handled(signal.SIGINT, lambda: None):
            code = await (await asyncio.create_subprocess_exec(*argv)).wait()
    except FileNotFoundError as error:
        raise UsageError(f"{named} there is no such program.", cure=cure) from error
    except OSError as error:
        raise UsageError(f"{named} it cannot be started: {error.strerror}.", cure=cure) from error
    if code:
        how = f"left with code {code}" if code > 0 else f"was ended by signal {-code}"
        of = f" ({source})" if source else ""
        raise UsageError(f'The editor "{argv[0]}"{of} {how}.', cure="The text is as it was before.")


def _read(path: Path, before: str) -> str:
    data = path.read_bytes()
    try:
        text = data.decode(errors="surrogatepass")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        if not (encoding := encoding_of(data, whole=True)):
            raise FileProblem("The editor saved what is no text.", cure="The text is as it was before.")
        text = data.decode(encoding, "replace")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    # Editors end the last line, which a message does not have to.
    return text if before.endswith("\n") else text.removesuffix("\n")
