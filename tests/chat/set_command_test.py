"""`/set`, typed at the real program: settings are listed, explained, changed for the session, and kept."""

from pathlib import Path

import pytest

from tests.harness.home import Home
from tests.harness.terminal import Terminal
from tests.wire import Answer

WIDE = 120


@pytest.fixture
def terminal(home: Home) -> Terminal:
    return home.open("-m", "groq:gpt-oss-120b", columns=WIDE, rows=60).prompt()


def said(home: Home) -> str:
    return (home.folder / "settings.toml").read_text()


def test_alone_it_lists_what_is_not_as_usual_and_the_parts(terminal: Terminal) -> None:
    shown = " ".join(terminal.ask("/set").split())
    assert "models.refresh false settings.toml" in shown
    assert "screen.width" not in shown
    assert "Parts: start, models, options, answers, screen" in shown


def test_a_part_is_listed_and_one_is_explained_by_its_bare_name(terminal: Terminal) -> None:
    shown = terminal.ask("/set options")
    assert "options.temperature" in shown
    assert "screen.width" not in shown
    shown = terminal.ask("/set width")
    assert "screen.width is 100 (as usual)." in shown
    assert "A whole number, at least 0; usually 100. Example: /set screen.width 80" in shown


def test_a_change_holds_at_once_in_what_is_shown_and_goes_back_with_reset(home: Home, terminal: Terminal) -> None:
    words = "word " * 30
    home.groq.answer(Answer(words), Answer(words), Answer(words))

    def widest() -> int:
        rows = terminal.ask("Hello").splitlines()
        return max(len(row) for row in rows if row.startswith("word"))

    assert 80 < widest() <= 100
    terminal.enter("/set width 40").sees("screen.width is 40 in this session. --save keeps it.").prompt()
    assert widest() <= 40
    terminal.enter("/set width --reset").sees("screen.width is 100 (as usual).").prompt()
    assert widest() > 80
    assert "width" not in said(home)


def test_saved_it_is_written_beside_what_was_there_and_holds_in_the_next_run(home: Home, terminal: Terminal) -> None:
    path = home.folder / "settings.toml"
    path.write_text("# mine\n[screen] # here\nwidth = 90 # columns\n")
    terminal.enter("/set width 40 --save").sees("screen.width is 40, written into").prompt()
    assert said(home) == "# mine\n[screen] # here\nwidth = 40 # columns\n"
    terminal.enter("/set temperature 0.5 --save").sees("written into").prompt()
    assert said(home) == "# mine\n[screen] # here\nwidth = 40 # columns\n\n[options]\ntemperature = 0.5\n"
    again = home.open(columns=WIDE).prompt()
    assert "0.5 settings.toml" in " ".join(again.ask("/set options").split())
    again.enter("/set temperature --reset --save").sees("options.temperature is not set (as usual).").prompt()
    assert "temperature" not in said(home)


def test_what_was_changed_for_the_session_can_be_kept_without_typing_it_again(home: Home, terminal: Terminal) -> None:
    terminal.enter("/set screen.background light").sees("in this session").prompt()
    terminal.enter("/set screen.background --save").sees("screen.background is light, written into").prompt()
    assert 'background = "light"' in said(home)
    terminal.enter("/set background").sees("screen.background is light (settings.toml).").prompt()


def test_lists_and_tables_are_typed_in_plain_words(terminal: Terminal) -> None:
    terminal.enter("/set status model, window").sees("screen.status is model, window in this session").prompt()
    terminal.enter("/set models.reasoning groq:gpt-oss-120b=high").sees("is groq:gpt-oss-120b=high in").prompt()
    terminal.until(lambda: "reasoning high" not in terminal.text.splitlines()[-1], "the bar has two items")
    terminal.enter("/set status model, reasoning").sees("· reasoning high").prompt()
    terminal.enter("/set models.reasoning {}").sees("models.reasoning is {} in").prompt()


