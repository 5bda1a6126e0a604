"""The command that makes room in a model's window: a summary or stubs in place of what is older, and back."""

from collections.abc import Iterator

from msgspec import Struct

from modules.chat.command import Ask, ChatContext, command
from modules.chat.input.completer import complete_models
from modules.chat.wording.model_summary import compact as short
from modules.chat.wording.phrases import about_tokens, count, too_long
from modules.daemon_thread import in_thread
from modules.errors import UsageError
from modules.llm.parts import ToolResult
from modules.session.views.view import View

WITH, FROM, EDIT, TRIM, UNDO = "--with", "--from", "--edit", "--trim", "--undo"
OPTIONS = {
    WITH: "the model that writes the summary",
    FROM: "the question, counted from the end, from which on all stays word for word",
    EDIT: "open the summary in the editor before it is used",
    TRIM: "only leave out old results, pictures and files: free",
    UNDO: "give the model, or the one named, again what it was given before",
}


class _Wanted(Struct, frozen=True):
    """What was typed after the name of the command."""

    focus: str
    by: str = ""
    since: int = 0
    edited: bool = False
    alone: str = ""  # an option that nothing else goes with


def complete_compact(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """The options, and behind the one for it the models."""
    head, _, last = args.rpartition(" ")
    words = head.split()
    if words and words[-1] in (WITH, UNDO):
        yield from ((f"{head} {name}", about) for name, about in complete_models(chat, last))
    elif not args or last.startswith("-"):
        for option, about in OPTIONS.items():
            if option not in words:
                yield f"{head} {option}".strip() + " " * (option in (WITH, FROM)), about


@command("/compact [words] [--trim]", aliases=("compress", "summarize", "summarise"), complete=complete_compact)
async def compact(chat: ChatContext, args: str) -> Ask | None:
    """Sum up what is older, for the current model.

    The current model is given the summary in place of the older turns; the last ones and those that are pinned stay
    word for word. The conversation itself stays whole, and other models see all of it. Words say what to keep in mind.
    "--with MODEL" has that one write it, and you are asked before one that costs. "--from N" keeps all from the N-th
    last question on. "--edit" opens the summary in $VISUAL or $EDITOR first. "--trim" makes no summary and only leaves
    out old results, pictures and files, which is free. "--undo" takes the last of these back, and "--undo MODEL" what
    another model was given.
    """
    wanted = _parsed(args)
    if not chat.conversation.head:
        raise UsageError("There is nothing to sum up.", cure="Ask something first.")
    if wanted.alone == UNDO:
        _undo(chat, wanted.by)
    elif wanted.alone == TRIM:
        await _trim(chat)
    else:
        await _summarise(chat, wanted)
    return None


def _parsed(args: str) -> _Wanted:
    """Raises UsageError for an option that is not there, or lacks what belongs to it."""
    words = args.split()
    focus: list[str] = []
    given: dict[str, str] = {}
    while words:
        word = words.pop(0)
        if word == "--":  # a dash, or the end of the options as in a shell
            focus += words
            break
        if word not in OPTIONS:
            if word.startswith("--"):
                raise UsageError(
                    f'/compact has no option "{word}".',
                    cure=f"It has {', '.join(OPTIONS)}. Behind -- all words are what to keep in mind.",
                )
            focus.append(word)
        elif word in (WITH, FROM):
            if not words:
                needed = "a model" if word == WITH else "a number"
                raise UsageError(f"{word} needs {needed}.", cure=f"It is {OPTIONS[word]}.")
            given[word] = words.pop(0)
        else:
            given[word] = word
    if alone := next((option for option in (UNDO, TRIM) if option in given), ""):
        most = 1 if alone == UNDO else 0  # the model
        if len(given) > 1 or len(focus) > most:
            raise UsageError(f"{alone} takes nothing else.", cure=f"/compact {alone}")
        return _Wanted("", by=" ".join(focus), alone=alone)
    number = given.get(FROM, "0")
    if not (number.isascii() and number.isdecimal() and len(number) < 10) or (FROM in given and int(number) == 0):
        raise UsageError(f'"{number}" is no number of a question.', cure="1 is the last question, 2 the one before.")
    return _Wanted(" ".join(focus), given.get(WITH, ""), int(number), EDIT in given)


async def _summarise(chat: ChatContext, wanted: _Wanted) -> None:
    from modules.chat.dialogs.summary_making import hold, made, may_ask, planned, writer_for

    if wanted.edited and chat.edit is None:
        raise UsageError("No editor can be opened here.", cure="Leave --edit out.")
    model = chat.conversation.model
    if (by := await writer_for(chat, model, wanted.by)) is None:
        return
    plan = await planned(chat, model, by, wanted.focus, wanted.since)
    named = bool(wanted.by or chat.config.settings.compact.model)
    if not await may_ask(chat, plan, named=named):
        chat.screen.say("Nothing was asked, and nothing has changed.")
        return
    spent = len(chat.conversation.spent)
    if (view := await made(chat, plan, edited=wanted.edited)) is not None:
        hold(chat, plan, view, spent)


async def _trim(chat: ChatContext) -> None:
    from modules.chat.dialogs.summary_making import ALL_KEPT, TAKES_BACK, reasoning_lost
    from modules.session.fitting.room import tokens_with
    from modules.session.fitting.trim import trimmed
    from modules.session.switching.switch import handover

    conversation = chat.conversation
    tools = chat.tooling.specs(conversation.reader(conversation.model))
    model, before = conversation.model, conversation.view(conversation.model)
    view: View | None = await in_thread(lambda: trimmed(conversation, model, tools))
    if view is None:
        raise UsageError(
            "There is nothing to leave out: no results, pictures or files stand before the last question.",
            cure="/compact makes a summary.",
        )
    tokens, lost = tokens_with(conversation, model, before, tools), handover(conversation, model, tools).left_out
    conversation.add_view(view)
    parts = (
        f"{_stubbed(chat, view, before)} left out for {model.full_name} alone: {about_tokens(tokens)} → "
        f"{short(tokens_with(conversation, model, view, tools))}, at no cost. A tool can be called again.",
        reasoning_lost(chat, model, lost.reasoning),
        ALL_KEPT,
        TAKES_BACK,
    )
    chat.screen.say(" ".join(filter(None, parts)))


def _stubbed(chat: ChatContext, view: View, before: View | None) -> str:
    """How many results, pictures and files a view leaves out that were there before."""
    known = set(before.stubs) if before is not None else set()
    parts = [chat.conversation.tree[id].message.parts[at] for id, at in view.stubs if (id, at) not in known]
    results = sum(isinstance(part, ToolResult) for part in parts)
    others = len(parts) - results
    counted = (count(results, "result") if results else "", count(others, "picture or file") if others else "")
    return " and ".join(filter(None, counted)).replace("picture or files", "pictures and files")


def _undo(chat: ChatContext, named: str) -> None:
    from modules.session.fitting.room import tokens_with
    from modules.session.switching.switch import handover

    conversation = chat.conversation
    model = chat.models.find(named).model if named else conversation.model
    tools = chat.tooling.specs(conversation.reader(model))
    if conversation.undo_view(model) is None:
        raise UsageError(
            f"{model.full_name} is given the whole conversation already.", cure="/compact makes a summary of it."
        )
    conversation.announced[model.full_name] = handover(conversation, model, tools).left_out
    now = conversation.view(model)
    tokens = tokens_with(conversation, model, now, tools)
    what = "the whole conversation" if now is None else "what it was given before that"
    chat.screen.say(f"{model.full_name} is given {what} again: {about_tokens(tokens)}.")
    if warning := too_long(tokens, conversation.reader(model).window):
        chat.screen.say(warning)
