"""A summary in place of the older part of a conversation, for one model: planned first, then made."""

import os
import time
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from modules.errors import SummaryFailed, UsageError
from modules.llm.events import Usage
from modules.llm.models import Model
from modules.llm.service_manager import ServiceManager
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation
from modules.session.counting.prices import cost_of
from modules.session.fitting.cut import Cut, Cuts
from modules.session.fitting.room import Counter, tokens_with
from modules.session.fitting.summary_writer import BESIDE_TOKENS, SummaryWriter, Told, piece_tokens
from modules.session.fitting.transcript import in_pieces, turns_of
from modules.session.views.view import View, next_number, nodes_with

KEEP_TOKENS = 4000  # of the last turns, where settings say nothing else
KEEP_SHARE = 4  # and at most a fourth part of the window
LAST_TURN_SHARE = 2  # of the room that the last turn may have and still stays word for word
LONGEST_TOKENS = 4000  # of a summary
SUMMARY_SHARE = 8  # of the room, and
COVERED_SHARE = 3  # of what it stands for
LEAST_TOKENS = 200


class SummaryPlan(Struct, frozen=True, kw_only=True):
    """A summary that could be made. Nothing was asked, and nothing is changed.

    It is for `model`, and `by` writes it: the first `covered` turns up to message `until`, of which the messages
    `verbatim` stay word for word, as do the last `kept` turns. `stubs` of the view that holds stay. `turns` are what it
    is made of, `mark` stands in the lines that say who speaks. The request takes about `tokens_before` now and
    `tokens_after` with it, and may take `most`, None for any number. `length` is how many tokens the summary may have;
    it is made by about `requests` requests that cost about `cost` dollars, None where the price is unknown.
    """

    model: Model
    by: Model
    tools: tuple[ToolSpec, ...]
    until: int
    verbatim: tuple[int, ...]
    covered: int
    kept: int
    stubs: tuple[tuple[int, int], ...]
    turns: list[list[str]]
    mark: str
    focus: str
    length: int
    most: int | None
    tokens_before: int
    tokens_after: int
    requests: int
    cost: float | None


