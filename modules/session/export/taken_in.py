"""One of our conversations on its way into the file: under its own id, or beside another one that has it."""

from typing import Any

from modules.llm.models import Model, ModelRegistry
from modules.session.conversation import Conversation
from modules.session.export.coming_back import id_beside, joined, meeting
from modules.session.export.own_json import read
from modules.session.storage.bulk import Brought, BulkWriter
from modules.session.storage.saved_conversations import SavedConversations


def take_in(value: Any, writer: BulkWriter, saved: SavedConversations, models: ModelRegistry, start: Model) -> Brought:
    """Write the conversation in this JSON value, or what is new of it; `saved` is what the writer writes to.

    Raises ValueError, in words, for what is none of ours.
    """
    conversation = read(value, models, start)
    writer.flush()
    if (kept := _kept(conversation.id, saved, models, start)) is None:
        return writer.write_own(conversation)
    met = meeting(kept, conversation)
    if met == "more":
        if not writer.take(conversation.id):
            return Brought([], is_open=True)
        kept = saved.read(conversation.id, models, start)  # which nobody goes on with from here on
        met = meeting(kept, conversation)
    if met == "more":
        return writer.write_own(joined(kept, conversation), anew=True)
    if met == "other":  # it went on in both places, or has nothing to do with it
        conversation.id = id_beside(conversation)
    return writer.write_own(conversation)


def _kept(id: str, saved: SavedConversations, models: ModelRegistry, start: Model) -> Conversation | None:
    """The conversation of that id, where there is one."""
    return saved.read(id, models, start) if id in saved.ids(id) else None
