"""A conversation without a network: the real transformers, drafts and ledgers, and a provider's own events."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from msgspec import structs

from modules.anthropic.stream import AnthropicDraft
from modules.anthropic.transformer import AnthropicTransformer
from modules.anthropic.transformer import prepare as prepare_messages
from modules.config import Key
from modules.errors import ProviderError
from modules.gemini.stream import GeminiDraft
from modules.gemini.transformer import ContentTransformer
from modules.gemini.transformer import prepare as prepare_content
from modules.llm.base import ChatRequest, Draft, PreparedRequest, ToolChoice, ToolSpec
from modules.llm.chat_completions.chat_completions_stream import ChatDraft
from modules.llm.chat_completions.chat_completions_transformer import ChatTransformer
from modules.llm.chat_completions.chat_completions_transformer import prepare as prepare_chat
from modules.llm.message import Message, MessageTransformer, State, closing, says_something, user
from modules.llm.models import Model
from modules.llm.parts import ToolResult, Wire
from modules.ollama.stream import OllamaDraft
from modules.ollama.transformer import OllamaTransformer
from modules.ollama.transformer import prepare as prepare_ollama
from modules.openai.stream import ResponsesDraft
from modules.openai.transformer import ResponsesTransformer
from modules.openai.transformer import prepare as prepare_responses
from modules.session.conversation import Conversation
from tests import wire
from tests.harness.cases import ENDPOINTS, NAMES
from tests.wire.facts import Dialect, ModelFacts, facts_for
from tests.wire.rulebook import broken_rules
from tests.wire.server import RENDER
from tests.wire.sse import Context, dumps
from tests.wire.windows import tokens_in

REQUESTS: dict[str, Callable[[ChatRequest], PreparedRequest]] = {
    "anthropic-messages": prepare_messages,
    "openai-responses": prepare_responses,
    "openai-chat": prepare_chat,
    "gemini-content": prepare_content,
    "ollama-chat": prepare_ollama,
}
TRANSFORMERS: dict[str, type[MessageTransformer]] = {
    "anthropic-messages": AnthropicTransformer,
    "openai-responses": ResponsesTransformer,
    "openai-chat": ChatTransformer,
    "gemini-content": ContentTransformer,
    "ollama-chat": OllamaTransformer,
}
DRAFTS: dict[str, Callable[[ChatRequest, Key | None], Draft]] = {
    "anthropic-messages": AnthropicDraft,
    "openai-responses": ResponsesDraft,
    "openai-chat": ChatDraft,
    "gemini-content": GeminiDraft,
    "ollama-chat": OllamaDraft,
}


def model_at(name: Dialect, **changes: object) -> Model:
    """The endpoint of that name, with a model that can do everything."""
    return replace(ENDPOINTS[name].full_model(f"https://{name}.example/v1"), **changes)  # type: ignore[arg-type]


FOUR = {name: model_at(name) for name in NAMES}


def wire_name(model: Model) -> Dialect:
    """Which of the wire's dialects this model's endpoint speaks."""
    if model.provider.dialect == "anthropic-messages":
        return "anthropic"
    if model.provider.dialect == "openai-responses":
        return "openai"
    if model.provider.dialect == "gemini-content":
        return "gemini"
    if model.provider.dialect == "ollama-chat":
        return "ollama"
    return "groq" if "groq" in (model.provider.service or "") else "chat"


def facts_of(model: Model) -> ModelFacts:
    """What holds of this model at its endpoint, its profile taken at its word."""
    facts, profile = facts_for(wire_name(model), model.id), model.profile
    facts = replace(facts, issuer=model.issuer, vision=model.vision)
    if wire_name(model) != "chat":
        return facts
    fields = [field for field in profile.replay if field != "reasoning_details"]
    return replace(
        facts,
        reasoning_field=fields[0] if fields else None,
        requires_reasoning=bool(profile.reasoning_required),
        call_signatures=bool(profile.call_signature),
        mistral_ids=profile.call_ids == "mistral9",
        strict_template=profile.strict_roles,
        text_only_content=profile.string_content,
    )


class Dry:
    """One conversation. `say` and `answer` are a turn; `body` is what the next request would carry."""

    def __init__(self, model: Model, system: str = "", tools: tuple[ToolSpec, ...] = ()) -> None:
        self.conversation = Conversation(model, system)
        self.tools = tools
        self.choice: ToolChoice = "auto"
        self.sent: Wire = {}

    @property
    def model(self) -> Model:
        return self.conversation.model

    def request(self, model: Model | None = None) -> ChatRequest:
        """The next request to this model. Where there is nothing to answer, as if a person said "Go on."."""
        talk = self.conversation
        model = talk.reader(model or self.model)
        reading = talk.read_by(model)
        messages, path = reading.messages, reading.path
        if not (messages and messages[-1].role in ("user", "tool")):
            messages, path = (*messages, user("Go on.")), (*path, len(talk.nodes) + 1)
        return ChatRequest(
            model,
            messages,
            talk.system,
            talk.reasoning if talk.reasoning in model.reasoning else None,
            self.tools if model.tools else (),
            talk.id,
            path,
            talk.ledger_for(model),
            self.choice,
            options=talk.options,
            answer_schema=talk.answer_schema if "JSON" in messages[-1].text else None,
        )

    def body(self, model: Model | None = None) -> Wire:
        """The next request to this model, as it would stand on the wire."""
        model = model or self.model
        return REQUESTS[model.provider.dialect](self.request(model)).body

    def entries(self, model: Model | None = None) -> list[Wire]:
        """The history in the next request."""
        return history_in(self.body(model))

    def broken(self, model: Model | None = None) -> list[str]:
        """The rules that the next request would break."""
        model = model or self.model
        return broken_rules(wire_name(model), self.body(model), facts_of(model))

    def say(self, *what: object) -> None:
        self.conversation.append(user(*what))  # type: ignore[arg-type]

    def answer(
        self, *parts: object, stop: str | None = None, state: State = "complete", events: int | None = None
    ) -> Message:
        """The current model answers in its provider's own events; kept as a turn keeps it."""
        request = self.request()
        model = request.model
        prepared = REQUESTS[model.provider.dialect](request)
        message = received(request, prepared.body, wire.Answer(*parts, stop=stop), state, events)  # type: ignore[arg-type]
        assert request.ledger is not None
        assert prepared.messages is not None
        if message.state != "complete" and not message.text.strip():
            return message
        if message.state != "refused" and says_something(message):
            assert message.origin is not None
            origin = structs.replace(message.origin, made_under=prepared.messages.reasoning_digest)
            message = structs.replace(message, origin=origin)
            request.ledger.commit(prepared.messages.pending)
        self.conversation.append(message)
        return message

    def tell(self, *results: ToolResult) -> None:
        """The results of the open calls; those that are missing were interrupted."""
        if message := closing(self.conversation.messages[-1], results):
            self.conversation.append(message)

    def turn(self, question: str, *parts: object) -> Message:
        self.say(question)
        return self.answer(*(parts or ("An answer.",)))


