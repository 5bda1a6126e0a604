"""A busy minute at the keyboard, in the real program: what is on the screen after each step, and what the server saw.

It measures nothing: it is there to be read. It ends with 1 where something was sent that was not entered.
"""

import sys
import tempfile
from pathlib import Path

from tests.harness.home import Home
from tests.harness.terminal import CTRL_C, UP, Terminal
from tests.wire import Answer, Fault, Status

MODEL = "groq:gpt-oss-120b"
PASTE = "\n".join(f"line {n:02} of the log" for n in range(1, 61))
SLOW = Answer(" ".join(f"word{n}" for n in range(120)), pace=0.02)


def told(terminal: Terminal, what: str) -> None:
    """Print a step and the end of the screen after it."""
    rows = [row for row in terminal.rows if row]
    print(f"\n--- {what}\n" + "\n".join(rows[-14:]))


def play(terminal: Terminal, home: Home) -> None:
    """The minute."""
    home.groq.answer(SLOW, Answer("I have read the log."), Answer("Short it is."))
    terminal.prompt().enter("What do you know about Fridays?").sees("word9")
    terminal.paste(PASTE).until(lambda: "pasted 60 lines" in terminal.line, "the block").type("\r")
    terminal.sees("queued: [pasted 60 lines]")
    terminal.type("And keep it shrt\r").sees("queued: And keep it shrt")
    told(terminal, "while the answer comes: 60 lines pasted, a second message; both are queued")
    terminal.type(UP).line_with("And keep it shrt")
    told(terminal, "Up takes the last one back")
    terminal.type("\x7f\x7fort\r").sees("queued: And keep it short")
    terminal.sees("Short it is.").prompt()
    told(terminal, "both have followed by themselves, one after the other")
    home.groq.answer(Status(503, retry_after="1.5"), Status(400, message="No."))
    home.groq.answer(Answer("Late", fault=Fault.slow_headers(30)), Answer("Bye."))
    terminal.type("hi\r").sees("Again in").type("bye\r").sees("queued: bye")
    told(terminal, "the provider fails: a retry counts down, and another message is queued")
    terminal.sees("says: No").prompt("hi")
    told(terminal, "it is refused: the question is back, what was queued is not sent")
    terminal.type("\r").sees("Ctrl+C stops").type("more\r").sees("queued: more").type(CTRL_C).sees("Interrupted.")
    terminal.prompt("hi")
    told(terminal, "asked again, stopped with Ctrl+C: each stands by itself, and wants an Enter of its own")
    terminal.type(CTRL_C).prompt("bye").type("\r").sees("Bye.").prompt("more")
    told(terminal, "the first is cleared, the second sent, the third waits")
    terminal.type(CTRL_C).prompt()


def main() -> int:
    """Play it and compare what came with what was entered."""
    with tempfile.TemporaryDirectory() as folder, Home(Path(folder)) as home:
        terminal = home.open("-m", MODEL, columns=80, rows=30)
        play(terminal, home)
        terminal.leave()
        sent = [request.body["messages"][-1]["content"] for request in home.groq.chats]
    print("\n--- the last message of each request that the server saw")
    for text in sent:
        print("  " + (text if len(text) < 70 else f"{text[:40]!r} … {text.count(chr(10)) + 1} lines"))
    wanted = ["What do you know about Fridays?", PASTE, "And keep it short", "hi", "hi", "hi", "bye"]
    print("As entered." if sent == wanted else f"Not as entered: {wanted}")
    return int(sent != wanted)


if __name__ == "__main__":
    sys.exit(main())
