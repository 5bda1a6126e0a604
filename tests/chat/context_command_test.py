"""What fills the window, typed at the real program: what is shown is true, and each way out does what it says."""

import json
import re
import sys

import pytest
from prompt_toolkit.utils import get_cwidth

from modules.llm.message import Message, Origin, user
from modules.llm.models import Model
from modules.llm.parts import Text, ToolCall, ToolResult
from modules.session.conversation import Conversation
from tests.harness.engine_harness import ANTHROPIC, GROQ, Talk
from tests.harness.home import Home
from tests.harness.network_servers import Saying
from tests.harness.saved_chats import put
from tests.harness.terminal import CTRL_C, Terminal
from tests.wire import Answer
from tests.wire.answers import Usage

OSS = ("-m", GROQ)


def said(text: str, model: Model) -> Message:
    return Message("assistant", (Text(text),), Origin(model.provider.dialect, model.issuer, model.id))


def saved(home: Home, turns: int = 6, lines: int = 400, name: str = ANTHROPIC) -> Conversation:
    """A conversation in which a file is read in each turn, the n-th as large as n times so many lines."""
    model = Talk(home).model(name)
    talk = Conversation(model, "Be brief.")
    for number in range(1, turns + 1):
        call = ToolCall(f"call_{number:024}", "read_file", json.dumps({"path": f"源代码/主程序_{number}.py"}))
        talk.append(user(f"What does file {number} do?"))
        talk.append(Message("assistant", (call,), Origin(model.provider.dialect, model.issuer, model.id)))
        talk.append(Message("tool", (ToolResult(call.id, (Text("x = compute(a, b)\n" * lines * number),)),)))
        talk.append(said(f"File {number} computes a thing. " * 30, model))
    put(home, [talk])
    return talk


def ways(terminal: Terminal, command: str = "/context") -> dict[str, str]:
    """The largest things by name, each with how to be rid of it; as wide as the window of the test is."""
    rows = terminal.ask(command).splitlines()
    at = rows.index("The largest, and what takes each out:")
    found = [re.fullmatch(r" *(?:<?\d\S*)  (.*?)  +(/.*|stays)", row) for row in rows[at + 1 :]]
    return {row[1]: row[2] for row in found if row is not None}


def tokens(shown: str, kind: str) -> str:
    """What a row says of a kind, in tokens."""
    row = next((row for row in shown.splitlines() if row.startswith(kind)), "")
    return row.split()[-2] if row else ""


def test_it_shows_the_kinds_and_the_largest_things(home: Home) -> None:
    saved(home)
    entry = {"command": sys.executable, "args": ["-m", "mcp_server_time", "--local-timezone", "Europe/Zurich"]}
    (home.folder / "mcp.json").write_text(json.dumps({"mcpServers": {"time": entry}}))
    (home.folder / "mcp.json").chmod(0o600)
    terminal = home.open("-c", columns=100, rows=60).prompt()
    shown = terminal.ask("/context")
    first, bar, *rows = shown.splitlines()[1:]
    assert re.fullmatch(rf"{ANTHROPIC}: about \d+k of 1M tokens \(\d+%\)\.", first)
    assert set(bar) <= set("█·▒")
    kinds = ("instructions", "built-in tools", 'tools of MCP server "time"', "questions", "answers", "tool results")
    for kind in (*kinds, "free", "kept for the answer"):
        assert any(row.startswith(kind) for row in rows), kind
    names = ways(terminal)
    assert names["result of read_file 源代码/主程序_5.py"] == "/compact --trim"
    assert names["result of read_file 源代码/主程序_6.py"] == "/undo"
    assert names['tools of MCP server "time"'] == "/tools off time__*"
    terminal.enter("/tools off time__*").sees("Off: time__").prompt()
    assert 'tools of MCP server "time"' not in terminal.ask("/context")


