"""A title for a conversation, asked of a cheap model: beside the conversation, which does not change by it."""

import re
from collections.abc import Callable, Iterable
from contextlib import aclosing

from modules.errors import EmptyAnswer
from modules.llm.base import ChatRequest
from modules.llm.message import user
from modules.llm.models import Model
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation
from modules.session.counting.prices import Spent, price_of
from modules.session.message_tree import LONGEST_TITLE_CHARS

INSTRUCTIONS = (
    "You name conversations. Answer with a title of three to seven words for the one that you are given, in its own "
    "language, and with nothing else: no quotation marks, no full stop, no explanation."
)
EXCERPT_CHARS = 2000  # of the first question and of the first answer: enough to know what it is about
MARKS = "\"'“”„«»‘’`*#_ .\n\t"


def cheapest(models: Iterable[Model], has_key: Callable[[str | None], bool]) -> Model | None:
    """The model with the lowest known price of those whose key is set; None where there is none."""
    priced = [
        (price.input + price.output, model)
        for model in models
        if model.provider.key_variable is not None
        and has_key(model.provider.key_variable)
        and not model.restricted
        and (price := price_of(model)) is not None
    ]
    return min(priced, key=lambda pair: pair[0], default=(0.0, None))[1]


async def suggested_title(
    conversation: Conversation, services: ServiceManager, model: Model
) -> tuple[str, Spent | None]:
    """A title by this model, and what it took, which the conversation has paid for.

    Only the beginning of the first question and answer is sent. Raises what the service raises, and EmptyAnswer.
    """
    reader = conversation.reader(model)
    request = ChatRequest(
        model=reader,
        messages=(user(_excerpt(conversation)),),
        system=INSTRUCTIONS,
        reasoning=reader.reasoning[0] if reader.reasoning else None,
        reasoning_shown=False,
    )
    service = await services.service_for(model)
    reply = service.reply(request)
    async with aclosing(reply) as events:
        async for _ in events:
            pass
    answer = reply.message()
    spent = None
    if answer.usage is not None:
        conversation.pay(reader, answer.usage)
        spent = conversation.spent[-1]
    if not (title := _in_one_line(answer.text)):
        raise EmptyAnswer(f"{model.full_name} sent no title.")
    return title, spent


def _excerpt(conversation: Conversation) -> str:
    """The beginning of what was asked and answered first."""
    said = [message for message in conversation if message.text.strip()]
    question = next((message.text for message in said if message.role == "user"), "")
    answer = next((message.text for message in said if message.role == "assistant"), "")
    return f"<question>\n{question[:EXCERPT_CHARS]}\n</question>\n<answer>\n{answer[:EXCERPT_CHARS]}\n</answer>"


def _in_one_line(text: str) -> str:
    """The first line that says something, without the marks that models put around a title."""
    line = next((line for line in text.splitlines() if line.strip(MARKS)), "")
    line = re.sub(r"^\W*title\s*:", "", line, flags=re.I)
    return " ".join(line.strip(MARKS).split())[:LONGEST_TITLE_CHARS]
