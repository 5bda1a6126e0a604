"""/print writes the conversation again as it was drawn, at the width of now, and no more than anybody would read."""

import re

import pytest

from tests.chat.code_numbers_test import THIRD, TWO, heads
from tests.harness.home import Home
from tests.wire import Answer, Call

REAL = ("-m", "groq:gpt-oss-120b")
TABLE = "| a | b |\n| - | - |\n| 1 | **2** |\n"


def rows_after(text: str, line: str) -> list[str]:
    """The rows from the last time that this was typed on, without times."""
    rows = text.rpartition(f"\n> {line}")[2].split("\n")[1:] if f"\n> {line}" in text else []
    return [re.sub(r" · \$.*", "", row) for row in rows]


def test_it_is_drawn_again_as_it_was_with_calls_and_numbers(home: Home) -> None:
    home.groq.answer(Answer(TWO, Call("calculate", {"expression": "6*7"})), f"It is 42.\n\n{TABLE}", THIRD)
    chat = home.open(*REAL, columns=100, rows=60).prompt()
    chat.enter("Two blocks").sees("It is 42.").prompt()
    chat.enter("One more").sees("echo 3").prompt()
    said = [re.sub(r"(1 tool call · )|( · \$.*)", "", row) for row in chat.rows[1:]]
    said = said[: said.index(">")]
    chat.enter("/print").until(lambda: chat.text.count("echo 3") == 2).prompt()
    again = rows_after(chat.text, "/print")
    assert heads(chat) == ["python · 1", "2", "sh · 3"] * 2

    def without_counts(rows: list[str]) -> list[str]:
        return [re.sub(r"\d*k? in, \d* out", "", row) for row in rows if row.strip()]

    assert without_counts(again)[: len(without_counts(said))] == without_counts(said)


def test_after_a_resume_the_last_turns_have_the_numbers_that_they_had_and_the_width_of_now(home: Home) -> None:
    home.groq.answer(TWO, THIRD, "Word. " * 40)
    chat = home.open(*REAL).prompt()
    for question, answer in (("Two", "deeper"), ("One more", "echo 3"), ("Words", "Word.")):
        chat.enter(question).sees(answer).prompt()
    chat.leave()
    again = home.open("-c", columns=40).prompt()
    again.enter("/print 2").until(lambda: "> Words" in rows_after(again.text, "/print 2")).prompt()
    assert heads(again) == ["sh · 3"]
    rows = rows_after(again.text, "/print 2")
    assert rows[0] == "> One more"
    assert max(map(len, rows)) <= 40


def test_of_many_turns_the_last_are_written_and_how_to_see_all(home: Home) -> None:
    home.groq.answer(*(f"Answer {n}." for n in range(53)))
    chat = home.open(*REAL, rows=40).prompt()
    for n in range(53):
        chat.enter(f"Question {n}").sees(f"Answer {n}.").prompt()
    chat.enter("/print").sees("3 turns before these are left out. /print all writes them too.").prompt()
    assert next(row for row in rows_after(chat.text, "/print") if row.startswith("> Q")) == "> Question 3"
    chat.enter("/print all").until(lambda: "> Question 52" in rows_after(chat.text, "/print all")).prompt()
    assert next(row for row in rows_after(chat.text, "/print all") if row.startswith("> Q")) == "> Question 0"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/print", "There is nothing to print. Ask something first."),
        ("/print soon", '"/print soon" is not understood. It is /print, /print 3 or /print all.'),
        ("/print 0", '"/print 0" is not understood.'),
    ],
)
def test_what_cannot_be_printed_is_said(home: Home, typed: str, said: str) -> None:
    assert said in " ".join(home.open(*REAL).prompt().ask(typed).split())


def test_without_escape_sequences_it_is_written_as_plain_text(home: Home) -> None:
    home.groq.answer(TWO)
    chat = home.open(*REAL, env={"TERM": "dumb"}).prompt()
    chat.type("Two\r").sees("deeper").prompt()
    chat.type("/print\r").until(lambda: chat.text.count("deeper") == 2).prompt()
    assert "> Two" in chat.text
    assert b"\x1b" not in chat.raw
