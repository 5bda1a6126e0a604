"""One question without the REPL: the answer on standard output, everything else on standard error."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from modules.chat.headless import event_lines
from modules.chat.headless.delivery import Delivery
from modules.chat.headless.json_failure import error_as_json, failure
from modules.chat.headless.outcome import Outcome
from modules.chat.headless.telling import complain, tell
from modules.chat.output.printed_answer import printed
from modules.chat.terminal.streams import Diagnostics
from modules.chat.wording.cures import Situation, in_pipe, what_is_left
from modules.chat.wording.endings import ending
from modules.chat.wording.phrases import too_long
from modules.chat.wording.shell_advice import without_commands
from modules.errors import EXIT_INTERRUPTED, ParlanceError, UsageError
from modules.llm.events import PictureMade
from modules.llm.generation.answer_schema import AnswerSchema
from modules.llm.message import Message
from modules.llm.models import Model
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation
from modules.session.turns.structured_answer import Checked
from modules.session.turns.structured_turn import structured_turn
from modules.session.turns.tool_calls import ToolEnded
from modules.session.turns.tooling import Tooling
from modules.session.turns.turn import TurnEvent, run_turn

if TYPE_CHECKING:
    from modules.chat.output.screen import TerminalScreen
    from modules.chat.output.tool_lines import ToolLines
    from modules.session.fitting.policy import Fitting

MOMENT_SECONDS = 2.0  # for tools to be there, before it is said what they wait for


async def answer(
    conversation: Conversation,
    services: ServiceManager,
    message: Message,
    tooling: Tooling | None = None,
    *,
    delivery: Delivery,
    screen: "Callable[[], TerminalScreen]",
    others: tuple[Model, ...] = (),
    fitting: "Fitting | None" = None,
    wanted: AnswerSchema | None = None,
    pictures: Path | None = None,
) -> int:
    """Ask, give out what comes as `delivery` says, and return the exit code.

    `screen` makes what is written to where standard output is a terminal; `others` are models that could be asked in
    place of the conversation's. `fitting` says what is done where the conversation does not fit the model. The
    answer must fit what is `wanted`, and is asked for once more where it does not. What the model draws is saved in the
    folder `pictures`, where the conversation is saved as well.
    """
    follows = delivery.form == "events"
    conversation.reasoning_shown = follows  # else it is the answer alone that was asked for
    out = printed(screen) if delivery.at_once else None
    output = Outcome(out, saved=conversation.journal is not None)
    earlier = conversation.turns > 0
    if earlier and fitting is None:
        tell([_too_long(conversation)])
    made_room = fitting is not None and fitting.does_all

    def situation() -> Situation:
        return _situation(conversation, message, others, earlier=earlier, made_room=made_room)

    lines = None if tooling is None else await _tool_lines(conversation, tooling)
    if follows:
        event_lines.begin(conversation)
    events = (
        run_turn(conversation, services, message, conversation.model, tooling, fitting)
        if wanted is None
        else structured_turn(conversation, services, message, wanted, tooling, fitting)
    )
    try:
        # Closed here, and not by the garbage collector, when the reader of our output goes.
        async with out.drawing() if out else nullcontext(), aclosing(events):
            async for event in events:
                if isinstance(event, Checked):
                    output.check(event)
                    continue
                output.add(event)
                if isinstance(event, PictureMade):
                    from modules.chat.headless.made_pictures import keep_picture  # few answers hold any

                    await keep_picture(event, pictures if conversation.journal is not None else None, output)
                if follows:
                    _follow(event, output)
                if lines is not None and isinstance(event, ToolEnded):
                    await lines.prepare(event.result)
                    output.end_line()
                    lines.end(event)
        at = situation()
        tools = tooling.specs(conversation.reader(conversation.model)) if tooling else ()
        output.judge(ending(output.finished, conversation.messages, tools), at)
    except ParlanceError as error:
        cure = in_pipe(error, situation())
        output.end_line()
        complain(error, cure)
        output.code, output.failed = error.exit_code, error_as_json(error, cure)
        output.break_off("incomplete")
    except asyncio.CancelledError:
        output.code, output.failed = EXIT_INTERRUPTED, failure("Interrupted", "Interrupted.", "")
        output.break_off("interrupted")
    output.end_notes()
    output.end_line()
    delivery.deliver(conversation, output)
    return output.code


def _situation(
    conversation: Conversation, message: Message, others: tuple[Model, ...], *, earlier: bool, made_room: bool
) -> Situation:
    """What a cure may count on, as things are at this moment."""
    left, able = what_is_left(conversation, message), tuple(map(conversation.reader, others))
    saved = conversation.journal is not None
    return Situation(conversation.reader(conversation.model), left, earlier, saved, able, made_room)


def _follow(event: TurnEvent, output: Outcome) -> None:
    """The line of an event, for whoever reads along; that of a picture says where it was saved."""
    if isinstance(event, PictureMade):
        event_lines.tell_picture(output.pictures[-1])
    else:
        event_lines.tell(event)


def _too_long(conversation: Conversation) -> str:
    """That what was said so far does not fit, before anything is sent; "" where it does."""
    told = too_long(conversation.tokens(), conversation.reader(conversation.model).window)
    return f"{without_commands(told)} --fit compact makes room." if told else ""


async def _tool_lines(conversation: Conversation, tooling: Tooling) -> "ToolLines":
    """Calls on standard error. Raises UsageError for a name of a tool that is not there."""
    # Both need the terminal's library, and no plain question does.
    from modules.chat.output.screen import TerminalScreen
    from modules.chat.output.tool_lines import ToolLines
    from modules.chat.pictures.shown_pictures import ShownPictures

    await _checked(tooling)
    tell(tooling.news())
    if not conversation.reader(conversation.model).tools:
        tell([f"{conversation.model.full_name} takes no tools."])
    screen = TerminalScreen(cast(TextIO, Diagnostics()), plain=True)
    pictures = ShownPictures(screen.canvas, tooling.toolbox.result_files.keep)
    return ToolLines(screen, conversation, chat=False, pictures=pictures)


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
