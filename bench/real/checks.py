"""Checks by name, each with its outcome and its time, and the processes of servers, ended as they were started."""

import json
import os
import signal
import socket
import subprocess
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.harness.home import Home

PATIENCE = 90.0  # seconds until a server is ready on a busy machine
END = 10.0  # seconds for a server to end by itself
KEY_VARIABLE, KEY = "LAB_KEY", "sk-lab-81c7d0"


class Board:
    """Prints a row for each check when it has ended, and counts."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    @contextmanager
    def check(self, server: str, name: str) -> Iterator[None]:
        """One check: passed where nothing is raised; what was raised is printed, and the next check goes on."""
        began, wrong = time.monotonic(), ""
        try:
            yield
        except (AssertionError, OSError, RuntimeError, ValueError, LookupError, subprocess.SubprocessError):
            wrong = traceback.format_exc(limit=-2)
        outcome = "FAILED" if wrong else "passed"
        print(f"{server:22} {name:72} {outcome} {time.monotonic() - began:6.1f} s", flush=True)
        print(*(f"    {line}" for line in wrong.splitlines()), sep="\n", end="\n" if wrong else "", flush=True)
        self.failed += bool(wrong)
        self.passed += not wrong


@contextmanager
def running(
    argv: Sequence[object], ready: Callable[[], bool], log: Path, env: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A server in a session of its own while the block runs. Raises RuntimeError where it does not become ready."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            env={**os.environ, **(env or {})}, cwd=log.parent, start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{argv[0]} does not become ready: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)
        yield
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """End the process and what it has started, which share the session that began with it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(END)
            return
        except ProcessLookupError:
            process.wait()
            return
        except subprocess.TimeoutExpired:
            continue


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def listens(port: int) -> bool:
    """Whether something takes connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def got(url: str, key: str = KEY) -> Any:
    """The JSON that is at an address, None where there is none yet."""
    try:
        with urlopen(Request(url, headers={"authorization": f"Bearer {key}"}), timeout=5) as answer:
            return json.load(answer)
    except (URLError, OSError, ValueError):
        return None


def add_providers(home: Home, **providers: Mapping[str, Any]) -> None:
    """Lay providers over the catalogue, beside those on loopback, and give the program the key for them."""
    loopback = {name: {"base_url": server.base_url} for name, server in home.servers.items()}
    home.overlay({**loopback, **providers})
    home.keys[KEY_VARIABLE] = KEY


def answered(home: Home, *args: str, given: str | None = None) -> dict[str, Any]:
    """What the program prints with `-p --json` for a question that is to have a whole answer."""
    done = home.run("--json", *args, given=given)
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stdout} {done.stderr}"
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["error"] is None and told["text"].strip(), told
    return told


def refused(home: Home, *args: str, given: str | None = None, code: int = 1) -> dict[str, Any]:
    """The error that the program prints with `-p --json` for a question that is to be refused."""
    done = home.run("--json", *args, given=given)
    assert done.returncode == code, f"exit code {done.returncode}: {done.stdout} {done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    error: dict[str, Any] = json.loads(done.stdout)["error"]
    return error
