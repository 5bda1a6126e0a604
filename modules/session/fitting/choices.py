"""Where a conversation does not fit a model: whether it does, and the ways on, the cheapest first."""

from collections.abc import Callable

from modules.errors import ContextOverflow, UsageError
from modules.llm.message import Message
from modules.llm.models import Model
from modules.llm.parts import Image, ToolResult
from modules.llm.tokens.amounts import NOTHING, of_message
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation
from modules.session.counting.path_estimate import tokens_of
from modules.session.fitting.room import Counter, room, room_of, tokens_with
from modules.session.fitting.summary import KEEP_TOKENS, plan_summary
from modules.session.fitting.trim import trimmed
from modules.session.fitting.ways import Losses, Misfit, SendAnyway, Summarise, Trim, Way, Why
from modules.session.views.view import View

AFTER_REFUSAL = 0.7  # of what was sent, where a provider does not say how much it would have taken
AFTER_FILLING = 0.6  # of what is too full: done in good time, it is to last for a while
NEAR = 1.5  # times the window: an estimate that is no further beyond it may be wrong

Writer = Callable[[Conversation, Model], Model | None]  # who writes a summary for this model; None where nobody can


def misfit(
    conversation: Conversation,
    model: Model,
    tools: tuple[ToolSpec, ...] = (),
    *,
    writer: Writer,
    coming: Message | None = None,
    refused: ContextOverflow | None = None,
    at: float | None = None,
    keep: int = KEEP_TOKENS,
) -> Misfit | None:
    """The one rule for what is sent to a model: None where the next request fits, as far as that is known.

    `coming` is the question that is not said yet, `refused` what the provider has said of this request, `at` the share
    of the window from which on it is too full, and `keep` the tokens of the last turns that no summary stands for.
    """
    reader = conversation.reader(model)
    count = Counter(conversation, model, tools)
    asked = count.message(coming) if coming is not None else 0
    tokens = conversation.tokens(model, tools) + asked
    if (why := _why(reader, tokens, refused, at)) is None:
        return None
    estimate = count.with_view(conversation.view(model)) + asked
    if refused is not None:
        tokens = refused.needed or max(tokens, estimate)
    scale = min(1.0, estimate / tokens)  # what a provider has counted may be more than what is estimated
    target = int(_wanted(conversation, reader, tokens, why, at) * scale) - asked
    ways = _ways(conversation, model, tools, target, writer, keep, asking=coming is not None) if target > 0 else []
    if why == "known" and _may_fit(conversation, reader, tokens):
        ways.append(SendAnyway())
    if why == "filling" and not ways:
        return None
    return Misfit(model, tokens, reader.window, why, tuple(ways), alone=target <= 0)


def fits(
    conversation: Conversation,
    model: Model,
    tools: tuple[ToolSpec, ...] = (),
    coming: Message | None = None,
    at: float | None = None,
) -> bool:
    """The same rule for whoever need not know the ways: known at once, however long the conversation is."""
    reader = conversation.reader(model)
    asked = of_message(coming, reader) if coming is not None else NOTHING
    tokens = conversation.tokens(model, tools) + round(tokens_of(asked, conversation.weights.of(reader)))
    return _why(reader, tokens, None, at) is None


def _why(reader: Model, tokens: int, refused: ContextOverflow | None, at: float | None) -> Why | None:
    there = room(reader, measured=True)  # nobody is asked for the sake of a margin, which what is made then has
    if refused is not None:
        return "refused"
    if there is None or reader.window is None:
        return None
    if tokens > there:
        return "known"
    return "filling" if at is not None and tokens > at * reader.window else None


def _wanted(conversation: Conversation, reader: Model, tokens: int, why: Why, at: float | None) -> int:
    """How many tokens the request is to have afterwards, as the provider counts them."""
    there = room_of(conversation, reader)
    if why == "filling" and reader.window is not None and at is not None:
        return int(reader.window * at * AFTER_FILLING)
    if there is None or (why == "refused" and there >= tokens):
        return int(tokens * AFTER_REFUSAL)
    return there


def _ways(
    conversation: Conversation,
    model: Model,
    tools: tuple[ToolSpec, ...],
    target: int,
    writer: Writer,
    keep: int,
    *,
    asking: bool,
) -> list[Way]:
    ways: list[Way] = []
    view = trimmed(conversation, model, tools, target=target, asking=asking)
    if view is not None and (left := tokens_with(conversation, model, view, tools)) <= target:
        ways.append(Trim(view, _losses(conversation, model, view), left))
    if (by := writer(conversation, model)) is not None:
        try:
            plan = plan_summary(conversation, model, by, tools, target=target, keep=keep)
        except UsageError:  # nothing is there that a summary could stand for, or not so that it fits
            return ways
        ways.append(Summarise(plan, plan.tokens_after, plan.cost))
    return ways


def _losses(conversation: Conversation, model: Model, view: View) -> Losses:
    before = conversation.view(model)
    gone = set(view.stubs).difference(before.stubs if before is not None else ())
    parts = [conversation.nodes[message - 1].message.parts[place] for message, place in gone]
    results, pictures = (sum(isinstance(part, kind) for part in parts) for kind in (ToolResult, Image))
    return Losses(results, pictures, len(parts) - results - pictures)


def _may_fit(conversation: Conversation, reader: Model, tokens: int) -> bool:
    """Whether it is a guess that it does not fit: an answer may be short, and a catalogue or an estimate be wrong."""
    window = reader.window or 0
    if tokens <= window or not reader.known:
        return True
    if any(one.model.full_name == reader.full_name and one.usage.input > window for one in conversation.spent):
        return True  # it has read more than that already
    return conversation.learned.of(reader).window is None and tokens <= window * NEAR
