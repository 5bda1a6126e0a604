"""What stands in the line, and what waits to stand there: typed, pasted, taken back, given back."""

import time
from collections.abc import Callable, Sequence

from prompt_toolkit.auto_suggest import AutoSuggest, Suggestion
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import Completer
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.history import History
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from modules.chat.output.screen import MARK
from modules.chat.prompt.completing_buffer import CompletedBuffer
from modules.chat.prompt.message_queue import MessageQueue, lines_of
from modules.chat.prompt.paste_blocks import PasteBlocks, is_large
from modules.chat.prompt.wrapped_line import moved

LONGEST_SUGGESTION_CHARS = 1_000  # of an entry
HASTE_SECONDS = 0.3  # after which a person can have seen what came into the line by itself


class _FromHistory(AutoSuggest):
    """The newest line of the history that begins as this one. A pasted book among them costs no key its echo."""

    def get_suggestion(self, buffer: Buffer, document: Document) -> Suggestion | None:
        begun = document.current_line
        if not begun.strip():
            return None
        for entry in reversed(buffer.history.get_strings()):
            if len(entry) <= LONGEST_SUGGESTION_CHARS and begun in entry:
                for line in reversed(entry.splitlines()):
                    if line.startswith(begun):
                        return Suggestion(line[len(begun) :])
        return None


class TypedLine:
    """The buffer with its blocks and its queue. In both, large pastes are blocks; outside, text is whole."""

    def __init__(self, completer: Completer, history: History, changed: Callable[[], None], *, suggests: bool) -> None:
        self.queue = MessageQueue()
        self.blocks = PasteBlocks()
        self.buffer = CompletedBuffer(
            name=DEFAULT_BUFFER,
            multiline=True,
            completer=completer,
            complete_while_typing=True,
            history=history,
            auto_suggest=_FromHistory() if suggests else None,
            on_text_changed=lambda _: self._touched(),
        )
        self._changed = changed
        self._offered: tuple[str, float] | None = None  # what was put into the line and not touched yet, and when
        self._surprising = False
        self._row = 1  # of the history, counted from its end

    @property
    def whole(self) -> str:
        """What stands in the line."""
        return self.blocks.unfolded(self.buffer.text)

    def put(self, text: str) -> None:
        """Let a text from outside stand in the line."""
        self._stand(self.blocks.folded(text))

    def taken(self) -> list[str]:
        """Empty the line, and give what was entered; more than one where several commands stand in it."""
        text = self.buffer.text
        self.empty()
        self._surprising = False
        return lines_of(text)

    def empty(self) -> None:
        """Empty the line. What stood there is not lost: Up brings it back, as all that was left for an older line."""
        history, known = self.buffer.history, set(self.buffer.history.get_strings())
        for line in map(self.blocks.unfolded, list(self.buffer._working_lines)):
            if line.strip() and line not in known:
                history.append_string(line)
        if (history.get_strings() or [""])[-1] != self.whole:
            history.append_string(self.whole)
        self.buffer.reset()

    def entered(self, line: str) -> str:
        """The whole text of a line that is acted on now; blocks that are nowhere any more are forgotten."""
        text = self.blocks.unfolded(line)
        self.blocks.keep(self.buffer.text, *self.queue.lines)
        return text

    def hold(self, *, surprising: bool) -> None:
        """Nothing that is queued follows by itself. Where that is `surprising`, whoever types may not have seen it."""
        self.queue.hold()
        self._surprising = surprising

    def give_back(self, text: str) -> None:
        """Let a text that was acted on stand in the line again, or wait above what stands there by now."""
        self.queue.give_back(self.blocks.folded(text))

    def offer_held(self) -> None:
        """Put what waits for an Enter into the line, where nothing stands there."""
        if not self.buffer.text and (line := self.queue.next_held()) is not None:
            self._stand(line)
            self._offered = (line, time.monotonic())

    def take_last(self) -> bool:
        """Take the line that was entered last back to be edited; False where none waits, or something stands here."""
        if self.buffer.text or (line := self.queue.take_last()) is None:
            return False
        self._stand(line)
        return True

    def move_row(self, by: int, columns: int) -> bool:
        """Up or Down within a line that is wrapped on the screen; False where there is no such row of it."""
        document, menu = self.buffer.document, self.buffer.complete_state
        if menu is not None and menu.completions:  # there it moves in the menu
            return False
        self.buffer.complete_state = None  # a menu that is only looked for would swallow the key
        at = moved(document.current_line, document.cursor_position_col, by, columns, len(MARK))
        if at is not None:
            self.buffer.cursor_position += at - document.cursor_position_col
        return at is not None

    def make_room_for(self, text: str) -> None:
        """Before text is typed: what has only just come into the line by itself goes back to where it waited."""
        if self._offered is not None:
            line, since = self._offered
            unseen = self._surprising and time.monotonic() - since < HASTE_SECONDS
            if (unseen or text[:1] == "/") and self._untouched(line):  # nobody means a command to follow a question
                self.buffer.reset()
                self.queue.give_back(line)
        self._offered = None

    def paste(self, text: str) -> None:
        """Take a paste, a large one as a block."""
        self.make_room_for("")
        self.buffer.insert_text(self.blocks.folded(text))

    def take_early(self, keys: Sequence[KeyPress]) -> None:
        """Take what was typed before a question could be read. What was entered so waits for another Enter.

        One letter alone was an answer that came too early, and nothing to keep.
        """
        text = ""
        for pressed in keys:
            if pressed.key is Keys.Enter:
                self._add(text)
                if self.buffer.text.strip():
                    self.queue.held += [line for line in self.taken() if len(line.strip()) > 1]
                text = ""
            elif pressed.key is Keys.ControlJ:
                text += "\n"
            elif pressed.key is Keys.BracketedPaste or pressed.data.isprintable():
                text += pressed.data
        self._add(text)

    def _add(self, text: str) -> None:
        if len(text) > 1:
            self.buffer.insert_text(text)

    def _untouched(self, line: str) -> bool:
        return self.buffer.text == line and self.buffer.cursor_position == len(line)

    def _stand(self, line: str) -> None:
        self.buffer.set_document(Document(line), bypass_readonly=True)

    def _touched(self) -> None:
        self._changed()
        before, self._row = self._row, len(self.buffer._working_lines) - self.buffer.working_index
        if self._row != before and is_large(self.buffer.text):  # a line from the history, which may have blocks by now
            self.put(self.whole)
