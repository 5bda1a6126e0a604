"""From the start of a reply to the last byte of its request, and how long the event loop stands still meanwhile.

Ours goes from the conversation to the wire, with a ledger that knows the history. Beside it the same SDK client is
given the finished request: as extra_body, which most SDKs do not look into, and as its own parameters, which it walks
and copies before it sends. The server is a process of its own that does nothing but read. A ticker on the loop, due
every 10 ms, shows by how much it comes late.
"""

import argparse
import asyncio
import json
import multiprocessing
import socket
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from bench.engine import NAMES
from bench.rig import load
from modules.config import Key
from modules.llm.base import BaseService
from modules.llm.http.http_service import HttpService
from modules.llm.message import user
from modules.session.conversation import Conversation
from modules.session.turns.ask import request_for
from tests.conftest import make_service
from tests.harness.big_history import long_conversation
from tests.harness.cases import ENDPOINTS, TOOLS
from tests.harness.sdk_requests import HISTORY, create
from tests.wire.__main__ import synthetic
from tests.wire.facts import Dialect

TICK = 0.01  # seconds
SIDES = ("ours", "through extra_body", "the SDK as it is")
KEY = Key("bench-key-0123456789", "the benchmark")
Send = Callable[[], Awaitable[None]]


def serve(pipe: Connection, answer: bytes) -> None:
    """Give the port, and after each request with a body the time of its last byte."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pipe.send(listener.getsockname()[1])
        while True:
            connection, _ = listener.accept()
            with connection:
                while (size := read_one(connection)) is not None:
                    if size:
                        pipe.send(time.monotonic())
                    connection.sendall(answer)


def read_one(connection: socket.socket) -> int | None:
    """Read a whole request; how many bytes its body has, None where the client has gone."""
    data, room = bytearray(), bytearray(1 << 20)
    while (end := data.find(b"\r\n\r\n")) < 0:
        if not (count := connection.recv_into(room)):
            return None
        data += room[:count]
    head = bytes(data[:end]).lower()
    size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
    left = size - (len(data) - end - 4)
    while left > 0 and (count := connection.recv_into(room)):
        left -= count
    return size if left <= 0 else None


@contextmanager
def server(name: Dialect) -> Iterator[tuple[str, Connection]]:
    """The address of a server that gives one short answer to everything, and what it says of the requests."""
    body = synthetic(name, 1, 20, 0).body or b""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {len(body)}\r\n\r\n"
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there, head.encode() + body))
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}", here
    finally:
        process.terminate()
        process.join()


def ours(service: BaseService, talk: Conversation) -> Send:
    """As a turn does it."""

    async def send() -> None:
        async for _ in service.reply(request_for(talk, talk.model, TOOLS)):
            pass

    return send


def theirs(service: HttpService, talk: Conversation, *given: str) -> Send:
    """The same request through the same client; what is `given` goes in as the SDK's own parameters."""
    body = service.prepare(request_for(talk, talk.model, TOOLS)).body

    async def send() -> None:
        async with create(service, body, *given) as response:
            await response.read()

    return send


async def timed(send: Send, pipe: Connection) -> tuple[float, float]:
    """Seconds to the last byte, and the longest that the loop was late, for one request."""
    late = 0.0

    async def tick() -> None:
        nonlocal late
        due = time.monotonic()
        while True:
            now = time.monotonic()
            late = max(late, now - due)
            due = now + TICK
            await asyncio.sleep(TICK)

    ticker = asyncio.create_task(tick())
    await asyncio.sleep(3 * TICK)
    late, start = 0.0, time.monotonic()
    await send()
    last_byte: float = await asyncio.to_thread(pipe.recv)
    await asyncio.sleep(2 * TICK)
    ticker.cancel()
    return last_byte - start, late


async def measure(name: Dialect, length: int, rounds: int) -> list[tuple[float, float, float]]:
    """For each of SIDES: median time, median and worst gap, in ms; the first round only warms up."""
    with server(name) as (base_url, pipe):
        model = ENDPOINTS[name].full_model(base_url)
        service = make_service(model.provider, KEY)
        assert isinstance(service, HttpService)
        talk = long_conversation(model, length, TOOLS)
        talk.append(user("And now?"))
        sides = (ours(service, talk), theirs(service, talk), theirs(service, talk, *HISTORY))
        took: list[list[tuple[float, float]]] = [[] for _ in sides]
        for turn in range(rounds + 1):
            for send, times in zip(sides, took, strict=True):
                spent, late = await timed(send, pipe)
                if turn:
                    times.append((spent * 1e3, late * 1e3))
        size = len(json.dumps(service.prepare(request_for(talk, model, TOOLS)).body, ensure_ascii=False).encode())
        print(f"{name:<12}{size / 1e6:>7.2f} MB", end="")
        await service.close()
    return [(_middle(times, 0), _middle(times, 1), max(late for _, late in times)) for times in took]


def _middle(times: list[tuple[float, float]], at: int) -> float:
    return statistics.median(one[at] for one in times)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.sending", description=__doc__)
    parser.add_argument("--messages", type=int, default=1000, help="a multiple of ten")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    print(f"{options.messages:,} messages, median of {options.rounds} interleaved rounds, ms; {load()}")
    print(f"{'':22}" + "".join(f"{side:>30}" for side in SIDES))
    print(f"{'':22}" + f"{'last byte':>14}{'gap':>8}{'worst':>8}" * len(SIDES))
    for name in (*NAMES, "chat"):
        sides = asyncio.run(measure(name, options.messages, options.rounds))
        print("".join(f"{spent:14.1f}{gap:8.1f}{worst:8.1f}" for spent, gap, worst in sides), flush=True)


if __name__ == "__main__":
    main()
