"""Who looks elsewhere is told: by the title, by progress, by a notification of the kind that the terminal knows."""

import re
import signal

import pytest

from tests.chat.approval_test import answer
from tests.harness.home import Home
from tests.harness.terminal import Terminal
from tests.wire import Answer, Call

REAL = ("-m", "groq:gpt-oss-120b")
SOON = "[notify]\nafter = 0.01\n"
KITTY, WEZTERM = {"TERM": "xterm-kitty"}, {"TERM_PROGRAM": "WezTerm", "TERM_PROGRAM_VERSION": "20250815-092212-abc"}
FOOT, TMUX = {"TERM": "foot"}, {"TMUX": "/tmp/tmux-1/default,1,0"}
WORDS = b"The answer of groq:gpt-oss-120b is there."


def opened(home: Home, settings: str, env: dict[str, str]) -> Terminal:
    (home.folder / "settings.toml").write_text(f"{settings}[models]\nrefresh = false\n")
    home.groq.answer(Answer("It is there.", pace=0.05))
    return home.open(*REAL, env=env).prompt()


def answered(terminal: Terminal) -> Terminal:
    terminal.enter("Hi").sees("It is there.").sees("groq:gpt-oss-120b · ").prompt()
    return terminal


def writes(terminal: Terminal, data: bytes) -> None:
    terminal.until(lambda: data in terminal.raw, repr(data))


@pytest.mark.parametrize(
    ("env", "how", "written"),
    [
        (KITTY, "auto", b"\x1b]99;i=parlance:d=1:p=body;" + WORDS + b"\x1b\\"),
        (WEZTERM, "auto", b"\x1b]9;" + WORDS + b"\x1b\\"),
        (FOOT, "auto", b"\x1b]777;notify;Parlance;" + WORDS + b"\x1b\\"),
        ({}, "auto", b"\x07"),
        (TMUX | KITTY, "auto", b"\x07"),
        (KITTY, "bell", b"\x07"),
        ({}, "osc777", b"\x1b]777;notify;Parlance;" + WORDS + b"\x1b\\"),
        (TMUX, "osc9", b"\x1bPtmux;\x1b\x1b]9;" + WORDS + b"\x1b\x1b\\\x1b\\"),
    ],
)
def test_an_answer_that_took_long_is_told_of_as_the_terminal_knows_it(
    home: Home, env: dict[str, str], how: str, written: bytes
) -> None:
    terminal = answered(opened(home, f'{SOON}how = "{how}"\n', env))
    writes(terminal, written)
    assert WORDS.decode() not in terminal.text


@pytest.mark.parametrize("settings", ['[notify]\nafter = 0.01\nhow = "never"\n', "[notify]\nafter = 0\n", ""])
def test_a_short_answer_and_one_that_nobody_wants_to_be_told_of_is_silent(home: Home, settings: str) -> None:
    terminal = answered(opened(home, settings, WEZTERM))
    assert terminal.leave() == 0
    assert WORDS not in terminal.raw
    assert b"\x07" not in terminal.raw


def test_who_looks_is_not_told_and_who_looks_away_is(home: Home) -> None:
    terminal = opened(home, SOON, WEZTERM).type("\x1b[I")
    answered(terminal).type("\x1b[O").prompt()
    assert WORDS not in terminal.raw
    home.groq.answer(Answer("Once more.", pace=0.05))
    terminal.enter("Again").sees("Once more.").prompt()
    writes(terminal, WORDS)
    assert terminal.raw.count(WORDS) == 1


def test_a_question_of_the_program_is_told_of(home: Home) -> None:
    terminal = opened(home, SOON, WEZTERM)
    answered(terminal)
    home.groq.answer(Answer(Call("write_file", {"path": "a.txt", "content": "x"})), "Done.")
    terminal.enter("Write").sees("Allow write_file?").sees("n no")
    writes(terminal, b"groq:gpt-oss-120b waits for your answer to a question.")
    writes(terminal, b"\x1b]2;gpt-oss-120b asks")
    answer(terminal, "n").sees("Done.").prompt()


def test_a_failure_is_told_of_and_progress_shows_it(home: Home) -> None:
    (home.folder / "settings.toml").write_text(f"{SOON}[models]\nrefresh = false\n")
    home.groq.answer(Answer(status=401))
    terminal = home.open(*REAL, env=WEZTERM).prompt()
    terminal.enter("Hi")
    writes(terminal, b"\x1b]9;4;2;100\x1b\\")
    writes(terminal, b"groq:gpt-oss-120b could not answer.")
    terminal.type("\x15").prompt()
    assert terminal.leave() == 0
    assert terminal.raw.rindex(b"\x1b]9;4;0\x1b\\") > terminal.raw.rindex(b"\x1b]9;4;2;100\x1b\\")


