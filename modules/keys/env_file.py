"""A .env file as it is read: what is none of its lines is an error that names the line."""

import errno
from io import StringIO
from pathlib import Path

from modules.errors import ConfigError
from modules.own_files import read_text

MAX_ENV_FILE = 64 * 1024


class EnvFile:
    """A .env file as it was read: its values, what identifies this version of it, and why that cannot be read."""

    def __init__(
        self, stamp: tuple[int, ...], values: dict[str, str | None], trouble: ConfigError | None = None
    ) -> None:
        self.stamp = stamp
        self.values = values
        self.trouble = trouble


def read_env(path: Path) -> dict[str, str | None]:
    """The values of a .env file, None for a name alone. Raises ConfigError for what is none."""
    from dotenv.parser import parse_stream  # only where there is a file to read

    try:
        text = read_text(path, MAX_ENV_FILE)
    except OSError as error:
        if error.errno == errno.EFBIG:
            problem = f"{path} is larger than 64 kB."
            raise ConfigError(problem, cure="A .env file holds a few lines of NAME=value.") from error
        problem = error.strerror or str(error)
        raise ConfigError(f"{path} cannot be read: {problem}.", cure="Check its permissions.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text.", cure="Save it as UTF-8.") from error
    if "\0" in text:  # UTF-16 without its mark passes for UTF-8, and every name in it would be missed
        raise ConfigError(f"{path} is not UTF-8 text.", cure="Save it as UTF-8.")
    values: dict[str, str | None] = {}
    for line in parse_stream(StringIO(text)):
        if line.error:  # python-dotenv itself would leave the line out and go on
            problem = f"{path}:{line.original.line}: this is not NAME=value."
            raise ConfigError(problem, cure="Look at the quotes, or put # before a remark.")
        if line.key is not None:
            values[line.key] = line.value
    return values
