"""What holds for one turn only: instructions, tools and options that a prompt of one's own brings with it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from modules.session.conversation import Conversation
from modules.session.turns.tooling import Tooling


class OneTurn(Struct, frozen=True):
    """`system` stands in the place of the person's own instructions, `tools` are all that may be called; None for no
    change. `options` go before the person's, by the names of OptionSettings.
    """

    system: str = ""
    tools: tuple[str, ...] | None = None
    options: Mapping[str, Any] = {}


@contextmanager
def held(conversation: Conversation, tooling: Tooling | None, turn: OneTurn | None) -> Iterator[None]:
    """While this is open, the turn's own instructions, tools and options hold; then those from before.

    Instructions change as /system changes them: what was sent stays, and the change is told below it.
    """
    before, options = conversation.instructions, conversation.options
    if turn is not None and turn.options:
        conversation.options = replace(options, **turn.options)
    if turn is not None and turn.system:
        from modules.prompts.told import told_in  # few prompts have instructions of their own

        conversation.instruct(replace(told_in(before), own=turn.system).text)
    limited = tooling is not None and turn is not None and turn.tools is not None
    if limited and tooling is not None and turn is not None:
        tooling.toolbox.limit(turn.tools)
    try:
        yield
    finally:
        conversation.options = options
        if limited and tooling is not None:
            tooling.toolbox.limit(None)
        if turn is not None and turn.system:
            conversation.instruct(before)
