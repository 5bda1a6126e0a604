"""How much room a model has: what a request to it may take, and about what one would take."""

import json
from collections.abc import Sequence

from modules.llm.history import Message, refused_turns
from modules.llm.models import Model
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation
from modules.session.token_estimate import OVERHEAD, estimated_tokens
from modules.session.views.view import View, read_with

ANSWER_TOKENS = 4096  # that an answer needs, thinking included
ANSWER_SHARE = 4  # and of a small window its fourth part
UNMEASURED_SHARE = 0.85  # of the rest that may be filled while no answer has shown how a model counts


def room(reader: Model, *, measured: bool = False) -> int | None:
    """How many tokens a request may have: the window less what an answer needs; None where the window is unknown.

    While nothing was `measured` there is a margin for an estimate that is too small.
    """
    if reader.window is None:
        return None
    left = reader.window - min(ANSWER_TOKENS, reader.max_output or ANSWER_TOKENS, reader.window // ANSWER_SHARE)
    return left if measured else int(left * UNMEASURED_SHARE)


def fits(conversation: Conversation, model: Model, tools: tuple[ToolSpec, ...] = ()) -> bool:
    """Whether the next request to this model has room in its window, as far as that is known."""
    there = room(conversation.reader(model))
    return there is None or tokens_with(conversation, model, conversation.view(model), tools) <= there


def tokens_with(conversation: Conversation, model: Model, view: View | None, tools: tuple[ToolSpec, ...] = ()) -> int:
    """About how many tokens the next request to this model would take under a view."""
    reading = read_with(view, conversation.tree.path)
    return beside_messages(conversation, model, tools) + sum(message_tokens(reading.messages))


def beside_messages(conversation: Conversation, model: Model, tools: tuple[ToolSpec, ...] = ()) -> int:
    """About how many tokens of a request are none of what was said: the instructions and the tools."""
    declared, _ = conversation.declared(conversation.reader(model), tools, "auto")
    schemas = sum(len(tool.name) + len(tool.wire_description) + len(json.dumps(tool.schema)) for tool in declared)
    return text_tokens(conversation.system) + schemas // 4


def message_tokens(messages: Sequence[Message]) -> Sequence[int]:
    """About how many tokens each of these takes in a request; none where a turn was refused, which nobody is given."""
    refused = refused_turns(messages)
    return [0 if at in refused else estimated_tokens(message) for at, message in enumerate(messages)]


def text_tokens(text: str) -> int:
    """About how many tokens a text takes as a message of its own."""
    return len(text) // 4 + OVERHEAD
