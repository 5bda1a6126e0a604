"""One answer: a message goes in, the answer's events come out, and the history is left fit to go on."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from msgspec import Struct

from modules.daemon_thread import in_thread
from modules.errors import ImagesUnsupported, ProviderError
from modules.llm.base import BaseService, ChatRequest, PreparedRequest, Reply
from modules.llm.conversion.replay import LeftOut, sees
from modules.llm.events import Finished, PictureMade, ShownEvent, Silence, StreamEvent
from modules.llm.history import Message, State
from modules.llm.models import Model
from modules.llm.request import AT_ONCE_MESSAGES
from modules.llm.service_manager import ServiceManager
from modules.llm.tool_spec import ToolChoice, ToolSpec
from modules.session.conversation import Conversation
from modules.session.recovery.retries import Retries
from modules.session.switching.held_back import news_of_options
from modules.session.switching.switch import left_out_words
from modules.session.turns.fitted_pictures import FittedPictures
from modules.session.turns.kept_answer import PartialSaver, keep


class Retrying(Struct, frozen=True):
    """The request failed before anything was shown and is sent again after `seconds`; `attempt` counts from 1."""

    seconds: float
    attempt: int
    error: ProviderError


class Notice(Struct, frozen=True):
    """What a person should know of the request or the answer, such as what is left out of it; one line."""

    text: str


AnswerEvent = ShownEvent | Retrying | Notice


async def ask(
    conversation: Conversation,
    services: ServiceManager,
    message: Message | None,
    model: Model,
    tools: tuple[ToolSpec, ...] = (),
    choice: ToolChoice = "auto",
) -> AsyncGenerator[AnswerEvent, None]:
    """Say `message`, or nothing more where it is None, and let `model` answer. It is kept before anything is sent.

    Without a message it answers what stands at the end: a question that is asked again, or results of tools.

    What was shown is kept, whatever happens: an answer that was interrupted or cut is stored and marked. Where
    nothing was shown the person's message is taken back, so that the history has no question without an answer; what
    tools came to stays, and any model may go on from there.
    Raises what the service raises, EmptyAnswer or ContextOverflow where nothing came of it, and CancelledError when it
    is interrupted.
    """
    _check_images(conversation, message or conversation.asked, model)
    if message is not None:
        conversation.append(message)
    try:
        service = await services.service_for(model)
        if conversation.journal is not None:
            await conversation.journal.settled()
        if lost := await _acquainted(conversation, service, model, tools):
            yield lost
        if held_back := news_of_options(conversation, model):
            yield Notice(held_back)
        retries, quiet = Retries(), False
        while True:
            request = request_for(conversation, model, tools, choice)
            shown = False
            try:
                async with aclosing(_attempt(conversation, service, request, quiet=quiet)) as events:
                    async for event in events:
                        shown = shown or not isinstance(event, Notice)
                        yield event
                return
            except ProviderError as error:
                from modules.session.recovery.recovery import learn_window, recover  # only where something was refused

                learn_window(conversation.learned, request.model, error)
                if shown:
                    raise
                if loss := recover(conversation.learned, request, error):
                    conversation.ledger_changed(request.model)
                    yield Notice(loss)
                    news_of_options(conversation, model)  # an option that was refused just now needs no more words
                    quiet = True
                    continue
                delay = retries.delay(error)
                if delay is None:
                    raise
                yield Retrying(delay, retries.attempt, error)
                await asyncio.sleep(delay)
    except BaseException:  # whatever ends the turn, a question without an answer does not stay
        _take_back(conversation, message)
        raise


async def _attempt(
    conversation: Conversation, service: BaseService, request: ChatRequest, *, quiet: bool
) -> AsyncGenerator[ShownEvent | Notice, None]:
    """One request and its answer, with what a person should know of either; Finished last."""
    reply = await in_thread(service.reply, request=request) if request.is_long else service.reply(request)
    if (notice := _not_shown(conversation, reply.prepared)) and not quiet:
        yield notice
    fitted = FittedPictures()
    async with aclosing(_answer(conversation, reply, request, fitted)) as events:
        async for event in events:
            if isinstance(event, PictureMade) and (why := await fitted.take(event)):
                yield Notice(f"{request.model.name} has sent a picture that cannot be shown. {why}")
                continue
            if isinstance(event, Silence):
                yield Notice(silence_line(event, request.model))
                continue
            if isinstance(event, Finished):  # the answer is stored by now
                for remark in _remarks(conversation, request, event):
                    yield remark
                if text := await _cut_in_silence(conversation, request):
                    yield Notice(text)
            yield event


async def _answer(
    conversation: Conversation, reply: Reply, request: ChatRequest, fitted: FittedPictures
) -> AsyncGenerator[StreamEvent, None]:
    """The events of one reply. However it ends, what came of it is kept, and once."""
    partial = PartialSaver(conversation, reply)
    whole = False
    try:
        async with aclosing(reply) as events:
            async for event in events:
                partial.more()
                if isinstance(event, Finished):
                    whole = True
                    keep(conversation, reply, request, "complete", fitted)
                yield event
    except (ProviderError, asyncio.CancelledError, GeneratorExit) as error:
        if not whole:  # it may also end here while its connection is being closed
            state: State = "incomplete" if isinstance(error, ProviderError) else "interrupted"
            keep(conversation, reply, request, state, fitted)
        raise
    finally:
        partial.stop()


def request_for(
    conversation: Conversation, model: Model, tools: tuple[ToolSpec, ...] = (), choice: ToolChoice = "auto"
) -> ChatRequest:
    """What `model` is asked next: the conversation as it stands, by all that was learned of the model."""
    reader = conversation.reader(model)
    if reader.tools or not model.tools:  # one that takes none by the catalogue is refused with them
        conversation.declare(tools)
    else:
        tools = ()
    if reader.tools:
        tools, choice = conversation.declared(reader, tools, choice)
    reading = conversation.read_by(model)
    return ChatRequest(
        model=reader,
        messages=reading.messages,
        system=conversation.system,
        reasoning=conversation.reasoning,
        tools=tools,
        session=conversation.id,
        path=reading.path,
        ledger=conversation.ledger_for(model),
        tool_choice=choice,
        reasoning_shown=conversation.reasoning_shown,
        options=conversation.options,
        answer_schema=conversation.answer_schema,
    )


async def _acquainted(
    conversation: Conversation, service: BaseService, model: Model, tools: tuple[ToolSpec, ...]
) -> Notice | None:
    """Take note of what the provider says of the model, for this run; and what to say where it takes no tools."""
    facts = await service.facts(model)
    news = bool(facts) and conversation.learned.note(model, lasting=False, **facts)
    if not (news and tools and model.tools and not conversation.reader(model).tools):
        return None
    return Notice(f"Context: tools left out for {model.name}, which takes none.")


def _not_shown(conversation: Conversation, prepared: PreparedRequest) -> Notice | None:
    """What to say where the model is shown less of the conversation than the person knows."""
    model, left_out = prepared.request.model, prepared.left_out
    name = model.full_name
    known = conversation.announced.get(name, LeftOut())
    conversation.announced[name] = left_out
    if not prepared.newly_left_out or not left_out.exceeds(known):
        return None
    return Notice(f"Context: {left_out_words(left_out, model)} for {model.name}.")


def _remarks(conversation: Conversation, request: ChatRequest, finished: Finished) -> Iterator[Notice]:
    """What to say of an answer that has come."""
    if conversation.messages[-1].state == "refused":
        # Of an answer that was cut only the rest was refused: what there is of it is read, and so is its question.
        rest = any(message.continues for message in conversation.messages[-2:-1])
        what = "the rest of the answer is" if rest else "this question and its answer are"
        yield Notice(f"Context: {what} left out of what models read from now on.")
    _correct_window(conversation, request.model)
    if finished.stop == "unknown" and finished.word:
        conversation.learned.note(request.model, stop_words=(finished.word,))


async def _cut_in_silence(conversation: Conversation, request: ChatRequest) -> str:
    """What to say, once, where the server has read less than it was sent."""
    name = request.model.full_name
    if name in conversation.cut_in_silence:
        return ""
    from modules.session.recovery.silent_cut import silent_cut  # not before the first answer

    usage = conversation.messages[-1].usage
    if len(request.messages) > AT_ONCE_MESSAGES:
        text: str = await in_thread(silent_cut, request=request, usage=usage)
    else:
        text = silent_cut(request, usage)
    if text:
        conversation.cut_in_silence.add(name)
    return text


def _correct_window(conversation: Conversation, model: Model) -> None:
    """Forget a window that was learned where more than it holds was read: the server has another one by now."""
    usage, window = conversation.messages[-1].usage, conversation.learned.of(model).window
    if usage is not None and window is not None and usage.input > window:
        conversation.learned.note(model, window=None)


def silence_line(event: Silence, model: Model) -> str:
    """What to say where a connection lives and no content comes."""
    seconds, limit = round(event.seconds), round(event.limit)
    return f"{model.name} has sent nothing but signs of life for {seconds} seconds. It is given up after {limit}."


def _take_back(conversation: Conversation, message: Message | None) -> None:
    if message is not None and message.role == "user" and conversation.messages[-1] is message:
        conversation.take_back()


def _check_images(conversation: Conversation, message: Message | None, model: Model) -> None:
    """Refuse a picture where the endpoint has refused one before: left out, it would go unseen in silence."""
    if message is not None and message.images and sees(model) and not sees(conversation.reader(model)):
        raise ImagesUnsupported(
            f"{model.full_name} has refused images.", cure="Ask without the image, or /model to one that sees."
        )
