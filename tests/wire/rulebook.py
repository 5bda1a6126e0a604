"""The rules each API enforces on a request body, checked independently of product code.

A rule is reported as "B3: text", with the text of the real API where it is known. The letters: A turns,
B tool calls and results, C ids and names, D text and empties, E reasoning and fields, F images, G system,
H parameters, I caching, J answers that are JSON, K items with an id of OpenAI's, O options, T tool definitions. W1 is
ours: it asks for a stream.
"""

from collections.abc import Callable, Iterator
from typing import Any

from tests.wire.facts import Dialect, ModelFacts, facts_for
from tests.wire.fields import MISTRAL, TOP, UNDOCUMENTED, unknown_and_missing
from tests.wire.rules_answers import answer_rules
from tests.wire.rules_chat import chat_rules
from tests.wire.rules_common import encodable
from tests.wire.rules_gemini import gemini_rules
from tests.wire.rules_messages import messages_rules
from tests.wire.rules_ollama import ollama_rules
from tests.wire.rules_responses import responses_rules

_RULES: dict[Dialect, Callable[[Dialect, dict[str, Any], ModelFacts], Iterator[str]]] = {
    "anthropic": messages_rules,
    "openai": responses_rules,
    "groq": chat_rules,
    "chat": chat_rules,
    "gemini": gemini_rules,
    "ollama": ollama_rules,
}


def broken_rules(dialect: Dialect, body: dict[str, Any], model_facts: ModelFacts | None = None) -> list[str]:
    """Name every rule that this body breaks, the most basic first."""
    facts = model_facts or facts_for(dialect, str(body.get("model", "")))
    also = UNDOCUMENTED[dialect] | (MISTRAL if facts.mistral_ids else frozenset())
    broken = list(unknown_and_missing(dialect, "", body, TOP[dialect], also))
    broken += encodable(body)
    in_one = dialect in ("groq", "chat") and body.get("stream") is False and "response_format" in body
    if dialect != "gemini" and body.get("stream") is not True and not in_one:
        broken.append("W1: stream: this server only streams")
    try:
        broken += _RULES[dialect](dialect, body, facts)
        broken += answer_rules(dialect, body, facts)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        # The shape is so wrong that the rules cannot be read. What is missing was usually named above.
        broken.append(f"E1: the request is malformed: {error!r}")
    return broken
