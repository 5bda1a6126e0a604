"""One question without the REPL: the answer on standard output, everything else on standard error."""

import asyncio
import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from typing import TextIO

from modules.chat.clean import clean
from modules.errors import EXIT_INTERRUPTED, ParlanceError, UsageError
from modules.llm.events import Finished, TextDelta
from modules.llm.message import Message, user
from modules.llm.parts import File, Image
from modules.llm.service_manager import ServiceManager
from modules.session import prices
from modules.session.asking import Retrying
from modules.session.conversation import Conversation
from modules.session.turn import run_turn

MAX_INPUT = 32 * 1024 * 1024


def question(asked: str, piped: str, attachments: Sequence[Image | File] = ()) -> Message:
    """The message: what was asked, then what was piped in. Raises UsageError where both are empty."""
    texts = [text for text in (asked.strip(), piped.strip()) if text]
    if not texts:
        raise UsageError("There is no question.", cure='Give one: -p "question", or pipe it in.')
    return user("\n\n".join(texts), *attachments)


def read(stream: TextIO) -> str:
    """All that is piped in. Raises UsageError for more than any model takes, or for what is no text."""
    data = stream.buffer.read(MAX_INPUT + 1)
    if len(data) > MAX_INPUT:
        raise UsageError("More than 32 MB were piped in.", cure="Send less.")
    if b"\0" in data:
        raise UsageError("What was piped in is not text.", cure="Attach pictures and PDF with -a FILE.")
    return data.decode("utf-8-sig", errors="replace")


async def answer(conversation: Conversation, services: ServiceManager, message: Message, *, as_json: bool) -> int:
    """Ask, print, and return the exit code. Text is printed as it comes, JSON when all of it is there."""
    finished: Finished | None = None
    failed: ParlanceError | None = None
    code, last = 0, ""
    try:
        # Closed here, and not by the garbage collector, when the reader of our output goes.
        async with aclosing(run_turn(conversation, services, message, conversation.model)) as events:
            async for event in events:
                match event:
                    case TextDelta(text) if not as_json:
                        last = text or last
                        sys.stdout.write(clean(text))
                        sys.stdout.flush()
                    case Retrying(seconds, _, error):
                        complain(error, f"Trying again in {seconds:.0f} s.")
                    case Finished():
                        finished = event
    except ParlanceError as error:
        complain(error)
        code, failed = error.exit_code, error
    except asyncio.CancelledError:
        code = EXIT_INTERRUPTED
    if last and not last.endswith("\n"):
        sys.stdout.write("\n")
    if as_json:
        if conversation.cost() is None:
            prices.load()
        sys.stdout.write(_as_json(conversation, finished, failed) + "\n")
    sys.stdout.flush()
    return code


def tell(notes: Iterable[str]) -> None:
    """What a person should know, on standard error."""
    for note in notes:
        sys.stderr.write(clean(f"parlance: {note}") + "\n")


def complain(error: ParlanceError, cure: str = "") -> None:
    """An error on standard error, on one line."""
    sys.stderr.write(clean(f"parlance: {error.message} {cure or error.cure}".rstrip()) + "\n")


def fail_as_json(error: ParlanceError) -> None:
    """The one JSON object of a run that failed before there was a conversation."""
    sys.stdout.write(
        json.dumps({"text": "", "stop_reason": "failed", "error": _told(error)}, ensure_ascii=False) + "\n"
    )
    sys.stdout.flush()


def _told(error: ParlanceError) -> dict[str, str]:
    """`kind` is the name that the error has in errors.py."""
    return {"kind": type(error).__name__, "message": error.message, "cure": error.cure}


def _as_json(conversation: Conversation, finished: Finished | None, failed: ParlanceError | None) -> str:
    last = conversation.last_answer
    usage = finished.usage if finished else None
    return json.dumps(
        {
            "text": last.text if last else "",
            "model": conversation.model.full_name,
            "answered_by": finished.model if finished else None,
            "stop_reason": finished.stop if finished else (last.state if last else "failed"),
            "usage": {field: getattr(usage, field) for field in usage.__struct_fields__} if usage else None,
            "cost": conversation.cost() if conversation.spent else None,
            "error": _told(failed) if failed else None,
        },
        ensure_ascii=False,
    )
