"""An answer that is to be JSON: the schema that it must fit, and how a model is told of it and bound to it."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from modules.llm.catalogue.model import Model
from modules.llm.dialects import about
from modules.llm.generation.options import is_refused

Form = Literal["", "schema", "object"]
# In the person's message, so that a model knows what it is bound to (Ollama's own docs advise it, and JSON mode of
# DeepSeek and OpenAI demands it), and that one which cannot be bound, or ignores it, has a chance.
TOLD = (
    "[Answer with JSON alone: no words around it, and no code block. It must be valid under this JSON Schema: {schema}]"
)
AGAIN = "[What stands above is not the JSON that was asked for. {problem}\nAnswer again, with the whole JSON alone.]"


class AnswerSchema(Struct, frozen=True):
    """The JSON Schema that an answer must fit."""

    schema: Mapping[str, Any]

    @property
    def instructions(self) -> str:
        """What a model is told."""
        from modules.text.safe_json import safe_json  # no other answer needs it

        return TOLD.format(schema=safe_json(dict(self.schema)))


def form_for(model: Model, wanted: AnswerSchema | None, *, with_tools: bool) -> Form:
    """How the model's API is asked to bind the answer; "" where it is not, and the model is only told."""
    place = about(model.provider.dialect).answer_format
    if wanted is None or not place or is_refused(place, model) or (with_tools and not model.profile.format_with_tools):
        return ""
    return model.profile.answer_format
