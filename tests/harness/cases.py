"""Conversations that every endpoint must be able to have, and the endpoints to have them at."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from modules.llm.base import ToolSpec
from modules.llm.events import StopReason
from modules.llm.message import Message, user
from modules.llm.models import Model, Profile, Provider
from modules.llm.parts import File, Image, Text, ToolCall, ToolResult
from tests.wire import Answer, Call, Reasoning
from tests.wire.facts import Dialect

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjQKJcOkw7zDtsOfCjEgMCBvYmoKPDw+PgplbmRvYmoKdHJhaWxlciA8PD4+CiUlRU9GCg=="
PICTURE = Image("image/png", PNG, "red.png")
DOCUMENT = File("application/pdf", PDF, "terms.pdf")

WEATHER = ToolSpec(
    "weather",
    "The weather in a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
CLOCK = ToolSpec("clock", "The time.", {"type": "object", "properties": {}})
TOOLS = (WEATHER, CLOCK)


@dataclass(frozen=True)
class Endpoint:
    """One provider as a test sees it: which service speaks to it, and a model that can do everything there is."""

    wire: Dialect
    dialect: str
    model: str
    levels: tuple[str, ...] = ("low", "medium", "high")
    profile: Profile = field(default_factory=Profile)
    service: str | None = None
    documents: bool = True

    def provider(self, base_url: str) -> Provider:
        return Provider(
            name=self.wire,
            title=self.wire.title(),
            dialect=self.dialect,
            base_url=base_url,
            key_variable="TEST_KEY",
            key_page="https://keys.example",
            service=self.service,
        )

    def full_model(self, base_url: str) -> Model:
        return Model(
            name="all-round",
            id=self.model,
            provider=self.provider(base_url),
            max_output=16_000,
            vision=True,
            documents=self.documents,
            reasoning=self.levels,  # type: ignore[arg-type]  # plain strings read better in the table below
            profile=self.profile,
        )


ENDPOINTS = {
    endpoint.wire: endpoint
    for endpoint in (
        Endpoint("anthropic", "anthropic-messages", "claude-sonnet-5-5", profile=Profile(thinking="adaptive")),
        Endpoint("openai", "openai-responses", "gpt-6.1-sol"),
        Endpoint(
            "groq",
            "openai-chat",
            "qwen/qwen3.8-27b",
            profile=Profile(replay=("reasoning",), tokens_field="max_completion_tokens", effort="groq"),
            service="modules.groq.service:GroqService",
            documents=False,
        ),
        Endpoint(
            "chat",
            "openai-chat",
            "local-model",
            profile=Profile(replay=("reasoning_content",), effort="reasoning_effort"),
        ),
        Endpoint(
            "gemini",
            "gemini-content",
            "gemini-4-argon",
            profile=Profile(thinking="level", call_signature="skip_thought_signature_validator"),
        ),
        Endpoint("ollama", "ollama-chat", "qwen3-vl:8b", documents=False),
    )
}
NAMES: tuple[Dialect, ...] = ("anthropic", "openai", "groq", "chat", "gemini", "ollama")


@dataclass(frozen=True)
class Step:
    """What is sent, None for the results of the calls before, and what the endpoint answers."""

    ask: Message | None
    answer: Answer
    stop: StopReason = "end_turn"


@dataclass(frozen=True)
class Case:
    """A conversation. `results` answers the calls by position, over and over."""

    steps: Sequence[Step]
    system: str = ""
    tools: tuple[ToolSpec, ...] = ()
    results: Sequence[tuple[Text | Image | File, ...]] = ((Text("12 degrees"),), (Text("noon"),))
    failed: bool = False

    def answered(self, calls: Sequence[ToolCall]) -> Message:
        """The tool message for these calls."""
        parts = self.results
        made = [ToolResult(call.id, parts[i % len(parts)], self.failed) for i, call in enumerate(calls)]
        return Message("tool", tuple(made))


def tool_loop(*first: str | Reasoning | Call, then: Answer | None = None) -> list[Step]:
    """A question, an answer with calls, their results, and one more turn."""
    return [
        Step(user("How warm is it, and how late?"), Answer(*first), "tool_use"),
        Step(None, then or Answer("12 degrees at noon.")),
        Step(user("Thanks."), Answer("Welcome.")),
    ]


TWO_CALLS = (Call("weather", {"city": "Zürich", "days": 1.0}), Call("clock"))
LOOP = tool_loop("Let me look.", *TWO_CALLS)

CASES: dict[str, Case] = {
    "plain text": Case([Step(user("Hello"), Answer("Good morning."))]),
    "several turns": Case([Step(user(word), Answer(f"{word} it is.")) for word in ("One", "Two", "Three")]),
    "a system prompt": Case([Step(user("Hello"), Answer("Ahoy."))], system="Talk like a sailor."),
    "a picture from the person": Case([Step(user("What is it?", PICTURE), Answer("Red."))]),
    "a picture and no word": Case([Step(user(PICTURE), Answer("Red."))]),
    "a document from the person": Case([Step(user("Sum it up.", DOCUMENT), Answer("Terms."))]),
    "reasoning before the answer": Case(
        [Step(user(word), Answer(Reasoning(f"Hm, {word}."), "Because.")) for word in ("Why?", "Really?", "Sure?")]
    ),
    "reasoning that is hidden": Case(
        [Step(user(word), Answer(Reasoning("secret", redacted=True), "Because.")) for word in ("Why?", "Really?")]
    ),
    "two tool calls side by side": Case(LOOP, tools=TOOLS),
    "reasoning, text and calls in one answer": Case(
        tool_loop(Reasoning("Two tools."), "Let me look.", *TWO_CALLS, then=Answer(Reasoning("I know."), "Noon.")),
        tools=TOOLS,
    ),
    "calls without a word": Case(tool_loop(*TWO_CALLS), tools=TOOLS),
    "calls answered by calls": Case(
        tool_loop(TWO_CALLS[1], then=Answer(Reasoning("Again."), "No calls left.")), tools=TOOLS
    ),
    "a tool that fails": Case(LOOP, tools=TOOLS, results=[(Text("no such city"),)], failed=True),
    "a tool that says nothing": Case(LOOP, tools=TOOLS, results=[()]),
    "a picture from a tool": Case(LOOP, tools=TOOLS, results=[(Text("see"), PICTURE), (PICTURE,)]),
    "a document from a tool": Case(LOOP, tools=TOOLS, results=[(DOCUMENT,)]),
    "arguments that are not JSON": Case(tool_loop(Call("weather", '{"city": "Zü')), tools=TOOLS, failed=True),
    "arguments that are no object": Case(tool_loop(Call("weather", "[1, 2]")), tools=TOOLS, failed=True),
    "arguments with a number that JSON has not": Case(
        tool_loop(Call("weather", '{"city": NaN}')), tools=TOOLS, failed=True
    ),
    "an answer that the limit cut": Case(
        [Step(user("Tell"), Answer("Once upon", stop="max_tokens"), "max_tokens"), Step(user("On"), Answer("a time."))]
    ),
    "an answer without a word": Case([Step(user("Hello"), Answer()), Step(user("Hello?"), Answer("Here."))]),
    "an answer of blanks": Case([Step(user("Hello"), Answer(" \n ")), Step(user("Hello?"), Answer("Here."))]),
    "blank pieces beside the words": Case(
        [Step(user(" ", "Hello", "\n"), Answer("Here.")), Step(user("Two"), Answer("There."))]
    ),
    "letters of the whole world": Case(
        [Step(user("Zürich 漢字 🎉 \u200f"), Answer("漢字 🎉 Zürich")), Step(user("🎉"), Answer("🎉"))]
    ),
}
