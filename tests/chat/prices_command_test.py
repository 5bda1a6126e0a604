"""`python -m docs.prices` lists what models.yaml and the genai-prices package say differently."""

from dataclasses import replace

from modules.config import ROOT
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.catalogue.price import Price
from modules.llm.models import ModelRegistry

SHIPPED = load(ROOT / "models.yaml", None, lambda _: "")


def lines(registry: ModelRegistry) -> list[str]:
    from docs.prices import differences  # the package takes a quarter of a second

    return list(differences(registry))


def test_what_differs_is_listed_with_both_sides() -> None:
    opus = SHIPPED.find("claude-opus-5.5").model
    cheap = replace(opus, window=999, price=Price(input=1, output=20, cache_read=0.2, cache_write=5))
    invented, unpriced = replace(opus, name="opus-9", id="claude-opus-9"), replace(opus, name="same", price=None)
    said = lines(ModelRegistry([cheap, invented, unpriced]))
    assert said[:4] == [
        "anthropic:claude-opus-5.5: window 999 here, 1000000 in genai-prices.",
        "anthropic:claude-opus-5.5: input 1 here, 4 in genai-prices.",
        "anthropic:opus-9: claude-opus-9 is not in genai-prices.",
        "anthropic:same: price unknown here, 4 and 20 in genai-prices.",
    ]
    assert said[4].startswith("anthropic: only in genai-prices: ")
    assert "claude-haiku-5-5" in said[4]


def test_the_shipped_prices_are_those_of_the_package_wherever_both_know_one() -> None:
    about = ("input", "output", "cache_read", "cache_write", "until")
    assert not [line for line in lines(SHIPPED) if line.partition(": ")[2].split()[0] in about]
