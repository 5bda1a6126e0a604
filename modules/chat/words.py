"""Numbers as people read them."""


def dollars(cost: float | None) -> str:
    """A cost for the eye; what is unknown is not zero, and what is small is not nothing."""
    if cost is None:
        return "cost unknown"
    if 0 < cost < 0.0001:
        return "<$0.0001"
    return f"${cost:.4f}" if cost < 1 else f"${cost:.2f}"


def count(number: int, what: str) -> str:
    """`1 turn`, `2 turns`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
