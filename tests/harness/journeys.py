"""Two sittings at the real program with tools: a loop that three providers share, and a server that others wrote."""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.harness.home import Home
from tests.harness.terminal import CTRL_C, Terminal
from tests.wire import Answer, Call, Fault, Reasoning, Text

GUARD = 0.4  # seconds in which a question takes no key
AGAIN = 2.0  # seconds after which a key was not taken
KEYS = "y yes"  # stands below a question for as long as it is asked
NEVER = Fault.slow_headers(60)
LIST = "milk\nbread\n"
PROVIDERS = ("anthropic:sonnet", "openai:gpt-6.1-sol", "groq:gpt-oss-120b")


class Sitting:
    """A person at the real program who is asked; `questions` are as they stood on the screen, which forgets them."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.questions: list[str] = []

    def answers(self, key: str, question: str) -> None:
        """Press a key once the question is there, and again where it came in the moment in which none counts."""
        self.terminal.sees(question).sees(KEYS)
        self.questions.append(self._asked())
        pressed = 0.0
        while self._asked() == self.questions[-1]:
            if time.monotonic() - pressed > AGAIN:
                time.sleep(GUARD)
                self.terminal.type(key)
                pressed = time.monotonic()
            time.sleep(0.02)

    def _asked(self) -> str:
        """The question that stands on the screen; "" where there is none."""
        _, allow, rest = self.terminal.text.rpartition("Allow ")
        return f"{allow}{rest}".strip() if allow and KEYS in rest else ""


def shared_loop(home: Home) -> Sitting:
    """One loop of tools: Claude begins it with two calls side by side, OpenAI goes on with two more, Groq ends it.

    The first switch comes when all results are there, the second while one of two calls still runs.
    """
    folder = Path(tempfile.mkdtemp(dir=home.folder.parent))
    (folder / "notes.txt").write_text(LIST)
    look = Call("read_file", {"path": "notes.txt"}), Call("run_command", {"command": "wc -l notes.txt"})
    home.anthropic.answer(Answer(Reasoning("Two looks at once."), Text("Let me look."), *look))
    home.anthropic.answer(Answer(fault=NEVER))
    change = Call("edit_file", {"path": "notes.txt", "old": "bread\n", "new": "bread\neggs\n"})
    wait = Call("run_command", {"command": "echo waiting; sleep 60"})
    home.openai.answer(Answer(Reasoning("Eggs are missing."), Text("I add eggs, and wait."), change, wait))
    home.groq.answer(Answer(Call("run_command", {"command": "rm notes.txt"})), Answer("The list has 3 things now."))
    home.anthropic.answer(Answer(Text("Groq has told it right.")))
    terminal = home.open("-m", PROVIDERS[0], columns=100, rows=60, cwd=folder, cold=True).prompt()
    sitting = Sitting(terminal)
    terminal.enter("How long is my list? Add eggs.")
    sitting.answers("y", "wc -l notes.txt")
    home.anthropic.wait_for(2)
    terminal.type(CTRL_C).prompt().ask(f"/model {PROVIDERS[1]}")
    terminal.enter("/continue")
    sitting.answers("y", "+eggs")
    sitting.answers("y", "echo waiting; sleep 60")
    terminal.sees("run_command").sees("#3 edit_file").sees("waiting")
    terminal.type(CTRL_C).prompt().ask(f"/model {PROVIDERS[2]}")
    terminal.enter("/continue")
    sitting.answers("r", "rm notes.txt")
    terminal.enter("Keep the file.")
    terminal.sees("The list has 3 things now.").prompt()
    terminal.ask("/model -")
    terminal.ask("/model anthropic:sonnet")
    terminal.ask("Is that right?")
    return sitting


def time_server(home: Home) -> Sitting:
    """mcp-server-time, from its own entry in mcp.json, called by each of the three providers in one conversation."""
    entry = {"command": sys.executable, "args": ["-m", "mcp_server_time", "--local-timezone", "Europe/Zurich"]}
    path = home.folder / "mcp.json"
    path.write_text(json.dumps({"mcpServers": {"time": entry}}))
    os.chmod(path, 0o600)
    ask = {"source_timezone": "Asia/Tokyo", "time": "09:30", "target_timezone": "UTC"}
    terminal = home.open("-m", PROVIDERS[0], columns=100, rows=60, cold=True).prompt()
    sitting = Sitting(terminal)
    for name in PROVIDERS:
        server = home.servers[name.partition(":")[0]]
        server.answer(Answer(Call("time__convert_time", ask)), Answer(f"Half past midnight, says {name}."))
        if name != PROVIDERS[0]:
            terminal.ask(f"/model {name}")
        terminal.enter("When is half past nine in Tokyo, in UTC?")
        sitting.answers("y", 'runs a tool of the MCP server "time"')
        terminal.sees(f"Half past midnight, says {name}.").prompt()
    terminal.ask("/mcp")
    return sitting
