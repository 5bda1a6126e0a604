"""A conversation with no screen: the shipped catalogue, the real services, and the providers on loopback."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Any

from modules.config import ROOT, Key
from modules.llm.base import ToolSpec
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.events import Finished, TextDelta
from modules.llm.message import Message, user
from modules.llm.models import Model
from modules.llm.parts import Text, ToolResult
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation
from modules.session.turns.ask import AnswerEvent, ask
from tests.harness.home import Home

ANTHROPIC, OPENAI, GROQ, OLLAMA = (
    "anthropic:claude-sonnet-5.5",
    "openai:gpt-6.1-sol",
    "groq:gpt-oss-120b",
    "ollama:llama3.1",
)


class Talk:
    """One conversation at one home."""

    def __init__(self, home: Home, model: str = ANTHROPIC) -> None:
        self.home = home
        self.models = load(ROOT / "models.yaml", home.folder / "models.yaml", lambda variable: "")
        self.services = ServiceManager(self._key)
        self.conversation = Conversation(self.model(model))
        self.events: list[AnswerEvent] = []

    async def __aenter__(self) -> "Talk":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.services.close()

    def model(self, name: str, **changes: Any) -> Model:
        return replace(self.models.find(name).model, **changes)

    def switch(self, name: str) -> None:
        self.conversation.switch(self.model(name))

    def turn(
        self, message: str | Message, model: Model | None = None, tools: tuple[ToolSpec, ...] = ()
    ) -> AsyncGenerator[AnswerEvent, None]:
        """One turn, to be listened to event by event."""
        message = user(message) if isinstance(message, str) else message
        return ask(self.conversation, self.services, message, model or self.conversation.model, tools)

    async def say(
        self, message: str | Message, model: Model | None = None, tools: tuple[ToolSpec, ...] = ()
    ) -> Message:
        """One turn, to its end; give the answer as it was stored. `events` has what came, also of a turn that fails."""
        self.events = []
        async for event in self.turn(message, model, tools):
            self.events.append(event)
        assert isinstance(self.events[-1], Finished)
        return self.conversation.messages[-1]

    async def tell(self, *results: str, tools: tuple[ToolSpec, ...]) -> Message:
        """Answer the open tool calls in their order, and let the model go on."""
        calls = self.conversation.messages[-1].calls
        parts = tuple(ToolResult(call.id, (Text(text),)) for call, text in zip(calls, results, strict=True))
        return await self.say(Message("tool", parts), tools=tools)

    @property
    def shown(self) -> str:
        """What a person saw of the last turn."""
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    @property
    def spoken(self) -> Sequence[tuple[str, str]]:
        return [(message.role, message.text) for message in self.conversation.messages]

    def _key(self, variable: str) -> Key | None:
        return Key(self.home.keys[variable], "a test") if variable in self.home.keys else None
