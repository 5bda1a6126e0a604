"""The keys of the line. What each does beyond editing is up to whoever has the line."""

from collections.abc import Callable
from functools import lru_cache

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import (
    Condition,
    completion_is_selected,
    emacs_mode,
    has_completions,
    has_focus,
    vi_insert_mode,
    vi_navigation_mode,
)
from prompt_toolkit.key_binding import (
    DynamicKeyBindings,
    KeyBindings,
    KeyBindingsBase,
    KeyPressEvent,
    merge_key_bindings,
)
from prompt_toolkit.key_binding.bindings.auto_suggest import load_auto_suggest_bindings
from prompt_toolkit.keys import Keys

from modules.chat.prompt.bound_keys import Bound, BoundKeys
from modules.chat.prompt.key_actions import LineActions

# Keys that nobody can bind to anything else. With those of all actions they are what /help lists.
KEYS = (
    ("Enter", "sends; while an answer comes, queues"),
    ("Alt+Enter, Shift+Enter", "begins a new line"),
    ("Ctrl+C", "stops what runs; clears the line; twice on an empty line leaves"),
    ("Esc", "closes the menu; stops what runs"),
    ("Up", "takes back what was queued last; what was typed before"),
    ("Tab", "completes commands, models, paths, and what MCP servers offer"),
    ("Ctrl+D", "leaves"),
)


def bindings(prompt: LineActions, bound: Callable[[], BoundKeys]) -> KeyBindingsBase:
    """All of them, over prompt_toolkit's own for editing; `bound` are those of actions, as they are now."""

    @lru_cache(maxsize=1)
    def acting(keys: BoundKeys) -> KeyBindings:
        return _bound(prompt, keys)

    dynamic = DynamicKeyBindings(lambda: acting(bound()))
    return merge_key_bindings([load_auto_suggest_bindings(), _editing(prompt), _acting(prompt), dynamic])


def _bound(prompt: LineActions, bound: BoundKeys) -> KeyBindings:
    """The keys of actions. What a person binds comes last, and so before all that the library has for that key."""
    keys = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)

    def add(sequence: tuple[str, ...], what: Bound) -> None:
        @keys.add(*sequence, filter=typing)
        def act(event: KeyPressEvent) -> None:
            what.act(prompt)

    for sequence, what in bound.keys.items():
        add(sequence, what)
    return keys


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

    # While a line is typed as in vi, Esc ends that, as the library has it; in navigation mode it stops what runs.
    @keys.add("escape", filter=typing & has_completions & ~vi_insert_mode)
    def close_menu(event: KeyPressEvent) -> None:
        event.current_buffer.cancel_completion()

    @keys.add("escape", filter=typing & ~has_completions & working & (emacs_mode | vi_navigation_mode))
    def stop(event: KeyPressEvent) -> None:
        prompt.stop()

    @keys.add("c-d", filter=typing & empty)
    def leave(event: KeyPressEvent) -> None:
        prompt.leave()

    @keys.add("c-z", filter=~typing)
    def nothing(event: KeyPressEvent) -> None:
        """It would write a control character."""

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

    @keys.add("escape", Keys.Any, filter=typing & emacs_mode)
    def unknown(event: KeyPressEvent) -> None:
        """An Alt+key that means nothing is no Esc."""

    return keys
