"""What settings hold now, and where each comes from: the usual, settings.toml, the folder's own file, this session."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from msgspec import structs

from modules.errors import ConfigError
from modules.own_files import stamp
from modules.settings.declarations import Settings
from modules.settings.reading import Reading, read

Origin = Literal["usual", "file", "folder", "session"]
USUAL = Settings()


class SettingsLayers:
    """The settings in force. Each layer goes before the one before it: usual, file, folder, session.

    The file is looked at each time, so that a change of it holds at once; one that is spoiled while the program runs
    still says what it said before. The `keeper` is where it is kept as it was parsed.
    """

    def __init__(self, file: Path, keeper: Path | None = None) -> None:
        self.file = file
        self._keeper = keeper
        self._stamp: tuple[int, ...] | None = None
        self._read = Reading()
        self._folder: dict[str, Any] = {}
        self._session: dict[str, Any] = {}
        self._current: Settings | None = None
        self._news: list[str] = []
        self._told: set[str] = set()

    @property
    def current(self) -> Settings:
        """What holds now. Raises ConfigError where the file was never one that can be read."""
        self._look()
        if self._current is None:
            self._current = _laid_over(self._values())
        return self._current

    def origin(self, name: str) -> Origin:
        """Where the value of that setting comes from."""
        self._look()
        if name in self._session:
            return "session"
        if name in self._folder:
            return "folder"
        return "file" if name in self._read.values else "usual"

    def change(self, name: str, value: Any) -> None:
        """Let a value of the right type hold until the program ends."""
        self._session[name] = value
        self._current = None

    def reset(self, name: str) -> bool:
        """Let go of what was changed in this session; False where nothing was."""
        self._current = None
        return self._session.pop(name, self) is not self

    def believe(self, values: Mapping[str, Any]) -> None:
        """Let these hold, which a person has seen in the file of the folder."""
        self._folder = dict(values)
        self._current = None

    def news(self) -> list[str]:
        """What is wrong in the file or called otherwise now, and was not told yet."""
        self._look()
        news, self._news = [one for one in self._news if one not in self._told], []
        self._told.update(news)
        return news

    def _values(self) -> dict[str, Any]:
        return {**self._read.values, **self._folder, **self._session}

    def _look(self) -> None:
        """Read the file if it has changed."""
        now = stamp(self.file)
        if now == self._stamp:
            return
        try:
            self._read = read(self.file, self._keeper)
        except ConfigError as error:
            if self._stamp is None:
                raise
            self._news.append(f"{error.message}\nWhat it said before holds. {error.cure}")
        else:
            self._news += [f"{self.file}, {told}" for told in self._read.old_names]
            self._news += [f"{self.file}, {wrong} It is passed over." for wrong in self._read.mistakes]
        self._stamp, self._current = now, None


def _laid_over(values: Mapping[str, Any]) -> Settings:
    """The usual settings with these in their places."""
    parts: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        part, _, field = name.partition(".")
        parts.setdefault(part, {})[field] = value
    return structs.replace(
        USUAL, **{part: structs.replace(getattr(USUAL, part), **fields) for part, fields in parts.items()}
    )
