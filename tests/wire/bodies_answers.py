"""Bodies that ask for JSON or set options, in every dialect, valid and not."""

from typing import Any

from tests.wire import bodies_chat as chat
from tests.wire import bodies_gemini as gemini
from tests.wire import bodies_messages as messages
from tests.wire import bodies_ollama as ollama
from tests.wire import bodies_responses as responses
from tests.wire.bodies import CLOSED, OPEN, Case
from tests.wire.facts import Dialect

LIMITED = {**CLOSED, "properties": {"name": {"type": "string", "maxLength": 5}}}
RECURSIVE = {**CLOSED, "properties": {"name": {"$ref": "#"}}}
LIST = {"type": "array", "items": CLOSED}
QWEN: dict[str, Any] = {"model": "qwen/qwen3.8-27b"}
IN_JSON = {"role": "user", "content": "Answer in JSON."}


def claude(schema: Any = CLOSED, **more: Any) -> dict[str, Any]:
    return messages.body(output_config={"format": {"type": "json_schema", "schema": schema}}, **more)


def openai(schema: Any = CLOSED, **more: Any) -> dict[str, Any]:
    return responses.body(text={"format": {"type": "json_schema", "name": "answer", "schema": schema, **more}})


def formatted(schema: Any = CLOSED, strict: bool = True, **more: Any) -> dict[str, Any]:
    named = {"name": "answer", "schema": schema, "strict": strict}
    return chat.body(response_format={"type": "json_schema", "json_schema": named}, **more)


def mode(*said: Any, **more: Any) -> dict[str, Any]:
    return chat.body(*said, response_format={"type": "json_object"}, **more)


def generation(**config: Any) -> dict[str, Any]:
    return gemini.body(generationConfig=config)


def _cases(dialect: Dialect, rule: str, bodies: dict[str, dict[str, Any]]) -> list[Case]:
    return [Case(dialect, name, body, rule) for name, body in bodies.items()]


VALID = [
    *_cases("anthropic", "", {
        "JSON by a schema": claude(),
        "JSON beside tools": claude(tools=[messages.TOOL]),
        "options": messages.body(stop_sequences=["END"], service_tier="standard_only"),
    }),
    *_cases("openai", "", {
        "JSON by a schema": openai(strict=True),
        "JSON by an open schema": openai(OPEN, strict=False),
        "options": responses.body(text={"verbosity": "low"}, service_tier="flex", max_output_tokens=16),
        "temperature without reasoning": responses.body(model="gpt-6-luna", reasoning={"effort": "none"}, top_p=0.5),
    }),
    *_cases("chat", "", {
        "JSON by a schema": formatted(),
        "JSON by a schema, in one": formatted(stream=False),
        "JSON by an open schema": formatted(OPEN, strict=False),
        "JSON of any form": mode(IN_JSON),
        "options": chat.body(temperature=2, top_p=0, seed=7, stop=["a"], verbosity="low"),
    }),
    *_cases("groq", "", {
        "JSON by a schema": formatted(stream=False),
        "JSON of any form": mode(IN_JSON, stream=False, **QWEN),
        "options": chat.body(temperature=0.2, top_p=0.1, seed=7, stop=["a", "b"], service_tier="flex"),
    }),
    *_cases("gemini", "", {
        "JSON by a schema": generation(responseMimeType="application/json", responseJsonSchema=CLOSED),
        "options": generation(temperature=0.2, topP=0.3, seed=1, stopSequences=["a"], maxOutputTokens=5),
    }),
    *_cases("ollama", "", {
        "JSON by a schema": ollama.body(format=CLOSED),
        "JSON of any form": ollama.body(format="json"),
        "options": ollama.body(options={"temperature": 0, "seed": 1, "stop": ["a"], "num_predict": 5}),
    }),
]  # fmt: skip
BROKEN = [
    *_cases("anthropic", "J1", {
        "an open schema": claude(OPEN), "a limit": claude(LIMITED), "a schema in itself": claude(RECURSIVE),
    }),
    *_cases("anthropic", "J3", {"JSON of no schema": messages.body(output_config={"format": {"type": "json"}})}),
    *_cases("anthropic", "O1", {
        "a blank to stop at": messages.body(stop_sequences=["\n"]), "a tier of another": messages.body(
            service_tier="flex"),
    }),
    *_cases("anthropic", "E12", {"an unknown field": messages.body(output_config={"verbosity": "low"})}),
    *_cases("openai", "J1", {"strict and open": openai(OPEN, strict=True), "a list": openai(LIST, strict=False)}),
    *_cases("openai", "J3", {"an unknown kind": responses.body(text={"format": {"type": "yaml"}})}),
    *_cases("openai", "O1", {
        "an unknown verbosity": responses.body(text={"verbosity": "tiny"}), "an unknown tier": responses.body(
            service_tier="cheap"),
    }),
    *_cases("openai", "H2", {"top_p while it thinks": responses.body(model="gpt-6-luna", top_p=0.5)}),
    *_cases("chat", "J1", {"strict and open": formatted(OPEN), "a list": formatted(LIST, strict=False)}),
    *_cases("chat", "J2", {"JSON unsaid": mode()}),
    *_cases("chat", "O1", {
        "five to stop at": chat.body(stop=[*"abcde"]), "hotter than hot": chat.body(temperature=2.1),
        "a seed of half": chat.body(seed=0.5),
    }),
    *_cases("chat", "H4", {"usage of no stream": formatted(stream=False, stream_options={"include_usage": True})}),
    *_cases("groq", "J1", {"a schema for qwen": formatted(stream=False, **QWEN)}),
    *_cases("groq", "J2", {
        "JSON in a stream": formatted(), "JSON beside tools": formatted(stream=False, tools=[chat.TOOL]),
    }),
    *_cases("groq", "O1", {"a tier of another": chat.body(service_tier="standard_only")}),
    *_cases("gemini", "J2", {"a schema of what": generation(responseJsonSchema=CLOSED)}),
    *_cases("gemini", "O1", {
        "six to stop at": generation(stopSequences=[*"abcdef"]), "hotter than hot": generation(temperature=3),
    }),
    *_cases("ollama", "J3", {"a format of what": ollama.body(format="yaml")}),
    *_cases("ollama", "O1", {"hotter than hot": ollama.body(options={"temperature": 3})}),
]  # fmt: skip
