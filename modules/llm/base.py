"""What every provider service is: a request in, stream events out, and the message they add up to at any moment."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, ClassVar, Literal

from msgspec import Struct

from modules.config import Key
from modules.errors import (
    FormatError,
    ImagesUnsupported,
    ParlanceError,
    ToolsUnsupported,
)
from modules.llm import failures, sse
from modules.llm.events import Finished, StreamEvent
from modules.llm.ledger import Ledger, seed_of
from modules.llm.message import Message, MessageTransformer, Origin, State, says_something, sees
from modules.llm.models import Dialect, Level, Model, Provider
from modules.llm.parts import Wire
from modules.llm.schemas import portable

IDLE_TIMEOUT = 300.0  # seconds without a byte; pings count as bytes
# Seconds without content; a model that keeps its thinking to itself may send nothing but pings for minutes.
CONTENT_TIMEOUT = 600.0
# How many tools a request may declare: "Invalid 'tools': array too long."
MOST_TOOLS: dict[Dialect, int] = {"openai-chat": 128, "openai-responses": 128}

ToolChoice = Literal["auto", "none"]


class ToolSpec(Struct, frozen=True, dict=True):
    """A tool as a model sees it; `parameters` is a JSON Schema object."""

    name: str
    description: str
    parameters: Wire

    @cached_property
    def schema(self) -> Wire:
        """The parameters as every API takes them."""
        schema: Wire = sse.whole_json(portable(self.parameters))
        return schema

    @cached_property
    def told(self) -> str:
        """The description; never blank, which some endpoints and chat templates refuse."""
        return sse.whole(self.description) if self.description.strip() else self.name


class ChatRequest(Struct, frozen=True):
    """Everything one request is made of: a snapshot, so what happens later cannot change it.

    `reasoning` is None for the model's own default. With `tool_choice` "none" the tools are declared and may not be
    called: taking them away would cost the provider's cache, and the reasoning that is bound to them. `session` keeps
    a provider's prompt cache together. `path` holds the messages' ids, by which `ledger` knows what was sent before.
    """

    model: Model
    messages: tuple[Message, ...]
    system: str = ""
    reasoning: Level | None = None
    tools: tuple[ToolSpec, ...] = ()
    session: str = ""
    path: tuple[int, ...] = ()
    ledger: Ledger | None = None
    tool_choice: ToolChoice = "auto"

    def told(self, transformer: MessageTransformer, *above: Any) -> list[Wire]:
        """The messages on the wire, by the ledger where there is one; only what is new there is converted.

        `above` is what else of the request reasoning is bound to.
        """
        ledger = Ledger() if self.ledger is None else self.ledger
        seed = seed_of(*above) if transformer.binds_reasoning else ""
        return ledger.view(transformer, self.messages, self.path or range(1, len(self.messages) + 1), seed)

    @property
    def declared(self) -> tuple[ToolSpec, ...]:
        """The tools that the dialect has room for."""
        return self.tools[: MOST_TOOLS.get(self.model.provider.dialect)]

    @property
    def refused(self) -> frozenset[str]:
        """What the endpoint turned out to refuse: names of fields, or IMAGES."""
        return frozenset() if self.ledger is None else self.ledger.without

    def accepted(self, body: Wire) -> Wire:
        """The body without the fields that the endpoint has refused."""
        return {field: value for field, value in body.items() if field not in self.refused}


class Draft(ABC):
    """An answer being put together from a provider's raw events."""

    def __init__(self, request: ChatRequest, dialect: str) -> None:
        provider = request.model.provider
        self.request = request
        self.origin = Origin(dialect, provider.issuer, request.model.id)
        self.finished: Finished | None = None

    @abstractmethod
    def add(self, event: Any) -> Sequence[StreamEvent]:
        """Take in one raw event; `finished` is set once the terminal one was among them.

        Raises a ProviderError where the event says that the provider failed.
        """

    @property
    def unread_call(self) -> bool:
        """Whether tools were declared, none was called, and the text looks like a call that the server did not read."""
        return False

    def salvage(self, generation: str) -> Sequence[StreamEvent]:
        """Make an answer of what the server took for a failed tool call; nothing where that cannot be done."""
        return ()

    @abstractmethod
    def message(self, state: State) -> Message:
        """What has arrived so far as a message that any provider accepts; cut calls are left out."""


