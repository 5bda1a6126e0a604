"""Commands of installed packages: loaded when somebody looks beyond the program's own."""

from collections.abc import Callable, Iterator

from modules.chat.command import Command
from modules.config import Config
from modules.plugins.installed import Plugins


def plugin_commands(config: Config, tell: Callable[[str], None]) -> Iterator[Command]:
    """The commands of all that can be loaded; `tell` says which cannot, and why."""
    plugins = Plugins(config.plugins_file).of("commands")
    if not plugins:
        return
    from modules.plugins.loading import working  # hardly anyone has one

    made, troubles = working(plugins, Command, "a command, or several")
    for trouble in troubles:
        tell(trouble)
    yield from (command for _, command in made)
