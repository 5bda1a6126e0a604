"""ServiceManager: one service per provider, made when it is first needed and kept for every switch back."""

import asyncio
import contextlib
import gc
import importlib
import threading
from collections.abc import Callable, Mapping

from modules.config import PACKAGE, Config, Key
from modules.daemon_thread import start_thread
from modules.errors import ConfigError, MissingKey, ParlanceError
from modules.llm.base import CONTENT_TIMEOUT, BaseService, ChatRequest
from modules.llm.models import Model, Provider
from modules.llm.parts import Wire

SERVICES: Mapping[str, str] = {
    "anthropic-messages": f"{PACKAGE}.anthropic.service:AnthropicService",
    "openai-responses": f"{PACKAGE}.openai.service:OpenAIService",
    "openai-chat": f"{PACKAGE}.openai.compatible:CompatibleService",
    "offline": f"{PACKAGE}.offline.service:OfflineService",
}
# What makes a dialect's request, for whoever only looks at it: it needs no key and no SDK.
REQUEST_BODIES: Mapping[str, str] = {
    "anthropic-messages": f"{PACKAGE}.anthropic.transformer:request_body",
    "openai-responses": f"{PACKAGE}.openai.transformer:request_body",
    "openai-chat": f"{PACKAGE}.llm.chat_completions.chat_completions_transformer:request_body",
}


def request_body(request: ChatRequest) -> Wire | None:
    """The request as it would be sent; None for a provider that is asked without one."""
    module, _, name = REQUEST_BODIES.get(request.model.provider.dialect, "").partition(":")
    if not module:
        return None
    make: Callable[[ChatRequest], Wire] = getattr(importlib.import_module(module), name)
    return make(request)


_making = threading.Lock()


class ServiceManager:
    """Makes services and hands them out. `instance()` is the program's one; tests make their own.

    `key_of` finds the key in a variable; `services` names the class for each dialect, which a provider's own
    `service` in models.yaml overrides. `key_file` gives the file that a person is told to put a key into;
    `content_timeout` gives the seconds after which an answer without content is given up.
    """

    _instance: "ServiceManager | None" = None
    _first = threading.Lock()

    def __init__(self, key_of: Callable[[str], Key | None], services: Mapping[str, str] = SERVICES) -> None:
        self._key_of = key_of
        self.key_file: Callable[[], object] = lambda: ".env"
        self.content_timeout: Callable[[], float] = lambda: CONTENT_TIMEOUT
        self._services = services
        self._made: dict[str, asyncio.Future[BaseService]] = {}
        self._keys: dict[str, str] = {}

    @classmethod
    def instance(cls) -> "ServiceManager":
        """The one manager of this program."""
        with cls._first:
            if cls._instance is None:
                config = Config()
                cls._instance = cls(config.key)
                cls._instance.key_file = config.place_for_keys
                cls._instance.content_timeout = lambda: config.settings.network.content_timeout
            return cls._instance

    def check_key(self, provider: Provider) -> Key | None:
        """The provider's key, or None where it needs none. Raises MissingKey with the variable's name, or BadKey."""
        if provider.key_variable is None:
            return None
        key = self._key_of(provider.key_variable)
        if key is None:
            page = f" Get a key at {provider.key_page}." if provider.key_page else ""
            raise MissingKey(
                f"{provider.title} needs a key and {provider.key_variable} is not set.{page}",
                cure=f"Put {provider.key_variable}=... into {self.key_file()}, which is read again at once.",
            )
        return key

    async def service_for(self, model: Model) -> BaseService:
        """The provider's service; the first call makes it, in a thread, and all others get the same one.

        Only a key that has been changed since makes another. Raises MissingKey, BadKey, or ConfigError where the
        service's class cannot be loaded.
        """
        provider = model.provider
        key = self.check_key(provider)
        made = self._made.get(provider.name)
        if made is not None and _value(key) != self._keys.get(provider.name):
            await self._let_go(provider.name)
            made = self._made.get(provider.name)  # someone else may have been quicker
        if made is None:
            self._keys[provider.name] = _value(key)
            made = self._made[provider.name] = start_thread(_without_collecting, make=lambda: self._make(provider, key))
        try:
            # Shielded: whoever gives up waiting must not take the service from the others.
            return await asyncio.shield(made)
        except ParlanceError:
            # Only the failed one: another waiter may be making the next by now.
            if self._made.get(provider.name) is made:
                del self._made[provider.name]
            raise

    async def warm_up(self, model: Model) -> None:
        """Load the model's SDK and make its service ahead of the first question; failures wait for that question."""
        with contextlib.suppress(ParlanceError):
            await self.service_for(model)

    async def close(self) -> None:
        """Close every service's HTTP pool."""
        # One that fails must not keep the others open.
        await asyncio.gather(*(self._let_go(name) for name in list(self._made)), return_exceptions=True)

    async def _let_go(self, name: str) -> None:
        made = self._made.pop(name)
        if made.done() and not made.cancelled() and not made.exception():
            await made.result().close()

    def _make(self, provider: Provider, key: Key | None) -> BaseService:
        path = provider.service or self._services.get(provider.dialect, "")
        module, _, name = path.partition(":")
        try:
            with _making:  # SDKs share libraries whose circular imports two threads would break
                service: type[BaseService] = getattr(importlib.import_module(module, PACKAGE), name)
                made = service(provider, key)
            made.content_timeout = self.content_timeout()
            return made
        except ParlanceError:
            raise
        except Exception as error:  # models.yaml may name any class, and a class may do anything
            raise ConfigError(
                f"The service of {provider.title} cannot be started: {error}.",
                cure="Check the installation, proxy settings and models.yaml.",
            ) from error


def _value(key: Key | None) -> str:
    return key.value if key else ""


def _without_collecting(make: Callable[[], BaseService]) -> BaseService:
    gc.disable()  # thousands of new modules and no garbage: collecting costs a quarter of the import
    try:
        return make()
    finally:
        gc.freeze()  # else the next collection walks all those modules: a key would wait a tenth of a second
        gc.enable()