def plan_summary(
    conversation: Conversation,
    model: Model,
    by: Model,
    tools: tuple[ToolSpec, ...] = (),
    *,
    focus: str = "",
    since: int = 0,
    target: int | None = None,
    keep: int = KEEP_TOKENS,
) -> SummaryPlan:
    """A summary for `model` that `by` writes, made of what was said and not of an earlier summary.

    From the `since`-th last question on all stays word for word; 0 leaves that to `keep`, the tokens of the last turns
    that stay. With a `target` the request is to take so many tokens at most. `focus` is what the person wants kept.
    Raises UsageError where nothing can be summed up, or not so that it fits.
    """
    path, before = conversation.tree.path, conversation.view(model)
    stubbed = View(number=0, model="", place=0, made_after=0, stubs=before.stubs) if before is not None else None
    counter = Counter(conversation, model, tools)
    cuts = Cuts(path, counter.messages(path if stubbed is None else [*nodes_with(stubbed, path)]), conversation.pins)
    beside = counter.beside

    def length_of(cut: Cut) -> int:
        share = LONGEST_TOKENS if target is None else target // SUMMARY_SHARE
        return max(LEAST_TOKENS, min(LONGEST_TOKENS, share, cuts.covered(cut) // COVERED_SHARE))

    def tokens_after(cut: Cut) -> int:
        return beside + length_of(cut) + cuts.kept(cut)

    cut = _chosen(cuts, since, _kept_tokens(conversation.reader(model), keep), target, tokens_after)
    mark = os.urandom(3).hex()
    refused = cuts.refused
    turns = turns_of(path[: cut.at], refused, cuts.pinned, mark)
    writer = Counter(conversation, by)
    pieces = in_pieces(turns, piece_tokens(conversation, by), writer.text)
    requests = len(pieces) + (len(pieces) > 1)
    again = len(pieces) * length_of(cut) if len(pieces) > 1 else 0
    read = sum(map(writer.text, pieces)) + again + requests * BESIDE_TOKENS
    until = path[cut.at - 1].id
    return SummaryPlan(
        model=model,
        by=by,
        tools=tools,
        until=until,
        verbatim=tuple(path[at].id for at in cut.verbatim),
        covered=sum(at < cut.at and at not in cut.verbatim for at in cuts.questions),
        kept=sum(at >= cut.at for at in cuts.questions),
        stubs=tuple(stub for stub in before.stubs if stub[0] > until) if before is not None else (),
        turns=turns,
        mark=mark,
        focus=focus,
        length=length_of(cut),
        most=target,
        tokens_before=counter.with_view(before),
        tokens_after=tokens_after(cut),
        requests=requests,
        cost=cost_of(conversation.reader(by), Usage(input=read, output=requests * length_of(cut))),
    )


def _kept_tokens(reader: Model, keep: int) -> int:
    return keep if reader.window is None else min(keep, reader.window // KEEP_SHARE)


def _chosen(cuts: Cuts, since: int, keep: int, target: int | None, tokens_after: Callable[[Cut], int]) -> Cut:
    """Where the summary ends. Raises UsageError."""
    if since:
        cut = cuts.before_question(since)
        if cut is None:
            there = len(cuts.questions)
            cure = f"It is a number from 1 to {there}." if there else "Ask something first."
            raise UsageError(f"There is no question {since} from the end.", cure=cure)
        tried = [cut]
    else:
        tried = list(cuts.keeping(keep, None if target is None else target // LAST_TURN_SHARE))
    fitting = next((cut for cut in tried if target is None or tokens_after(cut) <= target), None)
    if not tried or (fitting is not None and not cuts.covered(fitting)):
        raise UsageError(
            "There is nothing to sum up: all that was said stays word for word.",
            cure="/compact --from 1 sums up all before the last question; /pins shows what is pinned."
            if len(cuts.questions) > 1
            else "It is for turns before the last one.",
        )
    if fitting is None:
        raise UsageError(
            "What would stay word for word does not fit the model's window.",
            cure="/compact --trim leaves out old results, /unpin lets a turn be summed up, /model takes a larger one.",
        )
    return fitting


async def summarised(
    plan: SummaryPlan, conversation: Conversation, services: ServiceManager, told: Told = lambda _: None
) -> View:
    """Ask for the summary and give the view that has it; nothing holds before it is added to the conversation.

    What it takes is paid for, whatever comes of it. `told` hears how far it is. Raises what the service raises, and
    SummaryFailed where what came cannot be used.
    """
    service = await services.service_for(plan.by)
    if facts := await service.facts(plan.by):
        conversation.learned.note(plan.by, lasting=False, **facts)
    text = await SummaryWriter(conversation, services, plan.by, plan.mark, plan.length, told).summary_of(
        plan.turns, plan.focus
    )
    view = view_of(plan, conversation, text)
    must_fit(plan, conversation, view)
    return view


def view_of(plan: SummaryPlan, conversation: Conversation, text: str) -> View:
    """What the model is given where this is the summary."""
    return View(
        number=next_number(conversation.views),
        model=plan.model.full_name,
        place=max(plan.until, *(message for message, _ in plan.stubs), 0),
        made_after=len(conversation.nodes),
        summary=text,
        summarized_until=plan.until,
        verbatim=plan.verbatim,
        stubs=plan.stubs,
        made_by=plan.by.full_name,
        created=time.time(),
    )


def must_fit(plan: SummaryPlan, conversation: Conversation, view: View) -> None:
    """Raise SummaryFailed where the view of a plan, perhaps changed since, makes no room.

    That is where it leaves more than the request may take, or takes notably more than what it stands for.
    """
    tokens = tokens_with(conversation, plan.model, view, plan.tools)
    if plan.most is not None and tokens > plan.most:
        raise SummaryFailed(
            f"With a summary as long as this, the conversation does not fit the window of {plan.model.full_name}.",
            cure="Another model may be briefer: /compact --with MODEL.",
        )
    whole = replace(view, summary="", summarized_until=0, verbatim=())
    if tokens > tokens_with(conversation, plan.model, whole, plan.tools) + LEAST_TOKENS:
        raise SummaryFailed(
            f"The summary is longer than what it would stand for: {len(view.summary.split())} words.",
            cure="Another model may be briefer: /compact --with MODEL.",
        )
