"""One of our conversations on its way into the file: under its own id, or beside another one that has it."""

from typing import Any

from modules.llm.models import Model, ModelRegistry
from modules.session.conversation import Conversation
from modules.session.export.coming_back import id_beside, meeting
from modules.session.export.own_json import read
from modules.session.storage.bulk import Brought, BulkWriter
from modules.session.storage.saved_conversations import SavedConversations


def take_in(value: Any, writer: BulkWriter, saved: SavedConversations, models: ModelRegistry, start: Model) -> Brought:
    """Write the conversation in this JSON value, or what is new of it; `saved` is what the writer writes to.

    Raises ValueError, in words, for what is none of ours.
    """
    conversation = read(value, models, start)
    writer.flush()
    if _is_another(conversation, saved, models, start):
        conversation.id = id_beside(conversation)
    return writer.write_own(conversation)


def _is_another(coming: Conversation, saved: SavedConversations, models: ModelRegistry, start: Model) -> bool:
    """Whether another conversation has its id: one that went on elsewhere, or has nothing to do with it."""
    if coming.id not in saved.ids(coming.id):
        return False
    return meeting(saved.read(coming.id, models, start), coming) == "other"
