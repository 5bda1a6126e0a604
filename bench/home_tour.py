"""From nothing to at home: the real program in a pseudo-terminal, a fresh home without a key, and what was sent.

A key is taken and tried, files, pictures and commands go with questions, three models search the web, a prompt of one's
own, a role, options, code that is copied and saved, and answers for scripts. Prints the screens and what the servers
were sent, and checks both; the exit code is 1 where something is missing.
"""

import json
import os
import re
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.home_tour_stage import Tour, furnish
from tests.harness.home import KEYS, Home
from tests.harness.journeys import Sitting
from tests.harness.keyrings import NONE, kept_in_ring, ring
from tests.harness.questions import choose
from tests.harness.sample_files import sent
from tests.harness.terminal import Terminal
from tests.wire import Answer, Call, Cites, Page, Reasoning, Request, Search, Text, WireServer

GROQ_KEY, CLAUDE_KEY = "gsk_" + "a7Bc2D9e" * 6, "sk-ant-api03-" + "a7Bc2D9e" * 6
MILL = Page("https://mills.example/wheel", "Mill wheels")
RIVER = Page("https://rivers.example/husum", "The river at Husum")
TOWN = {"url": "https://town.example/mill", "title": "The town mill", "content": "It was built in 1741."}
CODE = "First:\n\n```python\nprint('one')\n```\n\nThen:\n\n```sh\necho two\n```\n"
SCHEMA = "name, age int"


def main() -> int:
    """Play it and print it."""
    scenes: list[Callable[[Tour], None]] = [
        first_key, key_in_keyring, things_from_around, searches, own_prompt, options, code_blocks, scripts,
    ]  # fmt: skip
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as work,
        Home(Path(folder)) as home,
        WireServer("chat", key=None) as engine,
    ):
        home.keys.clear()
        home.groq.key, home.anthropic.key = GROQ_KEY, CLAUDE_KEY
        engine.pages["/search"] = {"results": [TOWN]}
        tour = Tour(home, engine, Path(work))
        furnish(home, tour.work)
        for scene in scenes:
            print(f"\n######## {scene.__doc__}")
            try:
                scene(tour)
            except (AssertionError, LookupError, OSError, ValueError) as error:  # as a wait that ended without it
                tour.must(f"{scene.__name__}: {error}", False)
            tour.forget()
    print(f"\n{len(tour.missing)} missing" if tour.missing else "\nnothing missing")
    return 1 if tour.missing else 0


def _take(chat: Terminal, line: str, key: str) -> Terminal:
    """Give a key in the line that does not show it."""
    chat.prompt().enter(line).sees("Enter takes it").paste(key).sees(f"{len(key)} characters")
    print(f"\n== the line that shows no key\n{chat.text}")
    return chat.type("\r")


def first_key(tour: Tour) -> None:
    """A first key, kept in a file."""
    home = tour.home
    chat = tour.open(**ring(home, NONE)).sees("No key is set. /key takes one")
    tour.shows("the first screen", chat.text)
    choose(_take(chat, "/key", GROQ_KEY), "Shall a file keep the key of Groq?", 1)
    choose(chat, "Which model answers from now on?", 1).sees("offline:guide → groq:")
    home.groq.answer("The wheel turns because the water is **heavy**.")
    chat.ask("Why does a mill wheel turn?")
    tour.must("exit code 0", chat.leave() == 0)
    tour.shows("a key, and the first answer", chat.text)
    file = home.folder / ".env"
    tour.must("the key in the file", file.read_text() == f"GROQ_API_KEY={GROQ_KEY}\n")
    tour.must("a file for one user alone", stat.S_IMODE(file.stat().st_mode) == 0o600)
    tour.must("a key that is nowhere on the screen", GROQ_KEY.encode() not in chat.raw)
    tour.must("a list of models asked with it", [r.path for r in home.groq.requests][:1] == ["/openai/v1/models"])


