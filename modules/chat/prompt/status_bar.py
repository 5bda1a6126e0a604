"""The bar below the line: the model, how full its window is, what was spent."""

from prompt_toolkit.utils import get_cwidth

from modules.chat.command import ChatContext
from modules.chat.wording.model_summary import compact
from modules.chat.wording.phrases import total
from modules.text.sanitize import clean


def bar(context: ChatContext, columns: int) -> str:
    """What there is room for in so many columns; what does not fit is left out from the right."""
    conversation = context.conversation
    model = conversation.reader(conversation.model)
    parts = [clean(model.full_name)]
    used = conversation.tokens()
    if model.window:
        parts.append(f"{compact(used)} of {compact(model.window)} ({100 * used // model.window}%)")
    elif used:
        parts.append(f"{compact(used)} tokens")
    parts += filter(None, [total(spent.cost for spent in conversation.spent)])
    if conversation.reasoning:
        parts.append(f"reasoning {conversation.reasoning}")
    if not context.tooling.enabled:
        parts.append("tools off")
    if context.edited is not None:
        parts.insert(1, "edits a question")
    if context.attachments:
        parts.append(f"{len(context.attachments)} attached")
    while len(parts) > 1 and get_cwidth(" · ".join(parts)) >= columns:
        parts.pop()
    return " · ".join(parts)[: max(1, columns - 1)]
