"""Who made an answer, by the name that `/model` takes where the catalogue knows the model."""

from collections.abc import Iterable

from modules.llm.message import Message
from modules.llm.models import Model


def maker(message: Message, models: Iterable[Model]) -> str:
    """The full name of the model that made this answer, its id where the catalogue has no such model; "" for none."""
    origin = message.origin
    if origin is None:
        return ""
    for model in models:
        if (model.id, model.issuer, model.provider.dialect) == (origin.model, origin.issuer, origin.dialect):
            return model.full_name
    provider = origin.issuer.partition(" ")[0]
    return f"{provider}:{origin.model}" if provider else origin.model
