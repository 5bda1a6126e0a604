"""What a switch would mean, in full, as rows for the screen."""

from collections.abc import Iterable, Iterator

from modules.chat.wording.model_summary import compact, price_words
from modules.chat.wording.phrases import count, dollars
from modules.llm.models import Model
from modules.session.switching.switch_preview import SwitchPreview

NAMES = 4  # of what is left out
LARGER = 3  # models to name where the conversation does not fit


def switch_report(plan: SwitchPreview, key: str, others: Iterable[Model]) -> Iterator[tuple[str, str]]:
    """Rows of a subject and what is to say about it. `key` says whether the key is there, `others` could answer too."""
    summary, model = plan.summary, plan.model
    yield "carries over", ", ".join(_kept(plan)) or "nothing has been said yet"
    if plan.renamed:
        yield "ids", f"{count(plan.renamed, 'tool call')} under new ids, for the calls and their results alike"
    for maker, pieces in plan.reasoning.items():
        yield "reasoning", f"{count(pieces, 'piece')} by {maker} stay{'s' if pieces == 1 else ''} with its provider"
    if plan.own:
        yield "reasoning", f"{count(plan.own, 'piece')} of its own go{'es' if plan.own == 1 else ''} back to it"
    if plan.left_out:
        names, more = plan.left_out[:NAMES], len(plan.left_out) - NAMES
        yield (
            "left out",
            ", ".join(names) + (f" and {more} more" if more > 0 else "") + "; a note stands in their place",
        )
    if lacks := _lacks(plan):
        yield "lacks", lacks
    if plan.held_back:
        yield "options", plan.held_back
    if plan.learned:
        yield "learned", "; ".join(plan.learned)
    yield "window", _window(plan)
    yield "price", _price(plan)
    yield "next turn", _next_turn(plan)
    yield "key", key
    if not summary.fits:
        larger = [other.full_name for other in others if (other.window or 0) > summary.tokens and other != model]
        yield "choices", "; ".join([f"/model {name}" for name in larger[:LARGER]] + ["/undo", "/new"])


def _kept(plan: SwitchPreview) -> Iterator[str]:
    summary = plan.summary
    if summary.turns:
        yield count(summary.turns, "turn")
    if summary.calls:
        yield count(summary.calls, "tool call") + (" told as text" if summary.left_out.calls else " with results")
    if plan.answers:
        yield count(plan.answers, "answer") + f" exactly as {'it' if plan.answers == 1 else 'they'} came"


def _lacks(plan: SwitchPreview) -> str:
    """What the model does not take; "" where nothing is missing."""
    model = plan.model
    if not model.known:
        return "unknown: it is not in models.yaml"
    takes = (("tools", model.tools), ("images", model.vision), ("PDF", model.documents))
    words = [word for word, able in (*takes, ("reasoning", bool(model.reasoning))) if not able]
    if plan.level and model.reasoning:
        words.append(f"the reasoning level {plan.level}, so it decides itself")
    return ", ".join(words)


def _window(plan: SwitchPreview) -> str:
    summary = plan.summary
    if summary.window is None:
        return f"about {compact(summary.tokens)} tokens; its size is unknown"
    share = 100 * summary.tokens // summary.window
    return f"about {compact(summary.tokens)} of {compact(summary.window)} tokens ({share}%)" + (
        "" if summary.fits else ": it does not fit"
    )


def _price(plan: SwitchPreview) -> str:
    if plan.price is None:
        return "no key, no price" if plan.cold == 0 else "unknown"
    return price_words(plan.price, unit=" per million tokens in and out")


def _next_turn(plan: SwitchPreview) -> str:
    """What reading the conversation costs; the answer comes on top."""
    tokens = f"the {compact(plan.summary.tokens)} tokens"
    if not plan.summary.tokens:
        return "nothing to read again"
    if plan.cold == 0:
        return f"nothing for reading {tokens}"
    cold = "an unknown sum" if plan.cold is None else f"about {dollars(plan.cold)}"
    if not plan.read:
        return f"{cold} for reading {tokens} cold, and its answer"
    held = f"the {compact(plan.read)} tokens that this model read before"
    if plan.cold is None or plan.warm is None or dollars(plan.warm) == dollars(plan.cold):
        return f"{cold} for reading {tokens}, warm if its cache still holds {held}; and its answer"
    return (
        f"about {dollars(plan.warm)} warm, if its cache still holds {held}; cold {dollars(plan.cold)}; and its answer"
    )
