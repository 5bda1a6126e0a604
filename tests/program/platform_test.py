"""What a system lacks is not asked of it before it is used: the program also starts where there is no fork."""

import subprocess
import sys

from modules.config import ROOT

# What Python has on Linux and not on Windows, taken away before any of our files is loaded.
LACKING = """
import os, pkgutil, importlib, signal
import anyio, httpx2, mcp, prompt_toolkit, rich
for name in ("O_NOFOLLOW O_DIRECTORY O_CLOEXEC O_NONBLOCK O_PATH killpg getpgid setsid fork getuid geteuid fchmod "
             "fchown fchdir set_blocking").split():
    delattr(os, name)
for name in "SIGKILL SIGHUP SIGALRM alarm".split():
    delattr(signal, name)
import modules
for found in pkgutil.walk_packages(modules.__path__, "modules."):
    importlib.import_module(found.name)
"""


def test_every_file_loads_where_the_system_offers_less() -> None:
    done = subprocess.run([sys.executable, "-c", LACKING], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