def history_in(body: Wire) -> list[Wire]:
    entries: list[Wire] = body.get("messages") or body.get("input") or body.get("contents") or []
    return entries


def extends(longer: Sequence[Wire], shorter: Sequence[Wire]) -> bool:
    """Whether one request's history begins with the other's: the same values, the keys in the same order."""
    return json.dumps(list(longer[: len(shorter)])) == json.dumps(list(shorter))


def received(
    request: ChatRequest, body: Wire, answer: wire.Answer, state: State = "complete", events: int | None = None
) -> Message:
    """What our draft makes of this answer in the provider's own events, of all of them or the first so many."""
    model = request.model
    name, facts = wire_name(model), facts_of(model)
    draft = DRAFTS[model.provider.dialect](request, None)
    field = "reasoning" if name == "groq" else facts.reasoning_field
    for event in RENDER[name](answer, Context(name, facts, body, tokens_in(body), field))[:events]:
        data = dumps(event.data)
        if data == b"[DONE]":
            continue
        try:
            draft.add(json.loads(data))
        except ProviderError:
            return draft.message("incomplete")
    if draft.finished is None and state == "complete":
        state = "incomplete"
    message = draft.message(state)
    if draft.finished is None:
        return message
    refused = draft.finished.stop == "refusal" and state == "complete"
    return structs.replace(message, stop=draft.finished.stop, state="refused" if refused else state)
