"""What holds for one turn only: the instructions, tools and options that a prompt of one's own brings with it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from modules.session.conversation import Conversation
from modules.session.turns.tooling import Tooling


class OneTurn(Struct, frozen=True):
    """`system` stands in the place of the person's own instructions, `tools` are all that may be called; None for no
    change. `options` are laid over those that hold, by their names.
    """

    system: str = ""
    tools: tuple[str, ...] | None = None
    options: Mapping[str, Any] = {}


@contextmanager
def held(
    conversation: Conversation, tooling: Tooling | None, turn: OneTurn | None, *, anew: bool = True
) -> Iterator[None]:
    """While this is open, the turn's own instructions, tools and options hold; then those from before.

    Instructions change as /system changes them: what was sent stays, and the change is told below it. A step back may
    lead to where those of an earlier turn held; a question that is asked `anew` there is asked under a person's own.
    """
    turn = turn or OneTurn()
    if anew and (own := conversation.lent.get(conversation.instructions)) is not None:
        conversation.instruct(own)
    before, options = conversation.instructions, conversation.options
    if turn.system:
        from modules.prompts.told import told_in  # few prompts have instructions of their own

        text = replace(told_in(before), own=turn.system).text
        if text != before:
            conversation.lent[text] = before
        conversation.instruct(text)
    if turn.options:
        conversation.options = replace(options, **turn.options)
    limited = tooling.toolbox if tooling is not None and turn.tools is not None else None
    if limited is not None:
        limited.limit(turn.tools)
    try:
        yield
    finally:
        if limited is not None:
            limited.limit(None)
        if turn.system:
            conversation.instruct(before)
        if turn.options:
            conversation.options = options
