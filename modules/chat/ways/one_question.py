"""One question without the chat: what is asked is put together, and the answer is printed."""

import gc
import sys
from functools import partial
from pathlib import Path

from modules.chat.arguments import REFUSE, Arguments
from modules.chat.headless.answering import answer
from modules.chat.headless.asked import question, read, refuse_keys
from modules.chat.headless.delivery import Delivery, Form
from modules.chat.headless.telling import tell
from modules.chat.input.api_key_check import keys_of
from modules.chat.own_models import own_models
from modules.chat.startup import close_calls, refuse_guide, take_unanswered
from modules.chat.terminal import streams
from modules.chat.ways.wiring import attached, begun, fitting_for, screen_of, tooling_for
from modules.chat.wording.cures import others
from modules.config import Config
from modules.errors import UsageError
from modules.llm.dialects import about
from modules.llm.service_manager import ServiceManager
from modules.session.turns.structured_turn import asking_for


async def run(args: Arguments, config: Config, services: ServiceManager) -> int:
    """Ask, and print what comes. Returns the exit code."""
    piped = "" if streams.at_terminal(sys.stdin) or sys.stdin is None else await read()
    attachments, done = await attached(args, config)
    delivery = _delivery(args, config)
    delivery.check()
    asked = args.question or ""
    message = question(asked, piped, attachments)
    wanted = None
    if args.schema:
        from modules.chat.input.schema_argument import schema_from  # with what checks JSON, which no other answer needs

        wanted = schema_from(args.schema)
        message = asking_for(message, wanted)
    troubles: list[str] = []
    models = own_models(config, troubles)
    if not args.send_keys:
        typed = (asked, args.system, wanted.instructions if wanted else "")
        refuse_keys(typed, piped, message, keys_of(config, models.providers.values()))
    parts = begun(args, config, models, services, done)
    conversation = parts.conversation
    refuse_guide(conversation, parts.start)
    if wanted is not None and not about(conversation.model.provider.dialect).networked:
        raise UsageError(f"{conversation.model.full_name} gives no JSON.", cure="Name a model with -m.")
    tell([*parts.notes, *troubles])
    take_unanswered(conversation)
    close_calls(conversation)
    tooling = tooling_for(config, args) if args.yes or args.allow or args.tools is not None else None
    gc.enable()
    try:
        able = others(models, conversation.model, config)
        return await answer(
            conversation, parts.services, message, tooling,
            delivery=delivery, screen=partial(screen_of, config), others=able,
            fitting=None if args.fit == REFUSE else fitting_for(config, models, args.fit), wanted=wanted,
        )  # fmt: skip
    finally:
        tell(await parts.close(tooling, lambda text: tell([text])))


def _delivery(args: Arguments, config: Config) -> Delivery:
    if args.schema and not (args.json or args.json_stream):
        return Delivery("data", Path(args.output).expanduser() if args.output else None, config.umask)
    form: Form = "json" if args.json else "events" if args.json_stream else "code" if args.extract else "text"
    return Delivery(form, Path(args.output).expanduser() if args.output else None, config.umask)
