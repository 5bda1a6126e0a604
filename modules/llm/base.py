"""What every provider service is: a request in, stream events out, and the message they add up to at any moment."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, ClassVar, assert_never

from msgspec import Struct

from modules.config import Key
from modules.errors import (
    DocumentsUnsupported,
    FormatError,
    ImagesUnsupported,
    ParlanceError,
    ToolsUnsupported,
)
from modules.llm.dialects import about
from modules.llm.events import Finished, StreamEvent
from modules.llm.message import Message, MessageTransformer, Origin, State, says_something
from modules.llm.models import Level, Model, Provider
from modules.llm.parts import Wire
from modules.llm.tool_spec import ToolChoice, ToolSpec
from modules.llm.wire.ledger import Ledger, seed_of
from modules.llm.wire.replay import LeftOut, Replay, hidden_images, missed_in

IDLE_TIMEOUT_SECONDS = 300.0  # without a byte; pings count as bytes
__all__ = [
    "CONTENT_TIMEOUT",
    "IDLE_TIMEOUT_SECONDS",
    "BaseService",
    "ChatRequest",
    "Draft",
    "Reply",
    "ToolChoice",
    "ToolSpec",
]

# Seconds without content; a model that keeps its thinking to itself may send nothing but pings for minutes.
CONTENT_TIMEOUT = 600.0


class ChatRequest(Struct, frozen=True, dict=True):
    """Everything one request is made of: a snapshot, so what happens later cannot change it.

    `reasoning` is None for the model's own default. With `tool_choice` "none" the tools are declared and may not be
    called: taking them away would cost the provider's cache, and the reasoning that is bound to them. `session` keeps
    a provider's prompt cache together. `path` holds the messages' ids, by which `ledger` knows what was sent before.
    Where reasoning is not `reasoning_shown`, no summary of it is asked for.
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
    reasoning_shown: bool = True

    def wire_messages(self, transformer: MessageTransformer, *above: Any) -> list[Wire]:
        """The messages on the wire, by the ledger where there is one; only what is new there is converted, and once.

        `above` is what else of the request reasoning is bound to.
        """
        if "_wires" not in self.__dict__:
            seed = seed_of(*above) if transformer.binds_reasoning else ""
            path = self.path or range(1, len(self.messages) + 1)
            self.__dict__["_wires"] = self.sent.build(transformer, self.messages, path, seed)
        return [*self.__dict__["_wires"]]

    @cached_property
    def sent(self) -> Ledger:
        """What was sent before; empty where nobody keeps it."""
        return Ledger() if self.ledger is None else self.ledger

    @property
    def left_out(self) -> LeftOut:
        """What the model is not shown of the conversation, known once the request is made."""
        hidden = Replay("projected", images=hidden_images(self.messages, self.model))
        return self.sent.left_out.plus(hidden)

    @property
    def declared(self) -> tuple[ToolSpec, ...]:
        """The tools that the dialect has room for."""
        return self.tools[: about(self.model.provider.dialect).most_tools]

    def accepted(self, body: Wire) -> Wire:
        """The body without the fields that the endpoint refuses; those of messages are left out where they are made."""
        for path in self.model.profile.refused:
            if not path.startswith(("messages.", "input.")):
                body = without_path(body, path.split("."))
        return body


def without_path(value: Any, path: Sequence[str]) -> Any:
    """The JSON value without what stands at this path, where "*" is any place in a list; the rest is shared."""
    first, *rest = path
    if isinstance(value, list):
        return [without_path(item, rest) for item in value] if first == "*" and rest else value
    if not isinstance(value, dict) or first not in value:
        return value
    if not rest:
        return {key: item for key, item in value.items() if key != first}
    return {**value, first: without_path(value[first], rest)}


class Draft(ABC):
    """An answer being put together from a provider's raw events."""

    def __init__(self, request: ChatRequest, dialect: str) -> None:
        self.request = request
        self.origin = Origin(dialect, request.model.issuer, request.model.id)
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
        return message if finished is None else _with_outcome(message, finished, state, self._draft.request.model)


class BaseService(ABC):
    """Answers for one provider; made once, kept for as long as the program runs.

    `foreign_errors` is everything that the SDK and the HTTP library below it may raise: all of it becomes a
    ProviderError here, so that nothing above ever sees an SDK.
    """

    foreign_errors: ClassVar[tuple[type[Exception], ...]] = ()
    content_timeout = CONTENT_TIMEOUT

    def __init__(self, provider: Provider, key: Key | None = None, idle_timeout: float = IDLE_TIMEOUT_SECONDS) -> None:
        self.provider = provider
        self.key = key
        self.idle_timeout = idle_timeout

    def reply(self, request: ChatRequest) -> Reply:
        """Start an answer. Nothing is sent before the reply is iterated.

        Raises ToolsUnsupported, ImagesUnsupported, DocumentsUnsupported or FormatError where this model cannot take
        the request.
        """
        self.check(request)
        draft = self.draft(request)
        return Reply(self.stream(request, draft), draft)

    def prepare(self, request: ChatRequest) -> None:
        """Make the request without sending it, so that what it leaves out is known before."""
        return

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
        for what in missed_in(last, model) if last.role == "user" else ():
            match what:
                case "image":
                    raise ImagesUnsupported(
                        f"{model.full_name} sees no images.", cure="Ask without the image, or /model to one that sees."
                    )
                case "document":
                    raise DocumentsUnsupported(f"{model.full_name} reads no PDF.")
                case _:
                    assert_never(what)

    @contextmanager
    def translated(self, model: Model | None = None) -> Iterator[None]:
        """Turn whatever the SDK and its HTTP library raise into a ProviderError."""
        try:
            yield
        except ParlanceError as error:
            # What a failure means need not be known before there is one.
            from modules.llm.failures import error_mapping

            error_mapping.hush(error, self.key)
            raise
        except self.foreign_errors as error:
            from modules.llm.failures import error_mapping

            ours = error_mapping.translate(error, self.provider, model, self.key)
            error_mapping.hush(ours, self.key)
            raise ours from (None if error_mapping.shows(error, self.key) else error)

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


def _with_outcome(message: Message, finished: Finished, state: State, model: Model) -> Message:
    refused: State = "refused" if finished.stop == "refusal" and state == "complete" else state
    origin = message.origin
    if origin is not None and finished.model:
        # A router answers with a model of its choice, and says which; everywhere else the answer is by the one asked.
        routed = model.id.startswith(f"{model.provider.name}/")
        issuer = model.provider.issuer_of(finished.model) if routed else origin.issuer
        origin = Origin(origin.dialect, issuer, finished.model)
    return Message(
        message.role, message.parts, origin, message.native, refused, finished.stop, finished.usage or message.usage
    )
