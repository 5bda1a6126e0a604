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
        images=0 if model.vision else sum(len(message.images) for message in messages),
        files=0 if model.documents else _documents(messages),
        calls_as_text=0 if model.tools else calls,
        reasoning=sum(
            isinstance(part, Reasoning)
            for message in messages
            if message.origin is None or message.origin.issuer != model.provider.issuer
            for part in message.parts
        ),
        tokens=conversation.tokens(),
        window=model.window,
    )


def _documents(messages: tuple[Message, ...]) -> int:
    parts = [part for message in messages for part in message.parts]
    return sum(isinstance(part, File) and part.media_type != "text/plain" for part in parts)