def test_each_way_out_is_followed_and_the_thing_is_gone(home: Home) -> None:
    saved(home)
    home.anthropic.answer(Answer("They looked at files.", usage=Usage(9_000, 20)))
    terminal = home.open("-c", columns=100, rows=80, env={"NO_COLOR": "1"}).prompt()  # without suggestions in the line
    before = ways(terminal)
    assert before["result of read_file 源代码/主程序_2.py"] == "/compact --trim"
    terminal.ask("/compact --trim")
    trimmed = ways(terminal)
    assert not [name for name, way in trimmed.items() if way == "/compact --trim"]
    assert 'answer "File 1 computes a thing. File 1 compute…"' in trimmed

    tool = next(name.removeprefix("tool ") for name in trimmed if name.startswith("tool "))
    assert trimmed[f"tool {tool}"] == f"/tools off {tool}"
    terminal.ask(f"/tools off {tool}")
    assert f"tool {tool}" not in ways(terminal)

    terminal.ask("/pin 6")
    assert "/unpin 6, then /compact" in ways(terminal).values()
    terminal.ask("/unpin 6")
    assert "/unpin 6, then /compact" not in ways(terminal).values()
    terminal.enter("/compact").sees("? y/N").type("y\r").sees("--undo takes this back. >").prompt()
    summed = terminal.ask("/context")
    assert tokens(summed, "summary")
    assert "File 1 computes" not in summed

    assert ways(terminal)["result of read_file 源代码/主程序_6.py"] == "/undo"
    terminal.enter("/undo").prompt("What does file 6 do?").type(CTRL_C).prompt()
    assert "主程序_6" not in "".join(ways(terminal))
    terminal.ask("/compact --undo")
    terminal.ask("/compact --undo")
    assert before["result of read_file 源代码/主程序_2.py"] in ways(terminal).values()


def test_the_instructions_go_as_it_says(home: Home) -> None:
    terminal = home.open(*OSS, "--tools", "none", columns=100).prompt()
    terminal.ask("/system Answer in the person's language.")
    assert ways(terminal) == {'instructions "Answer in the person\'s language."': "/system -"}
    terminal.ask("/system -")
    assert "Answer in the person" not in terminal.ask("/context")


def test_about_stands_there_until_an_answer_has_counted(home: Home) -> None:
    home.groq.answer(Answer("Hm.", usage=Usage(60_000, 10)))
    terminal = home.open(*OSS, columns=100, rows=50).prompt()
    assert f"{GROQ}: about " in terminal.ask("/context")
    terminal.ask("Hello")
    shown = terminal.ask("/context")
    assert f"{GROQ}: 60k of 131k tokens (45%)." in shown
    assert "about" not in shown
    assert "60k of 131k (45%)" in terminal.text.splitlines()[-1], "the bar has the same number"
    assert "about" in terminal.ask("/context anthropic:claude-haiku-4.5").splitlines()[1]


@pytest.mark.parametrize("columns", [20, 40, 200])
def test_no_row_is_wider_than_the_window(home: Home, columns: int) -> None:
    saved(home)
    terminal = home.open("-c", columns=columns, rows=100).prompt()
    for command in ("/context", "/context --all"):
        shown = terminal.ask(command).splitlines()[1:]
        assert all(get_cwidth(row) <= columns for row in shown)
        assert "tool results" in "\n".join(shown) or columns < 40 or command.endswith("--all")


def test_a_terminal_without_escape_sequences_is_shown_the_same(home: Home) -> None:
    saved(home)
    terminal = home.open("-c", env={"TERM": "dumb"}, columns=80, rows=60).prompt()
    terminal.type("/context\r").sees("The largest, and what takes each out:").prompt()
    bars = [row for row in terminal.rows if row.startswith(("tool results", "answers", "#"))]
    assert len(bars) == 3
    assert all(row.isascii() for row in bars)
    assert "\x1b" not in terminal.raw.decode(errors="replace")


