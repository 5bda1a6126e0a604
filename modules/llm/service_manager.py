"""ServiceManager: one service per provider, made when it is first needed and kept for every switch back."""

import asyncio
import contextlib
import gc
import importlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from modules.config import PACKAGE, Config, Key
from modules.daemon_thread import start_thread
from modules.errors import ConfigError, MissingKey, ParlanceError, SendingForbidden
from modules.llm.base import CONTENT_TIMEOUT, BaseService, ChatRequest, PreparedRequest
from modules.llm.dialects import about
from modules.llm.models import Model, Provider
from modules.llm.sending_rules import why_forbidden
from modules.settings.declarations import SendSettings

if TYPE_CHECKING:
    from modules.llm.network.loopback import Ask


def prepare(request: ChatRequest) -> PreparedRequest:
    """The request as it would be sent, without the service; empty for a provider that is sent none."""
    path = about(request.model.provider.dialect).prepare
    if not path:
        return PreparedRequest(request)
    make: Callable[[ChatRequest], PreparedRequest] = _loaded(path)
    return make(request)


def nearby_models(provider: Provider, ask: "Ask") -> list[Model]:
    """What a server on this machine says of its models, without its service; nothing where there is no such server."""
    path = about(provider.dialect).nearby
    if not path or provider.service or provider.key_variable or not provider.is_local:
        return []
    read: Callable[[Provider, Ask], list[Model]] = _loaded(path)
    return read(provider, ask)


def _loaded(path: str) -> Any:
    """What stands at "module:name"; a module that begins with a dot is looked for in this program."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module, PACKAGE), name)


_making = threading.Lock()


class ServiceManager:
    """Makes services and hands them out. `instance()` is the program's one; tests make their own.

    A class is the one that `service` in models.yaml names, else the dialect's. `key_of` finds the key in a variable;
    `key_file` gives the file that an error names as the place for a key; `is_unread` says of a variable that its key is
    there, and takes a while to read; `content_timeout` gives the seconds after which an answer without content is given
    up; `rules` says to whom nothing may be sent.
    """

    _instance: "ServiceManager | None" = None
    _first = threading.Lock()

    def __init__(self, key_of: Callable[[str], Key | None]) -> None:
        self._key_of = key_of
        self.key_file: Callable[[], object] = lambda: ".env"
        self.is_unread: Callable[[str], bool] = lambda variable: False
        self.content_timeout: Callable[[], float] = lambda: CONTENT_TIMEOUT
        self.rules: Callable[[], SendSettings] = SendSettings
        self._made: dict[str, asyncio.Future[BaseService]] = {}
        self._keys: dict[str, str] = {}

    @classmethod
    def instance(cls, config: Config | None = None) -> "ServiceManager":
        """The one manager of this program; whoever asks first may say by which settings it goes."""
        with cls._first:
            if cls._instance is None:
                own = config or Config()
                cls._instance = cls(own.key)
                cls._instance.key_file = own.place_for_keys
                cls._instance.is_unread = own.is_unread
                cls._instance.content_timeout = lambda: own.settings.network.content_timeout
                cls._instance.rules = lambda: own.settings.send
            return cls._instance

    def check_key(self, provider: Provider) -> Key | None:
        """The provider's key, or None where it needs none, or reading it takes a while.

        Raises MissingKey with the variable's name, BadKey, or SendingForbidden; every request passes here.
        """
        self.check_rules(provider)
        if provider.key_variable is None or self.is_unread(provider.key_variable):
            return None
        key = self._key_of(provider.key_variable)
        if key is None:
            page = f" Get a key at {provider.key_page}." if provider.key_page else ""
            raise MissingKey(
                f"{provider.title} needs a key and {provider.key_variable} is not set.{page}",
                cure=f"/key {provider.name} takes one. "
                f"Or put {provider.key_variable}=... into {self.key_file()}, which is read again at once.",
            )
        return key

    async def service_for(self, model: Model) -> BaseService:
        """The provider's service; the first call makes it, in a thread, and all others get the same one.

        Only a key that has been changed since makes another. Raises what `check_key` does, or ConfigError where the
        service's class cannot be loaded.
        """
        provider = model.provider
        self.check_rules(provider)  # before a keyring is asked, too
        if provider.key_variable is not None and self.is_unread(provider.key_variable):
            await start_thread(self._key_of, variable=provider.key_variable)
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

    def check_rules(self, provider: Provider) -> None:
        """Raise SendingForbidden where the settings say that nothing is sent to this provider."""
        if why := why_forbidden(provider, self.rules()):
            raise SendingForbidden(why, cure="Choose a model of another provider, or change that setting.")

    async def service_with(self, provider: Provider, key: Key) -> BaseService:
        """Another service of this provider, with a key that is only tried; whoever asks for it closes it.

        Raises SendingForbidden, or ConfigError where the service's class cannot be loaded.
        """
        self.check_rules(provider)
        return cast(BaseService, await start_thread(_without_collecting, make=lambda: self._make(provider, key)))

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
        dialect = about(provider.dialect)
        try:
            with _making:  # SDKs share libraries whose circular imports two threads would break
                service: type[BaseService] = _loaded(provider.service or dialect.service)
                made = service(provider, key)
            made.content_timeout = self.content_timeout()
            return made
        except ParlanceError:
            raise
        except Exception as error:  # models.yaml may name any class, and a class may do anything
            raise ConfigError(
                f"The service of {provider.title} cannot be started: {error}.",
                cure=dialect.cure(error),
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