class Reply:
    """One answer on its way: iterate it for its events, ask it for the message at any moment."""

    def __init__(self, events: AsyncIterator[StreamEvent], draft: Draft) -> None:
        self._events = events
        self._draft = draft

    def __aiter__(self) -> AsyncIterator[StreamEvent]:
        return self._events

    async def aclose(self) -> None:
        """Stop listening, and let go of the connection."""
        if isinstance(self._events, AsyncGenerator):
            await self._events.aclose()

    def message(self, state: State = "complete") -> Message:
        """The answer as a message; with `state` other than complete, the part of it that has come."""
        finished = self._draft.finished
        message = self._draft.message(state)
        return message if finished is None else _with_outcome(message, finished, state)


class BaseService(ABC):
    """Answers for one provider; made once, kept for as long as the program runs.

    `foreign_errors` is everything that the SDK and the HTTP library below it may raise: all of it becomes a
    ProviderError here, so that nothing above ever sees an SDK.
    """

    foreign_errors: ClassVar[tuple[type[Exception], ...]] = ()
    content_timeout = CONTENT_TIMEOUT

    def __init__(self, provider: Provider, key: Key | None = None, idle_timeout: float = IDLE_TIMEOUT) -> None:
        self.provider = provider
        self.key = key
        self.idle_timeout = idle_timeout

    def reply(self, request: ChatRequest) -> Reply:
        """Start an answer. Nothing is sent before the reply is iterated.

        Raises ToolsUnsupported, ImagesUnsupported or FormatError where this model cannot take the request.
        """
        self.check(request)
        draft = self.draft(request)
        return Reply(self.stream(request, draft), draft)

    def check(self, request: ChatRequest) -> None:
        """Refuse before sending what the model cannot take; what older turns hold is left out by the transformer."""
        model = request.model
        if request.tools and not model.tools:
            raise ToolsUnsupported(
                f"{model.full_name} cannot use tools.", cure="Turn the tools off, or /model to one that can."
            )
        last = request.messages[-1] if request.messages else None
        # What the transformer leaves out cannot be answered either: a blank message, results that nobody asked for.
        asked = last is not None and last.role == "tool" and len(request.messages) > 1 and request.messages[-2].calls
        if last is None or not (asked or (last.role == "user" and says_something(last))):
            raise FormatError("There is nothing to answer.", cure="Type a message first.")
        if last.role == "user" and last.images and not sees(model):
            raise ImagesUnsupported(
                f"{model.full_name} sees no images.", cure="Ask without the image, or /model to one that sees."
            )

    @contextmanager
    def translated(self, model: Model | None = None) -> Iterator[None]:
        """Turn whatever the SDK and its HTTP library raise into a ProviderError."""
        try:
            yield
        except ParlanceError as error:
            failures.hush(error, self.key)
            raise
        except self.foreign_errors as error:
            ours = failures.translate(error, self.provider, model, self.key)
            failures.hush(ours, self.key)
            raise ours from (None if failures.shows(error, self.key) else error)

    @abstractmethod
    def draft(self, request: ChatRequest) -> Draft:
        """An empty draft for the answer to this request."""

    @abstractmethod
    def stream(self, request: ChatRequest, draft: Draft) -> AsyncIterator[StreamEvent]:
        """The answer's events, Finished last. Raises a ProviderError, AnswerIncomplete where the stream was cut."""

    @abstractmethod
    async def models(self) -> Iterable[Model]:
        """What the provider's own models endpoint names."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of what is held, such as an HTTP pool."""


def _with_outcome(message: Message, finished: Finished, state: State) -> Message:
    refused: State = "refused" if finished.stop == "refusal" and state == "complete" else state
    origin = message.origin
    if origin is not None and finished.model:
        origin = Origin(origin.dialect, origin.issuer, finished.model)
    return Message(
        message.role, message.parts, origin, message.native, refused, finished.stop, finished.usage or message.usage
    )
