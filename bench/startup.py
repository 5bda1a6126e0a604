"""How long until the prompt echoes a key, beside a bare prompt_toolkit prompt in the same run; and the memory there."""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pexpect
import psutil

ROUNDS = 11
BARE = "from prompt_toolkit import PromptSession; PromptSession().prompt('> ')"
CURSOR_QUESTION, CURSOR_ANSWER = b"\x1b[6n", b"\x1b[1;1R"
PASTE_ON = b"\x1b[?2004h"  # prompt_toolkit sends it right before it draws
KEY = "q"


def start_to_echo(argv: Sequence[str], env: Mapping[str, str]) -> tuple[float, float]:
    """Seconds from start until a typed key is on the screen, and the memory in MB then."""
    began = time.perf_counter()
    child = pexpect.spawn(argv[0], list(argv[1:]), env=dict(env), dimensions=(40, 100), timeout=20)
    child.delaybeforesend = None
    seen = b""
    while PASTE_ON not in seen or b">" not in seen.split(PASTE_ON)[-1]:
        seen += child.read_nonblocking(65536, timeout=20)
        if CURSOR_QUESTION in seen:
            child.send(CURSOR_ANSWER)
            seen = seen.replace(CURSOR_QUESTION, b"")
    child.send(KEY)
    child.expect_exact(KEY)
    took = time.perf_counter() - began
    memory = psutil.Process(child.pid).memory_info().rss / 1e6
    child.close(force=True)
    return took, memory


def main() -> None:
    """Print the medians of interleaved rounds and their ratio."""
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "PARLANCE_HOME": home, "TERM": "xterm-256color", "PARLANCE_MODEL": "offline:guide"}
        commands = {
            "bare prompt_toolkit": [sys.executable, "-c", BARE],
            "parlance": [sys.executable, str(Path(__file__).parent.parent / "main.py")],
        }
        rows: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, argv in commands.items():
                rows[name].append(start_to_echo(argv, env))
    for name, runs in rows.items():
        took, memory = (statistics.median(column) for column in zip(*runs, strict=True))
        print(f"{name:22}{took * 1000:8.0f} ms{memory:8.1f} MB")
    pairs = zip(rows["parlance"], rows["bare prompt_toolkit"], strict=True)
    print(f"ratio of the times, median of pairs: {statistics.median(a[0] / b[0] for a, b in pairs):.2f}")


if __name__ == "__main__":
    main()
