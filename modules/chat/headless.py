"""One question without the REPL: the answer on standard output, everything else on standard error."""

import asyncio
import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TextIO

from modules.chat.clean import UNSAFE, clean
from modules.errors import EXIT_INTERRUPTED, ParlanceError, UsageError
from modules.llm.events import Finished, TextDelta, Usage
from modules.llm.message import Message, user
from modules.llm.parts import File, Image
from modules.llm.service_manager import ServiceManager
from modules.session import prices
from modules.session.asking import Retrying
from modules.session.calls import ToolEnded
from modules.session.conversation import Conversation
from modules.session.tooling import Tooling
from modules.session.turn import Paused, TurnEvent, run_turn
from modules.tools.approval import Decision, Question

if TYPE_CHECKING:
    from modules.chat.tool_lines import ToolLines

MAX_INPUT = 32 * 1024 * 1024
MOMENT = 2.0  # seconds for tools to be there, before it is said what they wait for


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


async def answer(
    conversation: Conversation,
    services: ServiceManager,
    message: Message,
    tooling: Tooling | None = None,
    *,
    as_json: bool,
) -> int:
    """Ask, print, and return the exit code. Text is printed as it comes, JSON when all of it is there."""
    told = _Output(as_json=as_json)
    lines = None if tooling is None else await _tool_lines(conversation, tooling)
    try:
        # Closed here, and not by the garbage collector, when the reader of our output goes.
        async with aclosing(run_turn(conversation, services, message, conversation.model, tooling)) as events:
            async for event in events:
                told.add(event)
                if lines is not None and isinstance(event, ToolEnded):
                    lines.end(event)
    except ParlanceError as error:
        complain(error)
        told.code, told.failed = error.exit_code, _told(error)
    except asyncio.CancelledError:
        told.code = EXIT_INTERRUPTED
    told.end_line()
    if as_json:
        if conversation.cost() is None:
            prices.load()
        sys.stdout.write(_as_json(conversation, told) + "\n")
    sys.stdout.flush()
    return told.code


class _Output:
    """What there is to tell of a turn: text at once, the rest at its end."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._last = ""  # the text printed last, of this answer or the one before
        self._parted = False
        self.code = 0
        self.failed: dict[str, str] | None = None
        self.finished: Finished | None = None
        self.usage: Usage | None = None
        self.tools: list[dict[str, Any]] = []

    def add(self, event: TurnEvent) -> None:
        match event:
            case TextDelta(text) if text and not self._as_json:
                if self._parted and self._last:
                    sys.stdout.write("\n" if self._last.endswith("\n") else "\n\n")
                self._parted = False
                self._last = text
                sys.stdout.write(clean(text))
                sys.stdout.flush()
            case Retrying(seconds, _, error):
                complain(error, f"Trying again in {seconds:.0f} s.")
            case Finished(usage=usage):
                self._parted = True
                self.finished = event
                self.usage = self.usage + usage if self.usage and usage else usage or self.usage
            case Question(call=call):
                event.decision = Decision(reason=f"Nobody is there to ask; --allow {call.name} allows it.")
                tell([f"{call.name} is not allowed. --allow {call.name} allows it."])
            case ToolEnded(call, result, took):
                arguments = call.parsed()
                given = call.arguments if arguments is None else arguments
                rounded = None if took is None else round(took, 3)
                self.tools.append({"name": call.name, "arguments": given, "error": result.is_error, "seconds": rounded})
            case Paused(text):
                tell([text])
                self.code, self.failed = 1, {"kind": "Paused", "message": text, "cure": "Ask to go on, with -c."}

    def end_line(self) -> None:
        if self._last and not self._last.endswith("\n"):
            sys.stdout.write("\n")


async def _tool_lines(conversation: Conversation, tooling: Tooling) -> "ToolLines":
    """Calls on standard error. Raises UsageError for a name of a tool that is not there."""
    from modules.chat.screen import TerminalScreen  # both need the terminal's library, and no plain question does
    from modules.chat.tool_lines import ToolLines

    await _checked(tooling)
    tell(tooling.news())
    if not conversation.reader(conversation.model).tools:
        tell([f"{conversation.model.full_name} takes no tools."])
    return ToolLines(TerminalScreen(sys.stderr, plain=True), conversation)


async def _checked(tooling: Tooling) -> None:
    """Have all tools there, and say what that waits for. Raises UsageError for a name of a tool that is not there."""
    checking = asyncio.ensure_future(tooling.check())
    try:
        await asyncio.wait([checking], timeout=MOMENT)
        if not checking.done() and (awaited := tooling.awaited):
            tell([f"Waiting for {awaited} to start."])
        await checking
    finally:
        checking.cancel()


def tell(notes: Iterable[str]) -> None:
    """What a person should know, on standard error."""
    for note in notes:
        sys.stderr.write(clean(f"parlance: {note}") + "\n")


def complain(error: ParlanceError, cure: str = "") -> None:
    """An error on standard error, on one line."""
    sys.stderr.write(clean(f"parlance: {error.message} {cure or error.cure}".rstrip()) + "\n")


def fail_as_json(error: ParlanceError) -> None:
    """The one JSON object of a run that failed before there was a conversation."""
    sys.stdout.write(_dumped({"text": "", "stop_reason": "failed", "error": _told(error)}) + "\n")
    sys.stdout.flush()


def _told(error: ParlanceError) -> dict[str, str]:
    """`kind` is the name that the error has in errors.py."""
    return {"kind": type(error).__name__, "message": error.message, "cure": error.cure}


def _as_json(conversation: Conversation, told: _Output) -> str:
    last, finished, usage = conversation.last_answer, told.finished, told.usage
    return _dumped(
        {
            "text": last.text if last else "",
            "model": conversation.model.full_name,
            "answered_by": finished.model if finished else None,
            "stop_reason": finished.stop if finished else (last.state if last else "failed"),
            "usage": {field: getattr(usage, field) for field in usage.__struct_fields__} if usage else None,
            "cost": conversation.cost() if conversation.spent else None,
            "tools": told.tools,
            "error": told.failed,
        }
    )


def _dumped(value: dict[str, Any]) -> str:
    """JSON in which what a terminal would obey, or nobody could see, is escaped: the same to whoever parses it."""
    return UNSAFE.sub(lambda char: json.dumps(char[0])[1:-1], json.dumps(value, ensure_ascii=False))
