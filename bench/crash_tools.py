"""`kill -9` at random moments of a tool loop: is the file whole, has every call one result, and does it go on?"""

import random
import signal
import sqlite3
import sys
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path

import psutil

from modules.llm.catalogue.catalogue_loader import load
from modules.llm.catalogue.learned_facts import LearnedFacts
from modules.session.conversation import Conversation
from modules.session.storage import conversation_loader
from modules.session.storage.store import FILE
from tests.harness.conversation_machine import MODELS
from tests.harness.home import Home
from tests.harness.transformer_harness import Dry, facts_of, wire_name
from tests.wire import Answer, Call, Reasoning
from tests.wire.rulebook import broken_rules

KILLS = 50
LONGEST = 3.0  # seconds from the question to the kill
NAMES = ("groq:gpt-oss-120b", "anthropic:claude-sonnet-5.5", "openai:gpt-6-sol")
FACTS = ("opened", "intact", "goes_on", "one_result", "taken")


def script(mark: str) -> list[Answer]:
    """Three rounds of two slow commands and a quick tool, and an answer."""
    rounds = []
    for number in range(3):
        commands = [f"echo begun {number}; sleep 0.{part + 3}; : {mark}; echo done" for part in range(2)]
        calls = [Call("run_command", {"command": command}) for command in commands]
        quick = Call("calculate", {"expression": f"2 + {number}"})
        rounds.append(Answer(Reasoning("Hm."), "Let me look.", calls[0], quick, calls[1], pace=0.01))
    return [*rounds, Answer("That is all.", pace=0.01)]


def found_in(home: Home) -> tuple[Conversation | None, bool]:
    """The last conversation of the file, and whether the file is intact."""
    connection = sqlite3.connect(home.folder / "data" / FILE)
    try:
        intact = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        models = load(home.program / "models.yaml", home.folder / "models.yaml", lambda name: "")
        found = conversation_loader.read(
            connection, conversation_loader.latest(connection) or "", models, next(iter(models)), LearnedFacts()
        )
    finally:
        connection.close()
    return (found.conversation if found else None), intact


def where(conversation: Conversation) -> str:
    """What the program was doing when it was killed, as far as the file tells."""
    if not conversation.messages:
        return "nothing kept"
    last = conversation.messages[-1]
    return "tools ran" if last.calls else {"user": "first answer", "tool": "next answer"}.get(last.role, "all was over")


def whole(conversation: Conversation) -> bool:
    """Whether each call has one result, in call order, right after it."""
    messages = conversation.messages
    return all(
        [one.call_id for one in messages[at + 1].results] == [one.id for one in message.calls]
        for at, message in enumerate(messages)
        if message.calls
    )


def taken(conversation: Conversation) -> bool:
    """Whether every kind of model takes the next request."""
    dry = Dry(conversation.model)
    dry.conversation = conversation
    return not any(broken_rules(wire_name(model), dry.body(model), facts_of(model)) for model in MODELS.values())


def orphans(mark: str) -> int:
    """End what the killed program could not end any more, and count it."""
    left = [one for one in psutil.process_iter(["cmdline"]) if mark in " ".join(one.info["cmdline"] or ())]
    for process in left:
        process.kill()
    return len(left)


def kill(home: Home, number: int) -> tuple[str, float, int, dict[str, bool]]:
    """Ask, kill the program in the loop, look at what is left, and go on with some model."""
    mark = uuid.uuid4().hex
    name, other = random.choice(NAMES), random.choice(NAMES)
    for server in home.servers.values():
        server.forget()
    server = home.servers[name.partition(":")[0]]
    server.answer(*script(mark))
    after = random.uniform(0, LONGEST)
    terminal = home.open("-m", name, "--yes").prompt()
    terminal.enter(f"Question {number}")
    server.wait_for(1, timeout=10)
    time.sleep(after)
    terminal.signal(signal.SIGKILL)
    terminal.exit_code()
    left = orphans(mark)
    facts = dict.fromkeys(FACTS, False)
    try:
        before, facts["intact"] = found_in(home)
        facts["opened"] = before is not None
        for server in home.servers.values():
            server.forget()
        done = home.run("-c", "-m", other, "-p", "Go on")
        chats = home.servers[other.partition(":")[0]].chats
        facts["goes_on"] = done.returncode == 0 and len(chats) == 1 and not chats[0].broken
        conversation, _ = found_in(home)
        facts["one_result"] = conversation is not None and whole(conversation)
        facts["taken"] = conversation is not None and taken(conversation)
    except (sqlite3.Error, LookupError, ValueError) as error:
        print(error)
        return "unreadable", after, left, facts
    return (where(before) if before else "nothing kept"), after, left, facts


def main() -> None:
    """Kill so many times, and print the table."""
    kills, seed = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS, random.randrange(2**32)
    random.seed(seed)
    print(f"seed {seed}")
    good: Counter[str] = Counter()
    places: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, Home(Path(folder)) as home:
        for number in range(kills):
            place, after, left, facts = kill(home, number)
            places[place] += 1
            good.update(name for name, fact in facts.items() if fact)
            bad = " ".join(name for name, fact in facts.items() if not fact)
            print(
                f"{number:3} {after:5.2f}s  {place:14} {left} left running  {f'NOT {bad}' if bad else ''}", flush=True
            )
    for name in FACTS:
        print(f"{name:11}{good[name]} of {kills}")
    print(", ".join(f"{place}: {count}" for place, count in places.most_common()))


if __name__ == "__main__":
    main()
