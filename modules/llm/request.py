"""What is asked of a model: the request as a snapshot of the conversation, and as it goes out."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct

from modules.llm.conversion.replay import LeftOut, Replay, hidden_images
from modules.llm.conversion.wire_json import WireBody, decoded, encoded
from modules.llm.dialects import about
from modules.llm.generation.answer_schema import AnswerSchema, Form, form_for
from modules.llm.generation.options import output_limit, put, sent
from modules.llm.ledger.ledger import Ledger, WireMessages, prefix_digest_of
from modules.llm.message import Message, MessageTransformer
from modules.llm.models import Level, Model
from modules.llm.parts import Wire
from modules.llm.tool_spec import ToolChoice, ToolSpec
from modules.settings.declarations import OptionSettings

NO_OPTIONS = OptionSettings()
AT_ONCE_MESSAGES = 200  # that are converted in a few milliseconds
NO_HEADERS: Mapping[str, str] = {}


class ChatRequest(Struct, frozen=True):
    """Everything one request is made of: a snapshot, so what happens later cannot change it.

    `reasoning` is None for the model's own default. With `tool_choice` "none" the tools are declared and may not be
    called: taking them away would cost the provider's cache, and the reasoning that is bound to them. `session` keeps
    a provider's prompt cache together. `path` holds the messages' ids, by which `ledger` knows what was sent before;
    it is None where nobody keeps that. Where reasoning is not `reasoning_shown`, no summary of it is asked for.
    `options` are a person's, of which the model is sent what it takes; the answer must fit `answer_schema`.
    """

    model: Model
    messages: Sequence[Message]
    system: str = ""
    reasoning: Level | None = None
    tools: tuple[ToolSpec, ...] = ()
    session: str = ""
    path: tuple[int, ...] = ()
    ledger: Ledger | None = None
    tool_choice: ToolChoice = "auto"
    reasoning_shown: bool = True
    options: OptionSettings = NO_OPTIONS
    answer_schema: AnswerSchema | None = None

    def wire_messages(self, transformer: MessageTransformer, *above: Any) -> WireMessages:
        """The messages on the wire, by the ledger where there is one: then only what is new there is converted.

        `above` is what else of the request reasoning is bound to.
        """
        prefix_digest = prefix_digest_of(*above) if transformer.binds_reasoning else ""
        ledger = Ledger() if self.ledger is None else self.ledger
        return ledger.build(transformer, self.messages, self.path or range(1, len(self.messages) + 1), prefix_digest)

    @property
    def is_long(self) -> bool:
        """Whether so much of it was never looked at that the loop would stand still for it."""
        known = 0 if self.ledger is None or not self.ledger.is_ready else len(self.ledger.path)
        return len(self.messages) - known > AT_ONCE_MESSAGES

    @property
    def declared(self) -> tuple[ToolSpec, ...]:
        """The tools that the dialect has room for, and of the provider's own those that this model has.

        No provider's own search goes with an answer in a form that is asked for: what it cites has no place there.
        """
        searches = bool(self.model.profile.web_search) and self.answer_schema is None
        tools = tuple(tool for tool in self.tools if searches or not tool.native)
        return tools[: about(self.model.provider.dialect).most_tools]

    @property
    def output_limit(self) -> int | None:
        """The most tokens of output to ask for; None where nobody has set a limit."""
        return output_limit(self.options, self.model)

    @property
    def answer_form(self) -> Form:
        """How the API is asked to bind the answer to be JSON; "" for not at all."""
        return form_for(self.model, self.answer_schema, with_tools=bool(self.tools))

    def add_options(self, body: Wire) -> None:
        """Put into the body what the model takes of the options, and the limit that its server insists on."""
        put(body, sent(self.options, self.model, self.reasoning))

    def prepared(
        self, body: Wire, messages: WireMessages, headers: Mapping[str, str] = NO_HEADERS
    ) -> "PreparedRequest":
        """The request with this body, but for the fields that the endpoint refuses.

        Those of messages are left out where the messages are made.
        """
        for path in self.model.profile.refused:
            if not path.startswith(("messages.", "input.")):
                body = without_path(body, path.split("."))
        return PreparedRequest(self, body, messages, headers)


class PreparedRequest:
    """A request as it goes out, and what it carries of the conversation.

    `messages` is None where nothing is sent, as for the guide. `headers` go with this request beside the usual ones.
    """

    def __init__(
        self,
        request: ChatRequest,
        body: Wire | None = None,
        messages: WireMessages | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        self.request = request
        self.messages = messages
        self.headers = headers
        self._body = body

    @property
    def json(self) -> bytes:
        """The body as it is sent."""
        return encoded(None) if self._body is None else self.sent.text

    @cached_property
    def sent(self) -> WireBody:
        """The same in pieces."""
        return WireBody(self._body or {})

    @property
    def body(self) -> Wire:
        """A copy of the body as a value."""
        value: Wire = decoded(self.json)
        return value

    @property
    def left_out(self) -> LeftOut:
        """What the model is not shown of the conversation."""
        hidden = Replay("projected", images=hidden_images(self.request.messages, self.request.model))
        return (self.messages.left_out if self.messages else LeftOut()).plus(hidden)

    @property
    def newly_left_out(self) -> bool:
        """Whether anything of it was not left out of the request before."""
        return self.messages is not None and self.messages.newly_left_out


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
