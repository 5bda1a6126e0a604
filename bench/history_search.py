"""Searching everything that was said, beside `llm`, on the same messages in the same run: time, size, and filling.

The messages are made up, but like real ones: words as frequent as in a language (Zipf), half of the conversations in
made-up Latin prose, the others with code of Python's own library, accents, Cyrillic, and Chinese. They are written in
the real form of the file. `llm` is given the same ones in the form of its own database, through its own migrations, and
is searched with its own SQL, as `llm logs -q` does; its Python is named with --llm, for example of a `python -m venv`
in which `pip install llm` was done. Without it only our side is measured.

Each kind of question is asked many times with other words each time. `find` is all that the program does from the
typed line to the marked snippets, the opening of both files included; `SQL` is the question to the database alone. The
command line is measured as a process, from its start to its end.
"""

import argparse
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import accumulate
from pathlib import Path

from bench.rig import load
from modules.llm.message import Message, user
from modules.session.conversation import Conversation
from modules.session.node import Node
from modules.session.search.search import FILE as INDEX
from modules.session.search.search import Search
from modules.session.storage import database, statements
from modules.session.storage.location import Locks
from modules.session.storage.store import FILE
from tests.harness.store_helpers import MODEL, answer

ROUNDS = 60
PER_CONVERSATION = 20
BEGAN, YEARS, EVERY_SECONDS = 1_640_000_000, 4, 45
VOCABULARY = 120_000
STARTS = (*"bcdfghjklmnprstvw", "st", "tr", "pl", "gr", "ch", "sh", "th", "br")
MIDDLES = (*"aeiou", "ai", "ea", "ou", "io", "ie")
ENDS = ("", "", "", "n", "r", "s", "t", "l", "nd", "ng", "st", "ck")
CYRILLIC = str.maketrans("abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопярстувwхуз")
ACCENTS = str.maketrans("aeou", "áéöü")
HITS = 20
# The question of `llm logs -q`, as llm/logs.py puts it together from LEGACY_LOG_ROWS_SQL, in llm 0.36.
LLM_SEARCH = f"""select responses.id, responses.model, responses.prompt, responses.response,
    bm25(responses_fts, 10.0, 1.0) as _search_rank from responses
    join responses_fts on responses_fts.rowid = responses.rowid
    where responses.id not in (select id from turns) and responses_fts match ?
    order by bm25(responses_fts, 10.0, 1.0) limit {HITS}"""


class Speech:
    """Made-up messages, always the same ones."""

    def __init__(self) -> None:
        self.chance = random.Random(7)
        made: dict[str, None] = {}
        while len(made) < VOCABULARY:
            made[self._word()] = None
        self.words = list(made)
        self._weights = list(accumulate(1 / (rank + 2.7) for rank in range(VOCABULARY)))
        self._han = [chr(0x4E00 + number) for number in range(3000)]
        self._han_weights = list(accumulate(1 / (rank + 5) for rank in range(3000)))
        library = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))[:150]
        self._code = [block for path in library for block in path.read_text(errors="replace").split("\n\n")]

    def message(self, *, latin_only: bool) -> str:
        """Between a line and some pages, of which most are short."""
        kind = 0.0 if latin_only else self.chance.random()
        if kind < 0.72:
            return self.prose(max(4, int(self.chance.lognormvariate(4.2, 0.9))))
        if kind < 0.88:
            return f"{self.prose(30)}\n```python\n{self.chance.choice(self._code)[:1500]}\n```\n{self.prose(20)}"
        if kind < 0.91:
            return self.prose(60).translate(ACCENTS)
        if kind < 0.94:
            return self.prose(60).translate(CYRILLIC)
        return "".join(self.chance.choices(self._han, cum_weights=self._han_weights, k=self.chance.randint(20, 200)))

    def prose(self, count: int) -> str:
        words = self.chance.choices(self.words, cum_weights=self._weights, k=count)
        lengths = iter(lambda: self.chance.randint(5, 18), 0)
        sentences, at = [], 0
        while at < count:
            length = next(lengths)
            sentences.append(f"{' '.join(words[at : at + length]).capitalize()}.")
            at += length
        return " ".join(sentences)

    def han(self) -> str:
        return "".join(self.chance.choices(self._han[:200], k=2))

    def _word(self) -> str:
        syllables = self.chance.choice((1, 1, 2, 2, 2, 3, 3, 4))
        return "".join(
            self.chance.choice(STARTS) + self.chance.choice(MIDDLES) + self.chance.choice(ENDS)
            for _ in range(syllables)
        )


