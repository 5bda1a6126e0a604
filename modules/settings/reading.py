"""settings.toml as it is read: what it may not hold is an error that names the file, and what is wrong."""

from pathlib import Path

import msgspec

from modules.errors import ConfigError
from modules.own_files import read_text
from modules.settings.declarations import Settings


def read(path: Path) -> Settings:
    """The settings in that file, the usual ones where there is none. Raises ConfigError with what cannot be."""
    try:
        text = read_text(path)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", cure="Correct that, or move it away.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} cannot be read: it is not UTF-8 text.", cure="Save it as UTF-8.") from error
    try:
        return msgspec.toml.decode(text, type=Settings)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}.", cure="The README lists what it may hold.") from error
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}.", cure="Correct it, or move it away.") from error
