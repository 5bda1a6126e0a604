"""One turn whose answer must be JSON: asked for, checked, and asked for once more where it does not fit."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from msgspec.structs import replace

from modules.llm.events import Finished
from modules.llm.generation.answer_schema import AGAIN, AnswerSchema
from modules.llm.history import Message, user
from modules.llm.parts import Text
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation
from modules.session.turns.ask import Notice
from modules.session.turns.structured_answer import Checked, checked
from modules.session.turns.tooling import Tooling
from modules.session.turns.turn import Paused, TurnEvent, run_turn
from modules.settings.declarations import OptionSettings

if TYPE_CHECKING:
    from modules.session.fitting.policy import Fitting

REPAIRS = 1


def asking_for(message: Message, wanted: AnswerSchema) -> Message:
    """The question with what the model is told of the schema: in the history stands what was sent."""
    return replace(message, parts=(*message.parts, Text(wanted.instructions)))


async def structured_turn(
    conversation: Conversation,
    services: ServiceManager,
    message: Message,
    wanted: AnswerSchema,
    tooling: Tooling | None = None,
    fitting: "Fitting | None" = None,
) -> AsyncGenerator[TurnEvent | Checked, None]:
    """The events of the turn, as `run_turn` has them, and what its answer came to; tools may be called before it.

    `message` has been through `asking_for`.
    An answer that does not fit is told so and asked for once more, as a message of the conversation. Nothing is checked
    of one that was cut, refused, or paused.
    """
    question, options = message, conversation.options
    conversation.answer_schema = wanted
    try:
        for left in range(REPAIRS, -1, -1):
            ended: Finished | Paused | None = None
            turn = run_turn(conversation, services, question, conversation.model, tooling, fitting)
            async with aclosing(turn) as events:
                async for event in events:
                    ended = event if isinstance(event, Finished | Paused) else ended
                    yield event
            answer = conversation.messages[-1]
            if (
                not isinstance(ended, Finished)
                or ended.stop not in ("end_turn", "unknown")
                or answer.role != "assistant"
            ):
                return
            found = checked(answer.text, wanted)
            if not found.problem or not left:
                yield found
                return
            yield Notice(f"The answer does not fit the schema, and is asked for once more. {found.problem}")
            question = user(AGAIN.format(problem=found.problem))
            conversation.options = _for_repair(options)
    finally:
        conversation.answer_schema, conversation.options = None, options


def _for_repair(options: OptionSettings) -> OptionSettings:
    """Of a person's options only what it may cost: how the words are chosen was meant for the question."""
    return OptionSettings(max_output=options.max_output, service_tier=options.service_tier)