def conversations(speech: Speech, messages: int, *, latin_only: bool) -> Iterator[Conversation]:
    """As many as hold so many messages, oldest first."""
    when, count = BEGAN, messages // PER_CONVERSATION
    for _ in range(count):
        conversation = Conversation(MODEL)
        when += max(1, YEARS * 365 * 86400 // count - PER_CONVERSATION * EVERY_SECONDS)
        for id in range(1, PER_CONVERSATION + 1):
            when += EVERY_SECONDS
            text = speech.message(latin_only=latin_only)
            message: Message = user(text) if id % 2 else answer(text)
            conversation.nodes.append(Node(id, id - 1, message, float(when)))
        conversation.go_to(PER_CONVERSATION)
        yield conversation


def write(folder: Path, messages: int, *, latin_only: bool = False) -> tuple[Speech, int]:
    """The file of conversations, and of questions with answers for `llm`; gives the bytes of text in them."""
    speech, said = Speech(), 0
    locks = Locks(folder / "lock")
    with closing(database.connect(folder / FILE, locks)) as file, (folder / "pairs.jsonl").open("w") as pairs:
        file.execute("BEGIN IMMEDIATE")
        for conversation in conversations(speech, messages, latin_only=latin_only):
            for question, values in statements.everything(conversation).make():
                file.execute(question, values)
            texts = [message.text for message in conversation.messages]
            said += sum(len(text.encode()) for text in texts)
            for at in range(0, len(texts), 2):
                pairs.write(json.dumps([conversation.id, conversation.nodes[at].created, *texts[at : at + 2]]) + "\n")
        file.execute("COMMIT")
    locks.close()
    return speech, said


def kinds(speech: Speech) -> dict[str, Callable[[], str]]:
    """The kinds of questions, each with other words every time."""
    chance, words = random.Random(3), speech.words

    def word(first: int, last: int) -> str:
        return words[chance.randint(first, last)]

    def part(word: str) -> str:
        return word[1 : max(4, len(word) - 1)]

    return {
        "a rare word": lambda: word(20_000, 90_000),
        "a usual word": lambda: word(300, 3_000),
        "a word of most": lambda: word(0, 30),
        "two words": lambda: f"{word(0, 300)} {word(0, 3_000)}",
        "a phrase": lambda: f'"{word(0, 100)} {word(0, 100)}"',
        "a beginning": lambda: word(500, 5_000)[:4],
        "a part of a word": lambda: part(next(one for one in iter(lambda: word(500, 9_000), "") if len(one) > 5)),
        "Chinese": speech.han,
        "a word and a filter": lambda: f"{word(0, 3_000)} role:me since:2024",
        "a word that nobody said": lambda: f"{word(0, 3_000)}qx",
    }


def spread(took: list[float]) -> str:
    """The median and the 95th percentile, in milliseconds."""
    took = sorted(took)
    return f"{statistics.median(took) * 1000:9.2f}{took[int(len(took) * 0.95)] * 1000:9.2f}"


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure_ours(folder: Path, speech: Speech, said: int, messages: int) -> Search:
    search = Search(folder / FILE, folder / INDEX)
    took = timed(lambda: search.catch_up(thorough=True))
    size = (folder / INDEX).stat().st_size
    print(
        f"filled in {took:.1f} s, {messages / took:,.0f} messages a second, {said / took / 1e6:.1f} MB of text a second"
    )
    print(f"{size / 1e6:.1f} MB, {size / said:.2f} bytes for each byte said")
    print(f"up to date already: {spread([timed(search.catch_up) for _ in range(ROUNDS)])} ms")
    return search


def measure_kinds(folder: Path, speech: Speech, search: Search) -> None:
    theirs = sqlite3.connect(folder / "logs.db") if (folder / "logs.db").exists() else None
    print(f"\n{'milliseconds':26}{'find p50':>9}{'p95':>9}{'hits':>6}{'llm SQL p50':>14}{'p95':>9}")
    every: list[float] = []
    for name, make in kinds(speech).items():
        ours: list[float] = []
        llm: list[float] = []
        hits = 0
        for _ in range(ROUNDS):
            typed = make()
            start = time.perf_counter()
            found = search.find(typed, HITS)
            ours.append(time.perf_counter() - start)
            hits += len(found.hits)
            if theirs is not None:
                plain = " ".join(one for one in typed.split() if ":" not in one)
                llm.append(timed(lambda plain=plain: theirs.execute(LLM_SEARCH, (plain,)).fetchall()))  # type: ignore[misc]
        every += ours
        print(f"{name:26}{spread(ours)}{hits / ROUNDS:6.1f}     {spread(llm) if llm else ''}")
    print(f"{'all kinds':26}{spread(every)}")


def fill_llm(folder: Path, python: str) -> None:
    """The same messages in a database of `llm`, made by its own migrations; the folder is its LLM_USER_PATH."""
    code = """
import json, sys, sqlite_utils
from llm.migrations import migrate
db = sqlite_utils.Database(sys.argv[1]); migrate(db)
def rows():
    for at, line in enumerate(open(sys.argv[2])):
        conversation, when, prompt, response = json.loads(line)
        yield dict(id=f"{at:026}", model="claude", prompt=prompt, response=response, conversation_id=None,
                   datetime_utc="2024-01-01T00:00:00", duration_ms=1)
db["responses"].insert_all(rows(), batch_size=1000)
"""
    took = timed(lambda: subprocess.run([python, "-c", code, folder / "logs.db", folder / "pairs.jsonl"], check=True))
    size = (folder / "logs.db").stat().st_size
    print(f"llm: written and indexed in {took:.1f} s, {size / 1e6:.1f} MB with the text")


def measure_commands(folder: Path, speech: Speech, python: str) -> None:
    """Both command lines, as processes that take turns."""
    main = Path(__file__).parent.parent / "main.py"
    env = {**os.environ, "PARLANCE_HOME": str(folder.parent), "LLM_USER_PATH": str(folder)}
    ours: list[float] = []
    llm: list[float] = []
    words = kinds(speech)["a usual word"]
    for turn in range(11):
        word = words()
        sides = [(ours, [sys.executable, str(main), "search", word])]
        sides += [(llm, [python, "-m", "llm", "logs", "-n", str(HITS), "-q", word])] if python else []
        for took, command in sides:
            one = timed(lambda command=command: subprocess.run(command, env=env, capture_output=True, check=False))  # type: ignore[misc]
            if turn:
                took.append(one)
    print(f"\nparlance search WORD, as a process: {spread(ours)} ms")
    if llm:
        print(f"llm logs -q WORD, as a process:     {spread(llm)} ms")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.history_search", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--llm", default="", metavar="PYTHON", help="the Python that `llm` is installed in")
    options = parser.parse_args()
    print(f"{options.messages:,} messages; {load()}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"  # as the program has it
        folder.mkdir()
        speech, said = write(folder, options.messages)
        print(f"{said / 1e6:.1f} MB of text in {(folder / FILE).stat().st_size / 1e6:.1f} MB")
        search = measure_ours(folder, speech, said, options.messages)
        if options.llm:
            fill_llm(folder, options.llm)
        measure_kinds(folder, speech, search)
        measure_commands(folder, speech, options.llm)
    with tempfile.TemporaryDirectory() as name:
        print("\nLatin prose alone:")
        speech, said = write(Path(name), 20_000, latin_only=True)
        measure_ours(Path(name), speech, said, 20_000)


if __name__ == "__main__":
    main()
