"""Where things are kept, and which keys are set; the only reader of the environment and of .env files."""

import errno
import os
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from modules.errors import BadKey, ConfigError
from modules.own_files import read_text, stamp

if TYPE_CHECKING:
    from modules.settings.declarations import Settings
    from modules.settings.layers import SettingsLayers

VERSION = "0.1.0"
APP = "parlance"
ROOT = Path(__file__).resolve().parent.parent
PACKAGE = __name__.partition(".")[0]  # "modules" in a checkout, "parlance" where the program is installed
IN_CHECKOUT = PACKAGE == "modules"
MAX_ENV_FILE = 64 * 1024
LEAST_KEY, MOST_KEY = 4, 2048  # characters; servers of one's own take short ones


# What a program that a tool runs is given of the environment: no key of any kind is among it.
FOR_CHILDREN = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TZ", "LANG", "LANGUAGE", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT",
    "COMSPEC", "PATHEXT", "APPDATA", "LOCALAPPDATA", "USERPROFILE", "VIRTUAL_ENV", "CONDA_PREFIX", "NVM_DIR",
    "PYENV_ROOT", "CARGO_HOME", "RUSTUP_HOME", "GOPATH", "GOROOT", "JAVA_HOME", "NODE_PATH", "SSH_AUTH_SOCK", "DISPLAY",
    "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy",
    "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
FAMILIES_FOR_CHILDREN = ("LC_", "XDG_")


def private_file(path: str, flags: int) -> int:
    """An `opener` for files that are this user's alone. A link in the place of one is an error."""
    # Without a reader a pipe in its place is an error at once, and not waited for.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0), 0o600)


class Key:
    """An API key that does not show itself: `value` is the only way to it."""

    __slots__ = ("source", "value")

    def __init__(self, value: str, source: str) -> None:
        self.value = value
        self.source = source

    def __repr__(self) -> str:
        return f"Key(…{self.value[-4:]} from {self.source})" if len(self.value) >= 12 else f"Key(from {self.source})"

    __str__ = __repr__


