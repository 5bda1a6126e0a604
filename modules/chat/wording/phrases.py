"""Numbers as people read them, and what is said in more than one place."""

from collections.abc import Iterable

from modules.chat.wording.model_summary import compact
from modules.session.switching.switch import SwitchSummary

GO_ON = "/continue goes on, with any model."


def dollars(cost: float | None) -> str:
    """A cost for the eye; what is unknown is not zero, and what is small is not nothing."""
    if cost is None:
        return "cost unknown"
    if 0 < cost < 0.0001:
        return "<$0.0001"
    return f"${cost:.4f}" if cost < 1 else f"${cost:.2f}"


def total(costs: Iterable[float | None], *, partial: bool = False) -> str:
    """What several requests cost: a sum with a price missing, or not counted to the end, is shown as "at least".

    "" where all of it is known to be nothing.
    """
    each = list(costs)
    known = sum(cost for cost in each if cost is not None)
    if None not in each and not partial:
        return dollars(known) if known else ""
    return f"at least {dollars(known)}" if known else "cost unknown"


def count(number: int, what: str) -> str:
    """`1 turn`, `2 turns`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def about_tokens(number: int) -> str:
    """An estimate of tokens, in words."""
    return f"about {count(max(1, number), 'token')}" if number < 1000 else f"about {compact(number)} tokens"


def overflow(summary: SwitchSummary) -> str:
    """That the conversation does not fit the model's window, and what can be done; "" where it fits."""
    return too_long(summary.tokens, summary.window)


def too_long(tokens: int, window: int | None) -> str:
    """The same where only these two are known, for which no request has to be made."""
    if window is None or tokens < window:
        return ""
    return (
        f"The conversation does not fit: about {compact(tokens)} tokens, and the window holds "
        f"{compact(window)}. /compact makes room, /model takes a larger one, /new begins another."
    )
