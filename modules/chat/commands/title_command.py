"""The title of a conversation: shown, given, or asked of a model."""

from modules.chat.command import Ask, ChatContext, command
from modules.chat.wording.phrases import dollars
from modules.errors import UsageError
from modules.llm.models import Model
from modules.llm.sending_rules import allowed
from modules.session.message_tree import LONGEST_TITLE_CHARS


@command("/title [words|--auto]", aliases=("name", "rename"))
async def title(chat: ChatContext, args: str) -> Ask | None:
    """Show or give the conversation's title.

    Until one is given, its first words stand for it. "/title -" takes it away. "/title --auto" asks the cheapest model
    whose key is set, or the one that settings.toml names, and says what that costs; nothing is asked otherwise.
    """
    conversation = chat.conversation
    if args == "--auto":
        await _ask_for_title(chat)
    elif args:
        conversation.call("" if args == "-" else " ".join(args.split())[:LONGEST_TITLE_CHARS])
    shown = conversation.title or conversation.first_words
    chat.screen.say(f"Title: {shown}" if shown else "Nothing has been said yet, so there is no title.")
    return None


async def _ask_for_title(chat: ChatContext) -> None:
    from modules.session.title import suggested_title

    if not chat.conversation.first_words:
        raise UsageError("Nothing has been said yet.", cure="Ask something first, or give a title: /title WORDS.")
    model = _model(chat)
    chat.services.check_key(model.provider)
    suggested, spent = await suggested_title(chat.conversation, chat.services, model)
    chat.conversation.call(suggested)
    cost = f", {dollars(spent.cost)}" if spent is not None else ""
    chat.screen.say(f"By {model.full_name}{cost}.")


def _model(chat: ChatContext) -> Model:
    """Who is asked for a title."""
    from modules.session.counting import prices
    from modules.session.title import cheapest

    if named := chat.config.settings.sessions.title_model:
        return chat.models.find(named).model
    prices.load()
    if (found := cheapest(allowed(chat.models, chat.config.settings.send), chat.config.has_key)) is None:
        raise UsageError(
            "No model can be asked: none has both a key and a known price.",
            cure="Give a title yourself, /title WORDS, or name a model as title_model in settings.toml.",
        )
    return found
