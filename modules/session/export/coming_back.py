"""A conversation that comes back where one of its id is kept already: whether it says more, less, or something else."""

import hashlib
from typing import Literal

from modules.session.conversation import Conversation
from modules.session.export.as_json import as_json
from modules.session.views.view import view_number

Meeting = Literal["same", "less", "more", "other"]


def meeting(kept: Conversation, coming: Conversation) -> Meeting:
    """What `coming` is to the one that is kept.

    "less" where all that it says is there and somebody went on since, "more" where it was gone on with elsewhere and
    holds all that is kept; "other" where both went on, or where they have only the id in common.
    """
    before, after = kept.nodes, coming.nodes
    if len(before) == len(after):
        return "same" if before == after else "other"
    if len(after) < len(before):
        return "less" if before[: len(after)] == after else "other"
    return "more" if after[: len(before)] == before else "other"


def joined(kept: Conversation, coming: Conversation) -> Conversation:
    """What comes, which says all that is kept and more, with what only the kept one knows: its place is here."""
    coming.folder, coming.one_shot, coming.source = kept.folder, kept.one_shot, kept.source
    coming.title = kept.title or coming.title
    coming.branch_names = {**coming.branch_names, **kept.branch_names}
    numbers = {view.number for view in coming.views}
    views = [view for view in kept.views if view.number not in numbers]
    known = {None, *(view.number for view in views)}
    coming.views = sorted([*coming.views, *views], key=lambda view: view.number)
    coming.pins |= kept.pins
    coming.ledgers = {n: one for n, one in kept.ledgers.items() if view_number(n) in known} | coming.ledgers
    coming.spent = [*(one for one in kept.spent if one not in coming.spent), *coming.spent]
    return coming


def id_beside(coming: Conversation) -> str:
    """An id for what comes beside the one that is kept under its own: the same at each import of the same file."""
    return hashlib.sha256(as_json(coming).encode()).hexdigest()[:16]
