"""What fills a window, drawn at any width: no row is wider than it, and what is more than nothing is seen."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some
from prompt_toolkit.utils import get_cwidth

from modules.chat.output.context_report import bars, headline, largest, name_of
from modules.llm.message import Message, user
from modules.llm.parts import Image, Text, ToolCall
from modules.session.fitting.relief import Relief
from modules.session.fitting.window_use import Kind, Thing, WindowUse
from tests.harness.store_helpers import MODEL

KINDS: tuple[Kind, ...] = ("instructions", "tool", "summary", "question", "answer", "reasoning", "result", "attached")


def of(*things: Thing, window: int | None = 100_000, room: int | None = 96_000, measured: bool = True) -> WindowUse:
    return WindowUse(replace(MODEL, window=window), things, None, room, 0, measured)


@given(
    tokens=some.lists(some.tuples(some.sampled_from(KINDS), some.integers(1, 3_000_000)), max_size=12),
    source=some.text(some.sampled_from("ab日👍 \x1b\u202e"), max_size=30),
    window=some.none() | some.integers(2_000, 2_000_000),
    columns=some.integers(1, 220),
    plain=some.booleans(),
)
def test_no_row_is_wider_than_the_window(
    tokens: list[tuple[Kind, int]], source: str, window: int | None, columns: int, plain: bool
) -> None:
    things = [Thing(kind, each, name=f"{source}_tool", source=source or "x") for kind, each in tokens]
    use = of(*things, window=window, room=None if window is None else window - 1_000)
    rows = bars(use, columns, plain=plain)
    assert all(get_cwidth(row) <= columns for row in rows)
    assert not plain or not set("".join(rows)) & set("█▏▒·")
    for _, name, _ in largest([(thing, Relief("trim")) for thing in things], use, columns):
        assert get_cwidth(name) <= max(10, columns - 8)
        assert name.isprintable()


def test_each_thing_that_takes_something_has_a_bar_and_a_number() -> None:
    rows = bars(of(Thing("question", 3), Thing("result", 90_000)), 80, plain=False)
    assert [row.split() for row in rows[1:]] == [
        ["questions", "▏", "3", "<1%"],
        ["tool", "results", "█" * 30, "90k", "90%"],
        ["free", "5k", "5%"],
        ["kept", "for", "the", "answer", "4k", "4%"],
    ]


def test_the_whole_bar_is_what_is_used_what_is_free_and_what_is_kept() -> None:
    assert bars(of(Thing("result", 50_000)), 50, plain=True)[0] == "#" * 25 + "." * 23 + "-" * 2
    assert bars(of(Thing("result", 120_000)), 50, plain=True)[0] == "#" * 50


@pytest.mark.parametrize(
    ("tokens", "end"),
    [(50_000, "(50%)."), (98_000, "(98%). That leaves no room for an answer."), (120_000, "(120%). It does not fit.")],
)
def test_the_headline_says_whether_it_fits(tokens: int, end: str) -> None:
    assert headline(of(Thing("result", tokens))).endswith(end)
    assert ": about " in headline(of(Thing("result", tokens), measured=False))


def test_things_are_called_by_their_names() -> None:
    call = ToolCall("call_1", "read_file", '{"path": "src/main.py", "limit": 3}')
    picture = Image("image/png", "AAAA", "猫.png")
    named = {
        'your question "Why is it so?"': Thing("question", 9, 1, said=user("Why   is\nit so?")),
        "result of read_file src/main.py": Thing("result", 9, 3, call=call),
        "picture 猫.png": Thing("attached", 9, 1, attached=picture),
        "picture 猫.png, result of read_file src/main.py": Thing("attached", 9, 3, attached=picture, call=call),
        "call of read_file": Thing("answer", 9, 2, said=Message("assistant", (call,))),
        'reasoning before "Because."': Thing("reasoning", 9, 2, said=Message("assistant", (Text("Because."),))),
        'tools of MCP server "files"': Thing("tool", 9, name="files__*", source='MCP server "files"'),
        "what each request holds": Thing("instructions", 9),
    }
    assert {name_of(thing, of(thing)) for thing in named.values()} == set(named)
