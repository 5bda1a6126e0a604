"""`kill -9` at random moments of an answer: does the file open, and is what the screen showed a second before in it?"""

import random
import re
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from modules.llm.catalogue.catalogue_loader import load
from modules.llm.catalogue.learned_facts import LearnedFacts
from modules.session.storage import conversation_loader
from modules.session.storage.store import FILE
from tests.harness.home import Home
from tests.harness.terminal import Terminal
from tests.wire import Answer, Fault, Reasoning

KILLS = 50
LONGEST = 3.0  # seconds from the question to the kill
BEFORE = 1.0  # seconds; what was on the screen then has to be in the file
WORDS = 800
MODELS = {"groq": "groq:gpt-oss-120b", "anthropic": "anthropic:claude-sonnet-5.5", "openai": "openai:gpt-6-sol"}


@dataclass
class Kill:
    """What one kill left. `behind` is the age, in seconds, of the oldest word that was shown and is lost."""

    provider: str
    after: float
    shown: int
    kept: int
    opened: bool
    intact: bool
    asked: bool
    enough: bool
    goes_on: bool
    behind: float


def last_word(terminal: Terminal) -> int:
    """How many words of the answer are on the screen."""
    return 1 + max((int(number) for number in re.findall(r"word(\d+)\b", terminal.text)), default=-1)


def kill(home: Home, number: int) -> Kill:
    """Ask, kill the program while it answers, and look at what is left."""
    provider = random.choice(list(MODELS))
    server = home.servers[provider]
    after = random.uniform(0, LONGEST)
    fault = Fault.stall(random.randrange(20, 200)) if number % 5 == 0 else None
    server.answer(Answer(Reasoning("Hm."), " ".join(f"word{n}" for n in range(WORDS)), pace=0.005, fault=fault))
    requests = len(server.chats)
    terminal = home.open("-m", MODELS[provider]).prompt()
    terminal.enter(f"Question {number}")
    server.wait_for(requests + 1, timeout=10)
    seen: list[tuple[float, int]] = []
    until = time.monotonic() + after
    while time.monotonic() < until:
        seen.append((time.monotonic(), last_word(terminal)))
        time.sleep(0.02)
    terminal.signal(signal.SIGKILL)
    killed = time.monotonic()
    terminal.exit_code()
    opened, intact, question, answer = left(home)
    kept = answer.count("word")
    wanted = max((words for at, words in seen if at <= killed - BEFORE), default=0)
    lost = [at for at, words in seen if words > kept]
    done = home.run("-c", "-p", "Go on")
    fine = done.returncode == 0 and not server.chats[-1].broken
    return Kill(
        provider, after, seen[-1][1] if seen else 0, kept, opened, intact, question == f"Question {number}",
        kept >= wanted and answer == " ".join(f"word{n}" for n in range(kept)), fine, killed - lost[0] if lost else 0.0,
    )  # fmt: skip


def left(home: Home) -> tuple[bool, bool, str, str]:
    """Whether the file opens and is intact, and the last question and answer in it."""
    path = home.folder / "data" / FILE
    try:
        connection = sqlite3.connect(path)
        intact = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        catalogue = load(home.program / "models.yaml", home.folder / "models.yaml", lambda name: "")
        newest = conversation_loader.latest(connection) or ""
        found = conversation_loader.read(connection, newest, catalogue, next(iter(catalogue)), LearnedFacts())
        connection.close()
    except (sqlite3.Error, LookupError, ValueError) as error:
        print(error)
        return False, False, "", ""
    if found is None:
        return True, intact, "", ""
    return True, intact, found.conversation.messages[-1].text, found.cut.text if found.cut else ""


def main() -> None:
    """Kill so many times, and print the table."""
    kills, seed = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS, random.randrange(2**32)
    random.seed(seed)
    print(f"seed {seed}")
    print(f"{'':3} {'provider':10}{'after':>7}{'shown':>7}{'kept':>6}{'behind':>9}  opened intact asked enough goes-on")
    rows = []
    with tempfile.TemporaryDirectory() as folder, Home(Path(folder)) as home:
        for number in range(kills):
            row = kill(home, number)
            rows.append(row)
            facts = (row.opened, row.intact, row.asked, row.enough, row.goes_on)
            told = "  ".join(f"{'yes' if fact else 'NO':5}" for fact in facts)
            print(f"{number:3} {row.provider:10}{row.after:6.2f}s{row.shown:7}{row.kept:6}{row.behind:8.2f}s  {told}")
            sys.stdout.flush()
    for name in ("opened", "intact", "asked", "enough", "goes_on"):
        print(f"{name:8} {sum(getattr(row, name) for row in rows)} of {len(rows)}")
    behind = sorted(row.behind for row in rows)
    print(f"behind the screen: median {statistics.median(behind):.2f} s, longest {behind[-1]:.2f} s")


if __name__ == "__main__":
    main()
