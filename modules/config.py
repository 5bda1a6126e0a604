"""Where things are kept, and which keys are set; the only reader of the environment and of .env files."""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from modules.errors import ConfigError, KeyringFailed
from modules.keys.env_file import EnvFile
from modules.keys.env_file import read_env as read_env
from modules.keys.key import Key as Key
from modules.keys.key import usable_key
from modules.keys.keyring_names import FILE as KEYRING_FILE
from modules.keys.keyring_names import KeyringNames
from modules.own_files import private_file as private_file
from modules.own_files import stamp

if TYPE_CHECKING:
    from modules.folder_trust import FolderTrust
    from modules.keys.system_keyring import SystemKeyring
    from modules.settings.declarations import Settings
    from modules.settings.layers import SettingsLayers

VERSION = "0.1.0"
APP = "parlance"
ROOT = Path(__file__).resolve().parent.parent
PACKAGE = __name__.partition(".")[0]  # "modules" in a checkout, "parlance" where the program is installed
IN_CHECKOUT = PACKAGE == "modules"
ENVIRONMENT, KEYRING = "the environment", "the keyring"  # sources beside the .env files


# What a program that a tool runs is given of the environment: no key of any kind is among it.
FOR_CHILDREN = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TZ", "LANG", "LANGUAGE", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT",
    "COMSPEC", "PATHEXT", "APPDATA", "LOCALAPPDATA", "USERPROFILE", "VIRTUAL_ENV", "CONDA_PREFIX", "NVM_DIR",
    "PYENV_ROOT", "CARGO_HOME", "RUSTUP_HOME", "GOPATH", "GOROOT", "JAVA_HOME", "NODE_PATH", "SSH_AUTH_SOCK", "DISPLAY",
    "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy",
    "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
FAMILIES_FOR_CHILDREN = ("LC_", "XDG_")


class Config:
    """Paths and variables of this run.

    Variables come from the environment, then in a checkout from `.env` beside main.py, then from `.env` in the config
    folder; keys last from the system's keyring, which is asked for nothing but a key that is about to be used.
    A `.env` in the current folder is not read: whoever wrote that folder could send a key to another host.
    `umask` is what the person has set for new files; -1 where the program has not put its own in the place of it.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, umask: int = -1) -> None:
        self.umask = umask
        self._environment = os.environ if environment is None else environment
        self._read: dict[Path, EnvFile] = {}
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

    @cached_property
    def keyring_names(self) -> KeyringNames:
        """Which keys are in the system's keyring."""
        return KeyringNames(self.state_folder / KEYRING_FILE)

    @cached_property
    def keyring(self) -> "SystemKeyring":
        """The system's keyring. Whatever is asked of it may take seconds, so that only a thread should wait for it."""
        from modules.keys.system_keyring import SystemKeyring  # only where it is used

        return SystemKeyring(self.keyring_names)

    @cached_property
    def folder_trust(self) -> "FolderTrust":
        """What the person has said of what lies in folders; one for the whole run, so that it holds on a full disk."""
        from modules.folder_trust import FolderTrust  # hardly any folder has something to ask about

        return FolderTrust(self.state_folder / "trusted.json")

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
        """A variable's value, stripped, and where it stands; two empty strings where it is unset or blank.

        A key that is in the keyring is there once it was read.
        """
        value = self._environment.get(variable, "").strip()
        if value:
            return value, ENVIRONMENT
        for path in self.env_files:
            value = (self._file(path).values.get(variable) or "").strip()
            if value:
                return value, str(path)
        if variable in self.keyring_names.all() and (value := self.keyring.known(variable)):
            return value, KEYRING
        return "", ""

    def sources(self, variable: str) -> Iterator[str]:
        """Where there is a key of this variable, the one first that is used: as `lookup` names them, and unread."""
        if self._environment.get(variable, "").strip():
            yield ENVIRONMENT
        for path in self.env_files:
            if (self._file(path).values.get(variable) or "").strip():
                yield str(path)
        if variable in self.keyring_names.all():
            yield KEYRING

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
        return variable is None or bool(self.get(variable)) or variable in self.keyring_names.all()

    def is_unread(self, variable: str) -> bool:
        """Whether the key is in the keyring alone, and has not been read: `key` asks for it then, and waits."""
        return variable in self.keyring_names.all() and not self.get(variable)

    def key(self, variable: str) -> Key | None:
        """The key in that variable, checked; None where it is unset.

        Waits for the keyring where the key is there alone. Raises KeyringFailed, or BadKey for what no HTTP header can
        carry: the SDKs report that as a connection error, with the key in it.
        """
        value, source = self.lookup(variable)
        if source != ENVIRONMENT and (trouble := next((f.trouble for f in self._read.values() if f.trouble), None)):
            raise trouble
        if not value and variable in self.keyring_names.all():
            try:
                value, source = self.keyring.read(variable), KEYRING
            except KeyringFailed as error:
                another = f"Or put {variable}=... into {self.folder / '.env'}."
                cure = f"{error.cure} /key takes the key anew. {another}"
                raise KeyringFailed(f"{variable} is in the keyring. {error.message}", cure=cure.strip()) from error
        if not value:
            return None
        return usable_key(variable, value, source)

    @cached_property
    def layers(self) -> "SettingsLayers":
        """The settings with all that they come from, which may be changed while the program runs."""
        from modules.settings.layers import SettingsLayers  # --version and --list-models need none

        return SettingsLayers(self.folder / "settings.toml", self.state_folder / "settings.cache")

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

    def _file(self, path: Path) -> "EnvFile":
        """What the file holds now. One that was spoiled while the program runs still says what it said before."""
        now = stamp(path)
        known = self._read.get(path)
        if known is None or known.stamp != now:
            try:
                self._read[path] = EnvFile(now, read_env(path) if now else {})
            except ConfigError as error:
                if known is None:
                    raise
                self._read[path] = EnvFile(now, known.values, error)
        return self._read[path]

    def _place(self, kind: str) -> Path:
        home = self._environment.get("PARLANCE_HOME", "").strip()
        if home:
            folder = Path(os.path.expanduser(home))  # Path raises where nobody has the name behind a ~
            return folder / kind if kind != "config" else folder
        from platformdirs import PlatformDirs  # 5 ms that most starts of a test or a benchmark do not need

        dirs = PlatformDirs(APP, appauthor=False)
        return Path({"config": dirs.user_config_dir, "state": dirs.user_state_dir, "data": dirs.user_data_dir}[kind])
