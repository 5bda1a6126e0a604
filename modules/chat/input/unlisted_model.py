"""Whether a model that nobody lists is meant: asked before it answers, with the names that are most like it."""

from modules.chat.command import ChatContext
from modules.errors import UsageError
from modules.llm.catalogue.model_names import either
from modules.llm.models import Choice


def doubt_about(choice: Choice) -> str:
    """That neither the catalogue nor the provider's own list names this id, and what is like it; "" where one does."""
    if not choice.unlisted:
        return ""
    provider = choice.model.provider
    near = f" Did you mean {either(list(choice.near))}?" if choice.near else ""
    lists = f"/models {provider.name} --refresh asks {provider.title} for its list."
    return f'No model "{choice.model.id}" of {provider.title} is known.{near or " " + lists}'


async def is_meant(chat: ChatContext, choice: Choice) -> bool:
    """Whether the person wants this model, whom nobody but them may know. Raises UsageError for what can be no id."""
    if not (doubt := doubt_about(choice)):
        return True
    if " " in choice.model.id:
        raise UsageError(f'"{choice.model.id}" is no name of a model.', cure="A name has no blanks in it.")
    chat.screen.say(doubt)
    if await chat.confirm(f"Use {choice.model.full_name} all the same?"):
        return True
    chat.screen.say(f"Still on {chat.conversation.model.full_name}.")
    return False