def test_each_model_with_a_key_has_a_line_that_says_what_would_have_to_go(home: Home) -> None:
    saved(home, lines=1500)
    terminal = home.open("-c", columns=160, rows=60).prompt()
    rows = terminal.ask("/context --all").splitlines()[1:]
    by_name = {row.removeprefix("*").split()[0]: row for row in rows}
    assert by_name[ANTHROPIC].startswith("* ")
    assert by_name[ANTHROPIC].endswith("of 1M, fits")
    assert re.search(r"of 131k, too long by \d+k: old results, pictures and files have to go$", by_name[GROQ])
    assert not any(name.startswith("mistral:") for name in by_name), "it has no key"
    shares = [int(found[1]) for row in rows if (found := re.search(r" (\d+)%  ", row))]
    assert shares == sorted(shares)
    assert "It does not fit." in terminal.ask(f"/context {GROQ}")


def test_the_provider_is_asked_where_it_counts_for_free(home: Home) -> None:
    saved(home)
    terminal = home.open("-c", columns=120, rows=60).prompt()
    told = terminal.ask("/context --exact").splitlines()[-1]
    assert re.fullmatch(r"Anthropic counts [\d,]+ tokens\. The estimate was [\d,]+, [\d.]+% (more|less)\.", told)
    assert not home.anthropic.chats
    told = terminal.ask(f"/context {GROQ} --exact").splitlines()[-1]
    assert told == "Groq has no free count, so the figures are estimates."
    assert not home.groq.chats


def test_ctrl_c_ends_the_wait_for_a_count(home: Home) -> None:
    saved(home)
    with Saying(b"") as silent:
        home.overlay({"anthropic": {"base_url": f"http://127.0.0.1:{silent.port}"}})
        terminal = home.open("-c", columns=100, rows=60).prompt()
        terminal.enter("/context --exact").sees("The largest").type(CTRL_C).sees(
            "Stopped. Nothing was counted."
        ).prompt()


def test_what_is_not_understood_is_said(home: Home) -> None:
    terminal = home.open(*OSS).prompt()
    for wrong in ("--most", "a b", f"{GROQ} --all", "--all --exact"):
        assert "is not understood." in terminal.ask(f"/context {wrong}")
    assert "nothing-like-it" in "".join(terminal.ask("/context nothing-like-it").splitlines()[1:])


class TestTheBar:
    def test_warns_in_words_and_in_the_colour_of_warnings(self, home: Home) -> None:
        home.groq.answer(Answer("Hm.", usage=Usage(108_000, 10)))
        terminal = home.open(*OSS, env={"COLORFGBG": "15;0"}).prompt()
        terminal.enter("Hello").sees("108k of 131k (82%), nearly full: /context").prompt()
        at = max(at for at, row in enumerate(terminal.screen.display) if "nearly full" in row)
        row = terminal.screen.buffer[at]
        colours = {row[x].fg for x in range(terminal.screen.display[at].index("108k"), 40)}
        assert colours == {"ffd75f"}, "yellow on dark"
        assert row[0].fg == "default"

    @pytest.mark.parametrize(
        ("columns", "kept"), [(40, f"{GROQ} · 82%, nearly full"), (30, "groq:gpt-… · 82%, nearly full")]
    )
    def test_keeps_the_warning_where_there_is_little_room(self, home: Home, columns: int, kept: str) -> None:
        home.groq.answer(Answer("Hm.", usage=Usage(108_000, 10)))
        terminal = home.open(*OSS, columns=columns, env={"NO_COLOR": "1"}).prompt()
        terminal.enter("Hello").sees("nearly full").prompt()
        at = max(at for at, row in enumerate(terminal.rows) if row == ">")
        assert terminal.rows[at + 1] == kept

    def test_says_that_it_is_too_long(self, home: Home) -> None:
        home.groq.answer(Answer("Hm.", usage=Usage(140_000, 10)))
        terminal = home.open(*OSS).prompt()
        terminal.enter("Hello").sees("140k of 131k (106%), too long: /context").prompt()
