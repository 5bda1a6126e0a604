"""Reading back what models were given in place of a part of the conversation, out of JSON of our own."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from modules.session.export.own_messages import converted
from modules.session.views.view import View
from modules.text.surrogates import whole


def read_views(rows: list[Any], places: Mapping[int, int]) -> list[View]:
    """The views that can be of this conversation; `places` says which message each id means."""
    views: dict[int, View] = {}
    for row in rows:
        view = converted(row, View)
        if view is not None and (moved := _moved(view, places)).is_of(max(places.values(), default=0)):
            views.setdefault(view.number, moved)
    return list(views.values())


def _moved(view: View, places: Mapping[int, int]) -> View:
    """The view with the ids that its messages have now; one of a message that is not there says nothing of it."""
    return replace(
        view,
        place=places.get(view.place, -1),
        summary=whole(view.summary),
        model=whole(view.model),
        made_by=whole(view.made_by),
        summarized_until=places.get(view.summarized_until, 0),
        verbatim=tuple(sorted(places[id] for id in view.verbatim if id in places)),
        stubs=tuple((places[id], part) for id, part in view.stubs if id in places),
    )
