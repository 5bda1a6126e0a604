"""What every provider service is: a request in, stream events out, and the message they add up to at any moment."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, assert_never

from modules.config import Key
from modules.errors import (
    DocumentsUnsupported,
    FormatError,
    ImagesUnsupported,
    ParlanceError,
    ToolsUnsupported,
)
from modules.llm.conversion.replay import missed_in
from modules.llm.events import Finished, StreamEvent
from modules.llm.message import Message, Origin, State, says_something
from modules.llm.models import Model, Provider
from modules.llm.request import ChatRequest, PreparedRequest
from modules.llm.tool_spec import ToolChoice, ToolSpec

__all__ = [
    "CONTENT_TIMEOUT",
    "IDLE_TIMEOUT_SECONDS",
    "BaseService",
    "ChatRequest",
    "Draft",
    "PreparedRequest",
    "Reply",
    "ToolChoice",
    "ToolSpec",
]

IDLE_TIMEOUT_SECONDS = 300.0  # without a byte; pings count as bytes
# Seconds without content; a model that keeps its thinking to itself may send nothing but pings for minutes.
CONTENT_TIMEOUT = 600.0


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

    def resumed(self, prepared: PreparedRequest) -> PreparedRequest | None:
        """The request that goes on with an answer which the provider has paused; None where it is at its end.

        `prepared` is the request that the answer began with. What comes then belongs to this answer.
        """
        return None

    @abstractmethod
    def message(self, state: State) -> Message:
        """What has arrived so far as a message that any provider accepts; cut calls are left out."""


class Reply:
    """One answer on its way: iterate it for its events, ask it for the message at any moment.

    `prepared` is the request that it answers.
    """

    def __init__(self, events: AsyncIterator[StreamEvent], draft: Draft, prepared: PreparedRequest) -> None:
        self.prepared = prepared
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
        draft, prepared = self.draft(request), self.prepare(request)
        return Reply(self.stream(prepared, draft), draft, prepared)

    def prepare(self, request: ChatRequest) -> PreparedRequest:
        """The request as it would go out; nothing is sent."""
        return PreparedRequest(request)

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
    def stream(self, prepared: PreparedRequest, draft: Draft) -> AsyncIterator[StreamEvent]:
        """The answer's events, Finished last. Raises a ProviderError, AnswerIncomplete where the stream was cut."""

    @abstractmethod
    async def models(self) -> Iterable[Model]:
        """What the provider's own models endpoint names."""

    async def check_key(self) -> list[Model]:
        """Ask for what only a key opens. Returns the list of models. Raises AuthenticationFailed, ProviderError."""
        return list(await self.models())

    async def facts(self, model: Model) -> dict[str, Any]:
        """What the provider itself says of this model that is otherwise than assumed: facts as in Learned.

        Asked before each question, so it is to be known after the first. {} where it says nothing.
        """
        return {}

    async def count_tokens(self, request: ChatRequest) -> int | None:
        """How many tokens the provider says that this request holds, where it counts for free; None where it does not.

        Nothing is answered and nothing is charged. Raises a ProviderError.
        """
        return None

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
