"""Any conversation there can be: every kind of part, letters that nobody types, and payloads of any JSON."""

from typing import Any, cast

from hypothesis import strategies as st

from modules.llm.events import CUT, Usage
from modules.llm.history import Message, Origin, Role, State
from modules.llm.models import LEVELS, Model, ModelRegistry
from modules.llm.parts import File, Image, Opaque, Reasoning, Refusal, Text, ToolCall, ToolResult
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation
from modules.session.counting.prices import Spent
from modules.session.node import Node
from modules.session.turns.ask import request_for
from modules.session.views.view import View
from tests.harness.cases import PDF, PNG
from tests.harness.transformer_harness import FOUR, REQUESTS

SIX: tuple[Model, ...] = tuple(FOUR.values())
REGISTRY = ModelRegistry(SIX)

anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
markup = st.sampled_from(
    ["```", "````\n~~~", "<details>", "</details>", "<script>alert(1)</script>", "<!--", "[x](javascript:alert(1))",
     "![x](https://example.com/x.png)", "<img src=x onerror=alert(1)>", "](data:text/html,x)", "<pre>\n```", "\x1b[31m"]
)  # fmt: skip
words = st.one_of(anything, markup, st.builds("\n".join, st.lists(st.one_of(anything, markup), max_size=4)))
ids = st.sampled_from([f"call_{number:024x}" for number in range(4)])
pictures = st.builds(Image, st.sampled_from(["image/png", "image/svg+xml", 'x"><script>']), st.just(PNG), words)
files = st.one_of(
    st.builds(File, st.just("application/pdf"), st.just(PDF), words),
    st.builds(File, st.just("text/plain"), st.just("aGVsbG8="), words),
)
texts = st.builds(Text, words)
calls = st.builds(ToolCall, ids, words, words, words)
results = st.builds(
    ToolResult, ids, st.lists(st.one_of(texts, pictures, files), max_size=3).map(tuple), st.booleans(), st.booleans()
)
parts = st.one_of(
    texts, st.builds(Reasoning, words), pictures, files, calls, results, st.builds(Refusal, words),
    st.builds(Opaque, words, words),
)  # fmt: skip
numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=6,
)
objects = st.dictionaries(words, values, max_size=3)


@st.composite
def payloads(draw: st.DrawFn, dialect: str) -> Any:
    """What a provider of this dialect may have said: its shape, and anything in it."""
    if dialect in ("openai-chat", "ollama-chat"):
        return {"role": "assistant", "content": draw(words), **draw(objects)}
    types = st.sampled_from(["text", "thinking", "message", "reasoning", "function_call"])
    return [{"type": draw(types), **draw(objects), "text": draw(words)} for _ in range(draw(st.integers(1, 3)))]


@st.composite
def messages(draw: st.DrawFn) -> Message:
    role = cast("Role", draw(st.sampled_from(["user", "assistant", "assistant", "tool", "system"])))
    said = tuple(draw(st.lists(parts, max_size=4)))
    if role != "assistant":
        return Message(role, said, continues=role == "user" and draw(st.booleans()))
    model = draw(st.sampled_from(SIX))
    state = cast("State", draw(st.sampled_from(["complete", "complete", "interrupted", "incomplete", "refused"])))
    origin = draw(st.sampled_from([None, Origin(model.provider.dialect, model.issuer, model.id)]))
    native = draw(st.one_of(st.none(), payloads(model.provider.dialect))) if origin else None
    usage = draw(st.one_of(st.none(), st.builds(Usage, st.integers(0, 9), st.integers(0, 9))))
    return Message(role, said, origin, native, state, draw(st.sampled_from([None, "end_turn", *CUT])), usage)


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """A tree of messages somebody stands in, with everything beside them, and what some models were sent."""
    talk = Conversation(draw(st.sampled_from(SIX)), draw(words))
    talk.title, talk.folder, talk.one_shot = draw(words), "/a/folder", draw(st.booleans())
    talk.previous, talk.reasoning = draw(st.sampled_from([None, *SIX])), draw(st.sampled_from([None, *LEVELS]))
    said = draw(st.lists(messages(), max_size=8))
    nodes = [
        Node(at, draw(st.integers(0, at - 1)), message, draw(st.sampled_from([0.0, 1.7e9, 1.8e9 + 0.1])))
        for at, message in enumerate(said, 1)
    ]
    talk.nodes = nodes
    talk.go_to(draw(st.integers(0, len(nodes))))
    if nodes:
        talk.branch_names = draw(st.dictionaries(anything, st.integers(1, len(nodes)), max_size=2))
    talk.tools = draw(st.sampled_from([(), (ToolSpec("weather", draw(words), {"type": "object", "x": draw(values)}),)]))
    talk.spent = [Spent(draw(st.sampled_from(SIX)), Usage(1, 2, cost=draw(st.sampled_from([None, 0.1]))), 1.7e9)]
    for model in draw(st.lists(st.sampled_from(SIX), max_size=3)):
        commit(talk, model)
    if talk.head and draw(st.booleans()):
        view(talk, draw(st.sampled_from(SIX)), draw(words))
    return talk


def view(talk: Conversation, model: Model, summary: str) -> None:
    """As if the model was given a summary of the first half, and was asked and had answered then."""
    path = talk.path
    until = path[len(path) // 2]
    talk.add_view(
        View(
            number=1,
            model=model.full_name,
            place=talk.head,
            made_after=len(talk.nodes),
            summary=summary,
            summarized_until=until,
            verbatim=path[:1],
            stubs=tuple((id, 0) for id in path if id > until),
            made_by=SIX[0].full_name,
        )
    )
    talk.pin(path[0])
    commit(talk, model)


def commit(talk: Conversation, model: Model) -> None:
    """As if the model had been asked, and had answered."""
    sent = REQUESTS[model.provider.dialect](request_for(talk, model)).messages
    assert sent is not None
    talk.ledger_for(model).commit(sent.pending)
