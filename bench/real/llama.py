"""llama-server with a tiny random model: three dialects at one server, its limits, its end, and hostile text."""

import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.real.checks import KEY, KEY_VARIABLE, Board, add_providers, answered, free_port, got, refused, running
from tests.harness.home import Home
from tests.harness.terminal import CTRL_C, Terminal

NAME = "llama-server"
DIALECTS = {
    "chat": ("openai-chat", "/v1"),
    "responses": ("openai-responses", "/v1"),
    "messages": ("anthropic-messages", ""),
}
WINDOW = 8192  # tokens: the context of the server, shared by two slots
SHORT = ("--grammar", "root ::= [a-z ]{20,80}")  # an answer is never empty then
ENDLESS = ("--ignore-eos",)
PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\x90wS\xde\0\0\0\x0cIDATx\xdac\xf8\xcf\xc0\0\0\3\1\1\0"
    b"\xf7\x03AC\0\0\0\0IEND\xaeB`\x82"
)
ESCAPE = re.compile(rb"\x1b(?:\[[0-9;?>=<]*[ -/]*[@-~]|[()][0-9A-Za-z]|[=>78]|\][^\x07\x1b]*(?:\x07|\x1b\\))")


def check(board: Board, folder: Path) -> None:
    """All checks. Answers are short where they may end, and never end where one is to be stopped."""
    with tempfile.TemporaryDirectory() as logs:
        with Llama(folder, Path(logs), "tiny-random", *SHORT) as llama:
            _talk(board, llama)
            _limits(board, llama)
        with Llama(folder, Path(logs), "tiny-random", *ENDLESS) as llama:
            _stop(board, llama)
        with Llama(folder, Path(logs), "tiny-hostile", *ENDLESS, "-n", "300", most=300) as llama:
            _hostile(board, llama)


class Llama:
    """One server with a home of a person that has it under three names, one for each dialect."""

    def __init__(self, folder: Path, logs: Path, model: str, *how: str, most: int = WINDOW) -> None:
        self.port, self.log, self.model = free_port(), logs / f"{len(list(logs.iterdir()))}.log", model
        self._most = most  # tokens of an answer, which the Messages API demands to be told
        self._folder = tempfile.TemporaryDirectory()
        self.home = Home(Path(self._folder.name))
        # One thread: two wait for each other by spinning, and stand for seconds where the program needs a core.
        self._running = running(
            [
                folder / "llama-server", "-m", folder / f"{model}.gguf", "--host", "127.0.0.1", "--port", self.port,
                "--jinja", "-c", 2 * WINDOW, "-np", 2, "-t", 1, "--api-key", KEY, "--alias", model,
                *how,
            ],
            lambda: got(f"{self.origin}/health") == {"status": "ok"},
            self.log,
        )  # fmt: skip

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Llama":
        self._running.__enter__()
        self.home.__enter__()
        usual = {"key_variable": KEY_VARIABLE}
        models = {"tiny": {"id": self.model, "vision": True, "tools": False, "max_output": self._most}}
        named: dict[str, Any] = {
            name: {"title": name.title(), "dialect": dialect, "base_url": self.origin + path, "models": models, **usual}
            for name, (dialect, path) in DIALECTS.items()
        }
        add_providers(self.home, llamacpp={"base_url": f"{self.origin}/v1", **usual}, **named)
        return self

    def __exit__(self, *error: Any) -> None:
        self.home.__exit__(*error)
        self._running.__exit__(*error)
        self._folder.cleanup()

    @property
    def busy(self) -> bool:
        return any(slot["is_processing"] for slot in got(f"{self.origin}/slots") or [])

    def logged(self, words: str) -> int:
        """How often the server has said this."""
        return self.log.read_text(errors="replace").count(words)


def _talk(board: Board, llama: Llama) -> None:
    home = llama.home
    for name in DIALECTS:
        with board.check(NAME, f"an answer over {name}, and a second turn that holds the first"):
            first = answered(home, "-m", f"{name}:tiny", "-p", "Say hello.")
            second = answered(home, "-c", "-p", "And again?")
            _goes_over(first, second)
    with board.check(NAME, "one conversation over the three dialects and back, in a pipe"):
        before = answered(home, "-m", "chat:tiny", "-p", "Begin.")
        for name in ("responses", "messages", "chat", "messages", "responses"):
            after = answered(home, "-c", "-m", f"{name}:tiny", "-p", "Go on.")
            _goes_over(before, after)
            before = after
    with board.check(NAME, "one conversation over the three dialects and back, in the chat"):
        terminal = home.open("-m", "chat:tiny", columns=100, rows=40)
        for name in ("chat", "responses", "messages", "chat"):
            terminal.ask(f"/model {name}:tiny")
            said = terminal.ask("Who are you?")
            assert " says: " not in said and "Enter asks again" not in said, said
        assert terminal.leave() == 0
    with board.check(NAME, "/models llamacpp --refresh lists what it has, and that answers"):
        terminal = home.open("-m", "offline:guide", columns=100, rows=40)
        shown = terminal.ask("/models llamacpp --refresh")
        assert "tiny-random" in shown, shown
        assert terminal.leave() == 0
        answered(home, "-m", "llamacpp:tiny-random", "-p", "Say hello.")


