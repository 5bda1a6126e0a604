"""What a person may settle for all sessions, in settings.toml of the config folder."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from modules.errors import ConfigError
from modules.own_files import read_text


class ToolSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part [tools] of settings.toml. `on` are the tools that are on when a session begins, None for all.

    A turn pauses after `steps` requests, after `dollars`, as far as prices are known, and after `tokens`; 0 is without
    limit. `environment` are variables that child processes are given beside the usual ones. `private_hosts` are names
    or addresses off the public internet that pages may be fetched from.
    """

    on: tuple[str, ...] | None = None
    steps: Annotated[int, msgspec.Meta(ge=0)] = 25
    dollars: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    tokens: Annotated[int, msgspec.Meta(ge=0)] = 1_000_000
    environment: tuple[str, ...] = ()
    private_hosts: tuple[str, ...] = ()


class ModelSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part [models]. `refresh`: the provider in use is asked for its own list, at most once a day, in the chat."""

    refresh: bool = True


class NetworkSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part [network] of settings.toml.

    An answer is given up after `content_timeout` seconds in which its connection lives and brings no content; 0 is
    without limit.
    """

    content_timeout: Annotated[float, msgspec.Meta(ge=0)] = 600.0


class ScreenSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part [screen]. Prose is at most `width` columns wide, 0 for the whole screen; not so code and tables.

    `background` is what colours are chosen for; "auto" asks the terminal.
    """

    width: Annotated[int, msgspec.Meta(ge=0)] = 100
    background: Literal["auto", "dark", "light"] = "auto"


class SessionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part [sessions]. `title_model` is asked by "/title --auto"; "" for the cheapest whose key is set."""

    title_model: str = ""


class CompactSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part [compact]: what is done about a conversation that fills a model's window.

    `auto`: from the share `at` of the window on a person is asked what to do, it is done, or nothing is said. `keep` is
    how many tokens of the last turns stay word for word beside a summary, at most a quarter of the window. `model`
    writes summaries; "" for the model itself where it can read all of the conversation, else the cheapest that can.
    """

    auto: Literal["ask", "always", "never"] = "ask"
    at: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.85
    keep: Annotated[int, msgspec.Meta(ge=0)] = 4000
    model: str = ""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """settings.toml in the config folder; everything in it may be left out."""

    tools: ToolSettings = ToolSettings()
    models: ModelSettings = ModelSettings()
    network: NetworkSettings = NetworkSettings()
    screen: ScreenSettings = ScreenSettings()
    sessions: SessionSettings = SessionSettings()
    compact: CompactSettings = CompactSettings()


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