class Config:
    """Paths and variables of this run.

    Variables come from the environment, then in a checkout from `.env` beside main.py, then from `.env` in the config
    folder.
    A `.env` in the current folder is not read: whoever wrote that folder could send a key to another host.
    `umask` is what the person has set for new files; -1 where the program has not put its own in the place of it.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, umask: int = -1) -> None:
        self.umask = umask
        self._environment = os.environ if environment is None else environment
        self._read: dict[Path, _EnvFile] = {}
        self.plain_asked = False  # by --plain

    @cached_property
    def folder(self) -> Path:
        """The user's own files: models.yaml and .env."""
        return self._place("config")

    @cached_property
    def state_folder(self) -> Path:
        """What the program writes for itself: the input history."""
        return self._place("state")

    @cached_property
    def data_folder(self) -> Path:
        """What the person would miss: the conversations."""
        return self._place("data")

    @cached_property
    def env_files(self) -> tuple[Path, ...]:
        beside = (ROOT / ".env",) if IN_CHECKOUT else ()  # else that is the folder of everything that is installed
        return (*beside, self.folder / ".env")

    @property
    def user_models(self) -> Path:
        return self.folder / "models.yaml"

    @property
    def learned_file(self) -> Path:
        """What models turned out to be, see llm/catalogue/learned_facts.py."""
        return self.state_folder / "learned.json"

    @property
    def weights_file(self) -> Path:
        """How many tokens text takes at each issuer, see llm/tokens/learned_weights.py."""
        return self.state_folder / "token_weights.json"

    @property
    def plugins_file(self) -> Path:
        """Which plugins are installed, see plugins/installed.py."""
        return self.state_folder / "plugins.json"

    @property
    def mcp_file(self) -> Path:
        return self.folder / "mcp.json"

    @property
    def shipped_models(self) -> Path:
        """models.yaml: at the top of a checkout, inside the package where the program is installed."""
        return (ROOT if IN_CHECKOUT else Path(__file__).resolve().parent) / "models.yaml"

    def place_for_keys(self) -> Path:
        """The .env of the config folder, for a person who is asked to write into it: the folder is there then."""
        with suppress(OSError):
            self.private(self.folder)
        return self.folder / ".env"

    def private(self, folder: Path) -> Path:
        """The folder, made if it is missing, for this user only."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def get(self, variable: str, default: str = "") -> str:
        """A variable's value, stripped; `default` where it is unset or blank."""
        return self.lookup(variable)[0] or default

    def lookup(self, variable: str) -> tuple[str, str]:
        """A variable's value, stripped, and where it stands; two empty strings where it is unset or blank."""
        value = self._environment.get(variable, "").strip()
        if value:
            return value, "the environment"
        for path in self.env_files:
            value = (self._file(path).values.get(variable) or "").strip()
            if value:
                return value, str(path)
        return "", ""

    def first_set(self, *variables: str) -> tuple[str, str] | None:
        """The first of these variables that is set, be it to nothing: its name, with the file that it stands in if it
        is not the environment, and its value, stripped. None where none is set.
        """
        for variable in variables:
            if (value := self._environment.get(variable)) is not None:
                return variable, value.strip()
        for variable in variables:
            for path in self.env_files:
                if (value := self._file(path).values.get(variable)) is not None:
                    return f"{variable} in {path}", value.strip()
        return None

    def has_key(self, variable: str | None) -> bool:
        """Whether the key is set, or none is needed."""
        return variable is None or bool(self.get(variable))

    def key(self, variable: str) -> Key | None:
        """The key in that variable, checked; None where it is unset.

        Raises BadKey for what no HTTP header can carry: the SDKs report that as a connection error, with the key in it.
        """
        value, source = self.lookup(variable)
        if source != "the environment" and (
            trouble := next((f.trouble for f in self._read.values() if f.trouble), None)
        ):
            raise trouble
        if not value:
            return None
        value = value.strip("\"'").strip()
        if not re.fullmatch(r"[\x21-\x7e]+", value) or not LEAST_KEY <= len(value) <= MOST_KEY:
            raise BadKey(
                f"{variable} in {source} is not a usable key: it {_fault_of(value)}.",
                cure="Copy the key again, alone on its line.",
            )
        return Key(value, f"{variable} in {source}")

    @cached_property
    def layers(self) -> "SettingsLayers":
        """The settings with all that they come from, which may be changed while the program runs."""
        from modules.settings.layers import SettingsLayers  # --version and --list-models need none

        return SettingsLayers(self.folder / "settings.toml")

    @property
    def settings(self) -> "Settings":
        """What holds now. Raises ConfigError with the place of what settings.toml cannot mean."""
        return self.layers.current

    @property
    def child_environment(self) -> dict[str, str]:
        """What programs that a tool runs are given of the environment: the usual, and what the settings name."""
        named = (*FOR_CHILDREN, *self.settings.tools.environment)
        return {
            name: value
            for name, value in self._environment.items()
            if name in named or name.startswith(FAMILIES_FOR_CHILDREN)
        }

    def environment_without(self, keys: Collection[str]) -> dict[str, str]:
        """What a command is given that the person typed: all there is but these, where the settings name none of them.

        A variable of another name that holds the same value is left out too.
        """
        kept = set(self.settings.tools.environment)
        secret = {value for name in keys if name not in kept and (value := self._environment.get(name, ""))}
        return {
            name: value
            for name, value in self._environment.items()
            if name in kept or (name not in keys and value not in secret)
        }

    @property
    def plain(self) -> bool:
        """No escape sequences at all: a terminal that cannot, or a person who said so."""
        return (self._environment.get("TERM", "dumb") in ("dumb", "") and os.name != "nt") or self.spoken

    @property
    def spoken(self) -> bool:
        """All is said in words, line by line, as a screen reader wants it: by --plain, ACCESSIBLE, or the settings.

        The variable is the one of click-extra, ouch and huh. 0 is no, whatever the settings say.
        """
        if self.plain_asked or (named := self._environment.get("ACCESSIBLE", "").strip().lower()) == "":
            return self.plain_asked or self.settings.screen.plain
        return named not in ("0", "false", "no", "off")

    @property
    def color(self) -> bool:
        """Colours are welcome; see no-color.org."""
        return not self._environment.get("NO_COLOR")

    def _file(self, path: Path) -> "_EnvFile":
        """What the file holds now. One that was spoiled while the program runs still says what it said before."""
        now = stamp(path)
        known = self._read.get(path)
        if known is None or known.stamp != now:
            try:
                self._read[path] = _EnvFile(now, read_env(path) if now else {})
            except ConfigError as error:
                if known is None:
                    raise
                self._read[path] = _EnvFile(now, known.values, error)
        return self._read[path]

    def _place(self, kind: str) -> Path:
        home = self._environment.get("PARLANCE_HOME", "").strip()
        if home:
            folder = Path(os.path.expanduser(home))  # Path raises where nobody has the name behind a ~
            return folder / kind if kind != "config" else folder
        from platformdirs import PlatformDirs  # 5 ms that most starts of a test or a benchmark do not need

        dirs = PlatformDirs(APP, appauthor=False)
        return Path({"config": dirs.user_config_dir, "state": dirs.user_state_dir, "data": dirs.user_data_dir}[kind])


def _fault_of(value: str) -> str:
    """What keeps this from being a key; never a part of it."""
    if re.search(r"[^\x21-\x7e]", value):
        return "holds blanks, line ends or letters outside ASCII"
    size = f"{len(value)} character{'' if len(value) == 1 else 's'}"
    return f"is too short, {size}" if len(value) < MOST_KEY else f"is too long, {size}"


class _EnvFile:
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
