"""What the settings say of a conversation: it holds in it from the next line on, whatever was typed meanwhile."""

from modules.llm.models import LEVELS
from modules.session.conversation import Conversation
from modules.settings.declarations import Settings


def settle(conversation: Conversation, settings: Settings) -> None:
    """Let the settings hold in a conversation, where the person has not said otherwise in it."""
    conversation.options = settings.options
    conversation.reasoning_shown = settings.answers.reasoning != "hidden"
    if not settings.models.reasoning and conversation.reasoning_settled is None:
        return
    wanted = settings.models.reasoning.get(conversation.model.full_name)
    takes = conversation.reader(conversation.model).reasoning
    level = next((one for one in LEVELS if one == wanted and (one in takes or not conversation.model.known)), None)
    if conversation.reasoning_said or conversation.reasoning not in (None, conversation.reasoning_settled, level):
        return  # also what was said in an earlier run
    conversation.reasoning_settled = level
    if conversation.reasoning != level:
        conversation.reasoning = level
        conversation.changed()
