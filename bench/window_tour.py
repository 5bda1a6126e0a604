"""A conversation of 120,000 tokens, a model with a window of 8,192, and back: the real program, and what was sent.

Files of text and pictures are read by tools on a large model until a provider counts more than 120,000 tokens. Then a
small model answers some questions, whose server refuses what does not fit, and the large one goes on. Prints the
screens and the table of requests. The exit code is 1 unless each request to the small model fits its window and the
next one to the large model begins with the bytes of the messages that it was sent last.
"""

import json
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.harness.home import Home
from tests.harness.sample_files import noise
from tests.harness.terminal import Terminal
from tests.wire import Answer, Call, Request, Text, Window
from tests.wire.windows import tokens_in

COLUMNS, ROWS = 100, 40
LARGE, SMALL = "anthropic:claude-sonnet-5.5", "groq:small"
WINDOW, WANTED = 8_192, 120_000
READING_SECONDS = 1.0  # a key in the moment in which a question comes is not its answer
FILES, LINES, PICTURES = 12, 1_150, 3
WORDS = ("the", "of", "in", "lake", "water", "deep", "cold", "north", "river", "ice", "winter", "fish", "seal", "town")


def main() -> int:
    """Play it and print it."""
    with tempfile.TemporaryDirectory() as folder, Home(Path(folder)) as home:
        _small_model(home)
        home.anthropic.limit = Window(1_000_000)
        home.groq.limit = Window(WINDOW)
        _files(home.folder)
        chat = home.open("-m", LARGE, "--tools", "read_file", "--yes", columns=COLUMNS, rows=ROWS)
        _read_all(home, chat)
        before = home.anthropic.chats[-1]
        chat.ask("/context")
        home.groq.answer("It is about a lake in the north.", "Seals live there, the notes say.")
        chat.prompt().enter(f"/model {SMALL}").sees("Enter takes 1")
        time.sleep(READING_SECONDS)
        chat.type("\r").prompt()
        for question in ("What are these notes about?", "And which animals?"):
            chat.ask(question)
        home.anthropic.answer("The whole of them says the same.")
        chat.ask(f"/model {LARGE}")
        chat.ask("Is that so?")
        chat.prompt().enter("/exit")
        chat.exit_code()
        _print("the conversation", chat.text)
        return _compared(before, home.anthropic.chats[-1], home.groq.chats)


def _small_model(home: Home) -> None:
    """A model of Groq's that reads no more than its window."""
    path = home.folder / "models.yaml"
    catalogue = json.loads(path.read_text())
    catalogue["providers"]["groq"]["models"] = {"small": {"window": WINDOW, "tools": True}}
    path.write_text(json.dumps(catalogue))


def _files(folder: Path) -> None:
    chance = random.Random(5)
    for number in range(FILES):
        lines = (" ".join(chance.choices(WORDS, k=9)) for _ in range(LINES))
        (folder / f"notes{number}.txt").write_text("\n".join(lines))
    for number in range(PICTURES):
        (folder / f"map{number}.png").write_bytes(noise(200, 150))


def _read_all(home: Home, chat: Terminal) -> None:
    """Have the large model read it all, file by file."""
    names = [f"notes{number}.txt" for number in range(FILES)] + [f"map{number}.png" for number in range(PICTURES)]
    for name in names:
        home.anthropic.answer(
            Answer(Text(f"Let me read {name}."), Call("read_file", {"path": name})), f"I have read {name}."
        )
        chat.ask(f"Read {name}.")
    count = home.anthropic.chats[-1].tokens
    print(f"{len(home.anthropic.chats)} requests to {LARGE}, the last of {count:,} tokens")
    assert count >= WANTED, count


def _compared(before: Request, after: Request, small: list[Request]) -> int:
    sizes = [tokens_in(request.body) for request in small]
    fit = all(size <= WINDOW for size in sizes)
    one, two = map(_messages, (before, after))
    extends = two.startswith(one)
    counts = ", ".join(f"{size:,}" for size in sizes)
    print(f"\n== requests to {SMALL}: {counts} tokens, of {WINDOW:,}: {'each fits' if fit else 'NOT all fit'}")
    begins = "begins with those very bytes" if extends else "does NOT begin so"
    print(f"== the messages of the last request to {LARGE} before: {len(one.encode()):,} bytes")
    print(f"== those of the next one: {len(two.encode()):,} bytes; it {begins}")
    return 0 if fit and extends and sizes else 1


def _messages(request: Request) -> str:
    """The list of messages in the very characters that were sent, without the bracket that ends it."""
    text = request.raw.decode()
    start = text.index('"messages":') + len('"messages":')
    start += len(text[start:]) - len(text[start:].lstrip())
    _, end = json.JSONDecoder().raw_decode(text, start)
    return text[start : end - 1]


def _print(what: str, text: str) -> None:
    print(f"\n== {what}\n{text.rstrip()}")


if __name__ == "__main__":
    sys.exit(main())
