"""Large pastes in a real line of prompt_toolkit: how they are shown, edited and sent."""

import asyncio
import io
from collections.abc import Callable

import pyte
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit import PromptSession
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output.vt100 import Vt100_Output

from modules.chat.prompt.paste_blocks import MANY_CHARS, MANY_LINES, PasteBlocks, ShownLine
from modules.chat.terminal.paste import NONCHARACTERS
from tests.harness.terminal import PATIENCE

LINES = "".join(f"line {n}\n" for n in range(12_000))
LEFT, RIGHT, BACKSPACE = "\x1b[D", "\x1b[C", "\x7f"


class Line:
    """One line that is typed at, with the screen it is on."""

    def __init__(self) -> None:
        self.blocks = PasteBlocks()
        self._out = io.StringIO()
        self._read = 0
        self._screen = pyte.Screen(60, 10)
        self._stream = pyte.Stream(self._screen)

    async def sends(self, *steps: tuple[str, str, int]) -> str:
        """What is sent, after these keys have led to these rows of the screen with the cursor in this column."""
        keys = KeyBindings()

        @keys.add(Keys.BracketedPaste)
        def paste(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text(self.blocks.folded(event.data))

        @keys.add("enter")
        def send(event: KeyPressEvent) -> None:
            event.current_buffer.validate_and_handle()

        output = Vt100_Output(self._out, lambda: Size(rows=10, columns=60), enable_cpr=False)
        with create_pipe_input() as pipe:
            session: PromptSession[str] = PromptSession(
                input=pipe, output=output, key_bindings=keys, input_processors=[ShownLine(self.blocks)], multiline=True
            )
            prompt = asyncio.ensure_future(session.prompt_async("> "))
            for typed, row, column in steps:
                await asyncio.to_thread(pipe.send_text, typed)  # a pipe holds less than a large paste
                await self._until(lambda row=row, column=column: self._shows(row, column))  # type: ignore[misc]
            pipe.send_text("\r")
            return self.blocks.unfolded(await asyncio.wait_for(prompt, PATIENCE))

    def _shows(self, row: str, column: int) -> bool:
        text = self._out.getvalue()
        self._stream.feed(text[self._read :])
        self._read = len(text)
        cursor = self._screen.cursor
        return self._screen.display[cursor.y].rstrip() == row and cursor.x == column

    async def _until(self, test: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not test():
                await asyncio.sleep(0.005)


def marked(text: str) -> str:
    return f"\x1b[200~{text}\x1b[201~"


async def test_a_large_paste_is_a_block_in_the_line_and_whole_when_it_is_sent() -> None:
    shown = "> ab[pasted 12,000 lines]cd"
    sent = await Line().sends(
        ("ab", "> ab", 4),
        (marked(LINES), shown[:-2], 25),
        ("cd", shown, 27),
        (LEFT * 2, shown, 25),
        (LEFT, shown, 4),  # one step over all of it
        (RIGHT, shown, 25),
    )
    assert sent == f"ab{LINES}cd"


async def test_a_block_is_deleted_as_one_and_comes_back_by_undo() -> None:
    shown = "> a[pasted 9,000 characters]b"
    sent = await Line().sends(
        ("a" + marked("x" * 9_000) + "b" + LEFT, shown, 28),
        (BACKSPACE, "> ab", 3),
        ("\x1f", shown, 28),
    )
    assert sent == f"a{'x' * 9_000}b"


async def test_characters_that_reorder_a_line_are_shown_by_their_numbers_and_sent_as_they_are() -> None:
    text = "a\u202eb 日 👨\u200d👩 \U000e0041c"
    sent = await Line().sends((marked("é\u202eb"), "> é\\u{202e}b", 12), (LEFT, "> é\\u{202e}b", 11))
    assert sent == "é\u202eb"
    assert await Line().sends((marked(text[:3]), "> a\\u{202e}b", 12)) == text[:3]


async def test_invisible_spelling_in_a_line_goes_as_in_answers_and_is_sent_as_it_is() -> None:
    text = "na\u00adme שלום\u200f (C)"
    assert await Line().sends((marked(text), "> name שלום (C)", 15), (LEFT, "> name שלום (C)", 14)) == text
    assert await Line().sends((marked("pass\u200bword"), "> pass\\u{200b}word", 18)) == "pass\u200bword"


def test_what_is_no_more_than_a_screenful_stays_text() -> None:
    blocks = PasteBlocks()
    few = "\n".join(["x"] * MANY_LINES)
    assert blocks.folded(few) == few
    assert blocks.folded(few + "\n") == few + "\n"
    assert len(blocks.folded(few + "\ny")) == 1
    assert blocks.folded("x" * MANY_CHARS) == "x" * MANY_CHARS


def test_the_same_paste_is_the_same_block_and_a_forgotten_one_makes_room() -> None:
    blocks = PasteBlocks()
    texts = [str(n) * MANY_CHARS for n in range(10, 10 + len(NONCHARACTERS))]
    lines = [blocks.folded(text) for text in texts]
    assert len(set(lines)) == len(NONCHARACTERS)
    assert blocks.folded(texts[5]) == lines[5]
    more = "y" * (MANY_CHARS + 1)
    assert blocks.folded(more) == more  # no character is left: the text itself
    blocks.keep(lines[3], f"a{lines[4]}b")
    assert blocks.unfolded(lines[4]) == texts[4]
    assert blocks.unfolded(lines[5]) == "\ufffd"
    assert len(blocks.folded(more)) == 1


@given(st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(NONCHARACTERS))))
def test_what_comes_from_outside_cannot_name_a_block(text: str) -> None:
    blocks = PasteBlocks()
    block = blocks.folded(LINES)
    folded = blocks.folded(text)
    assert block not in folded
    assert blocks.unfolded(folded) == folded
    assert blocks.unfolded(text.replace(block, "")).isprintable() or not text.isprintable()


def test_a_block_is_named_by_what_unicode_keeps_from_being_interchanged() -> None:
    assert len(set(NONCHARACTERS)) == 66
    assert all(0xFDD0 <= ord(char) <= 0xFDEF or ord(char) & 0xFFFE == 0xFFFE for char in NONCHARACTERS)
    assert PasteBlocks().unfolded(NONCHARACTERS) == "\ufffd" * 66
