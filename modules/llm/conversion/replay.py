"""The one rule for what goes back to whom: how a message goes to a model, and what of it stays behind.

Requests, plans, the line at a switch and recovery all read this value; none of them decides by itself.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal, assert_never, get_args

from msgspec import Struct

from modules.llm.history import Message, pictures, refused_turns
from modules.llm.models import Model
from modules.llm.parts import Content, File, Image, Reasoning, Text, ToolResult, Wire, safe_name

Way = Literal["as_is", "without_reasoning", "projected"]
Missed = Literal["image", "document"]  # kinds of content that a model may not take

CHAT_KEYS = ("role", "content", "tool_calls", "refusal")  # what every Chat Completions endpoint takes of its own turns

NINE = re.compile(r"[A-Za-z0-9]{9}")  # the only ids that Mistral's tokenizer takes, its own server's turns included


class Replay(Struct, frozen=True):
    """How one message goes to one model.

    "as_is" gives the provider's own JSON back as it came, "without_reasoning" the same but for its reasoning, and
    "projected" makes it anew from its parts. The numbers are what stays behind: pieces of reasoning, pictures and
    documents. `calls` counts calls that become text, `renamed` those that go under ids of ours.
    """

    way: Way
    reasoning: int = 0
    images: int = 0
    documents: int = 0
    calls: int = 0
    renamed: int = 0


AS_IS = Replay("as_is")  # most messages are one of these two
PROJECTED = Replay("projected")
_TEXT = frozenset({Text})


def replay(message: Message, model: Model, *, readable: bool = True, unique: bool = True) -> Replay:
    """How `message` goes to `model`, which is as the catalogue and all that was learned say.

    `readable` says whether reasoning is still good at this place of the conversation, `unique` whether the ids of the
    calls are there and stand nowhere else before it.
    """
    if message.role != "assistant":
        return _projected(message, model)
    calls = message.calls
    own = unique and (model.tools or not calls) and is_own(message, model)
    if own and calls and model.profile.call_ids != "any":
        own = all(NINE.fullmatch(call.native_id) for call in calls)
    if own and not (readable and takes_reasoning(message.native, model)):
        # Gemini refuses a picture of its own without its signature (langchain-google#1431).
        own = not (message.images or _searches_after_reasoning(message.native))
    if not own or any(safe_name(call) != call.name for call in calls):
        as_text = 0 if model.tools else len(calls)
        renamed = 0 if as_text else sum(bool(call.native_id) for call in calls)
        pieces = pieces_of_reasoning(message)
        images = 0 if sees(model) else len(message.images)
        if not (pieces or images or as_text or renamed):
            return PROJECTED
        return Replay("projected", pieces, images, calls=as_text, renamed=renamed)
    if readable and takes_reasoning(message.native, model):
        return AS_IS
    return Replay("without_reasoning", pieces_of_reasoning(message))


def _projected(message: Message, model: Model) -> Replay:
    images = left_documents = 0
    if _TEXT.issuperset(map(type, message.parts)):  # as most are, and every message of a history comes here
        return PROJECTED
    for part in held(message):
        what = missed(part, model)
        match what:
            case "image":
                images += 1
            case "document":
                left_documents += 1
            case None:
                pass
            case _:
                assert_never(what)
    return Replay("projected", 0, images, left_documents) if images or left_documents else PROJECTED


def is_own(message: Message, model: Model) -> bool:
    """Whether whoever answers for this model made the message, and has left it in a form that can be given back."""
    origin = message.origin
    return (
        message.native is not None
        and origin is not None
        and (origin.dialect, origin.issuer) == (model.provider.dialect, model.issuer)
    )


def takes_reasoning(native: Any, model: Model) -> bool:
    """Whether the model takes the reasoning in an answer of its own issuer; one that does not reason refuses it."""
    match model.provider.dialect:
        case "openai-responses":
            return bool(model.reasoning) or not model.known or not any(i.get("type") == "reasoning" for i in native)
        case "openai-chat":
            taken = {*CHAT_KEYS, *model.profile.replay} - model.profile.refused_in_messages
            return all(key in taken for key in native)
        case "ollama-chat":
            return bool(model.reasoning) or "thinking" not in native
    return True


def _searches_after_reasoning(native: Any) -> bool:
    """Whether an answer of OpenAI holds a search, which must keep its id and is refused without the reasoning before.

    "Item 'ws_…' of type 'web_search_call' was provided without its required 'reasoning' item" (coder/coder#23402 has
    the pair).
    """
    return isinstance(native, list) and any(item.get("type") == "web_search_call" for item in native)


def pieces_of_reasoning(message: Message) -> int:
    """How many pieces of reasoning an answer holds, those that only its provider can read included."""
    shown = sum(isinstance(part, Reasoning) for part in message.parts)
    native = message.native if isinstance(message.native, list) else ()
    return max(shown, sum(isinstance(item, dict) and _is_reasoning(item) for item in native))


def _is_reasoning(item: Wire) -> bool:
    """Whether a block, item or part of a native answer holds reasoning; Gemini seals it beside what came of it."""
    return item.get("type") in ("thinking", "redacted_thinking", "reasoning") or "thoughtSignature" in item


def sees(model: Model) -> bool:
    """Whether a model can be shown pictures at its endpoint."""
    return model.vision and not model.profile.string_content


def reads(model: Model) -> bool:
    """Whether a model is given documents as they are."""
    return model.documents and not model.profile.string_content


def missed(part: Content, model: Model) -> Missed | None:
    """What a model misses that does not take this part; None where it does. A text file is text, which all take."""
    match part:
        case Text() | File("text/plain"):
            return None
        case Image():
            return None if sees(model) else "image"
        case File():
            return None if reads(model) else "document"
        case _:
            assert_never(part)


def missed_in(message: Message, model: Model) -> tuple[Missed, ...]:
    """The kinds of content in a message that a model does not take, each once."""
    found = {missed(part, model) for part in held(message)}
    return tuple(what for what in get_args(Missed) if what in found)


def held(message: Message) -> Iterator[Content]:
    """The text, pictures and documents in a message, those in results of tools included."""
    for part in message.parts:
        if isinstance(part, ToolResult):
            yield from part.parts
        elif isinstance(part, Content):
            yield part


def documents(message: Message) -> list[File]:
    """The documents in a message, those in results of tools included; a text file is text, which every model takes."""
    return [part for part in held(message) if isinstance(part, File) and part.media_type != "text/plain"]


class LeftOut(Struct, frozen=True):
    """What a model is not shown of a conversation, in all."""

    reasoning: int = 0
    images: int = 0
    documents: int = 0
    calls: int = 0  # that became text

    def __bool__(self) -> bool:
        return self != LeftOut()

    def plus(self, how: Replay) -> "LeftOut":
        """With what stays behind of one more message."""
        if not (how.reasoning or how.images or how.documents or how.calls):
            return self
        return LeftOut(
            self.reasoning + how.reasoning,
            self.images + how.images,
            self.documents + how.documents,
            self.calls + how.calls,
        )

    def exceeds(self, other: "LeftOut") -> bool:
        """Whether a person should hear of more than that. Of reasoning it is enough to know that it stays behind."""
        more = self.images > other.images or self.documents > other.documents
        return more or bool(self.reasoning) > bool(other.reasoning) or bool(self.calls) > bool(other.calls)


def shown_images(history: Sequence[Message], until: int | None = None) -> int:
    """How many pictures there are, before `until`, in what models are given: those of refused turns are not."""
    left_out = refused_turns(history)
    return sum(pictures(history, at) for at in range(len(history))[:until] if at not in left_out)


def hidden_images(history: Sequence[Message], model: Model) -> int:
    """How many pictures, the oldest, are not shown because the model takes only so many in a request."""
    most = model.profile.images
    if most is None or not sees(model):
        return 0
    return max(0, shown_images(history) - most)
