"""The ways on where a conversation does not fit a model: what each leaves and costs, and what came of the one taken."""

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from modules.llm.models import Model
from modules.session.counting.prices import Spent
from modules.session.views.view import View

if TYPE_CHECKING:  # whoever shows these need not load what plans a summary
    from modules.session.fitting.summary import SummaryPlan


class Losses(Struct, frozen=True):
    """How many parts of each kind a line stands for from now on."""

    results: int = 0
    pictures: int = 0
    files: int = 0


class Trim(Struct, frozen=True):
    """Stubs for old results, pictures and files; nothing is asked of a model. `tokens` are what is left."""

    view: View
    lost: Losses
    tokens: int


class Summarise(Struct, frozen=True):
    """A summary for this model only. `tokens` are what is left, `cost` is in dollars, None where unknown."""

    plan: "SummaryPlan"
    tokens: int
    cost: float | None


class SendAnyway(Struct, frozen=True):
    """All of it goes out: the window, or what fills it, is no more than a guess."""


Way = Trim | Summarise | SendAnyway
Why = Literal["known", "refused", "filling"]


class Misfit(Struct):
    """A conversation that does not fit a model, and the ways on, the cheapest first. Whoever is asked sets `chosen`.

    `tokens` is about what the request would take, `window` what the model has, None where that is not known. `why` is
    "known" where it was counted before sending, "refused" where the provider has said so, and "filling" where it still
    fits and soon will not. `alone` says that the question does not fit even without anything before it.
    """

    model: Model
    tokens: int
    window: int | None
    why: Why
    ways: tuple[Way, ...]
    alone: bool = False
    chosen: Way | None = None


class Making(Struct, frozen=True):
    """A model writes a summary now, which takes a while."""

    by: Model


class Made(Struct, frozen=True):
    """What was done so that the conversation fits, and what was spent on it; then a request takes about `tokens`."""

    way: Trim | Summarise
    model: Model
    tokens: int
    window: int | None
    spent: tuple[Spent, ...]


FitEvent = Misfit | Making | Made
