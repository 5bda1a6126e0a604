"""A person who types anything at any moment, drawn from a seed; and what must be true of it afterwards.

What is typed are numbered words. Each stands in a line, which ends with an Enter or a Ctrl+C, so a message that the
server sees tells which words were meant to stand together. A `wild` person also sends bytes that no terminal sends.
"""

import random
import re
import time
from collections.abc import Callable
from itertools import groupby, pairwise

from tests.harness.fake_tools import equip
from tests.harness.home import Home
from tests.harness.terminal import CTRL_C, CTRL_D, CTRL_G, CTRL_J, CTRL_R, ESC, UP
from tests.wire import Answer, Call, Fault, Status

MODEL = "groq:gpt-oss-120b"
WORD = re.compile(r"w\d+")
NOTE = re.compile(r"^(\[[^\]]*\]\n\n)+")  # what the model is told of an answer before that was not whole
TEXT = " ".join(f"said{n}" for n in range(80))
SIZES = ((80, 24), (40, 12), (200, 60), (100, 8), (12, 20), (80, 4), (10, 3))
CALM = (80, 24)
STEPS = 30
AWAY = 1.0  # seconds after a resize, in which the line may not be on the screen
FEW = 3  # lines of a paste that are shown as they are
QUIET_END = 20.0  # seconds until nothing runs any more, once everything is stopped
# What a terminal says by itself, late and cut anywhere: nothing of it is typed.
REPORTS = (
    "\x1b[?62;22c", "\x1b]11;rgb:0000/0000/0000\x1b\\", "\x1b[I", "\x1b[O", "\x1b[<0;3;4M", "\x1b[?2026;2$y",
    "\x1bP>|tmux 3.3a\x1b\\", "\x1b[?0u", "\x1b[5;1R",
)  # fmt: skip
WILD = (
    UP, "\x1b[B", "\x1b[C", "\x1b[D", "\x1bb", "\x1bf", "\x1b\r", "\x1b[13;2u", "\x1b[27;2;13~", "\x7f", "\x17", "\x15",
    "\x0b", "\x19", "\t", "\x1b[Z", "\x1b[200~", "\x1b[201~", "\x1b[200~a\rb", ESC, "\x1b\x1b", "\x1b[", "\x1b]0;x",
    "\x1bP", CTRL_R, CTRL_G, CTRL_J, "\x1a", "\x11", "\x1f", "/", "/model\r", "/undo\r", "/reasoning show\r",
    "/retry\r", "@", "é👩‍👩‍👧\u202e", "\x1b[1;5D", "\x1bOA", "y", "n", "a", "r", "\x00", "\x80\xff",
)  # fmt: skip


def answers(choose: random.Random) -> "list[Answer | Status]":
    """What the server does, one after another."""
    kinds: list[Callable[[], Answer | Status]] = [
        lambda: Answer(TEXT, pace=choose.choice((0.0, 0.002, 0.02))),
        lambda: Answer("Short."),
        lambda: Status(400, message="No."),
        lambda: Status(503, retry_after=choose.choice(("0.1", "30"))),
        lambda: Answer(TEXT, pace=0.005, fault=Fault.cut_mid_event(choose.randrange(1, 60))),
        lambda: Answer("Late", fault=Fault.slow_headers(60)),
        lambda: Answer("Stuck and", fault=Fault.stall(after=2)),
        lambda: Answer(Call("slow", {"seconds": 0.3})),
        lambda: Answer(TEXT, Call("slow", {"seconds": 30}), pace=0.002),
        lambda: Answer("May I", Call("run_command", {"command": "ls"}), Call("note_text", {"text": "x"})),
    ]
    return [choose.choice(kinds)() for _ in range(60)]


