"""The keys that there can be: a variable each, with the providers that it opens; and whose a key is that was typed."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from modules.llm.dialects import about
from modules.llm.key_forms import maker_of
from modules.llm.models import Provider


class KeySlot(Struct, frozen=True):
    """A variable for a key, and the providers that read it, in the order of the catalogue."""

    variable: str
    providers: tuple[Provider, ...]

    @property
    def title(self) -> str:
        return self.provider.title

    @property
    def provider(self) -> Provider:
        """The one to ask about a key: of two ways to the same company that which needs nothing else installed."""
        return min(self.providers, key=lambda one: bool(about(one.dialect).extra))

    def is_of(self, maker: str) -> bool:
        """Whether this is a place for keys of that maker."""
        return any(one.title.lower().startswith(maker.lower()) for one in self.providers)


def slots_of(providers: Iterable[Provider]) -> list[KeySlot]:
    """A slot for each variable that a provider names, in the order of the catalogue."""
    found: dict[str, tuple[Provider, ...]] = {}
    for one in providers:
        if one.key_variable is not None:
            found[one.key_variable] = (*found.get(one.key_variable, ()), one)
    return [KeySlot(variable, those) for variable, those in found.items()]


def fitting(slots: Iterable[KeySlot], key: str) -> Iterator[KeySlot]:
    """The slots that a key may belong into, by how it begins: all that have no form of their own where none says so."""
    maker, sure = maker_of(key)
    own = [slot for slot in slots if maker and slot.is_of(maker)]
    yield from own or ([] if sure else slots)


def stranger(slot: KeySlot, key: str) -> str:
    """Whose key this is by how it begins, where that is somebody else; "" where it may be of this slot."""
    maker, sure = maker_of(key)
    return maker if sure and not slot.is_of(maker) else ""
