"""Tables of commands at any width: every value is there whole, and no row is wider than the screen."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some
from prompt_toolkit.utils import get_cwidth

from modules.chat.output.layout import cut, laid_out, wrapped
from modules.text.sanitize import clean
from tests.harness.home import Home

ROWS = [
    ("anthropic:claude-sonnet-5.5", "3", "1M", "2,000", "$0.42"),
    ("groq:gpt-oss-120b", "12", "900k", "81", "at least $0.0100"),
    ("日本語のモデルの名前はとても長い", "1", "5", "", "cost unknown"),
]
HEADINGS = ("model", "requests", "input", "output", "cost")


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("columns", [1, 3, 10, 20, 40, 80, 200])
@pytest.mark.parametrize("headings", [(), HEADINGS])
def test_no_cell_is_lost_and_no_row_is_wider_than_the_screen(columns: int, headings: tuple[str, ...]) -> None:
    lines = laid_out(ROWS, columns, headings)
    text = squeezed("".join(lines))
    assert all(squeezed(cell) in text for row in ROWS for cell in row)
    assert all(name in text for name in headings)
    assert max(map(get_cwidth, lines)) <= max(columns, 2)  # a wide letter takes two columns of any screen


def test_what_stands_below_a_row_has_its_heading_with_it() -> None:
    lines = laid_out(ROWS, 44, HEADINGS)
    assert lines[0].split() == ["model", "requests"]
    assert lines[1].split() == ["anthropic:claude-sonnet-5.5", "3"]
    assert lines[2].strip() == "input 1M · output 2,000 · cost $0.42"


def test_a_wide_screen_has_everything_side_by_side() -> None:
    assert len(laid_out(ROWS, 200, HEADINGS)) == len(ROWS) + 1


@pytest.mark.parametrize("columns", [10, 20, 40])
def test_a_path_or_url_longer_than_the_row_goes_out_without_a_line_end_in_it(columns: int) -> None:
    url = "https://platform.example.com/settings/organization/api-keys"
    assert url in laid_out([("a provider", f"A_KEY not set: {url}")], columns)[-1]
    assert any(url in row for row in wrapped(f"Get a key at {url} today.", columns))


def test_a_row_keeps_its_indentation_and_its_own_blanks() -> None:
    assert wrapped("    x  y", 40) == ["    x  y"]
    assert wrapped("  one two three", 9) == ["  one two", "three"]


@pytest.mark.parametrize("columns", [10, 20, 40, 200])
def test_the_commands_that_show_tables_lose_nothing_in_a_narrow_window(home: Home, columns: int) -> None:
    (home.folder / "mcp.json").write_text(
        json.dumps({"mcpServers": {"off-for-now": {"command": "/opt/some/server", "disabled": True}}})
    )
    chat = home.open("-m", "groq:gpt-oss-20b", columns=columns, rows=60).prompt()
    chat.type("Hello\r").until(lambda: "Answer1fromgroq." in squeezed(chat.text), "the answer").prompt()

    def lacks(command: str, *words: str) -> list[str]:
        said = squeezed(chat.ask(command))
        return [word for word in words if squeezed(word) not in said]

    assert not lacks("/help", "/models [provider] [--refresh]", "List the models.", "Ctrl+R", "searches", "leaves")
    assert not lacks("/usage", "requests", "input", "cached", "output", "reasoning", "cost", "groq:gpt-oss-20b", "all")
    assert not lacks("/models groq", "key", "window", "takes", "groq:gpt-oss-20b", "131k", "reasoning", "$0.075/$0.30")
    assert not lacks("/config", str(home.folder / "models.yaml"), "set in the environment", "needs no key")
    assert not lacks("/mcp", "off-for-now", "disabled", "not offered", "/opt/some/server")
    assert not lacks("/tools", "calculate", "write_file", "asks")


@pytest.mark.parametrize("columns", [20, 40])
def test_the_request_is_json_again_when_it_is_copied_from_a_narrow_window(home: Home, columns: int) -> None:
    chat = home.open("-m", "groq:gpt-oss-20b", "--tools", "none", columns=columns, rows=60).prompt()
    long = "a question with blanks in it, and longer than any row of this window"
    chat.type(f"/system {long}\r").until(
        lambda: "Instructionsset." in squeezed(chat.text), "that they are set"
    ).prompt()
    chat.enter("/wire").until(lambda: f'"{long}"' in chat.raw.decode(errors="replace"), "the instructions in one piece")


@given(
    rows=some.lists(some.lists(some.text(max_size=30), min_size=1, max_size=5), max_size=6),
    columns=some.integers(0, 100),
    named=some.booleans(),
)
def test_any_rows_are_laid_out_with_all_that_they_say(rows: list[list[str]], columns: int, named: bool) -> None:
    headings = [f"head{at}" for at in range(max(map(len, rows), default=0))] if named else []
    text = squeezed("".join(laid_out(rows, columns, headings)))
    assert all(squeezed(clean(cell)) in text for row in rows for cell in row)


@given(some.text(some.sampled_from("ab日👍 "), max_size=12), some.integers(1, 12))
def test_a_line_is_never_cut_wider_than_its_room_and_whole_where_it_fits(line: str, columns: int) -> None:
    left = cut(line, columns)
    assert get_cwidth(left) <= columns
    assert left == line if get_cwidth(line) <= columns else line.startswith(left[:-1]) and left.endswith("…")
