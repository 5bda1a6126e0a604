"""One question without the REPL: the answer on standard output, everything else on standard error."""

import asyncio
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing, nullcontext
from typing import TYPE_CHECKING, Any, TextIO, assert_never, cast

from modules.chat.input.api_key_check import found_in, own_in, own_in_files
from modules.chat.output.printed_answer import Printed, printed
from modules.chat.terminal.streams import Diagnostics, decoded, diagnose, holds_all, piped_in
from modules.chat.wording.cures import Situation, in_pipe, of_ending_in_pipe, what_is_left
from modules.chat.wording.endings import Ending, ending
from modules.chat.wording.fit_words import made_words
from modules.chat.wording.phrases import too_long
from modules.chat.wording.shell_advice import without_commands
from modules.errors import EXIT_ERROR, EXIT_INTERRUPTED, ParlanceError, ProviderError, UsageError
from modules.llm.events import Finished, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from modules.llm.message import Message, user
from modules.llm.models import Model
from modules.llm.parts import Attached, File, Text
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation
from modules.session.counting import prices
from modules.session.fitting.ways import Made, Making, Misfit
from modules.session.turns.ask import Notice, Retrying
from modules.session.turns.tool_calls import ToolEnded, ToolProgress, ToolStarted
from modules.session.turns.tooling import Tooling
from modules.session.turns.turn import Paused, TurnEvent, run_turn
from modules.text.safe_json import safe_json
from modules.text.sanitize import clean
from modules.tools.approval import Decision, Permission, Question

if TYPE_CHECKING:
    from modules.chat.output.screen import TerminalScreen
    from modules.chat.output.tool_lines import ToolLines
    from modules.session.fitting.policy import Fitting

MAX_INPUT = 32 * 1024 * 1024
TOKENS = tuple(field for field in Usage.__struct_fields__ if field != "cost")  # what it cost has a field of its own
MOMENT_SECONDS = 2.0  # for tools to be there, before it is said what they wait for
PAUSED = '-c -p "Go on." goes on.'


def question(asked: str, piped: str, attachments: Sequence[Attached] = ()) -> Message:
    """The message: what was asked, then what was piped in. Raises UsageError where both are empty."""
    texts = [text for text in (asked.strip(), piped.strip()) if text]
    if not texts:
        raise UsageError("There is no question.", cure='Give one: -p "question", or pipe it in.')
    return user("\n\n".join(texts), *attachments)


def refuse_keys(typed: Iterable[str], piped: str, message: Message, own: dict[str, str]) -> None:
    """Raise UsageError where a key would be sent: of what was typed anything that looks like one, else one's own."""
    files = [part for part in message.parts if isinstance(part, File)]
    found = [*found_in("\n".join(typed), own), *own_in(piped, own), *own_in_files(files, own)]
    if words := " and ".join(dict.fromkeys(found)):
        raise UsageError(f"Not sent: this holds {words}.", cure="Take it out, or add --send-keys to send it.")


async def read() -> str:
    """All that is piped in. Raises UsageError for more than any model takes, or for what is no text."""
    try:
        data = await piped_in(MAX_INPUT)
    except OSError as error:
        raise UsageError(f"Standard input cannot be read: {error.strerror}.", cure="Pipe text in.") from error
    if len(data) > MAX_INPUT:
        raise UsageError("More than 32 MB were piped in.", cure="Send less.")
    try:
        text, encoding = decoded(data)
    except ValueError as error:
        problem = "What was piped in is not text."
        raise UsageError(problem, cure="Attach pictures and PDF with -a FILE.") from error
    if encoding:
        tell([f"What was piped in is not UTF-8; it was read as {encoding}."])
    return text


