"""Fixtures: a provider on loopback with our real service connected to it through the real SDK."""

import importlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from msgspec import structs

from modules.config import PACKAGE, Key
from modules.errors import ParlanceError, ProviderError
from modules.llm.base import IDLE_TIMEOUT_SECONDS, BaseService, ChatRequest, Reply
from modules.llm.catalogue.learned_facts import LearnedFacts
from modules.llm.dialects import about
from modules.llm.events import Finished, ReasoningDelta, StreamEvent, TextDelta, Usage
from modules.llm.ledger.ledger import Ledger
from modules.llm.message import Message, State, user
from modules.llm.models import Model, Provider
from modules.session.recovery.recovery import recover
from tests.harness.cases import ENDPOINTS, Case
from tests.harness.home import Home
from tests.wire import Answer, Request, Status, WireServer
from tests.wire.facts import Dialect

# What failed once fails again, and what passed passes: who looks for more runs bench.fuzz, or takes this away.
settings.register_profile("steady", derandomize=True)
settings.load_profile("steady")

# A shell starts what runs in the background with these ignored, and every program of the tests would inherit that.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGQUIT, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)

KEY = Key("sk-test-4f7b0c2d9e81", "TEST_KEY in a test")


class Answered:
    """One answer, whole: the events as they came and the message they came to."""

    def __init__(self, events: Sequence[StreamEvent], message: Message) -> None:
        self.events = events
        self.message = message

    @property
    def text(self) -> str:
        """What a person saw."""
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    @property
    def thought(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, ReasoningDelta))

    @property
    def finished(self) -> Finished:
        last = self.events[-1]
        assert isinstance(last, Finished)
        return last

    @property
    def usage(self) -> Usage:
        assert self.finished.usage is not None
        return self.finished.usage


class Wired:
    """A server that speaks one dialect, a service that speaks to it, and a model there."""

    def __init__(self, server: WireServer, service: BaseService, model: Model) -> None:
        self.server = server
        self.service = service
        self.model = model

    def request(self, *history: Message, **options: Any) -> ChatRequest:
        model = options.pop("model", self.model)
        return ChatRequest(model, history or (user("Hello"),), **options, ledger=Ledger())

    def reply(self, *history: Message, **options: Any) -> Reply:
        return self.service.reply(self.request(*history, **options))

    async def ask(self, *history: Message, answer: Answer | Status | None = None, **options: Any) -> Answered:
        """Send this history, take the whole answer, recovering as a turn does. `answer` is what the server gives."""
        if answer is not None:
            self.server.answer(answer)
        request = asked = self.request(*history, **options)
        learned = LearnedFacts()
        while True:
            request = msgspec.structs.replace(asked, model=learned.applied(asked.model))
            reply = self.service.reply(request)
            try:
                events = [event async for event in reply]
            except ProviderError as error:
                if not recover(learned, request, error):
                    raise
            else:
                return Answered(events, reply.message())

    async def play(self, case: Case, history: Sequence[Message] = ()) -> list[Message]:
        """Have a conversation, on top of this history; give the history after it."""
        messages = list(history)
        for step in case.steps:
            messages.append(step.ask or case.answered(messages[-1].calls))
            done = await self.ask(*messages, answer=step.answer, system=case.system, tools=case.tools)
            messages.append(done.message)
        return messages

    @property
    def last(self) -> Request:
        """The last request that the server saw."""
        return self.server.chats[-1]

    def but(self, **changes: Any) -> Model:
        """The same model with other abilities."""
        return replace(self.model, **changes)


class Outcome:
    """What an answer came to."""

    def __init__(self, shown: str, error: ParlanceError | None, message: Message) -> None:
        self.shown = shown
        self.error = error
        self.message = message


async def take(reply: Reply) -> Outcome:
    """Listen to the end, which is an answer or one of our errors; anything else goes through."""
    events: list[StreamEvent] = []
    error: ParlanceError | None = None
    try:
        async for event in reply:
            events.append(event)
    except ProviderError as raised:
        error = raised
    state: State = "incomplete" if error is not None else "complete"
    shown = "".join(event.text for event in events if isinstance(event, TextDelta))
    return Outcome(shown, error, reply.message(state))


Connect = Callable[..., Awaitable[Wired]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Connect to endpoints by name; all are closed after the test."""
    async with AsyncExitStack() as stack:

        async def to(
            name: Dialect,
            *,
            key: Key | None = KEY,
            idle_timeout: float = IDLE_TIMEOUT_SECONDS,
            first_byte: float | None = None,
            **options: Any,
        ) -> Wired:
            server = stack.enter_context(WireServer(name, key=KEY.value if key else None, **options))
            model = ENDPOINTS[name].full_model(server.base_url)
            provider = structs.replace(model.provider, first_byte_timeout=first_byte)
            model = replace(model, provider=provider)
            service = make_service(provider, key, idle_timeout)
            stack.push_async_callback(service.close)
            return Wired(server, service, model)

        yield to


def make_service(provider: Provider, key: Key | None = KEY, idle_timeout: float = IDLE_TIMEOUT_SECONDS) -> BaseService:
    """The service of a provider, outside any manager."""
    module, _, name = (provider.service or about(provider.dialect).service).partition(":")
    kind: type[BaseService] = getattr(importlib.import_module(module, PACKAGE), name)
    return kind(provider, key, idle_timeout)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A machine with the program, all keys, and every provider on loopback."""
    with Home(tmp_path) as machine:
        yield machine
