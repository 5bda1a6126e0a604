"""The names of all files below a folder, in a process of its own: as git knows them, else by a walk that it bounds."""

import os
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from modules.tools.files.access.secret_names import is_secret
from modules.tools.isolated_worker import LARGEST_BYTES, IsolatedWorker

MOST = 200_000  # names
WALK_SECONDS = 8.0
WORKER_SECONDS = 20
AT_ONCE = 2_000  # names in an answer
_UNTYPED = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# A repository may name a program here that git would run (git-config, core.fsmonitor); nothing of one runs unasked.
GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "ls-files", "-z")


def names_in(folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Paths below `folder` with slashes between, folders with one at the end; to be called in a thread.

    Left out are what git ignores, `.git`, what has the name of a secret, and names that no line of text can hold.
    """
    process = subprocess.Popen(
        IsolatedWorker(listed, WORKER_SECONDS).command(),
        env=dict(environment),
        cwd=os.sep,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        with suppress(BrokenPipeError):
            process.stdin.write(os.fsencode(os.path.abspath(folder)))
            process.stdin.close()
        data = process.stdout.read(LARGEST_BYTES)
        process.kill()
    return [name for line in data.decode(errors="replace").split("\n") for name in line.split("\0") if name]


def listed(request: bytes) -> Iterator[bytes]:
    """What the process answers: names with NUL between, some in each line."""
    folder = Path(os.fsdecode(request))
    found = _by_git(folder)
    known = {"": True}  # whether what is in a folder is named
    some: list[str] = []
    for at, file in enumerate(_by_walk(folder) if found is None else found):
        if at == MOST:
            break
        head, slash, name = file.rstrip("/").rpartition("/")
        if _opened(head + slash, known, some) and _offered(name):
            if file.endswith("/"):
                _opened(file, known, some)
            else:
                some.append(file)
        if len(some) >= AT_ONCE:
            yield "\0".join(some).encode()
            some = []
    yield "\0".join(some).encode()


def _opened(folder: str, known: dict[str, bool], some: list[str]) -> bool:
    """Whether what is in this folder is named; a new one is named before, after those that it is in."""
    if folder not in known:
        above, slash, name = folder[:-1].rpartition("/")
        known[folder] = _opened(above + slash, known, some) and _offered(name)
        if known[folder]:
            some.append(folder)
    return known[folder]


def _offered(name: str) -> bool:
    """Whether a line can hold a name, and no secret goes by it."""
    return (name.isprintable() or not _UNTYPED.search(name)) and not is_secret((name,))


def _by_git(folder: Path) -> Iterable[str] | None:
    """What is in the index and what could be added to it; None outside of a repository, and where git is not there."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    names: list[str] = []
    for which in (("-c", "--"), ("-o", "--exclude-standard", "--")):
        try:
            done = subprocess.run([*GIT, *which], cwd=folder, env=environment, capture_output=True, check=False)
        except OSError:
            return None
        if done.returncode:
            return None
        names += [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
    return sorted(names)


def _by_walk(folder: Path) -> Iterator[str]:
    from modules.tools.files.search.walk import Walk  # with pathspec, which git makes superfluous

    until = time.monotonic() + WALK_SECONDS
    with suppress(OSError):
        root = Path(os.path.realpath(folder))
        for entry in Walk(root, root).entries():
            yield entry.path + "/" * entry.is_folder
            if time.monotonic() > until:
                return
