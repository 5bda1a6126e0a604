"""What `parlance doctor` looks at beside the conversations: files, keys, the terminal, programs and extras.

Each check yields what it found. A fault is something that does not work; a hint is something that could be had.
"""

import importlib.util
import os
import platform
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from msgspec import Struct

from modules.chat.start.own_models import own_models
from modules.chat.terminal.editor import editor_of
from modules.config import VERSION, Config
from modules.errors import ParlanceError
from modules.extras import how_to_install
from modules.plugins.installed import Plugins

Kind = Literal["fine", "hint", "fault"]
MARKS: dict[Kind, str] = {"fine": "ok", "hint": "hint", "fault": "fault"}
# An extra, the package that is there with it, and what cannot be done without it.
EXTRAS = (
    ("mcp", "mcp", "MCP servers are not started"),
    ("gemini", "google.genai", "Gemini is not spoken to in its own API"),
    ("heic", "pillow_heif", "photos as HEIC are not read"),
)


class Found(Struct, frozen=True):
    """One thing that was looked at, in a sentence, with the cure for what is wrong."""

    kind: Kind
    text: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{MARKS[self.kind]:<6} {self.text} {self.cure}".rstrip()


Check = Callable[[Config], Iterator[Found]]


def look_over(config: Config) -> Iterator[Found]:
    """Everything, in the order in which it would be missed."""
    for check in CHECKS:
        try:
            yield from check(config)
        except ParlanceError as error:
            yield Found("fault", error.message, error.cure)


def _program(config: Config) -> Iterator[Found]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Found("fine", f"Parlance {VERSION}, Python {python}, {platform.system()}.")


def _folders(config: Config) -> Iterator[Found]:
    for folder in (config.folder, config.state_folder, config.data_folder):
        there = next(one for one in (folder, *folder.parents) if one.exists())
        if not os.access(there, os.W_OK):
            yield Found("fault", f"{folder} cannot be written.", f"Make {there} yours, or set PARLANCE_HOME.")


def _settings(config: Config) -> Iterator[Found]:
    settings = config.settings
    yield from (Found("fault", news) for news in config.layers.news())
    path = config.folder / "settings.toml"
    yield Found("fine", f"{path} is read." if path.is_file() else f"There is no {path}; the usual settings hold.")
    if settings.tools.environment:
        yield Found("fine", f"Programs of tools are given {', '.join(settings.tools.environment)}.")


def _models(config: Config) -> Iterator[Found]:
    troubles: list[str] = []
    models = own_models(config, troubles)
    yield from (Found("fault", trouble) for trouble in troubles)
    providers = models.providers.values()
    variables = dict.fromkeys(one.key_variable for one in providers if one.key_variable)
    usable = [name for name in variables if _is_key(config, name)]
    if usable:
        yield Found("fine", f"Keys: {', '.join(usable)}.")
    else:
        yield Found("hint", "No key is set; only the built-in guide answers.", 'Type "/key" in the chat.')
    for name in variables:
        try:
            config.key(name)
        except ParlanceError as error:
            yield Found("fault", error.message, error.cure)


def _is_key(config: Config, variable: str) -> bool:
    try:
        return config.key(variable) is not None
    except ParlanceError:
        return False


def _secrets(config: Config) -> Iterator[Found]:
    for path in config.env_files:
        if os.name != "nt" and path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield Found("fault", f"{path} can be read by others.", f"Type: chmod 600 {path}")


def _servers(config: Config) -> Iterator[Found]:
    if not config.mcp_file.exists():
        return
    from modules.mcp.configuration.mcp_json import read

    servers, troubles = read(config.mcp_file, config.get)
    yield from (Found("fault", trouble) for trouble in troubles)
    for server in servers:
        command = getattr(server, "command", "")
        if command and shutil.which(command) is None:
            yield Found("fault", f'The MCP server "{server.name}" starts "{command}", which is not there.')


def _plugins(config: Config) -> Iterator[Found]:
    if plugins := Plugins(config.plugins_file).all():
        packages = dict.fromkeys(map(str, plugins))
        yield Found("fine", f"Plugins: {', '.join(packages)}. parlance plugins tries each.")


def _extras(config: Config) -> Iterator[Found]:
    for extra, package, without in EXTRAS:
        try:
            there = importlib.util.find_spec(package) is not None
        except ModuleNotFoundError:
            there = False
        if not there:
            yield Found("hint", f"Without the extra {extra}, {without}.", how_to_install(extra))


def _terminal(config: Config) -> Iterator[Found]:
    encoding = (sys.stdout.encoding or "").lower()
    if not encoding.startswith("utf"):
        yield Found("hint", f"The terminal's text is {encoding or 'unknown'}.", "Set LANG to a locale in UTF-8.")
    if config.plain:
        yield Found("hint", "The terminal is a dumb one: plain text, and the terminal's own editing.", "Set TERM.")
    elif not config.color:
        yield Found("fine", "No colours, as NO_COLOR wishes.")


def _programs(config: Config) -> Iterator[Found]:
    source, argv = editor_of(config.get)
    if shutil.which(argv[0]) is None:
        yield Found("hint", f"The editor {argv[0]} ({source}) is not there.", "Set VISUAL or EDITOR.")
    if shutil.which("git") is None:
        yield Found("hint", "git is not there: @ completes files by looking through the folder.")
    desktop = [("WAYLAND_DISPLAY", "wl-copy", "wl-clipboard"), ("DISPLAY", "xclip", "xclip")]
    for variable, program, package in desktop:
        if config.get(variable) and not config.get("SSH_CONNECTION"):
            if not any(shutil.which(one) for one in (program, "xsel")):
                yield Found("hint", f"{program} is not there: pictures cannot be pasted.", f"Install {package}.")
            return


def _network(config: Config) -> Iterator[Found]:
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
        if (path := config.get(variable)) and not Path(path).exists():
            yield Found("fault", f"{variable} names {path}, which is not there.", "Correct it, or unset it.")
    if proxies := [name for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY") if config.get(name)]:
        yield Found("fine", f"Requests go through the proxy of {proxies[0]}.")


CHECKS: tuple[Check, ...] = (
    _program, _folders, _settings, _models, _secrets, _servers, _plugins, _extras, _terminal, _programs, _network,
)  # fmt: skip