@pytest.mark.parametrize(
    ("typed", "told", "cure"),
    [
        ("tempratur 1", 'There is no setting "tempratur".', "Did you mean options.temperature?"),
        ("temp 1", 'There is no setting "temp".', "Did you mean options.temperature?"),
        ("model x", 'There is more than one setting "model".', "There are start.model, compact.model."),
        ("temperature 3", 'options.temperature cannot be "3".', "It has to be a number from 0 to 2, as in"),
        ("verbosity loud", 'cannot be "loud".', 'It has to be "low", "medium" or "high", as in /set options.verbosity'),
        ("never_to deepsek", 'There is no provider "deepsek".', "There are anthropic"),
        ("start.model nobody", 'No model is called "nobody".', ""),
        ("xyzzy", 'There is no setting "xyzzy".', "/set all lists them."),
        ("--save", "--save is of one setting.", "It is /set NAME VALUE --save."),
    ],
)
def test_what_cannot_be_is_told_with_what_can(terminal: Terminal, typed: str, told: str, cure: str) -> None:
    terminal.enter(f"/set {typed}").sees(told)
    if cure:
        terminal.sees(cure)
    terminal.prompt()


def test_names_and_values_are_completed(terminal: Terminal) -> None:
    terminal.type("/set verb").sees("options.verbosity").type("\x15")
    terminal.type("/set options.verbosity ").sees("medium").sees("--reset").type("\x15")
    terminal.type("/set send.never_to deep").sees("deepseek").type("\x15")


@pytest.mark.parametrize("name", ["xyzzy", "all", "folder", "options"])
def test_what_is_typed_behind_what_is_no_setting_disturbs_nothing(terminal: Terminal, name: str) -> None:
    terminal.type(f"/set {name} ").line_with(f"/set {name}")
    terminal.type("1").line_with(f"/set {name} 1").type("\x15")
    terminal.type("/set verb").sees("options.verbosity")
    assert "Unhandled" not in terminal.text
    assert "Traceback" not in terminal.text


def test_a_file_that_is_spoiled_while_the_program_runs_is_told_once_and_not_written(
    home: Home, terminal: Terminal
) -> None:
    path = home.folder / "settings.toml"
    path.write_text("[models\nrefresh = false # mine\n")
    terminal.enter("/set width 40 --save").sees("is not TOML").prompt()
    assert path.read_text() == "[models\nrefresh = false # mine\n"
    terminal.enter("/help set").sees("Show the settings").prompt()
    path.write_text("[models]\nrefresh = false\n")
    terminal.enter("/set width 40 --save").sees("written into").prompt()


def test_a_link_stays_one_and_a_file_keeps_its_permissions(home: Home, terminal: Terminal, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text("")
    real.chmod(0o640)
    link = home.folder / "settings.toml"
    link.unlink()
    link.symlink_to(real)
    terminal.enter("/set width 40 --save").sees("written into").prompt()
    assert link.is_symlink()
    assert real.read_text() == "[screen]\nwidth = 40\n"
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_mistake_that_limits_nothing_is_told_before_the_first_prompt(home: Home) -> None:
    (home.folder / "settings.toml").write_text("[screen]\nwith = 40\n")
    terminal = home.open(columns=WIDE).prompt()
    assert 'line 2: [screen] has no "with". Did you mean width? It is passed over.' in terminal.words
    done = home.run("-p", "Hello", "-m", "groq:gpt-oss-120b")
    assert (done.returncode, done.stderr.count('[screen] has no "with"')) == (0, 1)


def test_a_mistake_that_could_lift_a_limit_ends_the_start_with_all_that_is_wrong(home: Home) -> None:
    (home.folder / "settings.toml").write_text("[screen]\nwith = 40\n[budget]\ndya = 3\n")
    done = home.run("-p", "Hello", "-m", "groq:gpt-oss-120b")
    assert done.returncode == 2
    assert "line 2: [screen]" in done.stderr
    assert 'line 4: [budget] has no "dya". Did you mean day?' in done.stderr
    assert home.groq.chats == []
