"""What a session does where a conversation does not fit: it asks a person, does it by itself, or lets it be."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from modules.daemon_thread import in_thread
from modules.errors import ContextOverflow, DoesNotFit, UsageError
from modules.llm.message import Message
from modules.llm.models import Model, ModelRegistry
from modules.llm.service_manager import ServiceManager
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation
from modules.session.counting import prices
from modules.session.fitting.choices import Writer, fits, misfit
from modules.session.fitting.summary import KEEP_TOKENS, summarised
from modules.session.fitting.ways import Made, Misfit, Summarise, Trim, Way
from modules.session.fitting.writer import named_writer, usual_writer, writer_of_settings
from modules.settings.declarations import CompactSettings

Wish = Literal["ask", "trim", "compact"]
Auto = Literal["ask", "always", "never"]
GROWN = 0.05  # of the window, after which a person who said No is asked again


class Fitting:
    """`wish` is what to do about what does not fit: "ask" where a person is there, else what --fit says.

    `auto` is what to do from the share `at` of the window on. `writer` finds who writes a summary, and `keep` are the
    tokens of the last turns that stay word for word.
    """

    def __init__(
        self, writer: Writer, *, wish: Wish = "ask", auto: Auto = "ask", at: float = 0.85, keep: int = KEEP_TOKENS
    ) -> None:
        self._writer = writer
        self._keep = keep
        self._wish = wish
        self._auto = auto
        self._at = at
        self._declined: dict[tuple[str, str], int] = {}  # by conversation and model, at how many tokens

    @property
    def asks(self) -> bool:
        """Whether a person decides. With "always" they have, and so they have with --fit."""
        return self._wish == "ask" and self._auto != "always"

    @property
    def does_all(self) -> bool:
        """Whether all that can be done is done without asking."""
        return self._wish == "compact"

    async def question(
        self,
        conversation: Conversation,
        model: Model,
        tools: tuple[ToolSpec, ...] = (),
        *,
        coming: Message | None = None,
        refused: ContextOverflow | None = None,
        before_sending: bool = True,
    ) -> Misfit | None:
        """What there is to decide before a request, as `misfit` has it; None where it goes out as it is.

        `before_sending` is False where the person only chooses a model: then one that is filling is no question yet.
        """
        at = self._from if before_sending else None
        if refused is None and fits(conversation, model, tools, coming, at):
            return None
        found: Misfit | None = await in_thread(  # a long conversation is looked at message by message
            lambda: misfit(
                conversation,
                model,
                tools,
                writer=self._writer,
                coming=coming,
                refused=refused,
                at=at,
                keep=self._keep,
            )
        )
        if found is None or (refused is None and self._was_declined(conversation, found)):
            return None
        if not self.asks:
            found.chosen = next((way for way in found.ways if self._allows(way)), None)
        return found

    def decline(self, conversation: Conversation, question: Misfit) -> None:
        """The person would rather send it as it is: nothing is asked until there is notably more."""
        self._declined[conversation.id, question.model.full_name] = question.tokens

    @property
    def _from(self) -> float | None:
        """The share of the window from which on something is done although all fits."""
        if self._auto == "never" or (self._wish != "ask" and self._auto != "always"):
            return None
        return self._at

    def _was_declined(self, conversation: Conversation, question: Misfit) -> bool:
        before = self._declined.get((conversation.id, question.model.full_name))
        return before is not None and question.tokens < before + GROWN * (question.window or 0)

    def _allows(self, way: Way) -> bool:
        """Whether what was said beforehand covers this way."""
        return self._wish != "trim" or not isinstance(way, Summarise)


def fitting_of(
    settings: CompactSettings, models: ModelRegistry, has_key: Callable[[str | None], bool], wish: Wish = "ask"
) -> Fitting:
    """What the settings and `wish` say; summaries are written by the model of the settings, or the usual one.

    Where nobody is asked, that is one of a provider which the conversation has been with; then an UsageError is raised
    where the settings name none that can write. A person is asked without that way on.
    """
    if wish == "compact" and settings.model:
        writer_of_settings(settings.model, models)

    def writer(conversation: Conversation, model: Model) -> Model | None:
        prices.load()
        try:
            if settings.model:
                return named_writer(settings.model, models).model
            able = models if fitting.asks else _that_know(conversation, model, models)
            return usual_writer(conversation, model, able, has_key)
        except UsageError:
            return None

    fitting = Fitting(writer, wish=wish, auto=settings.auto, at=settings.at, keep=settings.keep)
    return fitting


def _that_know(conversation: Conversation, model: Model, models: Iterable[Model]) -> Iterator[Model]:
    """Those of providers that have read the conversation, or read it now: nobody is asked whether others may."""
    known = {spent.model.provider.name for spent in conversation.spent} | {model.provider.name}
    return (one for one in models if one.provider.name in known)


async def make(question: Misfit, way: Trim | Summarise, conversation: Conversation, services: ServiceManager) -> Made:
    """Go the way that was chosen. Raises what asking for a summary raises; nothing is changed then."""
    before = len(conversation.spent)
    if isinstance(way, Trim):
        conversation.add_view(way.view)
    else:
        conversation.add_view(await summarised(way.plan, conversation, services))
    return Made(
        way, question.model, conversation.tokens(question.model), question.window, tuple(conversation.spent[before:])
    )


def does_not_fit(question: Misfit) -> DoesNotFit:
    """The error of a request that is not sent."""
    what = "this question alone" if question.alone else "the conversation"
    error = DoesNotFit(f"Nothing was sent: {what} does not fit {question.model.full_name}.")
    error.tokens, error.window, error.alone = question.tokens, question.window, question.alone
    return error
