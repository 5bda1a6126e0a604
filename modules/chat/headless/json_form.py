"""An answer as one JSON object."""

from typing import Any

from modules.chat.headless.outcome import Outcome
from modules.llm.events import Usage
from modules.session.conversation import Conversation

TOKENS = tuple(field for field in Usage.__struct_fields__ if field != "cost")  # what it cost has a field of its own


def as_json(conversation: Conversation, output: Outcome) -> dict[str, Any]:
    """What came of a turn as one JSON object."""
    finished, usage = output.finished, output.usage
    data = {} if output.checked is None else {"data": output.checked.value if not output.checked.problem else None}
    return {
        "text": output.text,
        **data,
        "model": conversation.model.full_name,
        "answered_by": finished.model if finished else None,
        "stop_reason": output.broken or (finished.stop if finished else "failed"),
        "usage": {field: getattr(usage, field) for field in TOKENS} if usage else None,
        "cost": conversation.cost() if conversation.spent else None,
        "tools": output.tools,
        "pictures": output.pictures,
        "searches": output.searches,
        "citations": [
            {"number": note.number, "url": note.url, "title": note.title} for note in output.footnotes.since(0)
        ],
        "notices": output.notices,
        "error": output.failed,
    }
