"""The real program against third-party servers that are really started: llama-server, LiteLLM's proxy, MCP servers.

Not a benchmark, and not for CI: `python -m bench.real.setup FOLDER` installs the servers, in a quarter of an hour.
Prints a row for each check; 1 where one failed, 2 where the servers are not there.
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.real import gateway, llama, mcp
from bench.real.checks import Board
from bench.real.setup import missing

GROUPS: Mapping[str, Callable[[Board, Path], None]] = {"llama": llama.check, "gateway": gateway.check, "mcp": mcp.check}


def main() -> int:
    """Run the groups of checks that are wanted, all by default."""
    parser = argparse.ArgumentParser(prog="python -m bench.real_servers", description=__doc__.partition("\n")[0])
    parser.add_argument("--servers", type=Path, default=Path("real-servers"), help="the folder with the servers")
    parser.add_argument("groups", nargs="*", help=f"{', '.join(GROUPS)}; all where none is named")
    wanted = parser.parse_args()
    if unknown := [name for name in wanted.groups if name not in GROUPS]:
        parser.error(f"there is no group {', '.join(unknown)}")
    if lacking := missing(wanted.servers):
        print(f"Not there: {', '.join(lacking)}. Install with: python -m bench.real.setup {wanted.servers}")
        return 2
    board = Board()
    for name in wanted.groups or GROUPS:
        GROUPS[name](board, wanted.servers.resolve())
    print(f"{board.passed} passed, {board.failed} failed")
    return 1 if board.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
