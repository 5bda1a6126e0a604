"""Searching a generated tree, the whole of what search_files starts, beside ripgrep by itself.

Ours walks past what git ignores and what holds secrets, and opens each file without following a link before ripgrep
sees it; without ripgrep, Python searches. Plain `rg` is given the folder, with the same form of output. All take turns
within a round. Seconds are of wall time, from the start of a process to its end, and of processor time with all that it
started.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from bench.rig import load
from modules.tools.files.search.search_worker import Request
from modules.tools.files.search_files import MATCHES, WORKER

PATTERNS = {"a rare word": "needle", "an expression": r"need\w+ here$", "a word in every file": "import"}
WORDS = ("alpha", "beta", "return", "import", "class", "def", "self", "value", "index", "token", "parser", "stream")
LINES = 60  # of eight words: about 3 kB
RARE = 500  # files to one with the rare word
Search = Callable[[], object]


def grow(root: Path, files: int) -> None:
    """A repository of so many files, 10 in a folder, always the same."""
    chance = random.Random(7)
    (root / ".git").mkdir()
    (root / ".gitignore").write_text("build/\n*.log\n")
    for number in range(files):
        folder = root / f"part{number // 200}" / f"module{number // 10}"
        folder.mkdir(parents=True, exist_ok=True)
        lines = [" ".join(chance.choices(WORDS, k=8)) for _ in range(LINES)]
        if number % RARE == RARE - 1:
            lines[LINES // 2] = "the needle here"
        (folder / f"file{number}.py").write_text("\n".join(lines) + "\n")


def ours(root: Path, pattern: str, rg: str) -> Search:
    """As search_files has it done."""
    request = Request(str(root), str(root), "", [], False, "", False, MATCHES, pattern=pattern, rg=rg)
    given = json.dumps(asdict(request)).encode()
    environment = {"PATH": os.environ.get("PATH", os.defpath)}

    def search() -> None:
        done = subprocess.run(WORKER.command(), input=given, env=environment, cwd="/", capture_output=True, check=True)
        assert b"needle" in done.stdout or b"import" in done.stdout, done.stdout[-500:]

    return search


def plain(root: Path, pattern: str, rg: str) -> Search:
    """ripgrep with the folder."""
    argv = [rg, "--no-config", "--json", "-e", pattern, str(root)]
    return lambda: subprocess.run(argv, stdout=subprocess.DEVNULL, check=True)


def once(search: Search) -> tuple[float, float]:
    """Seconds of wall time and of processor time."""
    start, before = time.perf_counter(), os.times()
    search()
    after = os.times()
    spent = after.children_user - before.children_user + after.children_system - before.children_system
    return time.perf_counter() - start, spent


def measure(sides: dict[str, Search], rounds: int) -> dict[str, tuple[float, float]]:
    """Median seconds of each side; the first round only warms up."""
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for turn in range(rounds + 1):
        for name, search in sides.items():
            one = once(search)
            if turn:
                took[name].append(one)
    return {
        name: (statistics.median(wall for wall, _ in every), statistics.median(cpu for _, cpu in every))
        for name, every in took.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    rg = shutil.which("rg") or ""
    if not rg:
        sys.exit("ripgrep is not installed: there is nothing to measure beside.")
    print(f"Searching {options.files:,} files, median seconds of {options.rounds} interleaved rounds; {load()}")
    print(f"{'':22}{'':18}{'wall':>8}{'to rg':>8}{'CPU':>8}{'to rg':>8}")
    with tempfile.TemporaryDirectory() as folder:
        grow(root := Path(os.path.realpath(folder)), options.files)
        for told, pattern in PATTERNS.items():
            sides = {
                "plain rg": plain(root, pattern, rg),
                "ours": ours(root, pattern, rg),
                "ours without rg": ours(root, pattern, ""),
            }
            took = measure(sides, options.rounds)
            base = took["plain rg"]
            for name, (wall, cpu) in took.items():
                print(f"{told:22}{name:18}{wall:8.3f}{wall / base[0]:8.1f}{cpu:8.2f}{cpu / max(base[1], 0.01):8.1f}")


if __name__ == "__main__":
    main()
