"""The formats that a conversation leaves in, by their names: each is one text, made when it is asked for."""

from collections.abc import Callable
from typing import Literal, assert_never, get_args

from modules.session.conversation import Conversation

Format = Literal["md", "html", "json", "txt"]
FORMATS: tuple[Format, ...] = get_args(Format)
OTHER_SUFFIXES: dict[str, Format] = {"markdown": "md", "htm": "html", "text": "txt"}


def format_named(name: str) -> Format | None:
    """The format of a suffix, with or without its dot; None for any other."""
    bare = name.removeprefix(".").lower()
    return next((one for one in FORMATS if one == bare), OTHER_SUFFIXES.get(bare))


def exported(conversation: Conversation, format: Format, *, tree: bool = False) -> str:
    """The conversation as text: the spoken path, with `tree` all branches; JSON always holds all of it."""
    return _writer(format)(conversation, tree)


def _writer(format: Format) -> Callable[[Conversation, bool], str]:
    match format:
        case "md":
            from modules.session.export.as_markdown import as_markdown

            return lambda conversation, tree: as_markdown(conversation, tree=tree)
        case "html":
            from modules.session.export.as_html import as_html

            return lambda conversation, tree: as_html(conversation, tree=tree)
        case "json":
            from modules.session.export.as_json import as_json

            return lambda conversation, tree: as_json(conversation)
        case "txt":
            from modules.session.export.as_text import as_text

            return lambda conversation, tree: as_text(conversation, tree=tree)
        case _:
            assert_never(format)
