"""A function in a process of its own: what comes of it, what bounds it, and that nothing of it stays."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, suppress

import psutil
import pytest

from modules.tools import isolated_worker
from modules.tools.isolated_worker import IsolatedWorker

Function = Callable[[bytes], Iterator[bytes]]


def echo(request: bytes) -> Iterator[bytes]:
    sys.stdout.write("printed\n")
    os.write(1, b"raw\n")
    subprocess.run(["echo", "a child"], check=True)
    yield request.upper()
    yield str(os.read(0, 1)).encode()
    sys.stdout.write("printed\n")


def unending(request: bytes) -> Iterator[bytes]:
    yield str(subprocess.Popen(["sleep", "60"]).pid).encode()
    while True:
        time.sleep(0.01)


def large(request: bytes) -> Iterator[bytes]:
    yield b"begun"
    held = bytearray(int(request))
    yield b"x" * len(held)


def many(request: bytes) -> Iterator[bytes]:
    while True:
        yield b"x" * 1_000_000


def dying(request: bytes) -> Iterator[bytes]:
    yield b"begun"
    os.abort()


def environment(request: bytes) -> Iterator[bytes]:
    yield from (name.encode() for name in sorted(os.environ) if not name.startswith("LC_"))


async def answers(function: Function, request: bytes = b"", *, seconds: int = 0, memory_bytes: int = 0) -> list[bytes]:
    worker = IsolatedWorker(function, seconds, memory_bytes)
    return [answer.rstrip(b"\n") async for answer in worker.answers(request, {"PATH": os.environ["PATH"]})]


def ends(pid: bytes) -> None:
    """Wait until this process, which nobody may be there to reap, has ended."""
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(int(pid)).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)


async def test_only_what_is_yielded_is_an_answer_and_nothing_is_left_to_read() -> None:
    assert await answers(echo, b"a" * 5_000_000) == [b"A" * 5_000_000, b"b''"]


async def test_it_has_no_environment_but_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "sk-secret")
    assert await answers(environment) == [b"PATH"]


async def test_an_answer_is_there_at_once_and_the_process_ends_with_whoever_listens() -> None:
    before = {child.pid for child in psutil.Process().children()}
    async with aclosing(IsolatedWorker(unending).answers(b"", {"PATH": os.environ["PATH"]})) as coming:
        started = await anext(coming)
        (own,) = {child.pid for child in psutil.Process().children()} - before
    assert not psutil.pid_exists(own)
    ends(started)


async def test_it_ends_itself_when_its_time_is_over_and_what_it_said_stays() -> None:
    for started in await answers(unending, seconds=1):
        ends(started)


async def test_it_has_no_more_memory_than_it_may() -> None:
    assert await answers(large, b"5000000", memory_bytes=500_000_000) == [b"begun", b"x" * 5_000_000]
    assert await answers(large, b"900000000", memory_bytes=500_000_000) == [b"begun"]


async def test_what_is_endless_is_left() -> None:
    whole = await answers(many)
    assert isolated_worker.LARGEST_BYTES - 1_100_000 < sum(map(len, whole)) <= isolated_worker.LARGEST_BYTES
    assert await answers(large, b"40000000") == [b"begun"]


async def test_the_answers_before_a_crash_are_there() -> None:
    assert await answers(dying) == [b"begun"]
    assert await IsolatedWorker(dying).answer(b"", {}) == b"begun\n"
    assert await IsolatedWorker(nothing).answer(b"", {}) == b""


def nothing(request: bytes) -> Iterator[bytes]:
    yield from ()
