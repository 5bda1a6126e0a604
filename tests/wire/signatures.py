"""Signatures and ciphertext of reasoning: issued with a fixed key, so a check holds across a restart."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any

_KEY = b"parlance test wire"


def _mac(issuer: str, text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return hmac.new(_KEY + issuer.encode(), data, hashlib.sha256).hexdigest()[:32]


def digest(value: object) -> str:
    """Digest a JSON value. Key order does not count, as it does not for the real prefix check."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def sign(text: str, issuer: str = "anthropic", prefix: str = "", after: str = "") -> str:
    """Sign thinking. `prefix` binds it to the conversation before it, `after` to the thinking before it."""
    bound = f".{prefix}.{digest(after) if after else ''}" if prefix else ""
    return f"sig-{_mac(issuer, text + bound)}{bound}"


def signed(text: str, signature: str, issuer: str = "anthropic") -> bool:
    """Tell whether this issuer signed exactly this text."""
    _, _, bound = signature.partition(".")
    expected = f"sig-{_mac(issuer, text + (f'.{bound}' if bound else ''))}{f'.{bound}' if bound else ''}"
    return hmac.compare_digest(signature.encode(), expected.encode())


def binding(signature: str) -> tuple[str, str] | None:
    """Give (digest of the prefix, digest of the thinking before), or None when the block is not bound."""
    _, *bound = signature.split(".")
    return (bound[0], bound[1]) if len(bound) == 2 else None


def conceal(text: str, issuer: str) -> str:
    """Encrypt, for tests: readable by us only in the sense that we can tell our own and see it untouched."""
    body = base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode()
    return f"enc-{_mac(issuer, body)}-{body}"


def concealed(data: str, issuer: str) -> bool:
    """Tell whether this issuer made this ciphertext and nobody has touched it."""
    head, _, rest = data.partition("-")
    mac, _, body = rest.partition("-")
    return head == "enc" and hmac.compare_digest(mac.encode(), _mac(issuer, body).encode())


def seal(text: str, issuer: str) -> str:
    """The same in standard base64, as Gemini's SDK demands of a signature."""
    return base64.b64encode(conceal(text, issuer).encode()).decode()


def sealed(data: str, issuer: str) -> bool:
    """Tell whether this issuer made this seal."""
    try:
        return concealed(base64.b64decode(data, validate=True).decode(), issuer)
    except ValueError:
        return False


def linked_id(prefix: str, reasoning_id: str, random: str) -> str:
    """Mint the id of an output item that needs the reasoning item before it: 48 characters, as any other."""
    body = "1" + _mac("link", reasoning_id)[:16] + random[:23]
    return prefix + body + _mac("check", body)[:8]


def needs_reasoning(item_id: str, reasoning_ids: Iterable[str]) -> bool:
    """Tell whether an item was issued after a reasoning item that is not among these."""
    body, check = item_id.partition("_")[2][:40], item_id.partition("_")[2][40:]
    if not body.startswith("1") or check != _mac("check", body)[:8]:
        return False
    return all(body[1:17] != _mac("link", reasoning_id)[:16] for reasoning_id in reasoning_ids)


def prefix_digests(body: dict[str, Any]) -> list[str]:
    """Digest what thinking in each message is bound to: system, tools, and all that was said before it.

    Thinking itself and cache markers are left out, a string counts as its text block, neighbours of one role
    as one turn. The last entry is for an answer still to come.
    """
    digests = [digest([_plain(body.get("system")), _unmarked(body.get("tools") or [])])]
    for message in body.get("messages", []):
        so_far = digests[-1]
        for block in _plain(message.get("content")):
            so_far = digest([so_far, message.get("role"), block])
        digests.append(so_far)
    return digests


def _plain(content: object) -> list[object]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    blocks = content if isinstance(content, list) else []
    return [_unmarked(block) for block in blocks if not _thinks(block)]


def _thinks(block: object) -> bool:
    return isinstance(block, dict) and block.get("type") in ("thinking", "redacted_thinking")


def _unmarked(value: object) -> object:
    if isinstance(value, dict):
        return {key: _unmarked(item) for key, item in value.items() if key != "cache_control"}
    return [_unmarked(item) for item in value] if isinstance(value, list) else value
