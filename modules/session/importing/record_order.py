"""The records of a foreign conversation in an order in which a parent comes first, within what one may have."""

from collections.abc import Iterable, Iterator, Sequence

from modules.session.importing.imported import MOST_MESSAGES, Entry, Missed

BEYOND = f"messages beyond the {MOST_MESSAGES:,} of one conversation"


def bounded(entries: Iterable[Entry], missed: Missed) -> list[Entry]:
    """The records of a conversation, as many as it may have."""
    kept: list[Entry] = []
    for entry in entries:
        if len(kept) < MOST_MESSAGES:
            kept.append(entry)
        else:
            missed.count(BEYOND)
    return kept


def distinct(entries: Iterable[Entry], missed: Missed) -> dict[str, Entry]:
    """The records by their ids, the first of each, within what one conversation may have."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.id in found:
            missed.count("records that were there twice")
        elif len(found) >= MOST_MESSAGES:
            missed.count(BEYOND)
        elif entry.id:
            found[entry.id] = entry
        else:
            missed.count("records without an id")
    return found


def parents_first(entries: dict[str, Entry], missed: Missed, goes_on: bool) -> Iterator[Entry]:
    """The records in their order, each after its parent; a cycle is cut where it closes."""
    placed: set[str] = set()
    last = ""
    for entry in entries.values():
        waiting: list[Entry] = []
        above: set[str] = set()
        one: Entry | None = entry
        while one is not None and one.id not in placed:
            waiting.append(one)
            above.add(one.id)
            if one.parent in above:
                missed.count("messages that come after themselves")
                one.parent = ""
            elif one.parent and one.parent not in entries:
                missed.count("messages whose parent is missing")
                one.parent = last if goes_on else ""
            one = entries.get(one.parent)
        for one in reversed(waiting):
            placed.add(one.id)
            yield one
        last = entry.id


def without_siblings(ordered: Sequence[Entry]) -> set[str]:
    """The records that are the only ones to go on from what is before them, records that say nothing left aside."""
    above: dict[str, str] = {}
    children: dict[str, list[str]] = {}
    for entry in ordered:
        parent = above.get(entry.parent, "")
        if entry.parts or entry.results:
            above[entry.id] = entry.id
            children.setdefault(parent, []).append(entry.id)
        else:
            above[entry.id] = parent
    return {ids[0] for ids in children.values() if len(ids) == 1}
