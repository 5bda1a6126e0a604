"""A summary made before a person's eyes: asked about where it costs, seen while it is written, told when it holds."""

import time
from collections.abc import Iterator

from msgspec.structs import replace

from modules.chat.command import ChatContext
from modules.chat.input.unlisted_model import is_meant
from modules.chat.wording.model_summary import compact
from modules.chat.wording.phrases import about_tokens, count, dollars, total
from modules.daemon_thread import in_thread
from modules.errors import ParlanceError, ProviderError, SummaryFailed
from modules.llm.conversion.replay import LeftOut
from modules.llm.models import Model
from modules.llm.sending_rules import allowed
from modules.session.counting import prices
from modules.session.fitting.room import room_of, tokens_with
from modules.session.fitting.summary import SummaryPlan, must_fit, plan_summary, summarised
from modules.session.fitting.summary_writer import ANOTHER, Writing
from modules.session.fitting.writer import named_writer, usual_writer, writer_of_settings
from modules.session.switching.switch import handover, left_out_words
from modules.session.views.view import View

SECONDS_A_FRAME = 0.1
ALL_KEPT = "The conversation itself is kept whole, and other models see all of it."
TAKES_BACK = "/compact --undo takes this back."


async def writer_for(chat: ChatContext, model: Model, named: str = "") -> Model | None:
    """Who writes a summary for `model`: the one that is named, here or in the settings, else the usual one.

    None where the person did not mean it after all. Raises UsageError and MissingKey where it cannot be asked.
    """
    prices.load()
    if named or chat.config.settings.compact.model:
        usual = chat.config.settings.compact.model
        choice = named_writer(named, chat.models) if named else writer_of_settings(usual, chat.models)
        chat.services.check_key(choice.model.provider)
        if not await is_meant(chat, choice):
            return None
        if choice.note:
            chat.screen.say(choice.note)
        return choice.model
    may_be_asked = allowed(chat.models, chat.config.settings.send)
    writer = usual_writer(chat.conversation, model, may_be_asked, chat.config.has_key)
    chat.services.check_key(writer.provider)
    return writer


async def planned(chat: ChatContext, model: Model, by: Model, focus: str, since: int) -> SummaryPlan:
    """What a summary for the model would be; long conversations are looked at in a thread."""
    conversation = chat.conversation
    plan: SummaryPlan = await in_thread(
        lambda: plan_summary(
            conversation,
            model,
            by,
            chat.tooling.specs(conversation.reader(model)),
            focus=focus,
            since=since,
            target=room_of(conversation, model),
            keep=chat.config.settings.compact.keep,
        )
    )
    return plan


async def may_ask(chat: ChatContext, plan: SummaryPlan, *, named: bool) -> bool:
    """Whether the writer may be asked: the person is, where that costs or may cost something.

    And where nobody `named` it and what was said would go to another provider than before.
    """
    other = plan.by.provider.name != plan.model.provider.name and not plan.by.provider.is_local
    if plan.cost == 0 and (named or not other):
        return True
    requests = f" in {plan.requests} requests" if plan.requests > 1 else ""
    saved = "" if plan.tokens_after < plan.tokens_before else " That may save nothing."
    chat.screen.say(
        f"{_questions(plan.covered)} would be summed up by {plan.by.full_name}{requests}, for {_reader(plan)}: "
        f"{about_tokens(plan.tokens_before)} → {compact(plan.tokens_after)}.{saved}"
    )
    cost = "what it costs is not known" if plan.cost is None else f"about {dollars(plan.cost)}" if plan.cost else "free"
    return bool(await chat.confirm(f"Ask {plan.by.full_name} ({cost})?"))


async def made(chat: ChatContext, plan: SummaryPlan, *, edited: bool = False) -> View | None:
    """The view with the summary, which the person may have changed; None where it was stopped or given up.

    Nothing is changed by it but what was spent. Raises SummaryFailed.
    """
    before = len(chat.conversation.spent)
    try:
        view = await chat.running.run(_written(chat, plan))
        if view is None:
            chat.screen.say("Stopped. Nothing has changed.")
        elif edited:
            view = await _edited(chat, plan, view)
    except ProviderError as error:
        _say_spent(chat, before)
        raise SummaryFailed(
            f"There is no summary, and nothing has changed. {error.message}", cure=f"{error.cure} {ANOTHER}".strip()
        ) from error
    except ParlanceError:
        _say_spent(chat, before)
        raise
    if view is None:
        _say_spent(chat, before)
    return view


