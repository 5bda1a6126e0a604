"""What the dependencies cost on the disk, with what only they bring, and to import: `python -m bench.dependencies`.

Run it with the Python of an environment that holds the program and nothing else. Sizes are of what is on the disk,
compiled files included. Times are of the processor, because a machine may be busy: the least of several runs, alone and
beside what a chat with Claude has loaded.
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distributions

from modules.config import ROOT

ROOT_NAME = "parlance-chat"
RUNS = 5
# What is looked at together, with what is imported of it when it is used.
GROUPS: Mapping[tuple[str, ...], str] = {
    ("beautifulsoup4", "lxml", "markdownify"): "bs4, lxml.etree, markdownify",
    ("mcp", "mcp-types"): "mcp.client.session, mcp.client.auth, mcp_types",
    ("google-genai",): "google.genai",
    ("pillow-heif",): "pillow_heif",
    ("pypdf",): "pypdf",
    ("pillow",): "PIL.Image, PIL.ImageOps",
    ("jsonschema", "referencing"): "jsonschema, referencing",
    ("psutil",): "psutil",
    ("truststore",): "truststore",
    ("socksio",): "socksio",
    ("genai-prices",): "genai_prices.data_snapshot",
    ("anthropic",): "anthropic",
    ("openai",): "openai",
    ("groq", "httpx"): "groq",
}
EXTRAS = {ROOT_NAME: ("mcp", "gemini", "heic"), "pyjwt": ("crypto",), "google-auth": ("requests",)}
CHAT = (
    "main, modules.chat.interactive, modules.chat.prompt.prompt_factory, modules.session.storage.store, "
    "modules.anthropic.service"
)


def main() -> int:
    """Print the table."""
    here = {_canonical(one.metadata["Name"]): one for one in distributions()}
    everything = reached(here, (ROOT_NAME,), ())
    print(f"all: {megabytes(here, everything)} in {len(everything)} packages")
    for group, modules in GROUPS.items():
        only = everything - reached(here, (ROOT_NAME,), group)
        others = ", ".join(sorted(only - set(group)))
        users = ", ".join(sorted(_users(here, group) & everything))
        alone, beside = least(modules, "sys"), least(modules, CHAT)
        print(f"{', '.join(group)}: {megabytes(here, only)}, {alone} ms alone, {beside} ms beside a chat")
        print(f"    brings {others or 'nothing'}; others that need it: {users or 'none'}")
    return 0


def reached(here: Mapping[str, Distribution], first: Iterable[str], without: Iterable[str]) -> set[str]:
    """The packages that some need, directly or not, where others were not there."""
    found: set[str] = set()
    waiting = list(first)
    while waiting:
        name = waiting.pop()
        if name in here and name not in found and name not in without:
            found.add(name)
            waiting += _required(here[name])
    return found


def _required(one: Distribution) -> list[str]:
    """What it asks for, with those of its extras that something here asks for: mcp wants `pyjwt[crypto]`."""
    extras = EXTRAS.get(_canonical(one.metadata["Name"]), ())
    wanted = [f'extra == "{extra}"' for extra in extras]
    asked = [
        line
        for line in one.requires or ()
        if "extra ==" not in line or any(extra in line.replace("'", '"') for extra in wanted)
    ]
    return [_canonical(match[0]) for line in asked if (match := re.match(r"[\w.-]+", line))]


def _users(here: Mapping[str, Distribution], group: Iterable[str]) -> set[str]:
    users = {name for name, one in here.items() if set(_required(one)) & set(group)}
    return users - set(group) - {ROOT_NAME}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def megabytes(here: Mapping[str, Distribution], names: Iterable[str]) -> str:
    """What their files take on the disk."""
    files = {str(file.locate()): file.locate() for name in names for file in here[name].files or ()}
    size = sum(path.stat().st_blocks * 512 for path in files.values() if path.is_file())  # type: ignore[attr-defined]
    return f"{size / 1e6:.1f} MB"


def least(modules: str, before: str) -> int:
    """The milliseconds that the import takes after another, at best."""
    code = (
        f"import sys, time; import {before}; a = time.process_time(); import {modules}; print(time.process_time() - a)"
    )
    runs = (
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        for _ in range(RUNS)
    )
    return round(1000 * min(float(run.stdout) for run in runs))


if __name__ == "__main__":
    sys.exit(main())
