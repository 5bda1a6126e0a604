"""Asks the provider in use for its own list of models: in the background, between two turns, at most once a day."""

import asyncio

from modules.chat.command import ChatContext
from modules.errors import ParlanceError
from modules.llm.catalogue.model_list_cache import FILE, ModelLists
from modules.llm.models import Model, Provider

PAUSE_SECONDS = 1.0  # after an answer: whoever asks again at once has the provider to themselves
PATIENCE_SECONDS = 10.0  # for the whole list


async def listed(context: ChatContext, provider: Provider) -> list[Model]:
    """Ask the provider now; what it names is known from then on, in the next run too. Raises ParlanceError."""
    service = await context.services.service_for(Model(name="", id="", provider=provider))
    models = list(await service.models())
    context.models.learn(provider, models)
    ModelLists(context.config.state_folder / FILE).keep(provider, models)
    return models


class ListRefresh:
    """One question at a time, and none while a turn runs. Failures are silent and not repeated for an hour."""

    def __init__(self, context: ChatContext) -> None:
        self._context = context
        self._task: asyncio.Task[None] | None = None

    def after_answer(self, model: Model) -> None:
        """Ask before long, where this provider needs a key, has not been asked today, and the settings allow it."""
        provider = model.provider
        if provider.key_variable is None or not self._context.config.settings.models.refresh:
            return
        self.stop()
        self._task = asyncio.create_task(self._ask(provider))

    def stop(self) -> None:
        """A turn begins, or the program ends: whatever is under way is given up, and may be asked again."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _ask(self, provider: Provider) -> None:
        await asyncio.sleep(PAUSE_SECONDS)
        lists = ModelLists(self._context.config.state_folder / FILE)
        if not lists.is_due(provider):
            return
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await listed(self._context, provider)
        except (ParlanceError, OSError, ValueError, LookupError, TypeError, AttributeError):
            lists.fail(provider)  # TimeoutError is an OSError
