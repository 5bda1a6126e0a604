"""Where a provider's API begins: its address as people write it, with or without the path that the API is below.

Everyone writes it otherwise: some SDKs add "/v1" themselves and some do not, and documentation shows whole paths.
What cannot be known is asked: where the first way leads to nothing, the other is tried once, and kept if it is right.
"""

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import urlsplit

from modules.llm.failures.error_report import read_report
from modules.llm.failures.raised_error import read_raised
from modules.llm.models import Provider

PATHS = re.compile(r"(/chat/completions|/completions|/responses|/messages|/models)?/*$")
VERSIONED = re.compile(r"/v\d\w*$")
NO_SUCH_PATH = (404, 405)

Response = TypeVar("Response")


class Endpoint:
    """One provider's API. `own_path` is what its SDK puts between the address and the paths of the API."""

    def __init__(self, provider: Provider, own_path: str = "") -> None:
        self._root, self._other = roots(provider, own_path)

    def beside(self, path: str) -> str:
        """The URL of something that a server has beside the API, and not below its version."""
        return VERSIONED.sub("", self._root) + path

    async def ask(self, send: Callable[[str], Awaitable[Response]], path: str) -> Response:
        """The response to what `send` sends to the URL that it is given. Raises what `send` raises."""
        try:
            return await send(self._root + path)
        except Exception as error:  # each SDK has a class of its own for a 404; what is none is raised again
            if not self._other or not _is_no_path(error):
                raise
            failure = error
        try:
            response = await send(self._other + path)
        except Exception as error:  # of any SDK, as above
            # Only an API that is there answers in JSON; for anything else the first failure is the one to report.
            if isinstance(read_raised(error).body, dict) and not _is_no_path(error):
                raise
            raise failure from None
        self._root, self._other = self._other, ""
        return response


def roots(provider: Provider, own_path: str = "") -> tuple[str, str]:
    """What the paths of the API may stand behind: the likelier first."""
    given = PATHS.sub("", provider.base_url)
    if own_path and not re.search(r"/v\d", own_path):  # a version is of another API of the same server
        given = VERSIONED.sub("", given)
    is_bare = not urlsplit(given).path
    usual = own_path or (provider.usual_path or "").rstrip("/")
    if not usual and provider.usual_path is None and is_bare and provider.is_local:
        usual = "/v1"  # as all servers have it that people run themselves
    begun = next((part for part in _beginnings(usual) if given.endswith(part)), "")
    adds = bool(begun) or is_bare or (bool(own_path) and not VERSIONED.search(given))
    first = given + usual.removeprefix(begun) if usual and adds else given
    if first != given:
        return first, given
    if own_path and not begun:
        return first, given + own_path
    return first, given.removesuffix("/v1") if given.endswith("/v1") else given + (usual or "/v1")


def _beginnings(path: str) -> list[str]:
    """The path, and what remains of it without its last parts: the longest first."""
    parts = path.split("/")[1:]
    return ["/" + "/".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _is_no_path(error: Exception) -> bool:
    raised = read_raised(error)
    if raised.status not in NO_SUCH_PATH:
        return False
    report = read_report(raised.status, raised.body, {})
    return not re.search("model|deployment|endpoints found|support", f"{report.line} {report.message}", re.I)
