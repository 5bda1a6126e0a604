"""The chat as a person meets it: the real program in a pseudo-terminal."""

import pytest

from tests.terminal import CTRL_C, CTRL_J, Home


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_first_prompt_is_there_at_any_width(home: Home, columns: int) -> None:
    terminal = home.open(columns=columns)
    terminal.prompt().sees("Parlance").sees("anthropic:claude-sonnet-5.5")
    assert all(len(row) <= columns for row in terminal.rows)
    assert terminal.leave() == 0


def test_ctrl_c_clears_the_line_and_twice_leaves(home: Home) -> None:
    terminal = home.open().prompt()
    terminal.type("half a thought").prompt("half a thought").type(CTRL_C).prompt()
    terminal.type(CTRL_C).sees("Press Ctrl+C again").prompt().type(CTRL_C)
    assert terminal.exit_code() == 0


def test_a_new_line_and_a_paste_do_not_send(home: Home) -> None:
    terminal = home.open().prompt()
    terminal.type("one").type(CTRL_J).type("two ").paste("three\nfour\r\nfive").sees("five")
    assert not home.anthropic.chats
    terminal.type("\r").sees("Answer 1 from anthropic.").prompt()
    sent = home.anthropic.chats[0].body["messages"][0]["content"][0]["text"]
    assert sent == "one\ntwo three\nfour\nfive"
    assert terminal.leave() == 0
