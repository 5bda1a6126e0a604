"""Who writes a summary where nobody was named."""

from collections.abc import Callable, Iterable

from modules.errors import UsageError
from modules.llm.dialects import about
from modules.llm.models import Choice, Model, ModelRegistry
from modules.session.conversation import Conversation
from modules.session.fitting.room import room_of, tokens_with
from modules.session.fitting.summary_writer import BESIDE_TOKENS
from modules.session.title import cheapest


def named_writer(name: str, models: ModelRegistry) -> Choice:
    """The model of this name. Raises UnknownModel and AmbiguousModel, and UsageError where it cannot write."""
    choice = models.find(name)
    if not about(choice.model.provider.dialect).networked:
        raise UsageError(f"{choice.model.full_name} cannot write a summary.", cure="Name another model.")
    return choice


def writer_of_settings(name: str, models: ModelRegistry) -> Choice:
    """The same for the one in settings.toml, which the errors say."""
    try:
        return named_writer(name, models)
    except UsageError as error:
        raise UsageError(f"[compact] model in settings.toml: {error.message}", cure=error.cure) from error


def usual_writer(
    conversation: Conversation, model: Model, models: Iterable[Model], has_key: Callable[[str | None], bool]
) -> Model:
    """The model itself where it can read the conversation at once, else the cheapest with a key that can.

    Where none can, the model itself in levels. Raises UsageError where it cannot write and no other can.
    """

    def reads_all(one: Model) -> bool:
        there = room_of(conversation, one)
        return one.full_name not in conversation.cut_in_silence and (there is None or needed <= there)

    needed = tokens_with(conversation, model, None) + BESIDE_TOKENS
    can_write = about(model.provider.dialect).networked
    if can_write and reads_all(model):
        return model
    if (found := cheapest((one for one in models if one.window and reads_all(one)), has_key)) is not None:
        return found
    if not can_write:
        raise UsageError(
            f"{model.full_name} cannot write a summary, and no other model can be asked: none has a key.",
            cure="Name one: /compact --with MODEL. /compact --trim needs none.",
        )
    return model
