"""One turn: the person's message goes in, the answer's events come out, and the history is left fit to go on."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing

from msgspec import Struct

from modules.errors import ConnectionFailed, ProviderError
from modules.llm.base import ChatRequest, Reply, ToolSpec
from modules.llm.events import Finished, StreamEvent
from modules.llm.message import Message, State
from modules.llm.models import Model
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation, Spent

TRIES = 4
LONGEST_WAIT = 60.0  # seconds; beyond that the person decides, not the server's header
LONGEST_BACKOFF = 20.0


class Retrying(Struct, frozen=True):
    """The request failed before anything was shown and is sent again after `seconds`; `attempt` counts from 1."""

    seconds: float
    attempt: int
    error: ProviderError


TurnEvent = StreamEvent | Retrying


async def run_turn(
    conversation: Conversation,
    services: ServiceManager,
    message: Message,
    model: Model,
    tools: tuple[ToolSpec, ...] = (),
) -> AsyncGenerator[TurnEvent, None]:
    """Say `message` and let `model` answer.

    What was shown is kept, whatever happens: an answer that was interrupted or cut is stored and marked. Where
    nothing was shown the message is taken back, so that the history has no question without an answer.
    Raises what the service raises, and CancelledError when the turn is interrupted.
    """
    conversation.append(message)
    try:
        service = await services.service_for(model)
        request = ChatRequest(
            model, conversation.messages, conversation.system, conversation.reasoning, tools, conversation.id
        )
        for attempt in range(1, TRIES + 1):
            reply = service.reply(request)
            shown = False
            try:
                async with aclosing(reply) as events:
                    async for event in events:
                        shown = True
                        if isinstance(event, Finished):
                            _keep(conversation, reply, model, "complete")
                        yield event
                return
            except ProviderError as error:
                _keep(conversation, reply, model, "incomplete")
                delay = None if shown else retry_delay(error, attempt)
                if delay is None:
                    raise
                yield Retrying(delay, attempt, error)
                await asyncio.sleep(delay)
            except (asyncio.CancelledError, GeneratorExit):
                _keep(conversation, reply, model, "interrupted")
                raise
    except BaseException:  # whatever ends the turn, a question without an answer does not stay
        if conversation.messages[-1] is message:
            conversation.undo()
        raise


def retry_delay(error: ProviderError, attempt: int) -> float | None:
    """Seconds to wait before the same request is sent again, or None where that would not help.

    A connection that broke before the first byte is tried again at once: an idle one may have gone stale.
    """
    if not error.retryable or attempt >= TRIES:
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= LONGEST_WAIT else None
    if isinstance(error, ConnectionFailed) and attempt == 1:
        return 0.0
    backoff: float = min(LONGEST_BACKOFF, 2.0 ** (attempt - 1))
    return backoff * random.uniform(0.75, 1.0)


def _keep(conversation: Conversation, reply: Reply, model: Model, state: State) -> None:
    """Store the answer as far as it came; of a cut one, only what can be read."""
    answer = reply.message(state)
    if answer.usage is not None:
        conversation.spent.append(Spent(model, answer.usage))
    if state == "complete" or answer.text.strip():
        conversation.append(answer)
