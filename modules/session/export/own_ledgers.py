"""Reading back what was sent to whom, out of JSON of our own: a ledger that does not fit begins anew."""

from collections.abc import Mapping, Sequence
from typing import Any

from modules.llm.ledger.ledger import Ledger
from modules.llm.ledger.wire_log import WireLog
from modules.llm.message import WireEntry
from modules.session.node import Node
from modules.session.views.view import View, view_number
from modules.text.surrogates import whole


def read_ledgers(
    value: Any, nodes: Sequence[Node], places: Mapping[int, int], views: Sequence[View]
) -> dict[str, Ledger]:
    """The ledgers by their names; `places` says which message each id means. One of a view that is gone is left out."""
    if not isinstance(value, dict):
        return {}
    of: dict[int | None, View | None] = {None: None, **{view.number: view for view in views}}
    rows = {whole(name): row for name, row in value.items() if isinstance(row, dict)}
    known = {name: row for name, row in rows.items() if view_number(name) in of}
    return {name: _ledger(row, nodes, places, of[view_number(name)]) for name, row in known.items()}


def _ledger(row: dict[str, Any], nodes: Sequence[Node], places: Mapping[int, int], view: View | None) -> Ledger:
    """The ledger; what an issuer must not be sent again it knows in any case."""
    ledger = Ledger()
    ledger.reasoning_from = _count(row.get("reasoning_from"), len(nodes))
    ledger.pictures_from = _count(row.get("pictures_from"), len(nodes))
    ledger.drops_unreadable_reasoning = row.get("drops_unreadable_reasoning") is True
    spoken = _path_to(places.get(_count(row.get("last_message")), 0), nodes)
    path = spoken if view is None else view.shows(spoken)
    prefix_digest, rows = row.get("prefix_digest"), row.get("entries")
    if not isinstance(prefix_digest, str) or not isinstance(rows, list):
        return ledger
    entries = [entry for one in rows if (entry := _entry(one)) is not None]
    digests = [whole(one["digest"]) for one in rows if isinstance(one, dict) and isinstance(one.get("digest"), str)]
    ends = [entry.covers_until for entry in entries]
    if len(entries) != len(rows) or len(digests) not in (0, len(rows)) or ends != sorted(ends):
        return ledger
    covered = ends[-1] if ends else 0
    if covered != len(path) and (view is None or covered > len(path)):
        return ledger
    try:
        log = WireLog(entries)
    except (ValueError, TypeError, RecursionError):  # what no request could hold
        return ledger
    path = path[:covered]
    ledger.entries, ledger.digests, ledger.path = log, digests, path
    ledger.prefix_digest = whole(prefix_digest)
    return ledger


def _entry(row: Any) -> WireEntry | None:
    if not isinstance(row, dict) or not isinstance(row.get("wire"), dict):
        return None
    covers_until = _count(row.get("covers_until"))
    return WireEntry(row["wire"], covers_until) if covers_until else None


def _path_to(id: int, nodes: Sequence[Node]) -> tuple[int, ...]:
    path = []
    while id:
        path.append(id)
        id = nodes[id - 1].parent
    return tuple(path[::-1])


def _count(value: Any, most: int | None = None) -> int:
    """A count of something, at most so many; 0 for anything else."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return 0
    return value if most is None else min(value, most)