class Restless:
    """One sequence at one terminal."""

    def __init__(self, home: Home, seed: int, *, wild: bool, quick: bool = True) -> None:
        """`quick`: the machine is, so that what is on the screen has been seen when the next key is pressed."""
        self.choose = random.Random(seed)
        self.wild = wild
        self.quick = quick
        self.home = equip(home)
        self.home.groq.answer(*answers(self.choose))
        self.terminal = home.open("-m", MODEL, env={"EDITOR": "true"})
        self.before = self.terminal.modes()
        self.log: list[str] = []
        self.line_of: dict[str, int] = {}  # which line each word was typed into
        self.lines = 0
        self.joined: set[frozenset[int]] = set()  # lines that the person saw in one
        self.blocks: set[int] = set()  # lines with a paste of which the words are not shown
        self.unsure: set[str] = set()  # words that a question may have taken
        self.resized = 0.0
        self.enters: list[int] = []  # for each Enter, how many words had been typed

    def play(self) -> None:
        """All steps, to the end of the program, and everything that must be true."""
        self.terminal.prompt()
        for _ in range(STEPS):
            if self.terminal.ended:
                break
            self._step()
            time.sleep(self.choose.choice((0.0, 0.0, 0.01, 0.05, 0.3)))
        code = self._leave()
        self._check(code)

    # What the person does.

    def _step(self) -> None:
        steps: list[tuple[int, Callable[[], None]]] = [
            (8, self._word),
            (6, self._enter),
            (2, lambda: self._send(CTRL_J)),
            (2, self._paste),
            (2, lambda: self._send(self.choose.choice(REPORTS))),
            (2, self._resize),
            (1, self._escape),
            (1, self._stop),
            (1, self._take_back),
            (2 if "Allow " in self._foot() else 0, lambda: self._send(self.choose.choice("yn"))),
            (6 if self.wild else 0, self._anything),
        ]
        self.choose.choices([step for _, step in steps], [weight for weight, _ in steps])[0]()

    def _word(self) -> None:
        self._send(self._new_word() + " ")

    def _new_word(self) -> str:
        word = f"w{len(self.line_of) + 1}"
        foot = self._foot()
        seen = {self.line_of[other] for other in WORD.findall(foot) if other in self.line_of}
        if "[pasted" in foot:
            seen |= self.blocks
        if "Allow " in foot:
            self.unsure.add(word)
        if time.monotonic() < self.resized + AWAY:
            seen |= set(range(self.lines))
        self.line_of[word] = self.lines
        self.joined |= {frozenset((self.lines, other)) for other in seen}
        return word

    def _enter(self) -> None:
        self._send("\r")
        self.enters.append(len(self.line_of))
        self.lines += 1

    def _stop(self) -> None:
        if self._prompt() == (True, ""):
            return  # a second one would leave
        self._send(CTRL_C)
        self.lines += 1
        time.sleep(0.1)

    def _escape(self) -> None:
        self._send(ESC)
        time.sleep(0.3)
        self._send(" ")  # with a letter in the same read it would be that letter with Alt

    def _take_back(self) -> None:
        self._send(UP)
        time.sleep(0.1)  # what came is seen before it is added to

    def _paste(self) -> None:
        rows = self.choose.choice((1, 2, FEW, 40))
        word = self._new_word()
        self.blocks |= {self.lines} if rows > FEW else set()
        self._send("\x1b[200~" + "\n".join([word] * rows) + "\x1b[201~")

    def _resize(self) -> None:
        columns, rows = self.choose.choice(SIZES)
        self.log.append(f"{columns}x{rows}")
        self.resized = time.monotonic()
        self.terminal.resize(columns, rows)

    def _anything(self) -> None:
        if self.choose.random() < 0.6:
            keys = self.choose.choice(WILD)
        else:
            keys = self.choose.randbytes(self.choose.randrange(1, 12)).decode("latin-1")
            keys = keys.translate({3: None, 4: None})  # it is not to end before it has begun
        self.enters += [len(self.line_of)] * len(re.findall("[\r\n]|13|u", keys))
        self._send(keys)

    def _send(self, keys: str) -> None:
        """Type it, cut at up to two places; an escape sequence is cut anywhere, as networks do."""
        self.log.append(repr(keys))
        data = keys.encode("latin-1", "ignore") if self.wild else keys.encode()
        cuts = sorted(self.choose.randrange(len(data) + 1) for _ in range(self.choose.choice((0, 0, 1, 2))))
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            self.terminal.type(data[start:end].decode("utf-8", "surrogateescape"))
            time.sleep(self.choose.choice((0.0, 0.002, 0.03)))

    # What the person sees.

    def _foot(self) -> str:
        return "\n".join(self.terminal.rows[-self.terminal.screen.lines :])

    def _prompt(self) -> tuple[bool, str]:
        """Whether nothing runs, and what stands in the line; a question of the program is no line."""
        with self.terminal.looking():
            screen = self.terminal.screen
            for y in range(screen.cursor.y, -1, -1):
                if screen.row(y).startswith(">"):
                    rows = [screen.row(at) for at in range(y, screen.cursor.y + 1)]
                    return screen.buffer[y][0].bold, "\n".join(rows)[1:].lstrip(" ")
        return False, ""

    # The end.

    def _leave(self) -> int:
        """Stop and clear everything, until there is one empty line, and leave it."""
        if not self.terminal.ended:
            self.terminal.resize(*CALM)
            time.sleep(1.2 if self.wild else 0.5)  # whatever had begun ends in silence
        deadline = time.monotonic() + QUIET_END
        while not self.terminal.ended:
            if time.monotonic() > deadline:
                raise AssertionError("it does not come to an empty line")
            waits = re.search("^(not sent|queued): ", self._foot(), re.M)
            if self._prompt() == (True, "") and not waits:
                self.terminal.type(CTRL_D)
                break
            self.terminal.type(CTRL_C)
            time.sleep(0.15)
        return self.terminal.exit_code()

    def _check(self, code: int) -> None:
        terminal = self.terminal
        assert code == 0, f"it ended with {code}"
        assert terminal.modes() == self.before, "the terminal is not as it was"
        assert not terminal.screen.cursor.hidden, "the cursor is hidden"
        assert terminal.raw.count(b"\x1b[?2004h") <= terminal.raw.count(b"\x1b[?2004l"), "bracketed paste is left on"
        shown = terminal.text + terminal.raw.decode("utf-8", "replace")
        assert "Traceback" not in shown, "it failed"
        assert "Parlance itself failed" not in shown, "it failed"
        sent = self.sent()
        assert len(sent) <= len(self.enters), f"{len(sent)} messages of {len(self.enters)} Enters"
        if not self.wild:
            for text in sent:
                self._check_message(text)
            self._check_nothing_is_lost(sent)

    def sent(self) -> list[str]:
        """The messages that the server saw; a retry and the results of tools are of the same one."""
        told = (request.body["messages"] for request in self.home.groq.chats)
        last = (next(m["content"] for m in reversed(each) if m["role"] == "user") for each in told)
        return [text for text, _ in groupby(NOTE.sub("", text) for text in last)]

    def _check_message(self, text: str) -> None:
        assert not re.sub(r"w\d+|[yn]|\s", "", text), f"not typed: {text!r}"  # an answer that comes too early is text
        words = list(WORD.finditer(text))
        assert words, f"an empty message: {text!r}"
        for one, two in pairwise(words):
            lines = frozenset((self.line_of[one[0]], self.line_of[two[0]]))
            apart = "\n" in text[one.end() : two.start()]  # a busy program cannot tell two lines from a paste of both
            fit = len(lines) == 1 or apart or lines in self.joined or not self.quick
            assert fit, f"glued: {one[0]} and {two[0]} in {text!r}"
        newest = max(int(word[0][1:]) for word in words)
        assert any(typed >= newest for typed in self.enters), f"sent without an Enter: {text!r}"

    def _check_nothing_is_lost(self, sent: list[str]) -> None:
        history = (self.home.folder / "state" / "history").read_text()
        kept = set(WORD.findall(history + "".join(sent)))
        lost = set(self.line_of) - kept - self.unsure
        assert not lost, f"lost: {sorted(lost)}"