def _goes_over(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Require that the server has read at least what it had read and said in the turn before."""

    def read(told: dict[str, Any]) -> int:
        return int(told["usage"]["input"] + told["usage"]["cache_read"])

    assert read(after) > read(before), (before["usage"], after["usage"])


def _limits(board: Board, llama: Llama) -> None:
    home, long = llama.home, "the of and " * 20_000
    for name in DIALECTS:
        with board.check(NAME, f"a full window over {name} is ContextOverflow with its numbers, asked once"):
            before = llama.logged("exceeds the available context size")
            error = refused(home, "-m", f"{name}:tiny", "-p", "Well?", given=long)
            assert error["kind"] == "ContextOverflow", error
            numbers = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]{3,}", error["message"])]
            assert WINDOW in numbers and max(numbers) > 100_000, error
            assert llama.logged("exceeds the available context size") == before + 1, error
    picture = home.folder / "one.png"
    picture.write_bytes(PNG)
    for name in DIALECTS:
        with board.check(NAME, f"a picture over {name} is refused as what it is, asked once and not again"):
            before = llama.logged("image input is not supported")
            error = refused(home, "-m", f"{name}:tiny", "-a", str(picture), "-p", "What is it?")
            assert error["kind"] == "ImagesRefused", error
            error = refused(home, "-m", f"{name}:tiny", "-a", str(picture), "-p", "What is it?")
            assert error["kind"] == "ImagesUnsupported", error
            assert llama.logged("image input is not supported") == before + 1, error
    with board.check(NAME, "a conversation that outgrows the window: the cure that is named works"):
        terminal = home.open("-m", "chat:tiny", columns=100, rows=40)
        for size in (5_000, 4_000):  # a digit is a token
            (home.folder / f"{size}.txt").write_text("7" * size)
            terminal.ask(f"/attach {size}.txt")
            terminal.enter("Well?")
            if size == 5_000:
                terminal.prompt()
        terminal.sees("/new keeps the question").prompt("Well?").type(CTRL_C).prompt().enter("/new").prompt("Well?")
        terminal.type("\r").prompt()
        assert f"window of chat:tiny {WINDOW:,}" in terminal.words, terminal.text
        footers = re.findall(r"chat:tiny · \S+ in, ", terminal.words)
        assert len(footers) == 2, terminal.text
        assert terminal.leave() == 0


def _stop(board: Board, llama: Llama) -> None:
    for name in DIALECTS:
        with board.check(NAME, f"Ctrl+C over {name} ends the work at the server"):
            _stopped(llama, name)


def _stopped(llama: Llama, name: str) -> None:
    cancelled = llama.logged("cancel task")
    terminal = llama.home.open("-m", f"{name}:tiny", columns=100, rows=40).prompt()
    above = len(terminal.text)
    terminal.enter("Talk for ever.").until(lambda: len(terminal.text) > above + 400, "a long answer")
    assert llama.busy
    terminal.type(CTRL_C).prompt()
    _wait(lambda: not llama.busy and llama.logged("cancel task") > cancelled, "the server to stop")
    assert terminal.leave() == 0


def _hostile(board: Board, llama: Llama) -> None:
    for name in DIALECTS:
        with board.check(NAME, f"NUL, ESC and invalid UTF-8 over {name} leave the terminal whole"):
            terminal = llama.home.open("-m", f"{name}:tiny", columns=100, rows=40)
            for question in ("One?", "Two?", "Three?"):
                terminal.ask(question)
            assert terminal.leave() == 0
            _harmless(terminal)
        with board.check(NAME, f"the same over {name} in a pipe is UTF-8 and no traceback"):
            done = llama.home.run("-m", f"{name}:tiny", "-p", "Say hello.")
            assert done.returncode in (0, 1) and "Traceback" not in done.stderr, done.stderr


def _harmless(terminal: Terminal) -> None:
    """Require that only the program's own sequences were written, and that the terminal is as it was."""
    rest = ESCAPE.sub(b"", terminal.raw)
    odd = sorted({byte for byte in rest if (byte < 32 and byte not in b"\r\n\t\b") or byte == 127})
    assert not odd, f"control characters {odd} reached the terminal"
    rest.decode()
    assert "Traceback" not in terminal.text, terminal.text


def _wait(test: Callable[[], bool], what: str, patience: float = 15.0) -> None:
    deadline = time.monotonic() + patience
    while not test():
        assert time.monotonic() < deadline, f"waited for {what}"
        time.sleep(0.05)
