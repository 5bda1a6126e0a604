"""What holds for one turn only, and no longer: instructions and tools that a prompt of one's own brings with it."""

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace

from modules.session.conversation import Conversation
from modules.session.turns.tooling import Tooling


class OneTurn(Struct, frozen=True):
    """`system` stands in the place of the person's own instructions, `tools` are all that may be called; None for no
    change.
    """

    system: str = ""
    tools: tuple[str, ...] | None = None


@contextmanager
def held(conversation: Conversation, tooling: Tooling | None, turn: OneTurn | None) -> Iterator[None]:
    """While this is open, the turn's own instructions and tools hold; then those from before.

    Instructions change as /system changes them: what was sent stays, and the change is told below it.
    """
    before = conversation.instructions
    if turn is not None and turn.system:
        from modules.prompts.told import told_in  # few prompts have instructions of their own

        conversation.instruct(replace(told_in(before), own=turn.system).text)
    limited = tooling is not None and turn is not None and turn.tools is not None
    if limited and tooling is not None and turn is not None:
        tooling.toolbox.limit(turn.tools)
    try:
        yield
    finally:
        if limited and tooling is not None:
            tooling.toolbox.limit(None)
        if turn is not None and turn.system:
            conversation.instruct(before)
