"""Random keys, bytes, pastes and resizes at the real program, while a server answers, fails, is slow or calls tools.

    python -m bench.terminal_fuzz --sequences 100 --seed 1

After each sequence: no exception, the terminal as it was, no request without an Enter, no message that was not entered
as it was sent, and no line lost that was entered whole.
"""

import argparse
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.home import Home
from tests.terminal import CTRL_C, CTRL_J, ESC, UP, Terminal
from tests.toolbelt import equip
from tests.wire import Answer, Call, Fault, Status

MODEL = "groq:gpt-oss-120b"
STEPS = 40
# Keys that edit, and bytes that a terminal or a bad line may bring at any moment; none of them enters anything.
KEYS = (
    CTRL_C, ESC, UP, CTRL_J, "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H", "\x1b[F", "\t", "\x1b[Z", "\x7f", "\x1b\x7f",
    "\x1bb", "\x1bf", "\x1b[1;5D", "\x1b[1;9C", "\x1b[13;2u", "\x1b[27;2;13~", "\x1b[97;5u", "\x01", "\x05", "\x0b",
    "\x17", "\x19", "\x1f",
)  # fmt: skip
BYTES = (
    "\x1b[I", "\x1b[O", "\x1b[?62;22c", "\x1b[>41;354;0c", "\x1b]11;rgb:1e1e/1e1e/1e1e\x07", "\x1bP>|tmux 3.5a\x1b\\",
    "\x1b[<0;10;10M", "\x1b[<0;10;10m", "\x1b[?2026;2$y", "\x1b[12;40R", "\x1b[?5u", "\x1b[", "\x1b]", "\x1bP", "\x1b",
    "\x9b",
    "\udcff\udcfe", "\udce2\udc82", "\x00", "\x1b[200~", "\x1b[201~", "\x1b[999;999;999z", "\x1b[1;2;3;4;5u", "é", "日",
    "👨\u200d👩",
)  # fmt: skip
BEGUN = ("\x1b", "\x1b[", "\x1b]", "\x1bP", "\x9b", "\x1b[200~")  # what is typed behind it may belong to it
ENTER = re.compile("[\r]")
SIZES = ((80, 24), (40, 10), (10, 3), (200, 60), (20, 6), (100, 30))
BROKEN = re.compile(r"Traceback|Parlance itself failed|Unhandled exception|Exception in callback|never retrieved")


class Sequence:
    """One run of the program under one seed."""

    def __init__(self, seed: int, home: Home, *, tools: bool) -> None:
        self.chance = random.Random(seed)
        self._home = home
        self._tools = tools
        self.typed: list[str] = []
        self.whole: list[str] = []  # lines that were typed and entered in one go
        self._number = 0

    def play(self, terminal: Terminal) -> None:
        """Prompt, then the steps."""
        terminal.prompt()
        steps: list[Callable[[], str]] = [
            self._line,
            self._line,
            self._words,
            self._key,
            self._key,
            self._bytes,
            self._paste,
        ]
        for _ in range(STEPS):
            if self.chance.random() < 0.08:
                terminal.resize(*self.chance.choice(SIZES))
            else:
                self._type(terminal, self.chance.choice(steps)())
            time.sleep(self.chance.choice((0, 0, 0.01, 0.06, 0.2)))

    def answers(self) -> list[Answer | Status]:
        """What the server has for a while."""
        kinds: list[Callable[[], Answer | Status]] = [
            lambda: Answer("Short."),
            lambda: Answer("word " * 40, pace=0.01),
            lambda: Status(400, message="No."),
            lambda: Status(503, retry_after="0.3"),
            lambda: Answer("Late", fault=Fault.slow_headers(2)),
            lambda: Answer("One two three four", fault=Fault.cut_mid_event(2)),
        ]
        if self._tools:
            kinds.append(lambda: Answer(Call("run_command", {"command": "rm x"})))
        return [self.chance.choice(kinds)() for _ in range(STEPS)]

    def _type(self, terminal: Terminal, text: str) -> None:
        self.typed.append(text)
        if self.chance.random() < 0.2:  # as over a slow line
            for char in text:
                terminal.type(char)
                time.sleep(0.002)
        else:
            terminal.type(text)

    def _token(self) -> str:
        self._number += 1
        return f"tok{self._number}x"

    def _line(self) -> str:
        token = self._token()
        if not any(text.endswith(BEGUN) for text in self.typed):
            self.whole.append(token)
        return f"{token}\r"

    def _words(self) -> str:
        return f"{self._token()} "

    def _key(self) -> str:
        return self.chance.choice(KEYS)

    def _bytes(self) -> str:
        begins = self.chance.random() < 0.2
        return self.chance.choice(BEGUN if begins else [text for text in BYTES if text not in BEGUN])

    def _paste(self) -> str:
        lines = [self._token() for _ in range(self.chance.choice((2, 5, 60)))]
        if self.chance.random() < 0.6:
            return "\x1b[200~" + "\n".join(lines) + "\x1b[201~"
        return "\r".join(lines)


