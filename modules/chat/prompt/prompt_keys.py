"""The keys of the line. What each does beyond editing is up to whoever has the line."""

import signal
from typing import Protocol

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import (
    Condition,
    completion_is_selected,
    emacs_mode,
    has_completions,
    has_focus,
    vi_insert_mode,
)
from prompt_toolkit.key_binding import KeyBindings, KeyBindingsBase, KeyPressEvent, merge_key_bindings
from prompt_toolkit.key_binding.bindings.auto_suggest import load_auto_suggest_bindings
from prompt_toolkit.keys import Keys

from modules.chat.prompt.typed_line import TypedLine

KEYS = (
    ("Enter", "sends; while an answer comes, queues"),
    ("Ctrl+J, Alt+Enter, Shift+Enter", "a new line"),
    ("Ctrl+C", "stops what runs; clears the line; twice on an empty line leaves"),
    ("Esc", "closes the menu; stops what runs"),
    ("Up", "takes back what was queued last; what was typed before"),
    ("Ctrl+R", "searches what was typed before"),
    ("Ctrl+G, Ctrl+X Ctrl+E", "edits the line in $VISUAL or $EDITOR"),
    ("Tab", "completes commands, models, paths, and what MCP servers offer"),
    ("Ctrl+V", "attaches the picture in the clipboard; pastes text"),
    ("Ctrl+D", "leaves"),
)


class LineActions(Protocol):
    """What keys do beyond editing."""

    line: TypedLine

    @property
    def working(self) -> bool:
        """Whether an answer comes, or a command runs."""

    def enter(self) -> None:
        """Take the line."""

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

    async def edit(self) -> None:
        """Open the line in the editor."""

    async def paste_clipboard(self) -> None:
        """Attach the picture in the clipboard, or paste its text."""

    async def suspend(self) -> None:
        """Leave the terminal to the shell until it comes back."""


def bindings(prompt: LineActions) -> KeyBindingsBase:
    """All of them, over prompt_toolkit's own for editing."""
    return merge_key_bindings([load_auto_suggest_bindings(), _editing(prompt), _acting(prompt)])


def _acting(prompt: LineActions) -> KeyBindings:
    keys = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)  # without it these keys would also act inside the Ctrl+R search
    empty = Condition(lambda: not prompt.line.buffer.text)
    working = Condition(lambda: prompt.working)

    @keys.add("enter", filter=typing & ~completion_is_selected)
    def enter(event: KeyPressEvent) -> None:
        prompt.enter()

    @keys.add("c-c", filter=typing)
    def interrupt(event: KeyPressEvent) -> None:
        prompt.interrupt()

    @keys.add("escape", filter=typing & has_completions)
    def close_menu(event: KeyPressEvent) -> None:
        event.current_buffer.cancel_completion()

    @keys.add("escape", filter=typing & ~has_completions & working)
    def stop(event: KeyPressEvent) -> None:
        prompt.stop()

    @keys.add("c-d", filter=typing & empty)
    def leave(event: KeyPressEvent) -> None:
        prompt.leave()

    @keys.add("c-z", filter=~working)
    def to_the_shell(event: KeyPressEvent) -> None:
        if hasattr(signal, "SIGTSTP"):
            event.app.create_background_task(prompt.suspend())

    @keys.add("c-z", filter=working)
    def nothing(event: KeyPressEvent) -> None:
        """An answer could not wait for its person."""

    return keys


def leave_selection(buffer: Buffer) -> None:
    """What is typed takes the place of what Shift and the arrows selected. A mark that Ctrl+Space set is only left.

    The library ignores what is typed behind such a mark, and whoever came upon it has no line any more.
    """
    if buffer.selection_state is not None:
        if buffer.selection_state.shift_mode:
            buffer.cut_selection()
        else:
            buffer.exit_selection()


def _editing(prompt: LineActions) -> KeyBindings:
    keys = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)

    @keys.add("enter", filter=typing & completion_is_selected)
    def take_completion(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    @keys.add("c-j", filter=typing)
    def new_line(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    @keys.add("c-g", filter=typing)
    @keys.add("c-x", "c-e", filter=typing & emacs_mode)
    def editor(event: KeyPressEvent) -> None:
        event.app.create_background_task(prompt.edit())

    @keys.add("c-v", filter=typing)
    def from_clipboard(event: KeyPressEvent) -> None:
        event.app.create_background_task(prompt.paste_clipboard())

    @keys.add(Keys.Any, filter=typing & (emacs_mode | vi_insert_mode), save_before=lambda event: not event.is_repeat)
    def insert(event: KeyPressEvent) -> None:
        if event.data.isprintable():
            prompt.line.make_room_for(event.data)
            leave_selection(event.current_buffer)
            event.current_buffer.insert_text(event.data * event.arg)

    @keys.add("up", filter=typing)
    def up(event: KeyPressEvent) -> None:
        prompt.up()

    @keys.add("down", filter=typing)
    def down(event: KeyPressEvent) -> None:
        prompt.down()

    @keys.add(Keys.BracketedPaste, filter=typing)
    def paste(event: KeyPressEvent) -> None:
        prompt.paste(event.data, getattr(event.key_sequence[0], "removed", 0))

    @keys.add("escape", Keys.Any, filter=typing)
    def unknown(event: KeyPressEvent) -> None:
        """An Alt+key that means nothing is no Esc."""

    return keys
