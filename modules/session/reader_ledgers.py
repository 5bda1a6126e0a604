"""Which ledger a reader has in a conversation, and what one that is new takes over from the others of its issuer."""

from collections.abc import Mapping

from modules.llm.ledger.ledger import Ledger
from modules.llm.ledger.ledger_key import ledger_key
from modules.llm.models import Model


class LedgerKeys:
    """The keys of readers' ledgers, each found once: they are asked for with every request."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Model, str]] = {}

    def of(self, reader: Model) -> str:
        """The key of the ledger that this reader shares with all that are shown the same."""
        known = self._known.get(id(reader))
        if known is None or known[0] is not reader:
            known = self._known[id(reader)] = reader, ledger_key(reader)
        return known[1]


def new_ledger(reader: Model, ledgers: Mapping[str, Ledger]) -> Ledger:
    """What the ledger of a reader begins as: what its issuer could not read once is not given to it again."""
    ledger = Ledger()
    own = f"{reader.provider.dialect} {reader.issuer} "
    for other in (one for name, one in ledgers.items() if name.startswith(own)):
        ledger.reasoning_from = max(ledger.reasoning_from, other.reasoning_from)
        ledger.drops_unreadable_reasoning = ledger.drops_unreadable_reasoning or other.drops_unreadable_reasoning
        ledger.pictures_from = max(ledger.pictures_from, other.pictures_from)
    return ledger
