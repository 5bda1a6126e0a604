"""The tree of a conversation, to be walked with the arrow keys: who said what, the branches, and where one stands."""

from collections.abc import Callable, Iterable, Sequence

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth

from modules.chat.dialogs.list_frame import Frame
from modules.chat.dialogs.list_line import Line, fitted, in_lines
from modules.chat.dialogs.list_picker import ListPicker
from modules.chat.dialogs.session_rows import fold
from modules.chat.dialogs.tree_rows import TreeRow, TreeRows
from modules.chat.output.layout import cut
from modules.chat.wording.ago import ago
from modules.chat.wording.maker import maker
from modules.chat.wording.phrases import count
from modules.llm.message import Message
from modules.llm.models import Model
from modules.session.conversation import Conversation
from modules.text.sanitize import clean

MOST_LINES = 16
TURNS_COLUMNS = len("10,000 turns")
STEP = 2  # columns for each fork
WORDS_CHARS = 300  # of a message that a row can show


class TreePicker(ListPicker[TreeRow, int]):
    """The rows; it comes to the id of the message to go to."""

    label = "Tree: "
    placeholder = "type to filter by words"
    keys_line = ("Enter goes there", "Esc leaves", "Left folds", "Right unfolds or steps to the next branch")

    def __init__(
        self, conversation: Conversation, models: Iterable[Model], size: Callable[[], tuple[int, int]], typed: str = ""
    ) -> None:
        self._words = RowWords(conversation, models)
        self._tree = TreeRows(conversation)
        self._all = self._tree.rows()
        self._total = len(self._all)
        super().__init__(Frame(size, most_lines=MOST_LINES, lines_below=3, beside=True), typed)

    @property
    def total(self) -> int:
        return self._total

    def narrow(self, typed: str) -> None:
        words = fold(typed).split()
        self.rows = [row for row in self._all if self._words.has(row.id, words)] if words else self._all
        self.at = 0 if words else next((at for at, row in enumerate(self._all) if row.is_here), 0)
        self.hint = "" if self.rows else "No message has these words." if words else "Nothing has been said yet."

    def line(self, row: TreeRow) -> Line:
        columns = self.frame.columns
        text: StyleAndTextTuples = [("class:quiet", "" if self.typed.strip() else stem(row, columns))]
        text += self._words.of(row)
        turns = f"{row.turns:,} {'turn' if row.turns == 1 else 'turns'}" if row.turns else ""
        if row.is_folded:
            turns = f"… {turns}".rstrip()
        if columns > 3 * TURNS_COLUMNS:
            text = fitted(text, columns - TURNS_COLUMNS - 4)
            left = columns - TURNS_COLUMNS - 2 - sum(get_cwidth(piece[1]) for piece in text)
            text += [("", " " * left), ("class:quiet", turns.rjust(TURNS_COLUMNS + 2))]
        mark = "•" if row.is_here else "·" if row.on_path else " "
        return Line(fitted(text, columns), mark, "class:current" if row.is_here else "")

    def about(self, row: TreeRow, columns: int, lines: int) -> list[StyleAndTextTuples]:
        node = self._tree.tree[row.id]
        parts = [
            self._words.who(node.message),
            ago(node.created),
            f"{row.number} of {row.others}" if row.others > 1 else "",
            f"{count(row.turns, 'turn')} below" if row.turns else "nothing below",
            "you stand here" if row.is_here else "",
        ]
        facts = cut(clean(" · ".join(filter(None, parts))), columns)
        return [[("class:quiet", facts)], *in_lines(node.message.text, columns, lines - 1)]

    # What the keys do.

    def choose(self, row: TreeRow) -> None:
        self.close(row.id)

    def bind(self, on: Callable[[str, Callable[[], object]], None]) -> None:
        on("left", self._left)
        on("right", self._right)

    def _left(self) -> None:
        """Fold what is below; from where nothing is below, go to where this branch begins."""
        row = self.selected
        if self.typed:
            self.move_cursor(-1)
        elif row is not None and not row.is_folded and self._tree.children(row.id):
            self._fold(row.id, folded=True)
        elif row is not None:
            self._point_to(self._tree.beginning(row.id))

    def _right(self) -> None:
        """Unfold; from where nothing is folded, go to the next of the branches side by side, or to the next fork."""
        row = self.selected
        if self.typed:
            self.move_cursor(1)
        elif row is not None and row.is_folded:
            self._fold(row.id, folded=False)
        elif row is not None and row.others > 1:
            self._point_to(self._tree.beside(row.id))
        elif row is not None:
            self.at = next((at for at in range(self.at, len(self._all)) if self._all[at].others > 1), self.at)

    def _fold(self, id: int, *, folded: bool) -> None:
        (self._tree.folded.add if folded else self._tree.folded.discard)(id)
        self._all = self.rows = self._tree.rows()
        self._point_to(id)

    def _point_to(self, id: int) -> None:
        self.at = next((at for at, row in enumerate(self._all) if row.id == id), self.at)


