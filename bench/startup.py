"""How long until the prompt echoes a key, beside a bare prompt_toolkit prompt in the same run; and the memory there.

The third row is the program with two MCP servers configured, which must cost nothing before they are needed; the fourth
with all that a person can settle and bring: 200 prompts, 50 skills, 20 plugins, in a folder of 100,000 files.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from bench.full_house import furnish
from bench.rig import IDLE, Program, home, load, once, parlance
from tests.harness.home import Home

ROUNDS = 15
BARE = "from prompt_toolkit import PromptSession; PromptSession().prompt('> ')"
KEY = "q"
GUIDE = ("-m", "offline:guide")
TOO_EARLY = (
    "anthropic", "openai", "groq", "pydantic", "httpx", "httpx2", "rich", "pygments", "markdown_it", "yaml",
    "mcp", "mcp_types", "jsonschema", "docstring_parser", "markdownify", "pathspec",
)  # fmt: skip
SERVER = {"command": sys.executable, "args": ["-m", "mcp_server_time"]}
SERVERS = json.dumps({"mcpServers": {"time": SERVER, "clock": SERVER}})


def start_to_echo(start: Callable[[], Program], mark: bytes) -> tuple[float, float]:
    """Seconds from start until a typed key is on the screen, and the memory in MB then."""
    with start() as program:
        program.prompt(mark=mark)
        came = len(program.raw)
        program.type(KEY)
        took = program.until(KEY.encode(), came) - program.started
        return took, program.memory()


def imported(home: Home) -> set[str]:
    """The top-level packages that are imported before the first prompt is on the screen."""
    # The list is printed the moment the first prompt is drawn: before the warm-up, after everything else.
    probe = (
        "import sys, runpy\n"
        "from prompt_toolkit.renderer import Renderer\n"
        "render = Renderer.render\n"
        "def told(self, *args, **kwargs):\n"
        "    render(self, *args, **kwargs)\n"
        "    open('imported', 'w').write('\\n'.join(sys.modules) + '\\n')\n"
        "    sys.exit()\n"
        "Renderer.render = told\n"
        "sys.argv = ['main.py', *sys.argv[1:]]\n"
        "sys.path.insert(0, 'program')\n"
        "runpy.run_path('program/main.py', run_name='__main__')\n"
    )
    told = home.folder / "imported"
    told.write_text("")
    with Program([sys.executable, "-c", probe, *GUIDE], home.env(), home.folder):
        deadline = time.monotonic() + 20
        while not told.read_text().endswith("\n") and time.monotonic() < deadline:
            time.sleep(0.05)
    return {name.partition(".")[0] for name in told.read_text().split()}


def import_time(home: Home) -> set[str]:
    """The top-level packages that `-X importtime main.py --version` names."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", str(home.program / "main.py"), "--version"],
        env=home.env(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}


def main() -> None:
    """Print the medians of interleaved rounds and their ratio, and what is imported too early."""
    with home() as here, home() as served, home() as full:
        work = furnish(full)
        site = {"PYTHONPATH": str(full.folder / "site")}
        subprocess.run(full.argv("plugins"), env=full.env(**site), stdout=subprocess.DEVNULL, check=True)
        once(full, *GUIDE)
        (served.folder / "mcp.json").write_text(SERVERS)
        (served.folder / "mcp.json").chmod(0o600)
        once(here, *GUIDE)
        once(served, *GUIDE)
        starts: dict[str, Callable[[], Program]] = {
            "bare prompt_toolkit": lambda: Program([sys.executable, "-c", BARE], here.env(), here.folder),
            "parlance": lambda: parlance(here, *GUIDE),
            "with two MCP servers": lambda: parlance(served, *GUIDE),
            "with all of it": lambda: Program(full.argv(*GUIDE), full.env(**site), work),
        }
        rows: dict[str, list[tuple[float, float]]] = {name: [] for name in starts}
        for _ in range(ROUNDS):
            for name, start in starts.items():
                rows[name].append(start_to_echo(start, b"\x1b[0m>" if name.startswith("bare") else IDLE))
        early = {"--version": import_time(served), "the first prompt": imported(served)}
    for name, runs in rows.items():
        took, memory = (statistics.median(column) for column in zip(*runs, strict=True))
        print(f"{name:22}{took * 1000:8.0f} ms{memory:8.1f} MB")
    for name, other, most in (
        ("parlance", "bare prompt_toolkit", 1.5),
        ("with two MCP servers", "parlance", 1.05),
        ("with all of it", "parlance", 1.05),
    ):
        ours, bare = ([took for took, _ in rows[one]] for one in (name, other))
        middle = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
        # On a busy machine the quickest of each is the least disturbed.
        quickest = min(ours) / min(bare)
        print(f"{name} / {other}: median of pairs {middle:.2f}, quickest of each {quickest:.2f} (at most {most})")
    for what, names in early.items():
        print(
            f"imported before {what} though it should not be: {', '.join(names.intersection(TOO_EARLY)) or 'nothing'}"
        )
    print(load())


if __name__ == "__main__":
    main()
