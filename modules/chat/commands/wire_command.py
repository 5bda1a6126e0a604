"""The command that shows what would be sent, to the byte, without sending it."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from modules.chat.command import Ask, ChatContext, command
from modules.chat.input.completer import complete_models
from modules.errors import FileProblem, UsageError
from modules.llm.models import Model

USAGE = "/wire [model] [--diff other] [--export FILE]"


class _Wanted(Struct, frozen=True):
    """What was typed after the name of the command."""

    model: str = ""
    other: str = ""
    file: str = ""


def complete_wire(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """A model at the beginning and behind --diff, else the options."""
    head, space, typed = args.rpartition(" ")
    if not head or head.endswith("--diff"):
        yield from ((head + space + name, description) for name, description in complete_models(chat, typed))
    yield f"{head}{space}--diff", "what another model would get instead"
    yield f"{head}{space}--export", "write it to a new file"


@command("/wire [model] [--diff other]", complete=complete_wire)
async def wire(chat: ChatContext, args: str) -> Ask | None:
    """Show the request that would go out next.

    It is the JSON that a question asked now would send, to the current model or the one named. Nothing is sent. "…"
    stands for the question. Pictures and other long base64 are shown as size and digest; keys are never part of it.
    --diff compares it with another model's.
    --export FILE writes it to a new file that only you can read, for a report of a bug.
    """
    wanted = parsed(args)
    model = _model(chat, wanted.model)
    text = await _request_text(chat, model)
    if wanted.other:
        other = _model(chat, wanted.other)
        from modules.session.turns.next_request import difference

        text = difference(text, await _request_text(chat, other), (model.full_name, other.full_name))
        text = text or f"{model.full_name} and {other.full_name} would get the same."
    if wanted.file:
        path = _written(Path(os.path.expanduser(wanted.file)), text)
        chat.screen.say(f"Written to {path}. It holds the conversation: look through it before you pass it on.")
        return None
    chat.screen.show(text)  # the terminal wraps it: what is copied is JSON
    if learned := chat.conversation.learned.of(model).words():
        chat.screen.say(f"Learned of {model.full_name}: {'; '.join(learned)}.")
    return None


def parsed(args: str) -> _Wanted:
    """The model, the other and the file. Raises UsageError with how it is typed."""
    try:
        words = shlex.split(args)
    except ValueError as error:
        raise UsageError("A quotation mark is open.", cure="Close it.") from error
    found = {"": "", "--diff": "", "--export": ""}
    while words:
        word = words.pop(0)
        name = word if word in ("--diff", "--export") else ""
        value = (words.pop(0) if words else "") if name else word
        if not value or found[name] or value.startswith("--"):
            raise UsageError(f'"{args}" is not understood.', cure=f"It is {USAGE}.")
        found[name] = value
    return _Wanted(found[""], found["--diff"], found["--export"])


def _model(chat: ChatContext, name: str) -> Model:
    if not name:
        return chat.conversation.model
    choice = chat.models.find(name)
    if choice.note:
        chat.screen.say(choice.note)
    return choice.model


async def _request_text(chat: ChatContext, model: Model) -> str:
    from modules.chat.input.prompt_files.folder_told import settle as begin_quietly
    from modules.session.turns.next_request import (  # the code that sends, which the first prompt can do without
        next_request,
        pretty,
    )

    await begin_quietly(chat)
    body = await next_request(chat.conversation, chat.services, model, chat.attachments, chat.tooling)
    return pretty(body, _secrets(chat))


def _secrets(chat: ChatContext) -> Iterator[str]:
    """The keys that are set: one may have been pasted into the conversation."""
    for provider in chat.models.providers.values():
        if provider.key_variable and (value := chat.config.get(provider.key_variable)):
            yield value


def _written(path: Path, text: str) -> Path:
    # Half a surrogate pair cannot be written as UTF-8; as an escape it is good JSON.
    data = (text + "\n").encode("utf-8", "backslashreplace")
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    except FileExistsError as error:
        raise FileProblem(f"{path} exists already.", cure="Give another name; nothing is overwritten.") from error
    except OSError as error:
        raise FileProblem(
            f"{path} cannot be written: {error.strerror}.", cure="Give a file in a folder that is yours."
        ) from error
    return path.absolute()
