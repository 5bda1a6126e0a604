"""What the shell completes, in real shells, and the man page: both of the declarations that the program reads by."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs import man_page
from modules.chat.subcommand import SUBCOMMANDS
from modules.config import ROOT
from tests.harness.home import Home
from tests.harness.terminal import PATIENCE

# In bash the words are what COMP_WORDS has; the function is the one that the script has given to the program.
IN_BASH = """
source "$1"; shift
function=$(complete -p parlance | sed "s/.*-F //;s/ .*//")
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
$function parlance; printf '%s\\n' "${COMPREPLY[@]}"
"""
IN_ZSH = """
import pexpect, sys
script, line = sys.argv[1:]
zsh = pexpect.spawn("zsh", ["-f", "-i"], encoding="utf-8", dimensions=(60, 200), timeout={patience})
zsh.sendline("PS1=READY'> '; fpath=(${{script:h}} $fpath); autoload -Uz compinit; compinit -u -D".replace(
    "${{script:h}}", script.rpartition("/")[0]))
zsh.expect("READY> ")
zsh.send(line + "\\t")
zsh.expect(sys.stdin.read())
"""


@pytest.fixture
def shell(home: Home, tmp_path: Path) -> dict[str, str]:
    """The environment of a shell in which `parlance` is this checkout."""
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "parlance").write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(ROOT))}/main.py "$@"\n'
    )
    (bin / "parlance").chmod(0o755)
    env = home.env()
    return {**env, "PATH": f"{bin}:{env['PATH']}", "TERM": "dumb"}


def script(home: Home, tmp_path: Path, name: str) -> Path:
    done = home.run("completion", name)
    assert (done.stderr, done.returncode) == ("", 0)
    path = tmp_path / "_parlance"
    path.write_text(done.stdout)
    return path


def ran(argv: list[str], env: dict[str, str], given: str = "") -> str:
    done = subprocess.run(argv, env=env, input=given, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("--js",), {"--json", "--json-stream"}),
        (("sess",), {"sessions"}),
        (("show", "--h"), {"--help", "--html"}),
        (("--fit", ""), {"refuse", "trim", "compact"}),
        (("-m", "gpt-oss-1"), {"gpt-oss-120b"}),
        (("completion", ""), {"bash", "zsh", "fish", "powershell"}),
    ],
    ids=["an-option", "a-subcommand", "an-option-of-one", "a-choice", "a-model", "a-shell"],
)
def test_bash_completes(
    home: Home, shell: dict[str, str], tmp_path: Path, words: tuple[str, ...], offered: set[str]
) -> None:
    path = script(home, tmp_path, "bash")
    assert set(ran(["bash", "-c", IN_BASH, "bash", str(path), "parlance", *words], shell).split()) == offered


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("--js", "--json-stream"),
        ("sess", "sessions"),
        ("-m groq:gpt-oss-1", "groq:gpt-oss-120b"),
        ("show --h", "--html"),
    ],
)
def test_fish_completes(home: Home, shell: dict[str, str], tmp_path: Path, line: str, offered: str) -> None:
    path = script(home, tmp_path, "fish")
    asked = f"source {path}; complete -C {shlex.quote(f'parlance {line}')}"
    assert offered in [row.split("\t")[0] for row in ran(["fish", "-c", asked], shell).splitlines()]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
@pytest.mark.parametrize(
    ("line", "completed"), [("sess", "parlance sessions"), ("-m groq:gpt-oss-1", "groq:gpt-oss-120b")]
)
def test_zsh_completes(home: Home, shell: dict[str, str], tmp_path: Path, line: str, completed: str) -> None:
    path = script(home, tmp_path, "zsh")
    code = IN_ZSH.format(patience=PATIENCE)
    ran([sys.executable, "-c", code, str(path), f"parlance {line}"], {**os.environ, **shell}, completed)


def test_powershell_gets_a_script_too(home: Home, tmp_path: Path) -> None:
    assert "Register-ArgumentCompleter" in script(home, tmp_path, "powershell").read_text()


def test_a_shell_that_is_not_known_is_named_with_those_that_are(home: Home) -> None:
    done = home.run("completion", "csh")
    assert done.returncode == 2
    assert "bash" in done.stderr


def test_the_man_page_is_what_the_program_declares_today() -> None:
    assert man_page.PAGE.read_text("utf-8") == man_page.man_page(), "python -m docs.tables writes it"
    assert all(f"parlance {name}" in man_page.man_page() for name in SUBCOMMANDS)


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_the_man_page_is_read_without_a_warning() -> None:
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", str(man_page.PAGE)],
        env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stderr, done.returncode) == ("", 0)
    assert "EXIT STATUS" in done.stdout
