"""Which theme is in use: by the settings and the background; the usual ones at once, others from their files."""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

import msgspec

from modules.chat.looks.background import background
from modules.chat.looks.theme import Background, Theme, look_of
from modules.chat.looks.usual_themes import BY_BACKGROUND, USUAL
from modules.errors import ParlanceError, UsageError

SHIPPED = Path(__file__).parent / "themes"
AUTO = "auto"


class Themes:
    """The themes that there are, and the one in use, which is found anew with each drawing and read once.

    `wished` gives the theme and the background that the settings name; `own` is the folder of the person's own themes;
    `variable` reads the environment; `installed` gives what leads to the files that other packages bring, by name.
    `reported` is what the terminal says of its background, once it does.
    """

    def __init__(
        self,
        wished: Callable[[], tuple[str, str]],
        own: Path | None,
        variable: Callable[[str], str],
        installed: Callable[[], Mapping[str, Callable[[], Path]]] = dict,
    ) -> None:
        self._wished = wished
        self._folders = (own, SHIPPED) if own is not None else (SHIPPED,)
        self._variable = variable
        self._installed = installed
        self._true_color = variable("COLORTERM").lower() in ("truecolor", "24bit")
        self._read: dict[str, Theme | ParlanceError] = {}
        self._pairs: dict[str, bool] = {}  # whether a name stands for two themes, one for each background
        self.reported: Callable[[], str] = lambda: ""

    @property
    def background(self) -> Background:
        """The kind of background that there is."""
        return background(self._wished()[1], self.reported(), self._variable)

    @property
    def wished(self) -> str:
        """The name of the theme that is to be in use."""
        return self._wished()[0]

    @property
    def current(self) -> Theme:
        """The theme in use; the usual one where the one that is wished cannot be had."""
        try:
            return self.of(self.wished)
        except ParlanceError:
            return self.of(AUTO)

    @property
    def trouble(self) -> ParlanceError | None:
        """Why the theme that is wished cannot be had."""
        try:
            self.of(self.wished)
        except ParlanceError as error:
            return error
        return None

    def of(self, wished: str) -> Theme:
        """The theme of that name: for "auto" the usual one of the background, and of a pair the one that suits it.

        Raises UsageError where there is none, ConfigError where its file cannot be read.
        """
        kind = self.background
        if wished in (AUTO, ""):
            return self._named(BY_BACKGROUND[kind])
        if wished not in self._pairs:
            alone = wished in USUAL or self._path(wished) is not None
            self._pairs[wished] = not alone and self._path(f"{wished}-dark") is not None
        if self._pairs[wished]:
            return self._named(f"{wished}-{kind or 'dark'}")
        return self._named(wished)

    def names(self) -> Iterator[str]:
        """All themes that can be asked for, the usual first, the person's own last."""
        files = [path.stem for folder in self._folders[::-1] for path in sorted(folder.glob("*.toml"))]
        yield from dict.fromkeys([*USUAL, *files, *self._installed()])

    def read_again(self) -> None:
        """Forget what was read, since a file may have changed."""
        self._read.clear()
        self._pairs.clear()

    def _named(self, name: str) -> Theme:
        if name not in self._read:
            try:
                self._read[name] = self._found(name)
            except ParlanceError as error:
                self._read[name] = error
        found = self._read[name]
        if isinstance(found, ParlanceError):
            raise found
        return found

    def _found(self, name: str) -> Theme:
        path = self._path(name)
        if path is not None:
            from modules.chat.looks.theme_file import read_theme  # its TOML parser takes a while to load

            return read_theme(path, self._true_color)
        if name not in USUAL and (file := self._installed().get(name)) is not None:
            from modules.chat.looks.theme_file import read_theme

            return msgspec.structs.replace(read_theme(file(), self._true_color), name=name)
        if name not in USUAL:
            near = get_close_matches(name, list(self.names()), n=1)
            cure = f'"{near[0]}" is near. ' if near else ""
            raise UsageError(f'There is no theme "{name}".', cure=f"{cure}/theme lists them.")
        kind, about, looks = USUAL[name]
        return Theme(name, kind, {role: look_of(text) for role, text in looks.items()}, about, self._true_color)

    def _path(self, name: str) -> Path | None:
        """The file of a theme, the person's own before the shipped one of that name."""
        if not name or name.startswith(".") or "/" in name or "\\" in name or "\0" in name:
            return None
        paths = (folder / f"{name}.toml" for folder in self._folders)
        return next((path for path in paths if path.exists()), None)