def holds(sequence: Sequence, home: Home, terminal: Terminal, before: tuple[bool, bool]) -> list[str]:
    """What is wrong after a sequence."""
    wrong = []
    if found := BROKEN.search(terminal.raw.decode(errors="replace")):
        wrong.append(f"{found[0]} on the screen")
    for _ in range(200):  # whatever state it is in: stop what runs, empty the line, leave
        if terminal._process.poll() is not None:
            break
        terminal.type(CTRL_C)
        time.sleep(0.05)
    else:
        wrong.append("it does not end")
        return wrong
    if (code := terminal.exit_code()) not in (0, 130):  # Ctrl+C once more, while it ends
        wrong.append(f"exit code {code}")
    if terminal.modes() != before or terminal.raw.count(b"\x1b[?2004h") > terminal.raw.count(b"\x1b[?2004l"):
        wrong.append("the terminal is not as it was")
    stream = "".join(sequence.typed)
    sent = [
        message["content"]
        for request in home.groq.chats
        for message in request.body["messages"][-1:]
        if message["role"] == "user"
    ]
    if len(home.groq.chats) > 4 * (len(ENTER.findall(stream)) + 1):
        wrong.append(f"{len(home.groq.chats)} requests")
    history = (home.folder / "state" / "history").read_text() if (home.folder / "state" / "history").exists() else ""
    entered = {
        "\n".join(line[1:] for line in part.split("\n") if line.startswith("+")) for part in history.split("\n# ")
    }
    for text in sent:
        own = text.rpartition("]\n\n")[2] if text.startswith("[The ") else text
        if own not in entered:
            wrong.append(f"sent and not entered: {own[:80]!r}")
    shown = "".join(terminal.text.split())
    wrong += [
        f"lost: {line}" for line in sequence.whole if line not in history and line not in shown and not sequence._tools
    ]
    return wrong


def run(seed: int, *, tools: bool) -> list[str]:
    """One sequence in a home of its own."""
    with tempfile.TemporaryDirectory() as folder, Home(Path(folder)) as home:
        if tools:
            equip(home)
        sequence = Sequence(seed, home, tools=tools)
        home.groq.answer(*sequence.answers())
        terminal = home.open("-m", MODEL)
        before = terminal.modes()
        sequence.play(terminal)
        return holds(sequence, home, terminal, before)


def main() -> int:
    """Print what was wrong, by seed; 1 where anything was."""
    parser = argparse.ArgumentParser(prog="python -m bench.terminal_fuzz")
    parser.add_argument("--sequences", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    bad = 0
    for seed in range(args.seed, args.seed + args.sequences):
        if wrong := run(seed, tools=seed % 3 == 0):
            bad += 1
            print(f"seed {seed}: {'; '.join(wrong)}", flush=True)
    last = args.seed + args.sequences - 1
    print(f"{args.sequences} sequences of {STEPS} steps, seeds {args.seed} to {last}: {bad} wrong")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
