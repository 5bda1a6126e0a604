"""What `home_tour` plays on: a folder to work in, what is printed of screens and requests, and what is missing."""

import json
from pathlib import Path

from bench.tour import request_lines
from tests.harness.home import Home
from tests.harness.sample_files import picture
from tests.harness.terminal import Terminal
from tests.wire import Request, WireServer

COLUMNS, ROWS = 100, 40
WL_PASTE = """case "$*" in
*--list-types*) printf "image/png\\n";;
*) cat "$HOME/held";;
esac"""
REVIEW = """---
description: Review a function
argument-hint: [file] [what matters]
model: groq:gpt-oss-20b
system: Name only what is wrong.
tools: none
options: {temperature: 0.1}
---
Review @$1. What matters: $2.
"""


class Tour:
    """One person's machine, what is shown of it, and what is missing."""

    def __init__(self, home: Home, engine: WireServer, work: Path) -> None:
        self.home = home
        self.engine = engine
        self.missing: list[str] = []
        self.work = work
        self._seen = dict.fromkeys(home.servers, 0)

    def forget(self) -> None:
        """Let go of what one scene has left at the servers, so that the next begins with nothing."""
        for name, server in self.home.servers.items():
            server.forget()
            self._seen[name] = 0

    def must(self, what: str, there: object) -> None:
        """Note what is missing."""
        if not there:
            self.missing.append(what)
            print(f"\n!! missing: {what}")

    def open(self, *args: str, **env: str) -> Terminal:
        return self.home.open(*args, columns=COLUMNS, rows=ROWS, cwd=self.work, env=env).prompt()

    def shows(self, what: str, text: str) -> None:
        """Print a screen, and what the servers were sent since the last one."""
        print(f"\n== {what}\n{text.rstrip()}")
        for name, server in self.home.servers.items():
            for request in list(server.requests)[self._seen[name] :]:
                print(f"\n-- sent to {name}: {request.method} {request.path}")
                print(*(f"   {line}" for line in _short(request)), sep="\n")
                self.must(f"a request to {name} that breaks no rule: {request.broken}", not request.broken)
            self._seen[name] = len(server.requests)


def furnish(home: Home, work: Path) -> None:
    """A folder to work in, a prompt and a role of one's own, and a clipboard with a picture."""
    for name in ("bin", "prompts", "roles"):
        (home.folder / name).mkdir()
    (work / "ledger.py").write_text("".join(f"line_{number} = {number}\n" for number in range(1, 41)))
    (home.folder / "prompts" / "review.md").write_text(REVIEW)
    (home.folder / "roles" / "miller.md").write_text("---\ndescription: Speaks of mills\n---\nYou are a miller.\n")
    (home.folder / "held").write_bytes(picture(64, 48))
    for name, script in {"wl-paste": WL_PASTE, "wl-copy": 'cat > "$HOME/copied"'}.items():
        (home.folder / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (home.folder / "bin" / name).chmod(0o755)


def _short(request: Request) -> list[str]:
    """The last messages of a request, and what else it sets."""
    if not isinstance(request.body, dict):
        return []
    names = ("model", "temperature", "seed", "response_format")
    sets = {name: request.body[name] for name in names if name in request.body}
    return [json.dumps(sets), *request_lines(request)[-3:]]
