"""A person in a real tmux, which wraps its rows anew with each new width: what stands in the window, and above it."""

import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from types import TracebackType

from tests.harness.home import Home
from tests.harness.terminal import PATIENCE

FOUND = shutil.which("tmux") is not None


class Tmux:
    """One run of the program in a tmux server of its own; `settings` are lines of its configuration."""

    def __init__(
        self, home: Home, *args: str, columns: int = 80, rows: int = 24, settings: str = "", term: str = ""
    ) -> None:
        self._socket = str(home.folder / "tmux")
        self._settings = home.folder / "tmux.conf"
        self._settings.write_text(settings)
        kept = {name: value for name, value in home.env().items() if name != "TERM" or term}
        given = [f"{name}={value}" for name, value in kept.items()] + ([f"TERM={term}"] if term else [])
        command = shlex.join(["env", *given, *home.argv(*args)])
        self.run("new-session", "-d", "-x", str(columns), "-y", str(rows), command)

    def __enter__(self) -> "Tmux":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run("kill-server")

    def run(self, *words: str) -> str:
        """One command of tmux, and what it says."""
        command = ["tmux", "-S", self._socket, "-f", str(self._settings), *words]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE).stdout

    def type(self, text: str) -> "Tmux":
        """Press these keys, as they are."""
        data = [f"{byte:02x}" for byte in text.encode()]
        for at in range(0, len(data), 500):
            self.run("send-keys", "-H", *data[at : at + 500])
        return self

    def resize(self, columns: int, rows: int) -> "Tmux":
        self.run("resize-window", "-x", str(columns), "-y", str(rows))
        return self

    @property
    def text(self) -> str:
        """All rows, the scrollback included; what the terminal wrapped is one row."""
        return self.run("capture-pane", "-p", "-J", "-S", "-")

    @property
    def words(self) -> str:
        return " ".join(self.text.split())

    def sees(self, text: str) -> "Tmux":
        """Wait until these words are there."""
        return self.until(lambda: text in self.words, repr(text))

    def until(self, test: Callable[[], bool], what: str) -> "Tmux":
        """Wait until the test holds."""
        deadline = time.monotonic() + PATIENCE
        while not test():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited for {what}, and the screen is:\n{self.text}")
            time.sleep(0.05)
        return self
