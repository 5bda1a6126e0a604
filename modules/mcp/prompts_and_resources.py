"""What servers offer beside tools, and what they said of it last: completion shows that, and waits for nothing."""

import asyncio
import time
from typing import Any, Literal

from msgspec import Struct

from modules.mcp.server import Server
from modules.text.plain_words import hides, one_line

Kind = Literal["prompts", "resources"]

MOST = 1_000  # items of a list that are kept
LONGEST_CHARS = 500  # of a prompt, what it is given, or a URI
FRESH_SECONDS = 10.0  # for which a list is not asked for again
KEYS: dict[Kind, str] = {"prompts": "name", "resources": "uri"}  # what an item cannot be without


class ServerPrompt(Struct, frozen=True):
    """A prompt that a server offers; `arguments` by name, and whether each must be given."""

    server: str
    name: str
    description: str = ""
    arguments: dict[str, bool] = {}


class Resource(Struct, frozen=True):
    """A resource that a server offers."""

    server: str
    uri: str
    name: str = ""
    description: str = ""
    media_type: str = ""


def sound(kind: Kind, items: list[Any]) -> list[dict[str, Any]]:
    """The items that can be asked for by a name that a person can read and type."""
    return [item for item in items if isinstance(item, dict) and _is_fit(item.get(KEYS[kind]))]


def listed_prompt(server: str, item: dict[str, Any]) -> ServerPrompt:
    """A sound item of a list of prompts."""
    return ServerPrompt(server, item["name"], _plain(item.get("description")), _arguments(item.get("arguments")))


def listed_resource(server: str, item: dict[str, Any]) -> Resource:
    """A sound item of a list of resources."""
    return Resource(server, item["uri"], *(_plain(item.get(key)) for key in ("name", "description", "mimeType")))


class Lists:
    """The last lists of each server, the first MOST items of each; read from any thread, changed in the loop's."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, Kind], list[dict[str, Any]]] = {}
        self._asked: dict[tuple[str, Kind], float] = {}
        self._asking: dict[tuple[str, Kind], asyncio.Task[None]] = {}

    def known(self, server: str, kind: Kind) -> list[dict[str, Any]]:
        """The sound items that are known; [] for a list that has not come yet."""
        return self._kept.get((server, kind), [])

    def keep(self, server: str, kind: Kind, items: list[Any]) -> None:
        """Remember a list that has come."""
        self._kept[server, kind] = sound(kind, items)[:MOST]
        self._asked[server, kind] = time.monotonic()

    async def look(self, server: Server, kind: Kind, patience: float) -> None:
        """Ask a server that runs for a list that is not fresh; wait these seconds for one that was never seen."""
        key = server.name, kind
        if server.state == "ready" and key not in self._asking and self._is_old(key):
            self._asking[key] = asyncio.create_task(self._ask(server, kind), name=f"mcp {server.name} {kind}")
        if key in self._asking and key not in self._kept:
            await asyncio.wait([self._asking[key]], timeout=patience)

    def forget(self, server: str) -> None:
        """The server may be another one from here on."""
        for key in [key for key in self._asked if key[0] == server]:
            del self._asked[key]
            self._kept.pop(key, None)

    def close(self) -> None:
        """Ask nothing any more."""
        for task in self._asking.values():
            task.cancel()

    def _is_old(self, key: tuple[str, Kind]) -> bool:
        return key not in self._asked or time.monotonic() - self._asked[key] > FRESH_SECONDS

    async def _ask(self, server: Server, kind: Kind) -> None:
        key = server.name, kind
        self._asked[key] = time.monotonic()  # also of one that fails: each key that is typed would ask again
        try:
            self.keep(server.name, kind, await server.listing(kind, start=False))
        except Exception:  # whatever a foreign program brings about, it costs its completion and nothing else
            return
        finally:
            self._asking.pop(key, None)


def _is_fit(name: Any) -> bool:
    return isinstance(name, str) and 0 < len(name) <= LONGEST_CHARS and not hides(name)


def _plain(words: Any) -> str:
    return one_line(words) if isinstance(words, str) else ""


def _arguments(listed: Any) -> dict[str, bool]:
    return {
        argument["name"]: argument.get("required") is True
        for argument in (listed if isinstance(listed, list) else ())
        if isinstance(argument, dict) and _is_fit(argument.get("name"))
    }
