"""One answer of a model that may be given too much: what does not fit is made to fit first, and asked again then."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import assert_never

from modules.errors import ContextOverflow
from modules.llm.message import Message
from modules.llm.models import Model
from modules.llm.service_manager import ServiceManager
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation
from modules.session.fitting.policy import Fitting, does_not_fit, make
from modules.session.fitting.ways import FitEvent, Making, Misfit, SendAnyway, Summarise, Trim
from modules.session.turns.ask import AnswerEvent, ask


async def fitted_answer(
    conversation: Conversation,
    services: ServiceManager,
    message: Message | None,
    model: Model,
    tools: tuple[ToolSpec, ...],
    fitting: Fitting,
) -> AsyncGenerator[AnswerEvent | FitEvent, None]:
    """One answer as `ask` has it. A Misfit that is yielded must be answered before the next event is taken.

    Where the provider says that it is too long, and nothing came of it, the same is asked again with less: results of
    tools are there, and no call runs twice. Where nobody is asked that is done once.
    Raises what `ask` raises, and DoesNotFit where nothing was sent.
    """
    refused: ContextOverflow | None = None
    while True:
        question = await fitting.question(conversation, model, tools, coming=message, refused=refused)
        if question is not None:
            async with aclosing(_fitted(conversation, services, question, fitting, refused)) as fitted:
                async for happened in fitted:
                    yield happened
        elif refused is not None:
            raise refused
        place = conversation.head
        try:
            async with aclosing(ask(conversation, services, message, model, tools)) as events:
                async for event in events:
                    yield event
            return
        except ContextOverflow as error:
            if conversation.head != place or not (fitting.asks or refused is None):  # a part of an answer is there
                raise
            refused = error


async def _fitted(
    conversation: Conversation,
    services: ServiceManager,
    question: Misfit,
    fitting: Fitting,
    refused: ContextOverflow | None,
) -> AsyncGenerator[FitEvent, None]:
    """Ask where a person is there, and do what is chosen. Raises `refused` or DoesNotFit where nothing is."""
    if fitting.asks and question.ways:
        yield question
    match question.chosen:
        case None if question.why != "filling":
            raise refused or does_not_fit(question)
        case None | SendAnyway():
            fitting.decline(conversation, question)
        case Trim() as way:
            yield await make(question, way, conversation, services)
        case Summarise(plan) as way:
            yield Making(plan.by)
            yield await make(question, way, conversation, services)
        case _:
            assert_never(question.chosen)
