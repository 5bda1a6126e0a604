"""How OpenAI's APIs, and all that follow them, are asked for an answer that is JSON."""

from modules.llm.generation.answer_schema import AnswerSchema, Form
from modules.llm.generation.closed_schema import closed, is_strict
from modules.llm.parts import Wire

NAME = "answer"


def response_format(wanted: AnswerSchema | None, form: Form) -> Wire | None:
    """The `response_format` of Chat Completions; None where the model is only told what to answer.

    Where the schema can be put so that nothing else is allowed, it is kept to strictly. The root must be an object.
    """
    if wanted is None or not form or wanted.schema.get("type") != "object":
        return None
    if form == "object":
        return {"type": "json_object"}
    schema = closed(wanted.schema)
    strict = schema is not None and is_strict(schema)
    named = {"name": NAME, "schema": schema if strict else dict(wanted.schema), "strict": strict}
    return {"type": "json_schema", "json_schema": named}
