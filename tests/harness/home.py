"""A person's machine: the program, a config folder, keys, and the providers that the program talks to."""

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from modules.config import ROOT
from tests.harness.forkserver import the_warm
from tests.harness.terminal import PATIENCE, Terminal, must_be_cold
from tests.wire import WireServer

KEYS = {
    "ANTHROPIC_API_KEY": "sk-ant-test-5c1f90e2a7",
    "OPENAI_API_KEY": "sk-oai-test-8d3b61f4c0",
    "GROQ_API_KEY": "gsk-test-2e7a94d6b1",
}


@functools.cache
def the_copy() -> Path:
    """One copy of the program for all tests of this process, so that Python compiles it once."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return copied(folder / "program")


def copied(folder: Path) -> Path:
    folder.mkdir()
    for name in ("main.py", "models.yaml"):
        shutil.copy2(ROOT / name, folder)
    shutil.copytree(ROOT / "modules", folder / "modules", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


class Home:
    """A person's machine: a config folder, keys in the environment, the program, and the providers on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.anthropic = WireServer("anthropic", key=KEYS["ANTHROPIC_API_KEY"])
        self.openai = WireServer("openai", key=KEYS["OPENAI_API_KEY"])
        self.groq = WireServer("groq", key=KEYS["GROQ_API_KEY"])
        self.ollama = WireServer("ollama", key=None)
        self.servers = {"anthropic": self.anthropic, "openai": self.openai, "groq": self.groq, "ollama": self.ollama}
        self.keys = dict(KEYS)
        self._open: list[Terminal] = []
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        overlay = {}
        for name, server in self.servers.items():
            server.__enter__()
            overlay[name] = {"base_url": server.base_url}
        self.overlay(overlay)
        # Servers see what a test asked for, and no list of models beside it; model_lists_test.py turns it on.
        (self.folder / "settings.toml").write_text("[models]\nrefresh = false\ndiscover = false\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for terminal in self._open:
            terminal.close()
        for running in self._running:
            with running:
                running.kill()
        for server in self.servers.values():
            server.__exit__(kind, error, trace)

    def overlay(self, providers: Mapping[str, Any], **more: Any) -> None:
        """Write the person's own models.yaml; JSON is YAML too."""
        (self.folder / "models.yaml").write_text(json.dumps({"providers": providers, **more}))

    def env(self, **changes: str) -> dict[str, str]:
        """The environment of a program: nothing of the one that the tests run in but the way to Python."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "PARLANCE_HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            **self.keys,
            **changes,
        }

    @cached_property
    def program(self) -> Path:
        """The folder that main.py is in: a copy, so that a .env of whoever runs the tests is not beside it."""
        return the_copy()

    def own_program(self) -> Path:
        """Have a copy of the program for this machine alone, to put something beside it."""
        self.program = copied(self.folder / "program")
        return self.program

    def argv(self, *args: str, python: Sequence[str] = ()) -> list[str]:
        return [sys.executable, *python, str(self.program / "main.py"), *args]

    def ids(self) -> list[str]:
        """The conversations that are saved here, single questions too, the one used last first."""
        return [str(one["id"]) for one in json.loads(self.run("sessions", "--all", "--json").stdout)]

    def start(self, *args: str, stdout: Any = subprocess.PIPE) -> "subprocess.Popen[bytes]":
        """Start the program without a terminal, to be listened to while it runs."""
        running = subprocess.Popen(
            self.argv(*args),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=self.env(),
            cwd=self.folder,
        )
        self._running.append(running)
        return running

    def open(
        self,
        *args: str,
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str] | None = None,
        python: Sequence[str] = (),
        cwd: Path | None = None,
        cold: bool = False,
    ) -> Terminal:
        """Start the program in a terminal of its own; see warm.py for what is `cold`."""
        env = env or {}
        argv = self.argv(*args, python=python)
        terminal = Terminal(argv, self.env(**env), cwd or self.folder, columns, rows, cold or must_be_cold(python, env))
        self._open.append(terminal)
        return terminal

    def run(
        self,
        *args: str,
        given: bytes | str | None = None,
        env: Mapping[str, str] | None = None,
        python: Sequence[str] = (),
        cwd: Path | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """Run the program without a terminal, with this piped in, to its end."""
        data = given.encode() if isinstance(given, str) else given
        argv, environment, folder = self.argv(*args, python=python), self.env(**(env or {})), cwd or self.folder
        if must_be_cold(python, env or {}):
            done = subprocess.run(
                argv,
                input=data,
                stdin=None if data is not None else subprocess.DEVNULL,
                capture_output=True,
                env=environment,
                cwd=folder,
                timeout=PATIENCE * 2,
                check=False,
            )
        else:
            done = the_warm().run(argv[1:], environment, folder, data, PATIENCE * 2)
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
