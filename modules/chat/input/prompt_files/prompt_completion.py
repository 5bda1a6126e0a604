"""Completion of prompts of one's own: their names after a slash, and files behind them."""

from collections.abc import Iterator

from modules.chat.command import ChatContext
from modules.chat.input.prompt_files.prompt_line import shelf_of
from modules.prompts.prompt_shelf import Found
from modules.text.plain_words import one_line

MOST_CHARS = 100  # of a description


def offered(chat: ChatContext) -> Iterator[tuple[str, str, bool]]:
    """The name of each prompt, what it is for, and whether something is typed behind it.

    What a prompt of a folder says of itself is not shown before it is believed.
    """
    for one in shelf_of(chat).all():
        if not one.hidden_by and one.prompt is not None:
            yield one.name, _about(one), _takes_words(one)


def is_prompt(chat: ChatContext, name: str) -> bool:
    """Whether the name leads to a prompt."""
    return shelf_of(chat).find(name) is not None


def _about(one: Found) -> str:
    if one.prompt is None or one.place.root is not None:
        return f"a prompt in {one.place.shown} of this folder"
    return one_line(one.prompt.description, MOST_CHARS)


def _takes_words(one: Found) -> bool:
    return one.prompt is not None and (bool(one.prompt.matter.line("argument-hint")) or "$" in one.prompt.matter.body)
