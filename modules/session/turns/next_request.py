"""The next request as it would go out, without sending it: for people who look, and for reports of bugs."""

import base64
import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from modules.errors import UsageError
from modules.llm.http.http_service import HttpService
from modules.llm.models import Model
from modules.llm.parts import Attached, Wire
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation
from modules.session.switching.switch import scratch_request
from modules.session.turns.tooling import Tooling
from modules.session.turns.turn import offered

WORDS = ("text", "content", "output", "arguments", "instructions")  # what people and models wrote stays as it is
BASE64 = re.compile(r"(data:[^;,]*;base64,)?([A-Za-z0-9+/_-]{100,}={0,2})")


async def next_request(
    conversation: Conversation,
    services: ServiceManager,
    model: Model,
    attached: Sequence[Attached] = (),
    tooling: Tooling | None = None,
) -> Wire:
    """The JSON that a question asked now would send to `model`, made by the code that sends; nothing is changed by it.

    Raises MissingKey, what the service says of a request that it would refuse, or UsageError where nothing is sent.
    """
    service = await services.service_for(model)
    if not isinstance(service, HttpService):
        raise UsageError(
            f"{model.full_name} answers from here; no request is made.", cure="/wire MODEL shows another's."
        )
    request = scratch_request(conversation, model, await offered(conversation, model, tooling), attached=attached)
    service.check(request)
    return service.prepare(request).body


def pretty(body: Wire, secrets: Iterable[str] = ()) -> str:
    """The request in readable lines: long base64 as its size and digest, and no key, should one stand in a text."""
    text = json.dumps(_shortened(body), ensure_ascii=False, indent=2)
    for secret in secrets:
        text = text.replace(json.dumps(secret, ensure_ascii=False)[1:-1], "<key>")
    return text


def difference(one: str, other: str, names: tuple[str, str]) -> str:
    """A unified diff of two requests."""
    return "\n".join(difflib.unified_diff(one.split("\n"), other.split("\n"), *names, lineterm=""))


def _shortened(value: Any, name: str = "") -> Any:
    match value:
        case dict():
            return {key: _shortened(inner, key) for key, inner in value.items()}
        case list():
            return [_shortened(inner, name) for inner in value]
        case str() if name not in WORDS and (found := BASE64.fullmatch(value)):
            return f"{found[1] or ''}<{_size(found[2])} base64 sha256:{_digest(found[2])}…>"
    return value


def _size(text: str) -> str:
    size = len(text.rstrip("=")) * 3 // 4
    return f"{size / 1000:.0f} kB" if size >= 1000 else f"{size} bytes"


def _digest(text: str) -> str:
    """The first eight digits of what `sha256sum` says of the bytes."""
    plain = text.translate(str.maketrans("-_", "+/"))
    try:
        data = base64.b64decode(plain + "=" * (-len(plain) % 4))
    except ValueError:  # only looks like it
        data = text.encode()
    return hashlib.sha256(data).hexdigest()[:8]
