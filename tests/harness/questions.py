"""Questions that the program asks a person, and answers that count: none counts in the moment in which one appears."""

import time

from tests.harness.terminal import Terminal

AGAIN_SECONDS = 0.6  # between two tries: longer than a key must be alone before it counts
ECHOED = "0123456789 \n"  # of a digit that came before a plain terminal was told not to


def choose(chat: Terminal, question: str, number: int) -> Terminal:
    """Answer a question with several answers; a digit that comes too early to count is typed again."""
    chat.sees(question).sees("Enter takes 1 ·")
    asked, before, last = chat.text.count(question), chat.text.rstrip(ECHOED), 0.0
    while chat.text.count(question) >= asked and not (chat.dumb and chat.text.rstrip(ECHOED) != before):
        if time.monotonic() - last > AGAIN_SECONDS:
            chat.type(str(number))
            last = time.monotonic()
        time.sleep(0.02)
        assert not chat.ended, chat.text
    return chat


def yes(chat: Terminal, question: str, answer: str = "y") -> Terminal:
    """Answer a question that a yes or a no is enough for."""
    chat.sees(question).until(lambda: chat.line.endswith("y/N"), "the question")
    return chat.type(f"{answer}\r")
