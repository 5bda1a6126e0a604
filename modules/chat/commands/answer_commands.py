"""Commands that have a model answer: the last question once more, or the rest of an answer."""

import re

from modules.chat.command import Ask, ChatContext, command
from modules.chat.input.completer import complete_models
from modules.chat.input.unlisted_model import is_meant
from modules.errors import UsageError
from modules.llm.models import Choice
from modules.session.turns.continuation import cut_answer, seam, why_cut

DIFF = re.compile(r"^(\S+\s+)??--diff(?:\s+|$)")  # before or after the model


@command("/retry [model] [--diff]", aliases=("regenerate",), complete=complete_models)
async def retry(chat: ChatContext, args: str) -> Ask | None:
    """Ask the last question again, here or elsewhere.

    With a model, that one is asked for this turn. Both answers stay: /prev and /next step between them. "--diff" shows
    both as one text when the new one is there, with the words that differ: [-before-] and {+now+}. A question that was
    given back without an answer is the last one.
    """
    compared = DIFF.match(args) is not None
    args = DIFF.sub(lambda found: found[1] or "", args, count=1).strip()
    choice = chat.models.find(_model_in(chat, args)) if args else None
    if choice is not None and not await _may_answer(chat, choice):
        return None
    model = choice.model if choice else None
    if chat.unanswered is not None:
        asked = Ask(chat.unanswered, model)
        chat.edited = chat.edited or chat.edited_in_vain  # a cleared line has given up the edit, and this asks it again
        chat.attachments[:] = [part for part in chat.attachments if part not in chat.unanswered.parts]
    else:
        conversation = chat.conversation
        place, question = conversation.head, conversation.tree.question()
        if question is None:
            raise UsageError("There is no question to ask again.", cure="Type one.")
        conversation.go_to(question.id)  # the answer stands beside the one before, to one and the same question
        asked = Ask(None, model, place, compared)
    if choice is not None and choice.note:
        chat.screen.say(choice.note)
    return asked


def _model_in(chat: ChatContext, args: str) -> str:
    """The model that is named. Raises UsageError where more was typed than that, and it is not the question itself."""
    name, _, behind = args.partition(" ")
    if chat.unanswered is not None and behind.split() == chat.unanswered.text.split():
        return name  # typed in front of the question, which stands in the prompt
    if behind.strip() and not chat.models.names(args):
        raise UsageError(
            f'/retry takes a model and nothing else, so "{behind.strip()}" would be lost.',
            cure=f"/retry {name} asks the last question again; @{name} {behind.strip()} asks this instead.",
        )
    return args


async def _may_answer(chat: ChatContext, choice: Choice) -> bool:
    """Whether this model can be asked, and is meant. Raises MissingKey."""
    chat.services.check_key(choice.model.provider)
    return await is_meant(chat, choice)


@command("/continue [model]", aliases=("go",), complete=complete_models)
async def go_on(chat: ChatContext, args: str) -> Ask | None:
    """Go on where a turn paused, failed or was cut.

    The current model goes on, or the one that is named, for this turn. An answer that is not whole is finished: the
    model is told who wrote it and what cut it. Results of tools that nobody has answered are answered now.
    """
    conversation = chat.conversation
    cut = cut_answer(conversation)
    from modules.session.turns.turn import unanswered_results  # with all that runs a turn

    if cut is None and not unanswered_results(conversation):
        raise UsageError("There is nothing to go on with.", cure=_instead_of_going_on(chat))
    choice = chat.models.find(args) if args else None
    if choice is not None:
        if not await _may_answer(chat, choice):
            return None
        if choice.note:
            chat.screen.say(choice.note)
    model = choice.model if choice is not None else conversation.model
    if cut is None:
        chat.screen.say(f"{model.full_name} goes on from the results above.")
        return Ask(None, choice.model if choice is not None else None)
    chat.screen.say(f"{model.full_name} goes on with the answer above, which is not complete: {why_cut(cut)}.")
    return Ask(seam(cut, model), choice.model if choice is not None else None)


def _instead_of_going_on(chat: ChatContext) -> str:
    """What to do where no answer waits for its rest."""
    last = chat.conversation.last
    if chat.unanswered is not None:
        return "/retry asks the question that has no answer yet."
    if last is None:
        return "Ask something first."
    if last.state == "refused":
        return "The model declined to answer: /undo takes the question back."
    return "The last answer is complete. Type a message."
