"""One conversation among many providers on loopback: real services, real turns, and every byte that was sent."""

import json
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise
from types import TracebackType
from typing import Any, Self

from modules.llm.base import ToolChoice, ToolSpec
from modules.llm.events import Finished, TextDelta
from modules.llm.message import Message, closing, user
from modules.llm.models import Model, Profile
from modules.llm.parts import ToolResult
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation
from modules.session.turns.ask import AnswerEvent, Notice, ask
from tests.harness.cases import ENDPOINTS, TOOLS
from tests.harness.transformer_harness import facts_of
from tests.wire import Answer, Request, Status, WireServer
from tests.wire.facts import Dialect

OPUS, SONNET, MANUAL = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-4-5"
CLAUDE = Profile(thinking="adaptive", mid_system=True)
GROQ = Profile(replay=("reasoning",), tokens_field="max_completion_tokens", effort="groq")
DEEPSEEK = Profile(replay=("reasoning_content",), reasoning_required="reasoning_content")
MISTRAL = Profile(call_ids="mistral9", usage_option=False)
GEMINI = Profile(call_signature="skip_thought_signature_validator")
OPENROUTER = Profile(replay=("reasoning", "reasoning_details"))
STRICT = Profile(strict_roles=True, string_content=True)


class Stage:
    """Add providers by a letter, then talk to them in turns."""

    def __init__(self, system: str = "", tools: tuple[ToolSpec, ...] = TOOLS, choice: ToolChoice = "auto") -> None:
        self.servers: dict[str, WireServer] = {}
        self.tools = tools
        self.choice = choice
        self.events: list[AnswerEvent] = []
        self.services = ServiceManager(lambda _: None)
        self._system = system
        self._conversation: Conversation | None = None
        self._open = ExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.services.close()
        self._open.close()
        if kind is None:
            refused = {
                name: [r.broken for r in server.chats if r.broken]
                for name, server in self.servers.items()
                if server.rules
            }
            assert not any(refused.values()), refused

    def add(self, letter: str, name: Dialect, *, rules: bool = True, **changes: Any) -> Model:
        """A provider of this dialect, and a model there that can do everything but what `changes` says."""
        endpoint = ENDPOINTS[name]
        model = replace(endpoint.full_model("http://127.0.0.1"), name=letter, **changes)
        facts = replace(facts_of(model), issuer=letter) if name == "chat" else None
        server = self._open.enter_context(WireServer(name, key=None, facts=facts, issuer=letter, rules=rules))
        provider = endpoint.provider(server.base_url)
        kept = {field: getattr(provider, field) for field in ("title", "dialect", "base_url", "service")}
        self.servers[letter] = server
        return replace(model, provider=type(provider)(name=letter, **kept))

    @property
    def conversation(self) -> Conversation:
        assert self._conversation is not None
        return self._conversation

    async def say(self, model: Model, message: str | Message, *answers: Answer | Status | str) -> Message:
        """One turn, to its end; `answers` are what the server gives. Gives the answer as it was stored."""
        if self._conversation is None:
            self._conversation = Conversation(model, self._system)
        self.conversation.switch(model)
        self.servers[model.provider.name].answer(*answers)
        message = user(message) if isinstance(message, str) else message
        self.events = []
        tools = self.tools if model.tools else ()
        async for event in ask(self.conversation, self.services, message, model, tools, self.choice):
            self.events.append(event)
        assert isinstance(self.events[-1], Finished)
        return self.conversation.messages[-1]

    async def tell(self, model: Model, *given: ToolResult | Any, answer: Answer | Status | str = "Noon.") -> Message:
        """Answer the open calls: a result each, or its parts in their order."""
        last = next(message for message in reversed(self.conversation.messages) if message.role == "assistant")
        results = [
            one if isinstance(one, ToolResult) else ToolResult(call.id, one)
            for call, one in zip(last.calls, given, strict=False)
        ]
        message = closing(last, results)
        assert message is not None
        return await self.say(model, message, answer)

    @property
    def shown(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    @property
    def recovered(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]

    def chats(self, model: Model) -> list[Request]:
        return self.servers[model.provider.name].chats

    def last(self, model: Model) -> str:
        """The last request to this model's provider, as text."""
        return self.chats(model)[-1].raw.decode()

    def entries(self, model: Model) -> list[Any]:
        """The history in the last request to this model's provider."""
        body = self.chats(model)[-1].body
        found: list[Any] = body.get("messages") or body.get("input") or body.get("contents")
        return found

    def extends(self, model: Model, *, since: int = 0) -> bool:
        """Whether every request there begins with the bytes of the one before it."""
        told = [history_bytes(request) for request in self.chats(model)[since:]]
        return all(longer.startswith(shorter) for shorter, longer in pairwise(told))


def history_bytes(request: Request) -> bytes:
    """The history in a request as it went over the wire, without the bracket that closes it."""
    text = request.raw.decode()
    key = next(key for key in ('"input":', '"contents":', '"messages":') if f"{key}[" in text)
    start = text.index(key) + len(key)
    _, end = json.JSONDecoder().raw_decode(text, start)
    return text[start : end - 1].encode()