@pytest.mark.parametrize("env", [WEZTERM, {"WT_SESSION": "x"}, {"VTE_VERSION": "7600"}, {"ConEmuPID": "7"}])
def test_progress_is_shown_where_it_is_known_and_ends_with_the_answer(home: Home, env: dict[str, str]) -> None:
    terminal = answered(opened(home, "", env))
    states = re.findall(rb"\x1b\]9;4;(\d)", terminal.raw)
    assert (states[0], states[-1]) == (b"3", b"0")


@pytest.mark.parametrize("env", [{}, KITTY, FOOT, TMUX | {"WT_SESSION": "x"}, {"TERM_PROGRAM": "iTerm.app"}])
def test_progress_is_not_sent_to_a_terminal_that_may_take_it_for_a_notification(
    home: Home, env: dict[str, str]
) -> None:
    assert b"\x1b]9;4" not in answered(opened(home, "", env)).raw


def test_the_title_says_what_runs_and_is_put_back(home: Home) -> None:
    terminal = answered(opened(home, "", {}))
    titles = re.findall(rb"\x1b\]2;([^\x1b]+)\x1b", terminal.raw)
    assert (titles[0], titles[1], titles[-1]) == (b"Parlance", "gpt-oss-120b answers · Parlance".encode(), b"Parlance")
    terminal.enter("/title A lake; deep").prompt()
    writes(terminal, "\x1b]2;A lake, deep · Parlance\x1b\\".encode())
    assert terminal.leave() == 0
    assert terminal.raw.count(b"\x1b[22;2t") == terminal.raw.count(b"\x1b[23;2t") == 1
    assert b"\x1b[?1004l" in terminal.raw[terminal.raw.rindex(b"\x1b[?1004h") :]


def test_a_signal_that_ends_the_program_puts_title_and_progress_back(home: Home) -> None:
    home.groq.answer(Answer("Slow. " * 200, pace=0.1))
    terminal = home.open(*REAL, env=WEZTERM).prompt()
    terminal.enter("Hi").sees("Slow.").signal(signal.SIGTERM)
    terminal.exit_code()
    assert terminal.raw.rindex(b"\x1b[23;2t") > terminal.raw.rindex(b"\x1b[22;2t")
    assert terminal.raw.rindex(b"\x1b]9;4;0") > terminal.raw.rindex(b"\x1b]9;4;3")


MARKS = re.compile(rb"\x1b\]133;([ABCD][^\x1b]*)\x1b\\")


def test_each_line_that_is_entered_is_marked_once_and_so_is_the_end_of_what_comes_of_it(home: Home) -> None:
    terminal = answered(opened(home, "", {}))
    terminal.enter("/nonsense").sees("There is no command").prompt()
    terminal.enter("/help /who").prompt()
    terminal.resize(60, 20)
    terminal.type("abc").prompt("abc").type("\x15").prompt()
    assert terminal.leave() == 0
    assert MARKS.findall(terminal.raw) == [b"A", b"B", b"C", b"D;0", b"A", b"B", b"C", b"D;1", b"A", b"B", b"C", b"D;0"]
    assert re.search(rb"133;A\x1b\\[^\n]*> \x1b\]133;B\x1b\\Hi[^\n]*\n\x1b\]133;C", terminal.raw.replace(b"\r", b""))


@pytest.mark.parametrize(
    ("settings", "env"),
    [
        ("[notify]\nafter = 0\nmarks = false\ntitle = false\nprogress = false\n", WEZTERM),
        (SOON, {"TERM": "linux"}),
        (SOON, {"TERM": "dumb"}),
    ],
)
def test_nothing_is_sent_where_it_is_not_wished_or_would_be_seen(
    home: Home, settings: str, env: dict[str, str]
) -> None:
    terminal = opened(home, settings, env)
    terminal.type("Hi\r").sees("It is there.").prompt()
    for sign in (b"\x1b]133", b"\x1b]2;", b"\x1b]9", b"\x1b[22;2t", b"\x1b[?1004h", b"\x07"):
        assert sign not in terminal.raw


def test_a_pipe_gets_none_of_it(home: Home) -> None:
    (home.folder / "settings.toml").write_text(f"{SOON}[models]\nrefresh = false\n")
    home.groq.answer("It is there.")
    assert "\x1b" not in home.run(*REAL, "-p", "Hi", env=WEZTERM).stdout
