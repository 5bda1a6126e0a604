"""Which model and which conversation a run begins with, and the first lines on the screen."""

import os
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from modules.chat.wording.phrases import GO_ON
from modules.errors import (
    BadKey,
    FileProblem,
    MissingKey,
    SendingForbidden,
)
from modules.llm.catalogue.learned_facts import LearnedFacts
from modules.llm.message import Message, closing
from modules.llm.models import Choice, ModelRegistry
from modules.llm.parts import Text, ToolResult
from modules.llm.service_manager import ServiceManager
from modules.llm.tokens.learned_weights import LearnedWeights
from modules.session.conversation import Conversation
from modules.session.storage.saved_conversations import SHORT_CHARS
from modules.session.storage.store import Store

LAST = ""  # in the place of an id: the conversation that was used last
PROGRAM_ENDED = "The program ended before a result was there. What the call had done by then is not known."


class StartOptions(Struct, frozen=True):
    """What the command line says about the conversation. `resume` is an id or its beginning, LAST, or None.

    `folder` is where the program works, and `one_shot` whether one question is asked with -p. `role` are the
    instructions that a new conversation begins with where none are given.
    """

    resume: str | None = None
    model: str = ""
    system: str = ""
    save: bool = True
    folder: str = ""
    one_shot: bool = False
    role: str = ""


def begin(
    wish: StartOptions,
    store: Store,
    models: ModelRegistry,
    services: ServiceManager,
    start: Choice,
    learned: LearnedFacts | None = None,
    weights: LearnedWeights | None = None,
) -> tuple[Conversation, list[str]]:
    """The conversation to go on with, or a new one, and what a person should know about it.

    Raises UsageError for an id that is not there, MissingKey where no model can answer, ConfigError where the
    conversations are a newer release's.
    """
    notes = [start.note] if start.note else []
    system = wish.system or wish.role
    if not wish.save:
        services.check_key(start.model.provider)
        return Conversation(start.model, system, learned=learned, weights=weights, folder=wish.folder), notes
    store.check()
    conversation = None if wish.resume is None else _resumed(store, wish, models, start, learned)
    if conversation is None:
        services.check_key(start.model.provider)
        notes += [_none_here(store, wish)] if wish.resume is not None else []
        conversation = Conversation(
            start.model, system, journal=store, learned=learned, weights=weights, folder=wish.folder
        )
        conversation.one_shot = wish.one_shot
        return conversation, notes + store.news()
    conversation.weights = weights or conversation.weights
    apply(wish, conversation, start)
    moved = go_on_in(conversation, wish.folder)
    conversation.one_shot = conversation.one_shot and wish.one_shot
    note = answerable(conversation, services, start)
    notes = notes if conversation.model == start.model else []
    return conversation, [*notes, *store.news(), *filter(None, [moved, note])]


def apply(wish: StartOptions, conversation: Conversation, start: Choice) -> None:
    """Let the command line's model and instructions hold in a conversation that goes on."""
    if wish.model:
        conversation.switch(start.model)
    if wish.system:
        from modules.prompts.told import told_in  # rarely wished

        conversation.system = replace(told_in(conversation.system), own=wish.system).text
        conversation.changed()


def _none_here(store: Store, wish: StartOptions) -> str:
    """Why a new conversation begins, and where the others are."""
    if not wish.one_shot and (single := store.latest(wish.folder or None)) is not None:
        return (
            "There is no earlier chat in this folder, only single questions; this is a new one. "
            f"-r {single[:SHORT_CHARS]} goes on with the last of them."
        )
    return "There is no earlier conversation in this folder; this is a new one. -r lists those of all folders."


def go_on_in(conversation: Conversation, folder: str) -> str:
    """Let the conversation belong to this folder from its next message on, and say so where it was another's."""
    before, conversation.folder = conversation.folder, folder
    if not before or before == folder:
        return ""
    return f"This conversation was in {short_folder(before)}; tools work in {short_folder(folder)} now."


def short_folder(folder: str) -> str:
    """The folder as a shell would show it."""
    home = os.path.expanduser("~")
    return f"~{folder[len(home) :]}" if folder == home or folder.startswith(f"{home}{os.sep}") else folder


def _resumed(
    store: Store, wish: StartOptions, models: ModelRegistry, start: Choice, learned: LearnedFacts | None
) -> Conversation | None:
    if wish.resume is not None and wish.resume != LAST:
        return store.load(store.find(wish.resume), models, start.model, learned)
    last = store.latest(wish.folder or None, one_shots=wish.one_shot)
    try:
        return None if last is None else store.load(last, models, start.model, learned)
    except FileProblem as error:
        store.add_news(error.message)
        return None


def answerable(conversation: Conversation, services: ServiceManager, start: Choice) -> str:
    """Let the start model answer where the conversation's own has no key any more, and say so."""
    try:
        services.check_key(conversation.model.provider)
    except (MissingKey, BadKey, SendingForbidden) as error:
        if start.model == conversation.model:
            raise
        services.check_key(start.model.provider)
        conversation.switch(start.model)
        return f"{error.message} {start.model.full_name} answers."
    return ""


def take_unanswered(conversation: Conversation) -> Message | None:
    """Take back a question that the program did not live to see answered."""
    if conversation.last is not None and conversation.last.role == "user":
        question = conversation.take_back()
        return question if question is not None and question.is_question else None
    return None


def close_calls(conversation: Conversation) -> str:
    """Give calls that the program did not live to run a result, and say that the turn can go on; "" if it cannot."""
    last = conversation.last
    if last is not None and last.calls:
        ended = (Text(PROGRAM_ENDED),)
        results = closing(last, (ToolResult(call.id, ended, is_error=True) for call in last.calls))
        conversation.extend([results] if results is not None else [])
    if last is None:
        return ""
    from modules.session.turns.turn import unanswered_results  # with all that runs a turn

    return f"Results of tools are waiting. {GO_ON}" if unanswered_results(conversation) else ""


def greeting(version: str, model: str, notes: Sequence[str]) -> list[str]:
    """The lines before the first prompt."""
    return [f"Parlance {version} · {model} · /help lists the commands", *notes]
