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
from modules.chat.input.budget_question import refuse_beyond_budget
from modules.chat.start_model import refuse_guide
from modules.chat.startup import close_calls, take_unanswered
from modules.chat.terminal import streams
from modules.chat.ways.wiring import attached, begun, fitting_for, models_of, screen_of, tooling_for
from modules.chat.wording.cures import others
from modules.config import Config
from modules.llm.service_manager import ServiceManager
from modules.session.budget import Budget


async def run(args: Arguments, config: Config, services: ServiceManager) -> int:
    """Ask, and print what comes. Returns the exit code."""
    piped = "" if streams.at_terminal(sys.stdin) or sys.stdin is None else await read()
    attachments, done = await attached(args, config)
    delivery = _delivery(args, config)
    delivery.check()
    asked = args.question or ""
    message = question(asked, piped, attachments)
    models = models_of(config)
    if not args.send_keys:
        refuse_keys((asked, args.system), piped, message, keys_of(config, models.providers.values()))
    parts = begun(args, config, models, services, done)
    conversation = parts.conversation
    refuse_guide(conversation, parts.start)
    tell(parts.notes)
    await refuse_beyond_budget(Budget(lambda: config.settings.budget, parts.store.spendings), conversation)
    take_unanswered(conversation)
    close_calls(conversation)
    tooling = tooling_for(config, args) if args.yes or args.allow or args.tools is not None else None
    gc.enable()
    try:
        able = others(models, conversation.model, config)
        return await answer(
            conversation, parts.services, message, tooling,
            delivery=delivery, screen=partial(screen_of, config), others=able,
            fitting=None if args.fit == REFUSE else fitting_for(config, models, args.fit),
        )  # fmt: skip
    finally:
        tell(await parts.close(tooling, lambda text: tell([text])))


def _delivery(args: Arguments, config: Config) -> Delivery:
    form: Form = "json" if args.json else "events" if args.json_stream else "code" if args.extract else "text"
    return Delivery(form, Path(args.output).expanduser() if args.output else None, config.umask)
