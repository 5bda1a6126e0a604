"""A list where the terminal cannot show one that narrows: numbered lines, and a question that a line answers."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from modules.chat.command import ChatContext

T = TypeVar("T")
PAGE = 12  # lines before the question is asked again


async def choose(chat: ChatContext, matching: Callable[[str], Sequence[T]], line: Callable[[T], str]) -> T | None:
    """The one that a person chooses by its number; words narrow what is listed, and Enter alone takes none.

    `matching` gives what fits what was typed, `line` says one of them.
    """
    assert chat.answer is not None
    rows, at, listed = matching(""), 0, True
    while True:
        if listed:
            page = rows[at : at + PAGE]
            for number, row in enumerate(page, at + 1):
                chat.screen.say(f"{number}. {line(row)}")
            if not rows:
                chat.screen.say("Nothing matches.")
        more = len(rows) - at - PAGE
        further = f" m for more, {more} are left." if more > 0 else ""
        typed = await chat.answer(f"A number, words to narrow the list, or Enter for none.{further}")
        listed = True
        if not typed:
            return None
        if typed.isascii() and typed.isdecimal():
            if 1 <= int(typed) <= len(rows):
                return rows[int(typed) - 1]
            chat.screen.say(f"There is no number {int(typed)}.")
            listed = False
        elif typed.lower() in ("m", "more") and more > 0:
            at += PAGE
        else:
            rows, at = matching(typed), 0
