"""A theme from a TOML file: its background, what it is for, and a look for each role; what cannot be names its line."""

import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from modules.chat.looks.theme import ROLES, Background, Look, Theme, contrast, hexadecimal, look_of
from modules.errors import ConfigError
from modules.own_files import read_text

LARGEST_BYTES = 64 * 1024
# What terminals and their usual themes have behind the text, by kind.
BEHIND: dict[Background, tuple[str, ...]] = {
    "dark": ("#000000", "#1e1e1e", "#282c34"),
    "light": ("#ffffff", "#fdf6e3"),
    "": ("#000000", "#ffffff"),
}
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
KINDS: dict[str, Background] = {"dark": "dark", "light": "light", "any": ""}
CURE = "docs/themes.md lists what a theme holds."


def read_theme(path: Path, true_color: bool) -> Theme:
    """The theme in that file, named after it. Raises ConfigError with the line of what it cannot mean."""
    try:
        text = read_text(path, LARGEST_BYTES)
        found = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", cure=CURE) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} cannot be read: it is not UTF-8 text.", cure="Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}.", cure=CURE) from error
    if stray := next((key for key in found if key not in ("background", "about", "looks")), ""):
        raise _wrong(path, text, stray, f'there is no "{stray}" in a theme')
    kind, looks = found.get("background"), found.get("looks", {})
    if not isinstance(kind, str) or kind not in KINDS:
        raise _wrong(path, text, "background", 'background is "dark", "light" or "any"')
    if not isinstance(looks, dict):
        raise _wrong(path, text, "looks", "looks is a table: [looks]")
    return Theme(path.stem, KINDS[kind], _looks(path, text, looks), str(found.get("about", "")), true_color)


def hard_to_read(theme: Theme) -> list[str]:
    """Roles whose colour is hard to read on backgrounds of the theme's kind; of the first sixteen nobody knows that."""
    return [
        role
        for role, look in theme.looks.items()
        if (color := _hexadecimal(look))
        and min(contrast(color, one) for one in BEHIND[theme.background]) < LEAST_CONTRAST
    ]


def _hexadecimal(look: Look) -> str:
    if look.color.isdecimal():
        return hexadecimal(int(look.color)) if int(look.color) >= 16 else ""
    return look.color


def _looks(path: Path, text: str, looks: dict[str, Any]) -> dict[str, Look]:
    found: dict[str, Look] = {}
    for role, written in looks.items():
        if role not in ROLES:
            near = get_close_matches(role, ROLES, n=1)
            raise _wrong(path, text, role, f'there is no "{role}"' + (f'; "{near[0]}" is near' if near else ""))
        if not isinstance(written, str | int) or isinstance(written, bool):
            raise _wrong(path, text, role, f'"{role}" is a text such as "#87d7af bold"')
        try:
            found[role] = look_of(str(written))
        except ValueError as error:
            raise _wrong(path, text, role, f'of "{role}", {error}') from error
    return found


def _wrong(path: Path, text: str, key: str, problem: str) -> ConfigError:
    """The error with the line on which the key stands, where it stands on one."""
    mark = re.compile(rf'^\s*\[?\s*["\']?{re.escape(key)}["\']?\s*[\]=.]')
    line = next((f":{number}" for number, line in enumerate(text.split("\n"), 1) if mark.match(line)), "")
    return ConfigError(f"{path}{line}: {problem}.", cure=CURE)
