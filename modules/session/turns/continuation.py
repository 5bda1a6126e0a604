"""Going on with an answer that is not whole: which can be gone on with, what a model is told, and the whole of it."""

from collections.abc import Iterable
from typing import assert_never

from modules.llm.events import StopReason
from modules.llm.history import Message, is_cut
from modules.llm.models import Model
from modules.llm.parts import Image, Part, Text, named_note
from modules.session.conversation import Conversation


def cut_answer(conversation: Conversation) -> Message | None:
    """The answer at the end of the spoken path, where there is more of it to ask for."""
    last = next((message for message in reversed(conversation.messages) if message.role != "system"), None)
    return last if last is not None and why_cut(last) else None


def why_cut(message: Message) -> str:
    """What ended an answer that a model can go on with, as a sentence goes on after "not complete"; "" for others."""
    if message.role != "assistant" or message.state == "refused":
        return ""
    if is_cut(message.state):
        return "the user interrupted it" if message.state == "interrupted" else "the connection broke"
    return _why_ended(message.stop)


def _why_ended(stop: StopReason | None) -> str:
    match stop:
        case "max_tokens":
            return "it reached the model's output limit"
        case "context_full":
            return "the model's context window was full"
        case "aborted":
            return "the server gave it up"
        case "paused":
            return "the provider paused it"
        case "end_turn" | "tool_use" | "refusal" | "unknown" | None:
            return ""
        case _:
            assert_never(stop)


def seam(answer: Message, model: Model) -> Message:
    """What `model` is told so that it goes on with `answer`. Every model that reads it later must find it true."""
    maker = answer.origin.model if answer.origin is not None else ""
    by = f", by {maker}," if maker else ""
    if maker and maker != model.id:
        rest = f"{model.id} goes on with it: it writes the rest and nothing else"
    else:
        rest = "Write the rest of it and nothing else"
    words = (
        f"[The answer above{by} is not complete: {why_cut(answer)}. {rest}, from exactly where it stopped. "
        "Nothing of it is repeated, and nothing is said about the break.]"
    )
    return Message("user", (Text(words),), continues=True)


def whole_answers(messages: Iterable[Message]) -> list[tuple[Message, str]]:
    """The answers among these messages, each with its text; one that was gone on with has its rest in its own text.

    The message of such an answer is the one that was cut; what goes on is no answer of its own.
    """
    found: list[tuple[Message, str]] = []
    goes_on = False
    for message in messages:
        if message.role == "assistant":
            if goes_on and found:
                found[-1] = (found[-1][0], found[-1][1] + _text_of(message))
            else:
                found.append((message, _text_of(message)))
        goes_on = message.continues or (goes_on and message.role == "system")
    return found


def _text_of(answer: Message) -> str:
    """What an answer says, with a line for each picture that it holds."""
    if not answer.images:
        return answer.text
    said = (f"\n\n{named_note(part)}\n\n" if isinstance(part, Image) else _words(part) for part in answer.parts)
    return "".join(said).strip("\n")


def _words(part: Part) -> str:
    return part.text if isinstance(part, Text) else ""