async def answer(
    conversation: Conversation,
    services: ServiceManager,
    message: Message,
    tooling: Tooling | None = None,
    *,
    as_json: bool,
    screen: "Callable[[], TerminalScreen]",
    others: tuple[Model, ...] = (),
    fitting: "Fitting | None" = None,
) -> int:
    """Ask, print, and return the exit code. Text is printed as it comes, JSON when all of it is there.

    `screen` makes what is written to where standard output is a terminal; `others` are models that could be asked in
    place of the conversation's. `fitting` says what is done where the conversation does not fit the model.
    """
    conversation.reasoning_shown = False  # it is the answer alone that was asked for
    out = None if as_json else printed(screen)
    output = _Output(out, saved=conversation.journal is not None)
    earlier = conversation.turns > 0
    if earlier and fitting is None:
        tell([_too_long(conversation)])
    made_room = fitting is not None and fitting.does_all

    def situation() -> Situation:
        left, able = what_is_left(conversation, message), tuple(map(conversation.reader, others))
        saved = conversation.journal is not None
        return Situation(conversation.reader(conversation.model), left, earlier, saved, able, made_room)

    lines = None if tooling is None else await _tool_lines(conversation, tooling)
    try:
        # Closed here, and not by the garbage collector, when the reader of our output goes.
        events = run_turn(conversation, services, message, conversation.model, tooling, fitting)
        async with out.drawing() if out else nullcontext(), aclosing(events):
            async for event in events:
                output.add(event)
                if lines is not None and isinstance(event, ToolEnded):
                    output.end_line()
                    lines.end(event)
        at = situation()
        output.judge(ending(output.finished, conversation.messages, tooling.specs if tooling else ()), at)
    except ParlanceError as error:
        cure = in_pipe(error, situation())
        output.end_line()
        complain(error, cure)
        output.code, output.failed = error.exit_code, _error_as_json(error, cure)
        output.break_off("incomplete")
    except asyncio.CancelledError:
        output.code, output.failed = EXIT_INTERRUPTED, _failure("Interrupted", "Interrupted.", "")
        output.break_off("interrupted")
    output.end_line()
    if as_json:
        if conversation.cost() is None:
            prices.load()
        sys.stdout.write(_as_json(conversation, output) + "\n")
    sys.stdout.flush()
    return output.code


def _too_long(conversation: Conversation) -> str:
    """That what was said so far does not fit, before anything is sent; "" where it does."""
    told = too_long(conversation.tokens(), conversation.reader(conversation.model).window)
    return f"{without_commands(told)} --fit compact makes room." if told else ""


class _Output:
    """What there is to tell of a turn: text at once, the rest at its end."""

    def __init__(self, out: Printed | None, *, saved: bool) -> None:
        self._out = out  # None for JSON
        self._saved = saved
        self.code = 0
        self.failed: dict[str, Any] | None = None
        self.finished: Finished | None = None
        self.broken = ""  # the state of an answer that did not come to its end
        self._said: list[str] = []  # of the newest answer that said something
        self._whole = True
        self.usage: Usage | None = None
        self.tools: list[dict[str, Any]] = []
        self.notices: list[str] = []

    @property
    def text(self) -> str:
        """What the newest answer of this turn says, as far as it came."""
        return Text("".join(self._said)).text

    def break_off(self, state: str) -> None:
        """The turn did not come to its end; `state` is that of an answer of which a part has come."""
        self.broken = "failed" if self._whole else state

    def add(self, event: TurnEvent) -> None:
        if isinstance(event, TextDelta):
            self._said = [] if self._whole else self._said
            self._said.append(event.text)
            self._whole = False
        match event:
            case TextDelta(text) if text and self._out is not None:
                self._out.write(text)
            case Notice() | Made():
                text = event.text if isinstance(event, Notice) else made_words(event)
                self.notices.append(without_commands(text))
                self._tell(text)
            case Retrying(seconds, _, error):
                self.end_line()
                complain(error, f"Trying again in {seconds:.0f} s.")
            case Finished(usage=usage):
                self._whole = True
                if self._out is not None:
                    self._out.part()
                self.finished = event
                self.usage = self.usage + usage if self.usage and usage else usage or self.usage
            case Question(call=call, why=why):
                event.decision = Decision(reason=f"Nobody is there to ask; {_allowing(event)} allows it.")
                words = (f"{call.name} is not allowed.", why, f"{_allowing(event)} allows it.")
                self._tell(" ".join(filter(None, words)))
            case ToolEnded(call, result, took):
                arguments = call.parsed()
                given = call.arguments if arguments is None else arguments
                rounded = None if took is None else round(took, 3)
                self.tools.append({"name": call.name, "arguments": given, "error": result.is_error, "seconds": rounded})
            case Paused(text):
                self._failed("Paused", text, PAUSED if self._saved else "")
            case (
                TextDelta() | Misfit() | Making() | ReasoningDelta() | ToolCallDelta() | ToolStarted() | ToolProgress()
            ):
                pass
            case _:
                assert_never(event)

    def judge(self, ended: Ending | None, at: Situation) -> None:
        """Tell how the answer ended, where it is not whole."""
        if ended is not None and self.failed is None:
            self._failed(ended.kind, ended.words, of_ending_in_pipe(ended, at))

    def _failed(self, kind: str, words: str, cure: str) -> None:
        self._tell(f"{words} {cure}".rstrip())
        self.code, self.failed = EXIT_ERROR, _failure(kind, words, cure)

    def end_line(self) -> None:
        """Let what comes next begin a line of its own."""
        if self._out is not None:
            self._out.end_line()

    def _tell(self, text: str) -> None:
        self.end_line()
        tell([text])


