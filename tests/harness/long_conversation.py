"""A conversation with questions, tools, pictures and answers that each can be told by."""

from collections.abc import Iterable
from dataclasses import replace

from modules.llm.message import Message, user
from modules.llm.models import Model
from modules.llm.parts import Text, ToolCall, ToolResult
from modules.session.conversation import Conversation
from tests.harness.store_helpers import BIG, answer


def small(model: Model, window: int | None) -> Model:
    """The same with a window of so many tokens, None where that is not known."""
    return replace(model, window=window)


def turn(talk: Conversation, name: str, chars: int = 400) -> int:
    """A question and its answer, and the id of the question."""
    talk.append(user(f"Question {name}. {'Why so? ' * (chars // 16)}"))
    asked = talk.head
    talk.append(answer(f"Answer {name}. {'Because. ' * (chars // 18)}"))
    return asked


def tool_turn(talk: Conversation, name: str, results: Iterable[int], *, picture: bool = False) -> int:
    """A question that takes tools, one call after the other, with results of so many characters."""
    talk.append(user(f"Question {name}", *([BIG] if picture else [])))
    asked = talk.head
    for number, chars in enumerate(results, 1):
        call = f"call_{name}_{number}"
        talk.append(Message("assistant", (ToolCall(call, "read_file", f'{{"path": "{name}{number}.txt"}}'),)))
        talk.append(Message("tool", (ToolResult(call, (Text(f"Result {name}{number}. {'word ' * (chars // 5)}"),)),)))
    talk.append(answer(f"Answer {name}"))
    return asked


def seen(talk: Conversation, model: Model) -> str:
    """All the text that a model is given."""
    reading = talk.read_by(model)
    return "\n".join(message.text + "".join(result.text for result in message.results) for message in reading.messages)


def calls_have_results(messages: Iterable[Message]) -> bool:
    """Whether each call is followed by its result, and no result stands alone."""
    waiting: list[str] = []
    for message in messages:
        if message.role == "tool":
            if [result.call_id for result in message.results] != waiting:
                return False
            waiting = []
        elif waiting and message.role != "system":
            return False
        elif message.calls:
            waiting = [call.id for call in message.calls]
    return not waiting