def key_in_keyring(tour: Tour) -> None:
    """A second key, kept in the keyring, and a switch."""
    home = tour.home
    chat = tour.open("-c", **ring(home, "File"))
    choose(_take(chat, "/key", CLAUDE_KEY), "Where is the key of Anthropic kept?", 1).sees("is in the keyring now")
    chat.ask("/model sonnet")
    home.anthropic.answer(Answer(Reasoning("Weight."), Text("Its weight pulls one side down.")))
    chat.ask("And why is that?")
    chat.leave()
    tour.shows("a key in the keyring", chat.text)
    tour.must("the key in the keyring", kept_in_ring(home) == {"ANTHROPIC_API_KEY": CLAUDE_KEY})
    tour.must("no key in another file", CLAUDE_KEY not in (home.folder / ".env").read_text())
    tour.must("what Groq said, told to Claude", "heavy" in _body(home.anthropic.chats[-1]))
    listed = home.run("keys", env=ring(home, "File"))
    tour.shows("parlance keys", listed.stdout + listed.stderr)
    tour.must("a list of keys without keys", CLAUDE_KEY not in listed.stdout and "keyring" in listed.stdout)
    home.keys["ANTHROPIC_API_KEY"] = CLAUDE_KEY  # the rest goes without a keyring, which needs a start of its own


def things_from_around(tour: Tour) -> None:
    """A file by some of its lines, a picture from the clipboard, and commands."""
    home = tour.home
    path = f"{home.folder / 'bin'}:{os.environ.get('PATH', os.defpath)}"
    chat = tour.open("-m", "anthropic:claude-sonnet-5.5", PATH=path, WAYLAND_DISPLAY="wayland-0")
    chat.type("What is in @ledg").sees("ledger.py")
    tour.shows("the menu of files", chat.text)
    chat.type("\t").line_with("What is in @ledger.py").type(":10-12?").line_with("What is in @ledger.py:10-12?")
    home.anthropic.answer("Three lines.", "Blue, all of it.", "Two files.")
    chat.type("\r").sees("Three lines.").prompt()
    asked = _body(home.anthropic.chats[-1])
    tour.must("lines 10 to 12 and no others", "line_10 = 10" in asked and "line_12" in asked and "line_13" not in asked)
    chat.ask("/paste")
    chat.ask("What colour is this?")
    tour.must("the picture", [one[1].size for one in sent(home.anthropic.chats[-1])] == [(64, 48)])
    tour.must("a command's output on the screen", "seen only here" in chat.ask("!echo seen only $(echo here)"))
    chat.ask("!!ls")
    chat.ask("How many files is that?")
    asked = _body(home.anthropic.chats[-1])
    tour.must("what !! gave", "$ ls" in asked or "ledger.py" in asked.rpartition("Blue")[2])
    tour.must("nothing of what ! gave", "seen only" not in asked)
    chat.leave()
    tour.shows("a file, a picture, commands", chat.text)


def searches(tour: Tour) -> None:
    """Three models search the web: two by their providers, one by an engine."""
    home = tour.home
    home.keys["OPENAI_API_KEY"] = KEYS["OPENAI_API_KEY"]
    settings = home.folder / "settings.toml"
    before = settings.read_text()
    settings.write_text(f'{before}[search]\nengine = "searxng"\nurl = "{tour.engine.origin}"\n')
    look = Search("mill wheel speed", (MILL, RIVER))
    home.anthropic.answer(Answer("I look it up.", look, "The wheel ", Cites("turns slowly", (MILL,)), "."))
    home.openai.answer(Answer(Search("husum river", (RIVER,)), "The river ", Cites("rises", (RIVER,)), " in spring."))
    home.groq.answer(
        Answer(Call("web_search", {"query": "town mill built"})),
        "It was built in 1741 [1] (https://town.example/mill).",
    )
    chat = tour.open("-m", "anthropic:claude-sonnet-5.5")
    chat.ask("How fast does it turn?")
    chat.ask("/model openai:gpt-6.1-sol")
    chat.ask("And the river?")
    chat.ask("/model groq:qwen")
    chat.enter("When was the mill built?")
    sitting = Sitting(chat)
    sitting.answers("y", "Allow")
    chat.sees("1741 [1]").prompt()
    screen = chat.text
    chat.leave()
    tour.shows("the question of the engine's search", sitting.questions[0])
    tour.shows("three searches", screen)
    tour.must("a mark and a page of Anthropic's search", "slowly[1]" in screen and f"[1] {MILL.title}" in screen)
    tour.must("a page of OpenAI's search", RIVER.title in screen.rpartition("→ openai")[2])
    tour.must("the engine asked", [r.path for r in tour.engine.requests] == ["/search"])
    carried = _body(home.groq.chats[-1])
    tour.must("what was found, told to the next model", MILL.url in carried and RIVER.url in carried)
    settings.write_text(before)


