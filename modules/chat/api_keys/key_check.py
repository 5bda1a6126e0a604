"""A key is tried at its provider before it is kept: what only a key opens is asked for, and nothing else is sent."""

import asyncio
from typing import Literal

from msgspec import Struct

from modules.config import Key
from modules.errors import AuthenticationFailed, ProviderError
from modules.llm.models import Model, Provider
from modules.llm.service_manager import ServiceManager

PATIENCE_SECONDS = 15.0


class Checked(Struct, frozen=True):
    """What came of it. `why` is what the provider said, or what kept it from saying anything; `models` its own list."""

    verdict: Literal["accepted", "refused", "unknown"]
    why: str = ""
    models: tuple[Model, ...] = ()


async def check(services: ServiceManager, provider: Provider, key: Key) -> Checked:
    """Whether the provider takes the key. Raises ConfigError where its service cannot be made."""
    service = await services.service_with(provider, key)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return Checked("accepted", models=tuple(await service.check_key()))
    except AuthenticationFailed as error:
        return Checked("refused", error.message)
    except ProviderError as error:
        return Checked("unknown", error.message)
    except TimeoutError:
        return Checked("unknown", f"{provider.title} has not answered for {PATIENCE_SECONDS:.0f} seconds.")
    finally:
        await service.close()
