"""What is said where a conversation does not fit a model: the question, the ways with their costs, what was done."""

from typing import assert_never

from modules.chat.wording.model_summary import compact
from modules.chat.wording.phrases import about_tokens, count, dollars, total
from modules.llm.models import Model
from modules.session.fitting.ways import Losses, Made, Misfit, SendAnyway, Summarise, Trim, Way

FREE = "no model is asked"
FREE_OF_CHARGE = "at no cost"


def question_words(question: Misfit) -> str:
    """What is the matter, in a sentence or two."""
    return f"{_what_is_wrong(question)} Whatever you choose, nothing of it is deleted."


def _what_is_wrong(question: Misfit) -> str:
    name, tokens = question.model.full_name, about_tokens(question.tokens)
    held = f", and the window holds {compact(question.window)}" if question.window else ""
    match question.why:
        case "known" if question.tokens <= (question.window or 0):
            return f"The conversation leaves {name} no room for an answer: {tokens} of {compact(question.window or 0)}."
        case "known":
            return f"The conversation does not fit {name}: {tokens}{held}."
        case "refused":
            told = f": {tokens}{held}" if question.window and question.tokens >= question.window else ""
            return f"{name} says that this is too long{told}."
        case "filling":
            share = f"{100 * question.tokens // (question.window or 1)} %"
            return f"The window of {name} is {share} full: {tokens} of {compact(question.window or 0)}."
        case _:
            assert_never(question.why)


def way_words(way: Way) -> str:
    """A way on: what it does, what goes, what is left, and what it costs."""
    match way:
        case Trim(_, lost, tokens):
            return f"Leave out {loss_words(lost)}. Then {about_tokens(tokens)}; {FREE}."
        case Summarise(plan, tokens, cost):
            price = FREE_OF_CHARGE if cost == 0 else f"about {dollars(cost)}" if cost is not None else "cost unknown"
            what = f"{summary_words(plan.covered, plan.kept)}, written by {plan.by.full_name}"
            return f"Give it {what}. Then {about_tokens(tokens)}; {price}."
        case SendAnyway():
            return "Send all of it: the window, or what fills it, is only estimated."
        case _:
            assert_never(way)


def made_words(made: Made) -> str:
    """What was done so that the conversation fits, in one line."""
    name = made.model.full_name
    held = f" of {compact(made.window)}" if made.window else ""
    now = f"{about_tokens(made.tokens)}{held}"
    takes_back = (
        f"/compact --undo {name} takes this back."  # it may be for one turn, and another model is the usual one
    )
    if isinstance(made.way, Trim):
        return f"Context: {loss_words(made.way.lost)} left out for {name}, now {now}. {takes_back}"
    plan = made.way.plan
    cost = total(one.cost for one in made.spent)
    price = f", {cost}" if cost else ""
    what = summary_words(plan.covered, plan.kept)
    return f"Context: {name} is given {what}, now {now}. By {plan.by.full_name}{price}. {takes_back}"


def making_words(by: Model) -> str:
    """What runs while a summary is written."""
    return f"{by.full_name} writes a summary …"


def loss_words(lost: Losses) -> str:
    """What stubs stand for."""
    counted = ((lost.results, "tool result"), (lost.pictures, "picture"), (lost.files, "file"))
    words = [count(number, what) for number, what in counted if number]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def summary_words(covered: int, kept: int) -> str:
    """What a model is given in place of so many turns, and after that."""
    after = f", then {count(kept, 'turn')} word for word" if kept else ""
    return f"a summary of {count(covered, 'turn') if covered else 'the first part of the turn'}{after}"