def stem(row: TreeRow, columns: int) -> str:
    """The lines that lead from the main line to a branch beside it; of many, those that there is room for."""
    depth = min(row.depth, max(1, columns // 4 // STEP))
    if not row.depth:
        return ""
    lines = "│ " * (depth - 1) if depth == row.depth else "┊ " + "│ " * (depth - 2)
    return lines + ("├ " if row.is_first else "│ ")


class RowWords:
    """What the messages of a conversation say, as far as rows show it and filters look at it; clean."""

    def __init__(self, conversation: Conversation, models: Iterable[Model]) -> None:
        self._tree = conversation.tree
        self._models = list(models)
        self._makers: dict[object, str] = {}
        self._folded: dict[int, str] = {}

    def who(self, message: Message) -> str:
        """Who said it: you, or the model by its name."""
        match message.role:
            case "user":
                return "you"
            case "system":
                return "instructions"
            case "tool":
                return "a tool"
            case "assistant":
                origin = message.origin
                key = None if origin is None else (origin.model, origin.issuer, origin.dialect)
                if key not in self._makers:
                    self._makers[key] = clean(maker(message, self._models)) or "a model"
                return self._makers[key]

    def has(self, id: int, words: Sequence[str]) -> bool:
        """Whether all words are in the message."""
        text = self._folded.get(id)
        if text is None:
            text = self._folded[id] = fold(self._tree[id].message.text)
        return all(word in text for word in words)

    def of(self, row: TreeRow) -> StyleAndTextTuples:
        """Its names, who said it, and how it begins."""
        message = self._tree[row.id].message
        who = self.who(message).partition(":")[2] or self.who(message)
        words = " ".join(message.text[:WORDS_CHARS].split())
        calls = ", ".join(call.name for call in message.calls) if not words else ""
        text = clean(words) or (f"calls {clean(calls)}" if calls else "(no words)")
        names: StyleAndTextTuples = [("class:label", f"[{clean(name)}] ") for name in row.names]
        return [*names, ("class:label" if message.role == "user" else "class:mark", f"{who} "), ("", text)]


def printed(conversation: Conversation, models: Iterable[Model], columns: int, most: int) -> list[str]:
    """The tree as text, where no list can be shown: so many rows at most, those around where one stands."""
    words, rows = RowWords(conversation, models), TreeRows(conversation).rows()
    here = next((at for at, row in enumerate(rows) if row.is_here), 0)
    first = max(0, min(here - most // 2, len(rows) - most))
    lines = [f"… {first:,} more above"] if first else []
    for row in rows[first : first + most]:
        mark = "•" if row.is_here else "·" if row.on_path else " "
        turns = f"  ({count(row.turns, 'turn')} below)" if row.turns and row.others > 1 else ""
        text = "".join(piece[1] for piece in words.of(row))
        lines.append(cut(f"{mark} {stem(row, columns)}{text}", max(1, columns - len(turns))) + turns)
    left = len(rows) - first - most
    return lines + ([f"… {left:,} more below"] if left > 0 else [])
