"""What keys can be bound to: every action with its name, what it does, and the keys that it usually has."""

from collections.abc import Callable
from typing import Any, Protocol

from msgspec import Struct

from modules.chat.prompt.typed_line import TypedLine


class LineActions(Protocol):
    """What keys do beyond editing."""

    line: TypedLine

    @property
    def working(self) -> bool:
        """Whether an answer comes, or a command runs."""

    def enter(self) -> None:
        """Take the line."""

    def command(self, line: str) -> None:
        """Run a command beside the line, which stays; after what runs."""

    def interrupt(self) -> None:
        """Stop what runs, clear the line, or leave."""

    def stop(self) -> None:
        """Stop what runs."""

    def leave(self) -> None:
        """End the program."""

    def up(self) -> None:
        """Take back what was queued, or go back in the history."""

    def down(self) -> None:
        """Go forward in the history."""

    def paste(self, text: str, removed: int) -> None:
        """Put in a text that was pasted; `removed` control characters came with it, which no model needs."""

    def paste_clipboard(self) -> None:
        """Attach the picture in the clipboard, or paste its text."""

    def search(self) -> None:
        """Search what was typed before."""

    def edit(self) -> None:
        """Open the line in the editor."""

    def suspend(self) -> None:
        """Leave the terminal to the shell until it comes back."""


class Action(Struct, frozen=True):
    """An action. `keys` are as prompt_toolkit names them, those of one sequence with blanks between."""

    name: str
    about: str
    keys: tuple[str, ...]
    act: Callable[[LineActions], Any]


ACTIONS = (
    Action("new-line", "begins a new line", ("c-j",), lambda line: line.line.buffer.newline(copy_margin=False)),
    Action("edit-line", "edits the line in $VISUAL or $EDITOR", ("c-g", "c-x c-e"), lambda line: line.edit()),
    Action(
        "paste-picture",
        "attaches the picture in the clipboard; pastes text",
        ("c-v",),
        lambda line: line.paste_clipboard(),
    ),
    Action("search-history", "searches what was typed before", ("c-r",), lambda line: line.search()),
    Action("pick-model", "lists the models to choose from", ("c-x m",), lambda line: line.command("/model")),
    Action(
        "next-favourite",
        "goes on with the next favourite, or else with a model used before",
        ("f2",),
        lambda line: line.command("/model --next"),
    ),
    Action(
        "previous-favourite",
        "goes round the other way",
        ("s-f2",),
        lambda line: line.command("/model --previous"),
    ),
    Action("pick-conversation", "lists the conversations", (), lambda line: line.command("/sessions")),
    Action("walk-tree", "shows the branches of the conversation", (), lambda line: line.command("/tree")),
    Action("stop", "stops what runs, as Ctrl+C and Esc do", (), lambda line: line.stop()),
    Action("suspend", "leaves the terminal to the shell; fg comes back", ("c-z",), lambda line: line.suspend()),
)
BY_NAME = {action.name: action for action in ACTIONS}
