"""What a plugin brings, imported when it is wanted; one that fails is named, and the rest is there."""

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TypeVar

from modules.config import IN_CHECKOUT, PACKAGE
from modules.errors import ConfigError
from modules.plugins.installed import Plugin

T = TypeVar("T")
OWN_NAME = "parlance"  # what a plugin calls this program, however it was started


def load(plugin: Plugin) -> object:
    """The object that the entry point names. Raises ConfigError, which names the package, for whatever goes wrong."""
    if IN_CHECKOUT:
        _OwnName.install()
    module, _, path = plugin.value.partition(":")
    try:
        found: object = importlib.import_module(module.strip())
        for name in path.split("[")[0].strip().split("."):
            found = getattr(found, name) if name else found
    except (Exception, SystemExit) as error:  # whatever a stranger's package does while it is imported
        raise _fault(plugin, f"{type(error).__name__}: {error}") from error
    return found


def all_of(plugin: Plugin, kind: type[T], what: str) -> tuple[T, ...]:
    """What it names, one or several of a kind. Raises ConfigError where it is anything else."""
    found = load(plugin)
    several = found if isinstance(found, Iterable) and not isinstance(found, str | bytes) else (found,)
    made = tuple(several)
    if not made or not all(isinstance(one, kind) for one in made):
        raise _fault(plugin, f"{plugin.value} is not {what}")
    return made


def working(plugins: Sequence[Plugin], kind: type[T], what: str) -> tuple[list[tuple[Plugin, T]], list[str]]:
    """What can be had of these plugins, each with the one that brings it, and what is wrong with the others."""
    made: list[tuple[Plugin, T]] = []
    troubles: list[str] = []
    for plugin in plugins:
        try:
            made += [(plugin, one) for one in all_of(plugin, kind, what)]
        except ConfigError as error:
            troubles.append(str(error))
    return made, troubles


def _fault(plugin: Plugin, why: str) -> ConfigError:
    return ConfigError(
        f'The plugin "{plugin.name}" of {plugin} cannot be used: {why}.',
        cure=f"Update it, or remove it: python -m pip uninstall {plugin.package}.",
    )


class _OwnName:
    """Lets a plugin say `parlance` in a checkout, where the program's own modules have another name.

    It comes before all other finders: where the program is installed as well, its copy there has the same classes once
    more, and a command made of them would be none here.
    """

    @classmethod
    def install(cls) -> None:
        """Once, and before the first plugin is imported."""
        if not any(isinstance(finder, cls) for finder in sys.meta_path):
            sys.meta_path.insert(0, cls())

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """The module of ours that has this name with the other beginning."""
        if name != OWN_NAME and not name.startswith(f"{OWN_NAME}."):
            return None
        real = PACKAGE + name.removeprefix(OWN_NAME)
        if importlib.util.find_spec(real) is None:
            return None
        return ModuleSpec(name, _AsItIs(importlib.import_module(real)), is_package=name == OWN_NAME)


class _AsItIs(Loader):
    """Gives a module that is there already, and leaves it what it is."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The very module."""
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Put back what the import has written over."""
        module.__spec__ = self._spec
