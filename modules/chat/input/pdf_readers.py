"""Who could read a PDF that a model does not take: what a person can do instead, in words that hold at that moment."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import assert_never

from modules.chat.command import ChatContext
from modules.errors import ParlanceError
from modules.llm.conversion.replay import documents, missed_in, reads
from modules.llm.message import user
from modules.llm.models import Model
from modules.llm.parts import Attached, File
from modules.llm.service_manager import ServiceManager

MOST = 3  # names that a sentence has room for


def readers(models: Iterable[Model], services: ServiceManager) -> list[Model]:
    """Those of these models that read PDF and whose key is set, the first of each provider."""
    found: dict[str, Model] = {}
    for model in models:
        if model.provider.name in found or not reads(model):
            continue
        with suppress(ParlanceError):
            services.check_key(model.provider)
            found[model.provider.name] = model
    return list(found.values())[:MOST]


def not_taken(chat: ChatContext, attached: Sequence[Attached]) -> Iterator[str]:
    """What of this the model that answers next does not take, and what can be done, in a sentence or two each."""
    model = chat.conversation.reader(chat.conversation.model)
    question = user(*attached)
    for what in missed_in(question, model):
        match what:
            case "image":
                able = "/model to one that does before asking, or /attach - takes them off."
                yield f"{model.name} sees no images; {able}"
            case "document":
                able = in_chat(map(chat.conversation.reader, chat.models), chat.services, documents(question))
                yield f"{model.name} reads no PDF. {able}"
            case _:
                assert_never(what)


def in_chat(models: Iterable[Model], services: ServiceManager, documents: Sequence[File]) -> str:
    """What can be typed into the chat for these documents."""
    name = documents[0].name if documents else ""
    return _cure(models, services, f"/attach --text {name or 'FILE'}")


def _cure(models: Iterable[Model], services: ServiceManager, text: str) -> str:
    names = [model.full_name for model in readers(models, services)]
    if not names:
        return f"No key of a model that reads PDF is set; {text} gives its text instead."
    others = f", so do{'es' if len(names) == 2 else ''} {' and '.join(names[1:])}" if names[1:] else ""
    return f"/model {names[0]} reads PDF{others}; {text} gives its text instead."
