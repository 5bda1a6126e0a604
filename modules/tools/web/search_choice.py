"""How a model searches the web: by its provider's own search, by the engine that the person has set, or not at all."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from modules.config import Config, Key
from modules.llm.models import Model
from modules.llm.tool_spec import ToolSpec
from modules.llm.web_searches import KIND
from modules.settings.declarations import SearchSettings

if TYPE_CHECKING:
    from modules.tools.search_engines import Engine

HOW = '"/set search.engine searxng" (or brave, tavily) sets one for models whose provider has none'


class SearchChoice:
    """The choice as the settings have it at the moment when it is asked for."""

    def __init__(self, settings: Callable[[], SearchSettings], key: Callable[[str], Key | None]) -> None:
        self._settings = settings
        self._key = key

    @classmethod
    def of(cls, config: Config) -> "SearchChoice":
        return cls(lambda: config.settings.search, config.key)

    def engine(self) -> "Engine | None":
        """The engine that is set; None where none is. Raises BadKey for a key that none can be."""
        settings = self._settings()
        if not settings.engine:
            return None
        from modules.tools.search_engines import engine_of  # the first prompt need not know engines

        return engine_of(settings.engine, settings.url, settings.results, self._key)

    def is_native(self, model: Model) -> bool:
        """Whether this model is offered its provider's own search."""
        return bool(model.profile.web_search) and self._settings().native

    def declared(self, spec: ToolSpec, model: Model) -> ToolSpec | None:
        """A tool as this model is offered it; None where it is not."""
        if spec.name != KIND or spec.native:
            return spec
        if self.is_native(model):
            return ToolSpec(KIND, "", {}, native=True)
        engine = self.engine()
        return None if engine is None or engine.lacks_key else spec

    def told(self, model: Model) -> str:
        """What a person should know before a provider searches by itself."""
        return f"{model.provider.title} searches the web itself, at a price. /tools off {KIND} ends it."

    def words(self, model: Model) -> str:
        """Who searches for this model, or what to do so that somebody does, in a sentence."""
        if self.is_native(model):
            return f"{KIND}: {model.provider.title} searches by itself for {model.name}, without a question."
        engine = self.engine()
        if engine is None:
            return f"{KIND}: {model.full_name} is not offered it, as there is no search engine. {HOW}."
        if engine.lacks_key:
            from modules.tools.search_engines import FORMS

            page = FORMS[engine.name].key_page
            return f"{KIND}: {model.full_name} is not offered it: {engine.key_variable} is not set ({page})."
        return f"{KIND}: {engine.title} at {engine.host} searches for {model.name}."