def hold(chat: ChatContext, plan: SummaryPlan, view: View, spent_before: int) -> None:
    """Let the view hold from now on, and say in one line what that means."""
    conversation, model = chat.conversation, plan.model
    lost = handover(conversation, model, plan.tools).left_out.reasoning
    conversation.add_view(view)
    left_out = handover(conversation, model, plan.tools).left_out
    conversation.announced[model.full_name] = left_out
    tokens = tokens_with(conversation, model, view, plan.tools)
    cost = total(spent.cost for spent in conversation.spent[spent_before:]) or "no cost"
    pinned = len(conversation.pins & {*plan.verbatim})
    last = "the last question" if plan.kept == 1 else f"the last {plan.kept} questions"
    stays = [last] if plan.kept else ["the question and its last steps"] if plan.until != conversation.head else []
    stays += [f"{pinned} pinned"] if pinned else []
    parts = [
        f"{_questions(plan.covered)} summed up by {plan.by.full_name} ({cost}), for {_reader(plan)} alone: "
        f"{about_tokens(plan.tokens_before)} → {compact(tokens)}.",
        f"Word for word: {', '.join(stays) or 'nothing'}.",
        _reasoning(left_out.reasoning - lost, model),
        ALL_KEPT,
        TAKES_BACK,
    ]
    chat.screen.say(" ".join(filter(None, parts)))


def reasoning_lost(chat: ChatContext, model: Model, before: int) -> str:
    """That earlier reasoning is not given back under a view, where `before` so many pieces were left out; "" if not."""
    tools = chat.tooling.specs(chat.conversation.reader(model))
    left_out = handover(chat.conversation, model, tools).left_out
    chat.conversation.announced[model.full_name] = left_out
    return _reasoning(left_out.reasoning - before, model)


def _reasoning(pieces: int, model: Model) -> str:
    if pieces <= 0:
        return ""
    return f"{left_out_words(LeftOut(reasoning=pieces), model)} for it from now on."


def _reader(plan: SummaryPlan) -> str:
    return "itself" if plan.model == plan.by else plan.model.full_name


def _questions(number: int) -> str:
    return count(number, "question") if number else "The first part of the turn"


async def _written(chat: ChatContext, plan: SummaryPlan) -> View:
    drawn = 0.0

    def told(writing: Writing) -> None:
        nonlocal drawn
        now = time.monotonic()
        if now - drawn >= SECONDS_A_FRAME or not writing.words:
            drawn = now
            chat.screen.status(" ".join(_progress(plan, writing)), " · Ctrl+C stops it")

    if chat.ask is None:  # there is no row for it
        chat.screen.say(f"Summary by {plan.by.full_name} … Ctrl+C stops it.")
    try:
        return await summarised(plan, chat.conversation, chat.services, told)
    finally:
        chat.screen.status("", "")


def _progress(plan: SummaryPlan, writing: Writing) -> Iterator[str]:
    yield f"Summary by {plan.by.name}"
    if writing.of > 1:
        yield f"({writing.request} of {writing.of})"
    yield f"… {count(writing.words, 'word')}" if writing.words else "…"


async def _edited(chat: ChatContext, plan: SummaryPlan, view: View) -> View | None:
    assert chat.edit is not None
    try:
        text = (await chat.edit(view.summary)).strip()
    except ParlanceError as error:  # it is written and paid for
        chat.screen.say(str(error))
        return view if await chat.confirm("Use the summary as it was written?") else None
    if not text:
        chat.screen.say("Given up: the text is empty. Nothing has changed.")
        return None
    changed = replace(view, summary=text)
    must_fit(plan, chat.conversation, changed)
    return changed


def _say_spent(chat: ChatContext, before: int) -> None:
    costs = [spent.cost for spent in chat.conversation.spent[before:]]
    if any(costs):
        chat.screen.say(f"What was read and written has cost {total(costs)}.")
    elif None in costs:
        chat.screen.say("What was read and written has cost something that is not known.")
