"""What changes for a conversation when another model takes over: computed before anything is sent."""

from msgspec import Struct

from modules.llm.message import Message
from modules.llm.models import Model
from modules.llm.parts import File, Reasoning
from modules.session.conversation import Conversation


class Handover(Struct, frozen=True):
    """What the new model will see of the conversation.

    `turns` carry over always; `images`, `files`, `calls` and `reasoning` count what this model's view leaves out or
    tells as text. `tokens` of `window` (None where unknown) are about what its first request reads.
    """

    turns: int
    calls: int
    images: int
    files: int
    calls_as_text: int
    reasoning: int
    tokens: int
    window: int | None

    @property
    def fits(self) -> bool:
        return self.window is None or self.tokens < self.window


def handover(conversation: Conversation, model: Model) -> Handover:
    """What `model` would see of the conversation as it stands."""
    messages = conversation.messages
    calls = sum(len(message.calls) for message in messages)
    return Handover(
        turns=conversation.turns,
        calls=calls,
        images=0 if conversation.seen_by(model) else sum(len(message.images) for message in messages),
        files=0 if model.documents else sum(len(documents(message)) for message in messages),
        calls_as_text=0 if conversation.reader(model).tools else calls,
        reasoning=sum(
            isinstance(part, Reasoning)
            for message in messages
            if message.origin is None or message.origin.issuer != model.provider.issuer
            for part in message.parts
        ),
        tokens=conversation.tokens(),
        window=model.window,
    )


def documents(message: Message) -> list[File]:
    """The documents in a message; a text file is text, which every model takes."""
    return [part for part in message.parts if isinstance(part, File) and part.media_type != "text/plain"]
