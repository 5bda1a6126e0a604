"""`parlance plugins`: what installed packages bring, and whether it works."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from modules.chat.command import Command
from modules.config import Config
from modules.errors import ConfigError
from modules.plugins.installed import Group, Plugin, Plugins
from modules.plugins.loading import all_of
from modules.text.sanitize import clean
from modules.tools.tool import Tool

KINDS: dict[Group, tuple[type, str]] = {
    "commands": (Command, "a command, or several"),
    "tools": (Tool, "a tool, or several"),
    "providers": (Path, "the path of a models.yaml"),
    "themes": (Path, "the path of a theme in TOML"),
}
NONE = "No package that is installed brings anything. docs/plugins.md says how one does."


def run(words: Sequence[str], config: Config) -> int:
    """List them, each loaded once. Returns the exit code: 1 where one cannot be used."""
    argument_parser().parse_args(words)
    found = [(plugin, _trouble(plugin)) for plugin in Plugins(config.plugins_file).all()]
    for plugin, trouble in found:
        sys.stdout.write(clean(f"{plugin.group}\t{plugin.name}\t{plugin}\t{trouble or 'works'}") + "\n")
    if not found:
        sys.stdout.write(f"{NONE}\n")
    sys.stdout.flush()
    return 1 if any(trouble for _, trouble in found) else 0


def argument_parser() -> argparse.ArgumentParser:
    """What may follow the name of this subcommand."""
    return argparse.ArgumentParser(
        prog="parlance plugins",
        description="List what installed packages bring: commands, tools, providers and themes. Each is loaded once; "
        "one that cannot be used says why, and then the exit code is 1.",
    )


def _trouble(plugin: Plugin) -> str:
    kind, what = KINDS[plugin.group]
    try:
        all_of(plugin, kind, what)
    except ConfigError as error:
        return str(error)
    return ""
