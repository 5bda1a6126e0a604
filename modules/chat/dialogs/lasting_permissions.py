"""Permissions that last in a folder: written into [tools] allow of settings.toml, and told how they go again."""

import os

from modules.chat.dialogs.approval_text import permission_label
from modules.config import Config
from modules.errors import ConfigError
from modules.session.turns.tooling import Tooling
from modules.settings.saving import save
from modules.tools.approval import Permission, permission_from

NAME = "tools.allow"


def keep(config: Config, tooling: Tooling, permission: Permission) -> str:
    """Write it down; where that fails it holds for this session. Returns what to say."""
    folder = os.path.realpath(tooling.toolbox.context.folder)
    rules = dict(config.settings.tools.allow)
    rules[folder] = tuple(dict.fromkeys((*rules.get(folder, ()), str(permission))))
    label = permission_label(permission)
    try:
        if permission_from(str(permission)) != permission:  # written down it would cover more
            raise ConfigError("That command cannot be written down.", cure="Its beginning and a star can.")
        save(config.layers.file, {NAME: rules})
    except ConfigError as error:
        tooling.approval.permissions.append(permission)
        return f"From now on without asking in this session: {label}. {error}"
    config.layers.reset(NAME)
    return f"From now on without asking in this folder: {label}. /set {NAME} {folder}= takes it back."
