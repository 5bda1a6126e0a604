"""Where models.yaml and the data of the genai-prices package differ: `python -m docs.prices`.

Neither is the truth: a line is something to look up on the provider's own pages.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from genai_prices.data_snapshot import get_snapshot

from modules.config import ROOT
from modules.llm.catalogue import catalogue_loader
from modules.llm.catalogue.model_names import NOT_FOR_CHAT, release_of
from modules.llm.catalogue.price import Price
from modules.llm.models import Model, ModelRegistry, Provider
from modules.session.counting import prices

PRICES = ("input", "output", "cache_read", "cache_write", "until")


def differences(models: ModelRegistry) -> Iterator[str]:
    """One line for each fact that differs, provider by provider, then the ids that only one side has."""
    prices.load()
    for provider in models.providers.values():
        theirs = _models_at(provider)
        if not theirs:
            continue
        own = models.of(provider.name)
        for model in own:
            found = theirs.get(model.id.lower())
            if found is None:
                yield f"{model.full_name}: {model.id} is not in genai-prices."
            else:
                yield from _window(model, found)
                yield from _price(model)
        unknown = sorted(set(theirs) - set(_named(own)))
        if unknown:
            yield f"{provider.name}: only in genai-prices: {', '.join(unknown)}."


def _window(model: Model, found: Any) -> Iterator[str]:
    there = found.context_window
    if model.window is None and there is not None:
        yield f"{model.full_name}: window unknown here, {there} in genai-prices."
    elif there is not None and there != model.window:
        yield f"{model.full_name}: window {model.window} here, {there} in genai-prices."


def _price(model: Model) -> Iterator[str]:
    here, there = model.price, prices.price_of(replace(model, price=None))
    if here is None or there is None:
        if here is not there:
            known, unknown = ("genai-prices", "here") if here is None else ("here", "in genai-prices")
            yield f"{model.full_name}: price unknown {unknown}, {_words(here or there)} {known}."
        return
    for field in PRICES:
        ours, others = getattr(here, field), getattr(there, field)
        if ours != others:
            yield f"{model.full_name}: {field} {_amount(ours)} here, {_amount(others)} in genai-prices."


def _models_at(provider: Provider) -> dict[str, Any]:
    """What the package knows at this address that is for a chat and not marked as gone, by id."""
    for one in get_snapshot().providers:
        if re.match(one.api_pattern, provider.base_url):
            found = {model.id.lower(): model for model in one.models}
            if provider.key_variable == "OPENROUTER_API_KEY":  # its hundreds are not in models.yaml on purpose
                return {}
            return {id: model for id, model in found.items() if not (model.deprecated or NOT_FOR_CHAT.search(id))}
    return {}


def _named(models: Iterable[Model]) -> Iterator[str]:
    for model in models:
        for name in (model.id, model.name, *model.aliases, *model.retired, *model.retiring):
            yield name.lower()
            yield release_of(name)


def _words(price: Price | None) -> str:
    return "" if price is None else f"{_amount(price.input)} and {_amount(price.output)} in"


def _amount(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g}"


def main() -> None:
    shipped = catalogue_loader.load(ROOT / "models.yaml", None, lambda _: "")
    for line in differences(shipped):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
