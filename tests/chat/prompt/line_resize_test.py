"""Windows that change their size in any state, in a tmux that wraps its rows anew: nothing of it is lost."""

import re

import pytest

from tests.chat.prompt.line_running_test import BUSY
from tests.harness.fake_tools import equip
from tests.harness.home import Home
from tests.harness.tmux import FOUND, Tmux
from tests.wire import Answer, Call, Status

WORDS = [f"word{n:03}" for n in range(400)]
TEXT = "\n\n".join(" ".join(WORDS[at : at + 40]) for at in range(0, 400, 40))
STATES: dict[str, tuple[list[Answer | Status], str, str]] = {
    "nothing-runs": ([Answer("Here.")], "Here.", "typed text here"),
    "an-answer-streams": ([Answer(TEXT, pace=0.02)], "word020", "typed text here"),
    "a-message-is-queued": ([Answer(TEXT, pace=0.02)], "word020", "queued text\rtyped text here"),
    "a-tool-runs": ([Answer(Call("slow", {"seconds": 60}))], "half way", "typed text here"),
    "a-retry-counts-down": ([BUSY], "Again in", "typed text here"),
}
NARROWER = ((60, 24), (40, 24), (33, 24))
LOWER = ((80, 12), (80, 7), (80, 40))
ALL = ((60, 20), (50, 30), (200, 24), (90, 16), (50, 24), (120, 40))


@pytest.mark.skipif(not FOUND, reason="there is no tmux")
@pytest.mark.parametrize(
    ("state", "sizes"),
    [
        ("nothing-runs", NARROWER),
        ("nothing-runs", LOWER),
        ("nothing-runs", ALL),
        ("an-answer-streams", LOWER),
        ("a-message-is-queued", LOWER),
        ("a-tool-runs", ALL),
        ("a-retry-counts-down", NARROWER),
    ],
)
def test_a_window_that_changes_its_size_loses_nothing(
    home: Home, state: str, sizes: tuple[tuple[int, int], ...]
) -> None:
    """tmux tells of a new width only when it has wrapped the rows; what is drawn in between may be left twice."""
    answers, shows, typed = STATES[state]
    equip(home).groq.answer(*answers)
    with Tmux(home, "-m", "groq:gpt-oss-120b") as tmux:
        tmux.until(lambda: re.search("^>", tmux.text, re.M) is not None, "a prompt")
        tmux.type("Count\r").sees(shows)
        for keys in re.findall("[^\r]+|\r", typed):
            tmux.type(keys)
        tmux.sees(typed.rpartition("\r")[2])
        if "\r" in typed:
            tmux.sees("queued: queued text")
        for columns, rows in sizes:
            tmux.resize(columns, rows)
            if sizes is not ALL:
                settled(tmux, columns)
        settled(tmux, sizes[-1][0])
        still = state == "nothing-runs"
        if not still:
            tmux.type("\x03").sees("Interrupted.")
        tmux.type("!").until(lambda: is_whole(tmux.words, still=still), "one of everything")


def is_whole(words: str, *, still: bool) -> bool:
    """Whether nothing is missing, and where nothing was drawn meanwhile, nothing is there twice."""
    times = [words.count(there) for there in ("Parlance 0.1.0", "> Count", "typed text here!")]
    found = list(dict.fromkeys(re.findall(r"word\d{3}", words)))
    return all(one == 1 or (one and not still) for one in times) and found == WORDS[: len(found)]


def settled(tmux: Tmux, columns: int) -> None:
    """Wait until the region stands in the new window: the line, and the bar in the row below it."""
    there = re.compile(r"^> typed text here *\ngroq:gpt-oss-120b.*\n*\Z", re.M)
    tmux.until(lambda: there.search(tmux.text) is not None, f"the line in {columns} columns")
