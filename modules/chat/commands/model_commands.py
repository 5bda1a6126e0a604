"""Commands about the model: which one answers, which there are, how much it thinks."""

from collections.abc import Iterable, Iterator

from modules.chat.background.model_list_refresh import listed
from modules.chat.command import Ask, ChatContext, command
from modules.chat.input.completer import complete_models
from modules.chat.input.fit_question import made_to_fit
from modules.chat.input.pdf_readers import not_taken
from modules.chat.input.unlisted_model import is_meant
from modules.chat.wording.fit_words import summary_words
from modules.chat.wording.model_summary import columns, compact, mark
from modules.chat.wording.phrases import count
from modules.errors import BadKey, MissingKey, SendingForbidden, SwitchFailed, UsageError
from modules.llm.dialects import about
from modules.llm.models import LEVELS, Choice, Model
from modules.llm.parts import Reasoning
from modules.session.switching.held_back import news_of_options
from modules.session.switching.switch import SwitchSummary, handover, left_out_words

PLAN = "--plan"
ROUND = {"--next": 1, "--previous": -1}


def complete_switch(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """Models, and behind a model the option."""
    name, space, _ = args.partition(" ")
    if space:
        yield f"{name} {PLAN}", "what a switch would mean, without switching"
    else:
        yield from complete_models(chat, args)


@command("/model [name] [--plan]", aliases=("m",), complete=complete_switch)
async def model(chat: ChatContext, args: str) -> Ask | None:
    """Go on with another model; alone, choose one.

    A name is provider:model, a name or alias from /models, the beginning of one, or any id that the provider knows.
    The conversation goes on: text, tool calls and results, and images as far as the model takes them.
    Where it does not fit the new model's window, you are asked what that model is to be given instead; other models see
    all of it. "/model -" goes back to the model before.
    "/model --next" goes round your favourites, or the models used last, and "/model --previous" the other way; F2 and
    Shift+F2 do the same. In the list Ctrl+F marks a favourite.
    With --plan nothing changes: it shows what would carry over, what would stay behind, and what the next turn costs.
    """
    words = args.split()
    args = " ".join(word for word in words if word != PLAN)
    if PLAN in words and not args:
        raise UsageError("Of which model?", cure=f"/model NAME {PLAN} shows what a switch to it would mean.")
    if args == "-":
        if chat.conversation.previous is None:
            raise UsageError("There is no model to go back to.", cure="/model NAME switches.")
        choice = Choice(chat.conversation.previous)
    elif args in ROUND:
        from modules.chat.often_used import OftenUsed  # only where it is wanted

        choice = Choice(OftenUsed(chat).after(chat.conversation.model, ROUND[args]))
    elif args:
        choice = chat.models.find(args)
    else:
        # A screen of its own, which the first prompt need not wait for.
        from modules.chat.dialogs.model_picker import pick_model

        picked = await pick_model(chat)
        if picked is None:
            return None
        choice = picked
    if PLAN in words:
        show_plan(chat, choice)
    elif await is_meant(chat, choice):
        await switch(chat, choice)
    return None


def show_plan(chat: ChatContext, choice: Choice) -> None:
    """Say in full what a switch would mean; nothing is changed."""
    model, conversation = choice.model, chat.conversation
    if choice.note:
        chat.screen.say(choice.note)
    variable = model.provider.key_variable
    key = "not needed" if variable is None else "set" if chat.config.has_key(variable) else f"{variable} is not set"
    able = [other for other in chat.models if chat.config.has_key(other.provider.key_variable)]
    tools = chat.tooling.specs(conversation.reader(model))
    if model == conversation.model:
        chat.screen.say(f"{model.full_name} is answering already.")
    else:
        chat.screen.say(f"{conversation.model.full_name} → {model.full_name}, if you switch. Nothing has changed yet.")
    from modules.chat.output.switch_report import switch_report  # only where a switch is thought through
    from modules.session.switching.switch_preview import plan

    chat.screen.table(list(switch_report(plan(conversation, model, tools), key, able)))


async def switch(chat: ChatContext, choice: Choice) -> None:
    """Let the chosen model answer from now on, and say what that means. Raises SwitchFailed; the old model stays.

    A person is asked first where the conversation does not fit its window.
    """
    old, new = chat.conversation.model, choice.model
    try:
        chat.services.check_key(new.provider)
    except (MissingKey, BadKey, SendingForbidden) as error:
        raise SwitchFailed(error.message, cure=f"{error.cure}\nStill on {old.full_name}.") from error
    if choice.note:
        chat.screen.say(choice.note)
    if new == old:
        chat.screen.say(f"{new.full_name} is answering already.")
        return
    if not await made_to_fit(chat, new, f"stay with {old.full_name}"):
        chat.screen.say(f"Still on {old.full_name}.")
        return
    conversation = chat.conversation
    had_view = conversation.view(old) is not None
    summary = handover(conversation, new, chat.tooling.specs(conversation.reader(new)))
    new_there = not any(m.origin and m.origin.issuer == new.issuer for m in conversation)
    conversation.switch(new)
    conversation.announced[new.full_name] = summary.left_out
    reader = conversation.reader(new)
    chat.screen.say(switch_line(old, reader, summary, was_shown_less=had_view))
    search = chat.tooling.news_of(reader) if reader.tools else ""
    for text in (*not_taken(chat, chat.attachments), news_of_options(conversation, new, again=True), search):
        if text:
            chat.screen.say(text)
    if new.provider.note and new_there:
        chat.screen.say(new.provider.note)


def switch_line(old: Model, new: Model, summary: SwitchSummary, *, was_shown_less: bool = False) -> str:
    """One line: from, to, what carries over, what this model cannot take, and how full its window is.

    `was_shown_less` says that the old model was given something in place of a part of the conversation.
    """
    parts = [f"{old.full_name} → {new.full_name}"]
    if summary.summarised:
        parts.append(summary_words(summary.summarised, summary.turns - summary.summarised))
    elif summary.turns:
        kept = [count(summary.turns, "turn")]
        kept += [count(summary.calls, "tool call")] if summary.calls else []
        parts.append(
            " and ".join(kept) + (" carries over" if summary.turns == 1 and not summary.calls else " carry over")
        )
    if summary.stubs:
        parts.append(
            f"{count(summary.stubs, 'old result')} or file left out"
            if summary.stubs == 1
            else f"{summary.stubs} old results and files left out"
        )
    if was_shown_less and not summary.summarised and not summary.stubs:
        parts.append("it sees all of it again")
    parts += [left_out_words(summary.left_out, new)] if summary.left_out else []
    if new.known:
        cannot = [
            word for can, word in ((new.tools, "tools"), (new.vision, "images"), (new.documents, "PDF")) if not can
        ]
        parts += [f"no {', '.join(cannot)}"] if cannot else []
    if new.window and summary.turns:
        parts.append(f"{compact(summary.tokens)} of {compact(new.window)} tokens")
    return " · ".join(parts)


@command("/models [provider] [--refresh]", complete=lambda chat, args: provider_names(chat))
async def models(chat: ChatContext, args: str) -> Ask | None:
    """List the models.

    With --refresh, also those that the provider's own list names. With --forget, what was learned of a provider's
    models, or of the one model named, is forgotten; /config shows it.
    """
    words = args.split()
    names = [word for word in words if word not in ("--refresh", FORGET)]
    if FORGET in words:
        forget(chat, names or [chat.conversation.model.full_name])
        return None
    for name in names:
        if name not in chat.models.providers:
            raise UsageError(f'There is no provider "{name}".', cure=f"There are {', '.join(chat.models.providers)}.")
    if "--refresh" in words:
        await _refresh(chat, names or [chat.conversation.model.provider.name])
        if not names and chat.config.settings.models.discover:
            from modules.chat.background.local_servers import look

            await look(chat)
    shown = [model for name in (names or chat.models.providers) for model in chat.models.of(name)]
    has_key = {model.provider: chat.config.has_key(model.provider.key_variable) for model in shown}
    rows = [row(chat.models.shown(model), has_key[model.provider], chat.models.lists(model)) for model in shown]
    chat.screen.table(rows, HEADINGS)
    missing = dict.fromkeys(one.key_variable for one, there in has_key.items() if not there and one.key_variable)
    if missing:
        chat.screen.say(f"Not set: {', '.join(missing)}. /key PROVIDER takes a key.")
    return None


FORGET = "--forget"


def forget(chat: ChatContext, names: Iterable[str]) -> None:
    """Forget what these models, or the models of these providers, turned out to be, and how they count tokens.

    Raises UnknownModel.
    """
    facts, weights = chat.conversation.learned, chat.conversation.weights
    for name in names:
        if name in chat.models.providers:
            of = chat.models.of(name)
            gone = facts.forget([known for known, _ in facts.known() if known.startswith(f"{name}:")])
        else:
            of = [chat.models.find(name).model]
            gone = facts.forget([f"{model.provider.name}:{model.id}" for model in of])
        issuers = dict.fromkeys(model.issuer for model in of)
        gone += [f"how {issuer.partition(' ')[0]} counts tokens" for issuer in issuers if weights.forget(issuer)]
        chat.screen.say(f"Forgotten: {', '.join(gone)}." if gone else f"Nothing was learned of {name}.")


HEADINGS = ("model", "key", "window", "takes", "$ per 1M tokens in/out")


def row(model: Model, has_key: bool, listed: bool | None) -> tuple[str, ...]:
    """Under HEADINGS; the key, or why the model may not answer, in a word: it is there in the narrowest window."""
    name, window, price, takes, _ = columns(model, has_key)
    key = "key" if has_key else "no key"
    if model.provider.key_variable is None:
        key = "local" if model.provider.is_local or not about(model.provider.dialect).networked else "open"
    return name, mark(model, listed) or key, window, takes, price


async def _refresh(chat: ChatContext, names: list[str]) -> None:
    for name in names:
        provider = chat.models.providers[name]
        if not about(provider.dialect).networked:
            continue
        found = await listed(chat, provider)
        chat.screen.say(f"{provider.title} lists {count(len(found), 'model')}.")


def provider_names(chat: ChatContext) -> Iterator[tuple[str, str]]:
    return ((provider.name, provider.title) for provider in chat.models.providers.values())


def reasoning_words(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    yield from ((level, "how much to think") for level in chat.conversation.reader(chat.conversation.model).reasoning)
    yield from (("show", "show all of it"), ("fold", "show it while it comes"), ("hide", "do not show it"))
    yield "default", "let the model decide how much"


SETTLED = {"show": "full", "fold": "short", "hide": "hidden"}
SEEN = {"full": "shown", "short": "shown while it comes, and then folded", "hidden": "hidden"}


@command("/reasoning [level|show|hide]", aliases=("thinking",), complete=reasoning_words)
async def reasoning(chat: ChatContext, args: str) -> Ask | None:
    """Set how much the model thinks; show or hide it.

    "/reasoning default" leaves it to the model. What it thinks is seen while it comes and then folded into a line;
    "/reasoning show" shows all of the last one and of those to come, "/reasoning fold" folds again.
    """
    conversation, word = chat.conversation, args.lower()
    levels = conversation.reader(conversation.model).reasoning
    if word in SETTLED:
        chat.config.layers.change("answers.reasoning", SETTLED[word])
        chat.screen.say(f"Reasoning is {SEEN[SETTLED[word]]}.")
        last = conversation.last_answer
        if word == "show" and last is not None:
            chat.screen.quote("\n\n".join(part.text for part in last.parts if isinstance(part, Reasoning)))
    elif word == "default":
        conversation.reasoning, conversation.reasoning_said = None, True
        conversation.changed()
        chat.screen.say("The model decides how much it thinks.")
        _say_news_of_options(chat)
    elif word in LEVELS and (word in levels or not conversation.model.known):
        conversation.reasoning, conversation.reasoning_said = next(one for one in LEVELS if one == word), True
        conversation.changed()
        chat.screen.say(f"Reasoning is set to {word}.")
        _say_news_of_options(chat)
    elif word:
        takes = f"It takes {', '.join(levels)}." if levels else "It takes no levels."
        raise UsageError(f'{conversation.model.full_name} has no reasoning level "{args}".', cure=takes)
    else:
        shown = SEEN[chat.config.settings.answers.reasoning]
        takes = f" {conversation.model.name} takes {', '.join(levels)}." if levels else ""
        chat.screen.say(f"Reasoning: {conversation.reasoning or 'as the model decides'}, {shown}.{takes}")
    return None


def _say_news_of_options(chat: ChatContext) -> None:
    """Which options are held back at this level of reasoning, where that is otherwise than before."""
    if text := news_of_options(chat.conversation, chat.conversation.model):
        chat.screen.say(text)
