"""The line under a turn: who answered, what it took, and how long."""

from modules.chat.wording.model_summary import compact
from modules.chat.wording.phrases import count, total
from modules.llm.events import Finished
from modules.llm.models import Model
from modules.session.counting.prices import Spent
from modules.session.message_tree import Place


def footer(
    model: Model,
    finished: Finished | None,
    spent: list[Spent],
    seconds: float,
    calls: int = 0,
    place: Place | None = None,
) -> str:
    """One line under a turn: who, which of the answers to the question, how much, and how long."""
    parts = [model.full_name]
    if place is not None:
        parts.append(f"{place.number} of {place.of}")
    if finished is not None and finished.model not in ("", model.id):
        parts.append(f"answered as {finished.model}")
    if calls:
        parts.append(count(calls, "tool call"))
    if spent:
        read, written = sum(one.usage.input for one in spent), sum(one.usage.output for one in spent)
        parts.append(f"{compact(read)} in, {compact(written)} out")
        parts += filter(None, [total(one.cost for one in spent)])
    parts.append(f"{seconds:.1f} s")
    return " · ".join(parts)
