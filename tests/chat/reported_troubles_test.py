"""A broken entry of mcp.json is told of once, and not in each session; /mcp always shows it."""

import json
import sys
from typing import Any

import pytest

from tests.harness.home import Home
from tests.harness.mcp_home import SCRIPT
from tests.wire import Answer

OSS = ("-m", "groq:gpt-oss-20b")
BROKEN = {"command": "no-such-program-4711"}
BAD = {"command": 7}


def write(home: Home, **servers: Any) -> None:
    (home.folder / "mcp.json").write_text(json.dumps({"mcpServers": servers}))
    (home.folder / "mcp.json").chmod(0o600)


def session(home: Home) -> tuple[str, str]:
    """What a session says of itself in one turn, and what /mcp says then."""
    home.groq.answer(Answer("All right."))
    chat = home.open(*OSS, columns=200, rows=50).prompt()
    chat.enter("Go").sees("All right.").prompt()
    said, shown = chat.text, chat.ask("/mcp")
    chat.leave()
    return said, shown


@pytest.mark.parametrize(
    ("entry", "words"), [(BROKEN, "no-such-program-4711"), (BAD, "mcpServers.odd.command: Expected `str`")]
)
def test_it_is_told_once_and_again_when_the_entry_changes_and_mcp_always_shows_it(
    home: Home, entry: dict[str, Any], words: str
) -> None:
    write(home, odd=entry)
    first, second = session(home), session(home)
    assert [words in said for said, _ in (first, second)] == [True, False]
    assert all(words in shown for _, shown in (first, second))
    write(home, odd={**entry, "args": ["--more"]})
    assert words in session(home)[0]


def test_a_server_that_has_worked_in_between_is_news_when_it_fails_again(home: Home) -> None:
    go = home.folder / "there.py"
    write(home, odd={"command": sys.executable, "args": ["-S", "-E", str(go), str(home.folder / "faulty")]})
    words = 'The MCP server "odd" does not run'
    assert [words in session(home)[0] for _ in range(2)] == [True, False]
    go.symlink_to(SCRIPT)
    assert "ready" in session(home)[1]
    go.unlink()
    home.groq.answer(Answer("All right."))
    chat = home.open(*OSS, columns=200, rows=50).prompt()
    chat.enter("Go").sees("All right.").prompt()
    while words not in chat.text:  # it is known and not waited for: that it fails may be known after the answer
        chat.ask("/usage")
    chat.leave()


def test_in_a_pipe_it_is_told_each_time(home: Home) -> None:
    write(home, odd=BROKEN)
    for _ in range(2):
        assert "no-such-program-4711" in home.run("-p", "Go", *OSS, "--yes").stderr
