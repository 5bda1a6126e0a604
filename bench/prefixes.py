"""A journey A, B, A, C, A with thinking, parallel calls and a picture, the program started anew at every hop.

Every hop is a process of its own, with another hash seed, time zone and locale, that goes on with `-c` where the last
one ended. For each provider the requests that its server recorded are then laid on one another: how many bytes of the
history's array one request shares with the next, and whether all of it, up to its closing bracket, stands there again.
"""

import base64
import json
import tempfile
from pathlib import Path

from tests.harness.cases import PICTURE
from tests.harness.home import Home
from tests.wire import Answer, Call, Reasoning, Request, Text

HOPS = ("anthropic:sonnet", "openai:gpt-6.1-sol", "anthropic:sonnet", "groq:gpt-oss-120b", "anthropic:sonnet",
        "openai:gpt-6.1-sol", "groq:gpt-oss-120b", "anthropic:sonnet")  # fmt: skip
PLACES = (("0", "UTC", "C.UTF-8"), ("1", "Asia/Kolkata", "POSIX"), ("42", "America/New_York", "C.UTF-8"))


def journey(home: Home) -> dict[str, list[Request]]:
    """Play it; what each server recorded. The first answer makes two calls, the second question has a picture."""
    picture = home.folder / "red.png"
    picture.write_bytes(base64.b64decode(PICTURE.base64))
    for name, server in home.servers.items():
        for turn in range(len(HOPS)):
            calls = (Call("ls", {"path": "."}), Call("ls", {"path": "src"})) if turn == 0 else ()
            server.answer(Answer(Reasoning(f"Thought {turn} of {name}."), Text(f"Answer {turn} of {name}."), *calls))
    for hop, model in enumerate(HOPS):
        seed, zone, locale = PLACES[hop % len(PLACES)]
        attached = ("-a", str(picture)) if hop == 1 else ()
        again = ("-c",) if hop else ()
        env = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale}
        done = home.run("-p", f"Question {hop}: déjà vu?", "-m", model, *again, *attached, env=env)
        if done.returncode:
            raise RuntimeError(done.stderr)
    return {name: server.chats for name, server in home.servers.items() if server.chats}


def told(request: Request) -> bytes:
    """The bytes of the history's array, without its closing bracket."""
    field = b'"messages":' if b'"messages":' in request.raw else b'"input":'
    start = request.raw.index(field) + len(field)
    text = request.raw[start:].decode()
    _, end = json.JSONDecoder().raw_decode(text.lstrip())
    return text.lstrip()[: end - 1].encode()


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder, Home(Path(folder)) as home:
        recorded = journey(home)
    print(f"{'to':12}{'request':>8}{'bytes':>8}{'shared with the next':>22}{'of':>8}   all of it")
    for name, requests in recorded.items():
        for at, request in enumerate(requests):
            mine = told(request)
            after = told(requests[at + 1]) if at + 1 < len(requests) else None
            shared = "" if after is None else str(_shared(mine, after))
            print(f"{name:12}{at + 1:8}{len(mine):8}{shared:>22}{len(mine):8}   {_verdict(mine, after)}")
        print(f"{'':12}thinking sent back: {sum(b'Thought' in told(r) for r in requests)} of {len(requests)} requests")


def _shared(one: bytes, other: bytes) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _verdict(mine: bytes, after: bytes | None) -> str:
    return "the last" if after is None else "yes" if after.startswith(mine) else "NO"


if __name__ == "__main__":
    main()
