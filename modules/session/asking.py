"""One answer: a message goes in, the answer's events come out, and the history is left fit to go on."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing

from msgspec import Struct
from msgspec.structs import replace

from modules.errors import (
    ConnectionFailed,
    FieldRefused,
    ImagesRefused,
    ImagesUnsupported,
    ProviderError,
    ReasoningUnreadable,
    ToolsRefused,
)
from modules.llm.base import ChatRequest, Reply, ToolChoice, ToolSpec
from modules.llm.events import Finished, StreamEvent
from modules.llm.ledger import lost_reasoning, no_tools
from modules.llm.message import IMAGES, Message, State, says_something
from modules.llm.models import Model
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation

TRIES = 4
LONGEST_WAIT = 60.0  # seconds; beyond that the person decides, not the server's header
LONGEST_BACKOFF = 20.0
BEHIND = 0.5  # seconds that what is kept of an answer may be behind what is shown of it


class Retrying(Struct, frozen=True):
    """The request failed before anything was shown and is sent again after `seconds`; `attempt` counts from 1."""

    seconds: float
    attempt: int
    error: ProviderError


class Notice(Struct, frozen=True):
    """What a person should know of the request or the answer, such as what is left out of it; one line."""

    text: str


AnswerEvent = StreamEvent | Retrying | Notice


async def ask(
    conversation: Conversation,
    services: ServiceManager,
    message: Message | None,
    model: Model,
    tools: tuple[ToolSpec, ...] = (),
    choice: ToolChoice = "auto",
) -> AsyncGenerator[AnswerEvent, None]:
    """Say `message`, or nothing more where it is None, and let `model` answer. It is kept before anything is sent.

    What was shown is kept, whatever happens: an answer that was interrupted or cut is stored and marked. Where
    nothing was shown the person's message is taken back, so that the history has no question without an answer; what
    tools came to stays, and any model may go on from there.
    Raises what the service raises, and CancelledError when the answer is interrupted.
    """
    if message is not None:
        _check_images(conversation, message, model)
        conversation.append(message)
    try:
        service = await services.service_for(model)
        if conversation.journal is not None:
            await conversation.journal.settled()
        attempt = 1
        while True:
            request = request_for(conversation, model, tools, choice)
            shown = False
            try:
                async with aclosing(_answer(conversation, service.reply(request), request)) as events:
                    async for event in events:
                        shown = True
                        yield event
                return
            except ProviderError as error:
                if shown:
                    raise
                if loss := recover(request, error):
                    conversation.froze(request.model)
                    yield Notice(loss)
                    continue
                delay = retry_delay(error, attempt)
                if delay is None:
                    raise
                yield Retrying(delay, attempt, error)
                attempt += 1
                await asyncio.sleep(delay)
    except BaseException:  # whatever ends the turn, a question without an answer does not stay
        _take_back(conversation, message)
        raise


async def _answer(conversation: Conversation, reply: Reply, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
    """The events of one reply. However it ends, what came of it is kept, and once."""
    growth = _Growth(conversation, reply)
    whole = False
    try:
        async with aclosing(reply) as events:
            async for event in events:
                growth.grew()
                if isinstance(event, Finished):
                    _keep(conversation, reply, request, "complete")
                    whole = True
                yield event
    except (ProviderError, asyncio.CancelledError, GeneratorExit) as error:
        if not whole:  # it may also end here while its connection is being closed
            _keep(conversation, reply, request, "incomplete" if isinstance(error, ProviderError) else "interrupted")
        raise
    finally:
        growth.stop()


class _Growth:
    """Tells the journal of an answer while it arrives."""

    def __init__(self, conversation: Conversation, reply: Reply) -> None:
        self._conversation = conversation
        self._reply = reply
        self._head = conversation.head
        self._timer: asyncio.TimerHandle | None = None

    def grew(self) -> None:
        """There is more of it; the journal is told soon, also if nothing else comes."""
        if self._timer is None and self._conversation.journal is not None:
            self._timer = asyncio.get_running_loop().call_later(BEHIND, self._tell)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _tell(self) -> None:
        self._timer = None
        journal = self._conversation.journal
        if journal is not None and self._conversation.head == self._head:
            message = self._reply.message("incomplete")
            if message.text.strip():
                journal.growing(self._conversation, message)


def request_for(
    conversation: Conversation, model: Model, tools: tuple[ToolSpec, ...] = (), choice: ToolChoice = "auto"
) -> ChatRequest:
    """What `model` is asked next: the conversation as it stands."""
    reader = conversation.reader(model)
    if reader is not model:
        tools = ()
    return ChatRequest(
        reader,
        conversation.messages,
        conversation.system,
        conversation.reasoning,
        tools,
        conversation.id,
        conversation.path,
        conversation.ledger_for(model),
        choice,
    )


def _take_back(conversation: Conversation, message: Message | None) -> None:
    if message is not None and message.role == "user" and conversation.messages[-1] is message:
        conversation.undo()


def _check_images(conversation: Conversation, message: Message, model: Model) -> None:
    """Refuse a picture where the endpoint has refused one before: left out, it would go unseen in silence."""
    if message.images and IMAGES in conversation.ledger_for(model).without:
        raise ImagesUnsupported(
            f"{model.full_name} has refused images.", cure="Ask without the image, or /model to one that sees."
        )


def recover(request: ChatRequest, error: ProviderError) -> str:
    """Change what the ledger sends so that the same refusal cannot come again, and say what is left out.

    Each step is taken once per ledger and remembered there; "" where there is nothing left to give up.
    """
    ledger, model = request.ledger, request.model
    if ledger is None:
        return ""
    match error:
        case ReasoningUnreadable() if model.profile.thinking == "adaptive" and not ledger.lenient:
            ledger.lenient = True
            return f"Context: {model.name} may leave out earlier reasoning that it cannot read any more."
        case ReasoningUnreadable() if ledger.stripped < len(request.messages):
            lost = lost_reasoning(request.messages, len(request.messages), model)
            ledger.strip(len(request.messages))
            return f"Context: {lost} earlier piece{'s' if lost != 1 else ''} of reasoning left out for {model.name}."
        case FieldRefused(field=field) if field and field not in ledger.without:
            ledger.drop(field)
            return f'Context: the field "{field}" is left out for {model.provider.title}.'
        case ImagesRefused() if IMAGES not in ledger.without and any(message.images for message in request.messages):
            shown = sum(len(message.images) for message in request.messages)
            ledger.drop(IMAGES)
            return f"Context: {shown} picture{'s' if shown != 1 else ''} left out for {model.name}, which takes none."
        case ToolsRefused() if model.tools:
            ledger.without |= {no_tools(model)}
            return f"Context: tools left out for {model.name}, which takes none."
    return ""


def retry_delay(error: ProviderError, attempt: int) -> float | None:
    """Seconds to wait before the same request is sent again, or None where that would not help.

    A connection that broke before the first byte is tried again at once: an idle one may have gone stale.
    """
    if not error.retryable or attempt >= (error.tries or TRIES):
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= LONGEST_WAIT else None
    if isinstance(error, ConnectionFailed) and attempt == 1:
        return 0.0
    backoff: float = min(LONGEST_BACKOFF, 2.0 ** (attempt - 1))
    return backoff * random.uniform(0.75, 1.0)


def _keep(conversation: Conversation, reply: Reply, request: ChatRequest, state: State) -> None:
    """Store the answer as far as it came, and freeze what it answers; of a cut one, only what can be read."""
    answer = reply.message(state)
    if answer.usage is not None:
        conversation.pay(request.model, answer.usage)
    if state != "complete" and not answer.text.strip():
        return
    ledger = request.ledger
    if ledger is not None and answer.state != "refused" and says_something(answer):
        if answer.origin is not None:
            answer = replace(answer, origin=replace(answer.origin, made_under=ledger.bound_to))
        ledger.commit()
        conversation.append(answer)
        conversation.froze(request.model)
    else:
        conversation.append(answer)
