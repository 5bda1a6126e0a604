"""What stands in the line after pastes, and after keys that were pressed before a question could be read."""

import pytest
from prompt_toolkit.completion import DummyCompleter
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from modules.chat.prompt.paste_blocks import MANY_LINES
from modules.chat.prompt.typed_line import TypedLine

ENTER, NEW_LINE = KeyPress(Keys.Enter, "\r"), KeyPress(Keys.ControlJ, "\n")


ROWS = "\n".join(["x"] * MANY_LINES)


def line_of() -> TypedLine:
    return TypedLine(DummyCompleter(), InMemoryHistory(), lambda: None, suggests=False)


def typed(text: str) -> list[KeyPress]:
    return [KeyPress(letter, letter) for letter in text]


def pasted(text: str) -> list[KeyPress]:
    return [KeyPress(Keys.BracketedPaste, text)]


@pytest.mark.parametrize(
    ("keys", "line", "held"),
    [
        (typed("ought"), "half a thought", []),
        ([*typed("ought"), ENTER, *typed("and more")], "and more", ["half a thought"]),
        ([ENTER, *typed("one"), NEW_LINE, *typed("two"), ENTER], "", ["half a th", "one\ntwo"]),
        ([*typed("ought"), ENTER, *typed("y"), ENTER, ENTER], "", ["half a thought"]),
        ([*pasted("ought\nand one"), KeyPress(Keys.Up, "\x1b[A")], "half a thought\nand one", []),
        (typed("y"), "half a th", []),
    ],
)
async def test_they_stand_in_the_line_and_what_was_entered_waits_by_itself(
    keys: list[KeyPress], line: str, held: list[str]
) -> None:
    typing = line_of()
    typing.put("half a th")
    typing.take_early(keys)
    assert (typing.whole, typing.queue.held) == (line, held)


async def test_no_paste_takes_what_another_one_brought() -> None:
    typing = line_of()
    whole = ""
    for number in range(6):
        text = f"{number}{ROWS}" if number % 2 else f"{number}{ROWS}\nlonger"
        typing.paste(text)
        whole += text
        assert typing.whole == whole
    [line] = typing.taken()
    typing.queue.add(line)
    assert typing.take_last()
    assert typing.whole == whole
    assert typing.buffer.text == line, "it stands there as it was entered"


async def test_a_large_line_of_the_history_is_a_block_and_whole() -> None:
    typing = line_of()
    typing.buffer._working_lines.appendleft(f"{ROWS}\nold")
    typing.buffer.working_index = 1
    typing.buffer.insert_text("new")
    typing.buffer.history_backward()
    assert (len(typing.buffer.text), typing.whole) == (1, f"{ROWS}\nold")
    typing.paste(f"{ROWS}\nmore")
    typing.buffer.history_forward()
    typing.buffer.history_backward()
    assert typing.whole == f"{ROWS}\nold{ROWS}\nmore"
