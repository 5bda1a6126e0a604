"""What may be spent in a session, a day and a month: asked when it is reached, warned of before, refused in a pipe."""

import pytest

from tests.harness.home import Home
from tests.harness.terminal import Terminal
from tests.wire import Answer, Call

GROQ = ("-m", "groq:gpt-oss-120b")
ONE = 0.00015  # dollars at least of one short answer here; it costs $0.0002


def settle(home: Home, line: str) -> None:
    (home.folder / "settings.toml").write_text(f"[models]\nrefresh = false\n[budget]\n{line}\n")


def asked(terminal: Terminal) -> Terminal:
    return terminal.sees("Go on all the same?")


def open_chat(home: Home, *args: str) -> Terminal:
    return home.open(*GROQ, *args, columns=120, rows=40).prompt()


@pytest.mark.parametrize("period", ["session", "day", "month"])
def test_a_limit_that_is_reached_is_asked_about_and_nothing_is_sent_after_a_no(home: Home, period: str) -> None:
    settle(home, f"{period} = {ONE}")
    terminal = open_chat(home).enter("Hello").sees("Answer 1").prompt()
    terminal.enter("Again")
    asked(terminal).type("n\r").prompt("Again")
    assert len(home.groq.chats) == 1
    terminal.type("\x15").prompt().enter("Once more")
    terminal.until(lambda: terminal.text.count("Go on all the same?") > 1 or "y/N" in terminal.line, "the question")
    terminal.type("y\r").sees("Answer 2").prompt()


def test_what_other_runs_have_spent_today_counts_and_a_pipe_is_refused(home: Home) -> None:
    open_chat(home).enter("Hello").sees("Answer 1").prompt().leave()
    settle(home, f"day = {ONE}\nsession = {ONE}")
    done = home.run("-p", "Hello", *GROQ)
    assert done.returncode == 1
    assert "Today has cost $0.0002 of $0.0001. Nothing was sent." in done.stderr
    assert len(home.groq.chats) == 1
    asked(open_chat(home).enter("Hello"))


def test_from_four_fifths_on_the_bar_warns(home: Home) -> None:
    settle(home, "day = 0.00018")
    terminal = open_chat(home).enter("Hello").sees("Answer 1").prompt()
    terminal.until(lambda: "day $0.0002 of $0.0002 (" in terminal.text.splitlines()[-1], "the bar")
    terminal.enter("/set budget.day 100").sees("budget.day is 100").prompt()
    terminal.until(lambda: "day $" not in terminal.text.splitlines()[-1], "the bar without it")


def test_a_turn_with_tools_pauses_where_the_limit_is_reached(home: Home) -> None:
    settle(home, f"session = {ONE}")
    home.groq.answer(Answer(Call("current_time", {})), Answer("Done."))
    terminal = open_chat(home).enter("What time is it?")
    terminal.sees("This conversation has cost").prompt()
    assert len(home.groq.chats) == 1


def test_limits_of_a_turn_change_while_the_program_runs(home: Home) -> None:
    home.groq.answer(Answer(Call("current_time", {})), Answer("Done."))
    terminal = open_chat(home).enter("/set tools.steps 1").sees("in this session").prompt()
    terminal.enter("What time is it?").sees("The model was asked 1 times in this turn.").prompt()