def own_prompt(tour: Tour) -> None:
    """A prompt and a role of one's own."""
    home = tour.home
    chat = tour.open("-m", "groq:gpt-oss-120b")
    chat.type("/rev").sees("Review a function")
    tour.shows("the menu of commands", chat.text)
    chat.type("\x15").prompt()
    home.groq.answer("Line 1 is wrong.", "Aye.")
    chat.ask("/review ledger.py speed and memory")
    request = home.groq.chats[-1]
    tour.must("the model of the prompt", request.body["model"] == "openai/gpt-oss-20b")
    tour.must("its instructions", "Name only what is wrong." in _body(request))
    tour.must("its words and the file", "speed and memory" in _body(request) and "line_40" in _body(request))
    tour.must("its option, and no tools", request.body.get("temperature") == 0.1 and not request.body.get("tools"))
    chat.ask("/role miller")
    chat.ask("Who are you?")
    tour.must("the role", "You are a miller." in _body(home.groq.chats[-1]))
    tour.must("the own model again", home.groq.chats[-1].body["model"] == "openai/gpt-oss-120b")
    chat.leave()
    tour.shows("a prompt and a role", chat.text)


def options(tour: Tour) -> None:
    """How answers are generated."""
    home = tour.home
    chat = tour.open("-m", "groq:gpt-oss-120b", "-o", "seed=7")
    chat.ask("/set temperature 0.2")
    chat.ask("/set options")
    chat.ask("Turn.")
    body = home.groq.chats[-1].body
    tour.must("-o and /set in the request", (body.get("seed"), body.get("temperature")) == (7, 0.2))
    chat.leave()
    tour.shows("options", chat.text)


def code_blocks(tour: Tour) -> None:
    """Blocks of code, copied and saved by their numbers."""
    home = tour.home
    path = f"{home.folder / 'bin'}:{os.environ.get('PATH', os.defpath)}"
    chat = tour.open("-m", "groq:gpt-oss-120b", PATH=path, WAYLAND_DISPLAY="wayland-0")
    home.groq.answer(CODE)
    chat.ask("Two blocks, please.")
    chat.ask("/copy 2")
    chat.ask("/save 1 one.py")
    chat.leave()
    tour.shows("blocks of code", chat.text)
    tour.must("numbers", re.search(r"python · 1$", chat.text, re.M) and re.search(r"sh · 2$", chat.text, re.M))
    tour.must("the block on the clipboard", (home.folder / "copied").read_text() == "echo two")
    tour.must("the block in a file", (tour.work / "one.py").read_text() == "print('one')\n")


def scripts(tour: Tour) -> None:
    """Answers for scripts."""
    home = tour.home
    model = ("-m", "groq:gpt-oss-120b")
    home.groq.answer('{"name": "Rex", "age": 3}', CODE, "One two.")
    dog = home.run("-p", "Name a dog.", "--schema", SCHEMA, *model, cwd=tour.work)
    block = home.run("-x", "Two blocks, please.", *model, cwd=tour.work)
    stream = home.run("-p", "Count.", "--json-stream", *model, cwd=tour.work)
    for what, done in {"--schema": dog, "-x": block, "--json-stream": stream}.items():
        tour.shows(what, f"{done.stdout}{done.stderr}exit code {done.returncode}")
        tour.must(f"{what}: exit code 0", done.returncode == 0)
    tour.must("an answer by the schema", json.loads(dog.stdout) == {"name": "Rex", "age": 3})
    tour.must("the first block and nothing else", block.stdout == "print('one')\n")
    lines = [json.loads(line) for line in stream.stdout.splitlines()]
    tour.must("a stream from start to end", [lines[0]["type"], lines[-1]["type"]] == ["start", "end"])
    tour.must("the text in pieces", "".join(one["text"] for one in lines if one["type"] == "text") == "One two.")


def _body(request: Request) -> str:
    return json.dumps(request.body)


if __name__ == "__main__":
    sys.exit(main())
