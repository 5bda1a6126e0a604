"""Which ledger a reader has in a conversation, and what one that is new takes over from the others of its issuer."""

from collections.abc import Mapping, Sequence

from modules.llm.ledger.ledger import Ledger
from modules.llm.ledger.ledger_key import ledger_key
from modules.llm.models import Model
from modules.session.views.view import View, view_number


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


def new_ledger(reader: Model, ledgers: Mapping[str, Ledger], view: View | None, path: Sequence[int]) -> Ledger:
    """What the ledger of a reader begins as: what its issuer could not read once is not given to it again.

    `view` is what the reader is given in place of a part of the spoken `path`.
    """
    ledger = Ledger()
    own = f"{reader.provider.dialect} {reader.issuer} "
    number = None if view is None else view.number
    for name, other in ledgers.items():
        if not name.startswith(own):
            continue
        reasoning_from, pictures_from = other.reasoning_from, other.pictures_from
        if (reasoning_from or pictures_from) and view_number(name) != number:
            shown = path if view is None else view.shows(path)
            reasoning_from = _same_place(reasoning_from, other.path, shown)
            pictures_from = _same_place(pictures_from, other.path, shown)
        ledger.reasoning_from = max(ledger.reasoning_from, reasoning_from)
        ledger.drops_unreadable_reasoning = ledger.drops_unreadable_reasoning or other.drops_unreadable_reasoning
        ledger.pictures_from = max(ledger.pictures_from, pictures_from)
    return ledger


def _same_place(position: int, there: Sequence[int], here: Sequence[int]) -> int:
    """A position among some messages as one among others; where the former are not known, after all that was said."""
    if not position:
        return 0
    if position > len(there):
        return len(here)
    newest = abs(there[position - 1])
    return sum(abs(id) <= newest for id in here)
