"""The models that a person has: those shipped, those of installed plugins, and those of their own models.yaml."""

from pathlib import Path

from modules.config import Config
from modules.llm.catalogue.catalogue_cache import Between, load
from modules.llm.models import ModelRegistry
from modules.plugins.installed import Plugin, Plugins


def own_models(config: Config, troubles: list[str] | None = None) -> ModelRegistry:
    """The catalogue; what is wrong about a plugin's part of it is added to `troubles`, the first time it is read."""
    plugins = Plugins(config.plugins_file).of("providers")
    told = [] if troubles is None else troubles
    between = Between(" ".join(f"{one.name} {one}" for one in plugins), lambda: model_files(plugins, told), told.append)
    return load(config.shipped_models, config.user_models, config.get, config.state_folder / "catalogue", between)


def model_files(plugins: tuple[Plugin, ...], troubles: list[str]) -> list[Path]:
    """The models.yaml of each."""
    if not plugins:
        return []
    from modules.plugins.loading import working  # hardly anyone has one

    made, wrong = working(plugins, Path, "the path of a models.yaml")
    troubles += wrong
    return [path for _, path in made]
