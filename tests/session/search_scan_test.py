"""A search finds what a plain look at every message would find, whatever the script and whatever was typed."""

import tempfile
import unicodedata
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from modules.llm.message import user
from modules.session.conversation import Conversation
from modules.session.search.search import FILE as INDEX
from modules.session.search.search import Search
from modules.session.storage import database, statements
from modules.session.storage.location import Locks
from modules.session.storage.store import FILE
from tests.harness.store_helpers import MODEL

SCRIPTS_WITHOUT_BLANKS = ("CJK UNIFIED", "HIRAGANA", "KATAKANA", "HANGUL", "THAI")
PIECES = (
    "test", "Test", "latest", "tested", "café", "CAFE", "cafe\u0301s", "straße", "STRASSE",
    "Москва", "москвы", "Σίσυφος", "\u0939\u093f\u0928\u094d\u0926\u0940", "日本語", "本", "日本", "がぎ",
    "\u304b\u3099\u304e", "ガツ", "한국어", "한국", "ภาษาไทย", "ไทย", "snake_case", "case", "a", "be",
    "ﬁt", "x2", "ＲＥ", "it's", "İstanbul", "GPT四",
)  # fmt: skip
BETWEEN = (" ", " ", "\n", ", ", ". ", "-", "", "\u3001", "\u2014", " \u201c")


def words(text: str) -> list[str]:
    """The words of a text, letter by letter: small, without accents; each letter of some scripts is one."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    plain = unicodedata.normalize("NFC", "".join(one for one in folded if not "\u0300" <= one <= "\u036f"))
    made, word = [], ""
    for one in f"{plain} ":
        alone = unicodedata.name(one, "").startswith(SCRIPTS_WITHOUT_BLANKS)
        is_letter = one != "_" and unicodedata.category(one)[0] in "LNM"
        if is_letter and not alone:
            word += one
            continue
        made += [word] if word else []
        made += [one] if alone and is_letter else []
        word = ""
    return made


def is_said(message: str, typed: str, *, whole: bool) -> bool:
    """Whether these words stand in a row; the last, or where there is only one a longer one, may be a part of one."""
    there, wanted = words(message), words(typed)
    last = wanted[-1]
    alone = unicodedata.name(last[0], "").startswith(SCRIPTS_WITHOUT_BLANKS)

    def ends(word: str) -> bool:
        if whole or alone or len(last) < 2:
            return word == last
        return last in word if len(wanted) == 1 and len(last) >= 3 else word.startswith(last)

    rows = (there[at : at + len(wanted)] for at in range(len(there) - len(wanted) + 1))
    return any(row[:-1] == wanted[:-1] and ends(row[-1]) for row in rows)


def text(pieces: "st.SearchStrategy[str]", most: int) -> "st.SearchStrategy[str]":
    joined = st.lists(st.tuples(pieces, st.sampled_from(BETWEEN)), min_size=1, max_size=most)
    return joined.map(lambda parts: "".join(piece + between for piece, between in parts))


PART = st.builds(
    lambda piece, start, length: piece[start : start + length] or piece,
    st.sampled_from(PIECES),
    st.integers(0, 3),
    st.integers(1, 6),
)
TERM = st.tuples(
    st.one_of(PART, st.sampled_from(PIECES), text(st.sampled_from(PIECES), 3)), st.booleans(), st.booleans()
).filter(lambda term: bool(words(term[0])))


@settings(max_examples=120, deadline=None)
@given(
    messages=st.lists(text(st.sampled_from(PIECES), 8), min_size=1, max_size=12),
    queries=st.lists(st.lists(TERM, min_size=1, max_size=3), min_size=1, max_size=6),
)
def test_a_search_finds_what_a_plain_scan_finds(
    messages: list[str], queries: list[list[tuple[str, bool, bool]]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, messages)
        search = Search(folder / FILE, folder / INDEX)
        assert search.catch_up()
        for query in queries:
            terms = [_as_typed(*term) for term in query]
            typed = " ".join(f'{"-" * out}"{one}"' if whole else f"{'-' * out}{one}" for one, whole, out in terms)
            if any(not whole and not (one[0].isalnum() or one[0] == "_") for one, whole, _ in terms):
                continue  # "-" before what is no letter is no minus
            wanted = {
                at
                for at, message in enumerate(messages, 1)
                if all(is_said(message, one, whole=whole or out) is not out for one, whole, out in terms)
            }
            found = search.find(typed, limit=100)
            assert {hit.message for hit in found.hits} - {0} == wanted, typed
            assert all(hit.marks for hit in found.hits) or all(out for _, _, out in terms), (typed, found.hits)


def _as_typed(text: str, whole: bool, out: bool) -> tuple[str, bool, bool]:
    """A term that fits in a line; one with blanks in it stands in quotes."""
    text = text.replace("\n", " ").replace("“", " ").strip()
    return text, whole or " " in text, out


def write(folder: Path, messages: list[str]) -> None:
    conversation = Conversation(MODEL)
    conversation.extend(user(message) for message in messages)
    locks = Locks(folder / "lock")
    with closing(database.connect(folder / FILE, locks)) as file:
        for statement, values in statements.everything(conversation).make():
            file.execute(statement, values)
    locks.close()
