"""A loop of tools that three providers share, and a server that others wrote: the screens, and what was sent.

Prints each screen as it was at the end, scrollback included, and then every request that the loopback servers
recorded, message by message, with what the linter of that API has to say of it.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.tour import request_lines
from tests.harness.home import Home
from tests.harness.journeys import Sitting, shared_loop, time_server


def main() -> int:
    """Play both sittings and print both sides of them; 1 where a request breaks a rule."""
    return max(shown("A loop that three providers share", shared_loop), shown("mcp-server-time", time_server))


def shown(title: str, play: Callable[[Home], Sitting]) -> int:
    """Print one sitting."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "home"
        path.mkdir()
        with Home(path) as home:
            sitting = play(home)
            code = sitting.terminal.leave()
            print(f"==== {title}\n\n{sitting.terminal.text}\n\nexit code {code}\n\n-- what was asked")
            print(*(f"\n{question}" for question in sitting.questions), sep="\n")
            requests = [(name, request) for name, server in home.servers.items() for request in server.chats]
    for name, request in requests:
        print(f"\n== sent to {name}; rules broken: {', '.join(request.broken) or 'none'}")
        print(*(f"   {line}" for line in request_lines(request)), sep="\n")
    return int(any(request.broken for _, request in requests))


if __name__ == "__main__":
    raise SystemExit(main())
