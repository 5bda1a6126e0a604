"""A model in one quiet line: its window, its price, what it takes, and whether its key is set."""

from modules.llm.catalogue.price import Price
from modules.llm.models import Model
from modules.session.counting.prices import price_of

UNIT = " per 1M"  # of a price, where no heading says "$ per 1M tokens"


def describe(model: Model, has_key: bool, listed: bool | None = None) -> str:
    """Such as `1M window · $2/$10 per 1M · tools, images · key set`; what is unknown is left out.

    Why it may not answer stands first, and what would open it last. `listed`: whether its provider's own list names it,
    None where unknown.
    """
    window = f"{compact(model.window)} window" if model.window else ""
    lacks = f"{model.provider.title} does not list it" if listed is False else ""
    parts = (
        model.restricted,
        lacks,
        window,
        price_words(price_of(model)),
        _capabilities(model, ", "),
        _key(model, has_key, whole=True),
    )
    return " · ".join(part for part in parts if part)


def columns(model: Model, has_key: bool, listed: bool | None = None, *, alone: bool = False) -> tuple[str, ...]:
    """Name, window, price, abilities, key status; "" where unknown. A "+" after a price: long prompts cost more.

    `alone` where no heading says what a price is for, and no other line what would open the model.
    In the place of the key stands why it may not answer.
    """
    window = compact(model.window) if model.window else ""
    price = price_words(price_of(model), unit=UNIT if alone else "", short=True)
    key = mark(model, listed) or _key(model, has_key, whole=alone)
    return model.full_name, window, price, _capabilities(model, " "), key


def mark(model: Model, listed: bool | None) -> str:
    """Why the model may not answer, in two words at most; "" where nothing is known against it."""
    return "restricted" if model.restricted else "not listed" if listed is False else ""


def compact(tokens: int) -> str:
    """131072 as 131k, 1048576 as 1M; rounded down, so that nothing is promised that is not there."""
    if tokens < 1000:
        return str(tokens)
    if tokens < 1_000_000:
        return f"{tokens // 1000}k"
    millions, tenths = divmod(tokens // 100_000, 10)
    return f"{millions}.{tenths}M" if tenths else f"{millions}M"


def price_words(price: Price | None, *, unit: str = UNIT, short: bool = False) -> str:
    """Dollars per million tokens in and out, and up to which length of a prompt: a "+" where it is to be `short`.

    `unit` is "" where a heading says it.
    """
    if price is None:
        return ""
    if not price.input and not price.output:
        return "free"
    plus = "+" if price.until is not None and short else ""
    limit = f" up to {compact(price.until)}" if price.until is not None and not short else ""
    return f"{_dollars(price.input)}/{_dollars(price.output)}{plus}{unit}{limit}"


def _dollars(amount: float) -> str:
    """$2, $0.50, $0.075: cents in full, and less than a cent as far as it goes."""
    if amount == int(amount):
        return f"${int(amount)}"
    whole, _, cents = f"{amount:.4f}".rstrip("0").partition(".")
    return f"${whole}.{cents:0<2}"


def _capabilities(model: Model, between: str) -> str:
    if not model.known:
        return "abilities unknown"
    taken = (
        ("tools", model.tools),
        ("images", model.vision),
        ("PDF", model.documents),
        ("reasoning", bool(model.reasoning)),
    )
    return between.join(name for name, able in taken if able) or "text only"


def _key(model: Model, has_key: bool, *, whole: bool) -> str:
    if model.provider.key_variable is None:
        return "no key needed"
    how = f": /key {model.provider.name}" if whole else ""
    return "key set" if has_key else f"needs {model.provider.key_variable}{how}"