def _allowing(question: Question) -> str:
    """The argument that lets this call run."""
    tool, plan = question.tool, question.plan
    for one in (Permission(tool.name), Permission(tool.name, plan.line)):
        if one.covers(tool, plan):
            return f"--allow {shlex.quote(str(one))}"
    return "--yes"


async def _tool_lines(conversation: Conversation, tooling: Tooling) -> "ToolLines":
    """Calls on standard error. Raises UsageError for a name of a tool that is not there."""
    # Both need the terminal's library, and no plain question does.
    from modules.chat.output.screen import TerminalScreen
    from modules.chat.output.tool_lines import ToolLines

    await _checked(tooling)
    tell(tooling.news())
    if not conversation.reader(conversation.model).tools:
        tell([f"{conversation.model.full_name} takes no tools."])
    return ToolLines(TerminalScreen(cast(TextIO, Diagnostics()), plain=True), conversation, chat=False)


async def _checked(tooling: Tooling) -> None:
    """Have all tools there, and say what that waits for. Raises UsageError for a name of a tool that is not there."""
    checking = asyncio.ensure_future(tooling.check())
    try:
        await asyncio.wait([checking], timeout=MOMENT_SECONDS)
        if not checking.done() and (awaited := tooling.awaited):
            tell([f"Waiting for {awaited} to start."])
        await checking
    except UsageError:
        tell(tooling.toolbox.news())  # a server that did not start may be why the name is unknown
        raise
    finally:
        checking.cancel()


def tell(notes: Iterable[str]) -> None:
    """What a person should know, on standard error."""
    for note in notes:
        if note := without_commands(note):
            diagnose(clean(f"parlance: {note}"))


def complain(error: ParlanceError, cure: str) -> None:
    """An error on standard error, on one line."""
    diagnose(" ".join(clean(f"parlance: {error.message} {cure}").split()))


def fail_as_json(error: ParlanceError) -> None:
    """The one JSON object of a run that failed before there was a conversation."""
    sys.stdout.write(
        _dumped({"text": "", "stop_reason": "failed", "error": _error_as_json(error, in_pipe(error))}) + "\n"
    )
    sys.stdout.flush()


def _error_as_json(error: ParlanceError, cure: str) -> dict[str, Any]:
    """`kind` is the name that the error has in errors.py; `retry_after` is in seconds, as the server said."""
    after = error.retry_after if isinstance(error, ProviderError) else None
    return _failure(type(error).__name__, error.message, cure, after)


def _failure(kind: str, message: str, cure: str, retry_after: float | None = None) -> dict[str, Any]:
    return {"kind": kind, "message": message, "cure": cure, "retry_after": retry_after}


def _as_json(conversation: Conversation, output: _Output) -> str:
    finished, usage = output.finished, output.usage
    return _dumped(
        {
            "text": output.text,
            "model": conversation.model.full_name,
            "answered_by": finished.model if finished else None,
            "stop_reason": output.broken or (finished.stop if finished else "failed"),
            "usage": {field: getattr(usage, field) for field in TOKENS} if usage else None,
            "cost": conversation.cost() if conversation.spent else None,
            "tools": output.tools,
            "notices": output.notices,
            "error": output.failed,
        }
    )


def _dumped(value: dict[str, Any]) -> str:
    return safe_json(value, in_ascii=not holds_all(sys.stdout))
