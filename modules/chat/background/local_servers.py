"""Looks for servers of models on this machine, after the first prompt: the models of those that run are listed."""

import asyncio
from functools import partial

from modules.chat.command import ChatContext
from modules.chat.wording.phrases import count
from modules.daemon_thread import start_thread
from modules.llm.dialects import about
from modules.llm.models import Model, Provider
from modules.llm.sending_rules import why_forbidden
from modules.llm.service_manager import nearby_models

LOOK_SECONDS = 3.0  # for all that one server says
PATIENCE_SECONDS = 5.0  # for all servers, which are asked side by side


async def look(context: ChatContext) -> dict[Provider, int]:
    """Ask those that the catalogue puts on this machine; their models are known from then on, for this run.

    Returns how many models each of them has; what does not run, or is something else, is not among them.
    """
    from modules.llm.network.loopback import Loopback  # an HTTP client, which the first prompt need not wait for

    rules = context.config.settings.send
    asked = {
        start_thread(partial(nearby_models, one, Loopback(LOOK_SECONDS).ask)): one
        for one in context.models.providers.values()
        if one.is_local and one.key_variable is None and about(one.dialect).nearby and not why_forbidden(one, rules)
    }
    if not asked:
        return {}
    done, late = await asyncio.wait(asked, timeout=PATIENCE_SECONDS)
    for one in late:
        one.cancel()
    found: dict[Provider, int] = {}
    for one in (future for future in asked if future in done):
        models: list[Model] = [] if one.exception() else one.result()
        if models:
            context.models.learn(asked[one], models)
            found[asked[one]] = len(models)
    return found


def words(found: dict[Provider, int]) -> str:
    """What was found, in a sentence."""
    servers = ", ".join(f"{one.title} ({count(number, 'model')})" for one, number in found.items())
    return f"On this machine: {servers}. /model chooses one, and needs no key."


def has_any_key(context: ChatContext) -> bool:
    """Whether any provider could be asked that needs a key."""
    variables = {one.key_variable for one in context.models.providers.values() if one.key_variable}
    return any(map(context.config.has_key, variables))
