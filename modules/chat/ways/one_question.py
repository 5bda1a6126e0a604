"""One question without the chat: what is asked is put together, and the answer is printed."""

import gc
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from modules.chat.arguments import REFUSE, Arguments
from modules.chat.headless.answering import answer
from modules.chat.headless.asked import question, read, refuse_keys
from modules.chat.headless.delivery import Delivery, Form
from modules.chat.headless.telling import tell
from modules.chat.input.api_key_check import keys_of
from modules.chat.input.budget_question import refuse_beyond_budget
from modules.chat.start.own_models import own_models
from modules.chat.start.start_model import refuse_guide
from modules.chat.start.startup import close_calls, take_unanswered
from modules.chat.terminal import streams
from modules.chat.ways.wiring import Begun, attached, begun, fitting_for, screen_of, tooling_for
from modules.chat.wording.cures import others
from modules.config import Config
from modules.errors import UsageError
from modules.llm.dialects import about
from modules.llm.message import Message, user
from modules.llm.models import ModelRegistry
from modules.llm.parts import Attached
from modules.llm.service_manager import ServiceManager
from modules.prompts.repository import has_instructions
from modules.session.budget import Budget
from modules.session.turns.one_turn import OneTurn, held
from modules.session.turns.structured_turn import asking_for

if TYPE_CHECKING:
    from modules.llm.generation.answer_schema import AnswerSchema
    from modules.session.turns.tooling import Tooling


async def run(args: Arguments, config: Config, services: ServiceManager) -> int:
    """Ask, and print what comes. Returns the exit code."""
    piped = "" if streams.at_terminal(sys.stdin) or sys.stdin is None else await read()
    attachments, done = await attached(args, config)
    delivery = _delivery(args, config)
    delivery.check()
    wanted = _schema(args.schema)
    troubles: list[str] = []
    models = own_models(config, troubles)
    if not args.template:  # what cannot be sent is refused before anything else is made
        message, turn = _message(args, config, models, args.question or "", piped, attachments, wanted), OneTurn()
    parts = begun(args, config, models, services, done)
    conversation = parts.conversation
    refuse_guide(conversation, parts.start, models, config)
    if wanted is not None and not about(conversation.model.provider.dialect).networked:
        raise UsageError(f"{conversation.model.full_name} gives no JSON.", cure="Name a model with -m.")
    tell([*parts.notes, *troubles])
    await refuse_beyond_budget(Budget(lambda: config.settings.budget, parts.store.spendings), conversation)
    take_unanswered(conversation)
    close_calls(conversation)
    tooling = tooling_for(config, args) if args.yes or args.allow or args.tools is not None else None
    before = conversation.model
    gc.enable()
    try:
        if args.template:
            message, turn = await _prompted(args, config, parts, tooling, piped, attachments, wanted)
        _tell_folder(parts, config, tooling)
        able = others(models, conversation.model, config)
        with held(conversation, tooling, turn):
            return await answer(
                conversation, parts.services, message, tooling,
                delivery=delivery, screen=partial(screen_of, config), others=able,
                fitting=None if args.fit == REFUSE else fitting_for(config, models, args.fit), wanted=wanted,
                pictures=config.data_folder / "results",
            )  # fmt: skip
    finally:
        conversation.switch(before)
        tell(await parts.close(tooling, lambda text: tell([text])))


def _schema(written: str) -> "AnswerSchema | None":
    """What the answer must fit, None where nothing was said. Raises UsageError for what is no schema."""
    if not written:
        return None
    from modules.chat.input.schema_argument import schema_from  # with what checks JSON, which no other answer needs

    return schema_from(written)


def _message(
    args: Arguments,
    config: Config,
    models: ModelRegistry,
    asked: str,
    piped: str,
    attachments: Sequence[Attached],
    wanted: "AnswerSchema | None",
) -> Message:
    """The question with all that goes with it. Raises UsageError where it is empty, or holds a key."""
    message = question(asked, piped, attachments)
    if wanted is not None:
        message = asking_for(message, wanted)
    if not args.send_keys:
        typed = (asked, args.system, wanted.instructions if wanted else "")
        refuse_keys(typed, piped, message, keys_of(config, models.providers.values()))
    return message


async def _prompted(
    args: Arguments,
    config: Config,
    parts: Begun,
    tooling: "Tooling | None",
    piped: str,
    attachments: Sequence[Attached],
    wanted: "AnswerSchema | None",
) -> tuple[Message, OneTurn]:
    """What a prompt of one's own asks, with what is piped in; its model answers unless -m names another."""
    from modules.chat.input.prompt_files.prompt_in_pipe import prompted  # no plain question needs it

    with_tools = tooling or tooling_for(config, args)  # its commands are run by the rules of a tool
    try:
        asked = await prompted(
            config, parts.models, parts.services, parts.conversation, with_tools, args.template, args.question or "",
            attachments, tell,
        )  # fmt: skip
    finally:
        if tooling is None:
            await with_tools.close()
    if asked.model is not None and not args.model:
        parts.conversation.switch(asked.model)
    said = asked.message or user("")
    brought = [part for part in said.parts if isinstance(part, Attached)]
    return _message(args, config, parts.models, said.text, piped, brought, wanted), asked.turn or OneTurn()


def _tell_folder(parts: Begun, config: Config, tooling: "Tooling | None") -> None:
    """Have a conversation begin with what its folder tells, where a person has agreed to that; nobody is asked."""
    conversation = parts.conversation
    skills = tooling.skills if tooling is not None and tooling.enabled else None
    if conversation.nodes or (skills is None and not has_instructions(Path(conversation.folder))):
        return
    from modules.chat.input.prompt_files.folder_told import standing  # hardly any question needs it

    now = standing(conversation, config, skills, parts.models.providers.values()).told
    if now.text != conversation.instructions:
        conversation.instruct(now.text)


def _delivery(args: Arguments, config: Config) -> Delivery:
    to = Path(os.path.expanduser(args.output)) if args.output else None
    if args.schema and not (args.json or args.json_stream):
        return Delivery("data", to, config.umask)
    form: Form = "json" if args.json else "events" if args.json_stream else "code" if args.extract else "text"
    return Delivery(form, to, config.umask)
