"""Asks the person what to do where a conversation does not fit a model, and has it done before anything is sent."""

from modules.chat.command import ChatContext, Options
from modules.chat.wording.fit_words import made_words, making_words, question_words, way_words
from modules.chat.wording.phrases import too_long
from modules.errors import ParlanceError
from modules.llm.models import Model
from modules.session.fitting.ways import Misfit, SendAnyway, Summarise


async def ask_how(chat: ChatContext, question: Misfit, none: str) -> None:
    """Set what the person chooses; nothing where they take `none` of the ways, which is said in a few words."""
    options = Options(question_words(question), tuple(map(way_words, question.ways)), none)
    try:
        at = await chat.choose(options)
    except EOFError:  # the terminal is gone
        at = None
    question.chosen = None if at is None else question.ways[at]


async def made_to_fit(chat: ChatContext, model: Model, none: str) -> bool:
    """Whether the conversation goes on with this model: it fits, or was made to, or nothing can be done about it.

    Raises what asking for a summary raises; nothing is changed then.
    """
    fitting, conversation = chat.fitting(), chat.conversation
    question = await fitting.question(
        conversation, model, chat.tooling.specs(conversation.reader(model)), before_sending=False
    )
    if question is None:
        return True
    if not question.ways:
        chat.screen.say(too_long(question.tokens, question.window))
        return True
    if fitting.asks:
        await ask_how(chat, question, none)
    way = question.chosen
    if way is None or isinstance(way, SendAnyway):
        return way is not None
    from modules.session.fitting.policy import make  # the first prompt need not wait for it

    if isinstance(way, Summarise):
        chat.screen.say(f"{making_words(way.plan.by)} Ctrl+C stops it.")
    made = await chat.running.run(make(question, way, conversation, chat.services))
    chat.screen.say("Stopped." if made is None else made_words(made))
    return made is not None


async def fit_opened(chat: ChatContext) -> None:
    """The same for a conversation that was just opened: whatever is chosen, it stays open."""
    conversation = chat.conversation
    model = conversation.model
    window = conversation.reader(model).window
    if window is None or conversation.tokens() < window // 2:  # quickly known, with nothing loaded
        return
    try:
        fits = await made_to_fit(chat, model, "leave it as it is for now")
    except ParlanceError as error:
        chat.screen.say(f"{error.message} {error.cure}".strip())
        fits = False
    if not fits:
        chat.screen.say("Nothing has changed. You are asked again before something is sent.")
