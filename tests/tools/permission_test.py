"""Standing permissions: what was allowed runs unasked, and nothing else does, whatever a shell makes of a line."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from modules.tools.approval import Approval, Decision, Permission
from modules.tools.programs.command_line import unsafe_prefix, words_of
from modules.tools.programs.shell import run_command
from modules.tools.tool import Plan, Tool, ToolContext, tool

ROOT = Path(__file__).parent


@tool
async def deploy() -> str:
    """Another tool."""
    return ""


async def plan_of(line: str, one: Tool = run_command) -> Plan:
    arguments = {"command": line} if one is run_command else {}
    return await one.prepare(arguments, ToolContext(ROOT, ROOT))


async def covered(permission: Permission, line: str) -> bool:
    return permission.covers(run_command, await plan_of(line))


GIT_STATUS = Permission("run_command", "git status", prefix=True)

# Each begins with the words that are allowed, or seems to, and a shell runs something else or something more.
MORE_THAN_WORDS = [
    "git status; touch x",
    "git status;touch x",
    "git status & touch x",
    "git status && touch x",
    "git status || touch x",
    "git status | sh",
    "git status |& sh",
    "git status\ntouch x",
    "git status\rtouch x",
    "git status \n touch x",
    "git status \\\n; touch x",
    "git \\\nstatus",
    "git sta\\tus",
    "git status $(touch x)",
    'git status "$(touch x)"',
    "git status `touch x`",
    'git status "`touch x`"',
    "git status ${X:-y}",
    'git status "${X:=y}"',
    "git status $X",
    'git status "$X"',
    "git status $((1+1))",
    "git status $'a\\nb'",
    'git status $"a"',
    "git status > x",
    "git status >x",
    "git status 2>x",
    "git status &>x",
    "git status >| x",
    "git status >> x",
    "git status < /etc/passwd",
    "git status <<EOF\nx\nEOF",
    "git status <<< x",
    "git status <(touch x)",
    "git status >(touch x)",
    "git status *",
    "git status ?",
    "git status [a-z]",
    "git status {a,b}",
    "git status ~",
    "git status ~root",
    "git status # and a remark",
    "# git status\ntouch x",
    "git status !!",
    "git status !$",
    'git status "!!"',
    "!git status",
    "! git status",
    "GIT_DIR=x git status",
    "PATH=. git status",
    "A+=b git status",
    "A=b",
    "env git status",
    "exec git status",
    "command git status",
    "sudo git status",
    "if git status",
    "time git status",
    "{ git status; }",
    "{ git status",
    "(git status)",
    "git status)",
    "function git status",
    "git() { touch x; }; git status",
    "alias git=touch\ngit status",
    "git\tstatus",
    "git\vstatus",
    "git\fstatus",
    "\tgit status",
    "git status\t",
    "git status\n",
    "\ngit status",
    "git\u00a0status",
    "git\u2003status",
    "git\u3000status",
    "\ufeffgit status",
    "git status\u200b",
    "git status\u202e",
    "git status 'open",
    'git status "open',
    "git status 'a''",
    "git status '\ntouch x'",
    'git status "\ntouch x"',
    "git status \"a\\\"; touch x\"",
    "git status \0",
    "gitstatus",
    "git statuses",
    "git",
    "'git status'",
    "/tmp/git status",
    "./git status",
    "GIT status",
    "git -c core.pager=touch status",
    "[[ -n git ]]",
    "coproc git status",
]  # fmt: skip

SAME_WORDS = [
    "git status",
    "  git   status  ",
    "git status -s",
    "git status --short -- a/b.txt c-d_e,f@g%h+i:j=k^",
    "git status 'it is; quoted && not run $(at all)'",
    'git status "and so | is this"',
    "'git' \"status\"",
    "g'i't stat\"us\"",
    "git status '' \"\"",
    "git status 'ü ~ * {a,b} # !!'",
]


@pytest.mark.parametrize("line", MORE_THAN_WORDS)
async def test_a_prefix_does_not_cover_what_a_shell_runs_otherwise(line: str) -> None:
    assert not await covered(GIT_STATUS, line)


@pytest.mark.parametrize("line", SAME_WORDS)
async def test_a_prefix_covers_lines_that_begin_with_the_same_words(line: str) -> None:
    assert await covered(GIT_STATUS, line)


async def test_an_exact_permission_covers_that_line_to_the_letter() -> None:
    exact = Permission("run_command", "make && ./a.out > x")
    assert await covered(exact, "make && ./a.out > x")
    assert not await covered(exact, "make && ./a.out > x ")
    assert not await covered(exact, "make && ./a.out > x; rm x")
    assert not await covered(exact, "make")


async def test_a_prefix_that_is_no_plain_words_covers_only_itself() -> None:
    for line in ("ls | wc", "ls *", "   ", "a=b ls"):
        permission = Permission("run_command", line, prefix=True)
        assert not await covered(permission, f"{line} -l")
    assert await covered(Permission("run_command", "ls | wc", prefix=True), "ls | wc")


async def test_an_empty_prefix_covers_nothing() -> None:
    assert not await covered(Permission("run_command", "", prefix=True), "ls")
    assert not await covered(Permission("run_command", "''", prefix=True), "'' ls")


async def test_a_permission_is_for_one_tool() -> None:
    everything = Permission("run_command")
    assert everything.covers(run_command, await plan_of("anything; at all"))
    assert not everything.covers(deploy, await plan_of("", deploy))
    assert not GIT_STATUS.covers(deploy, await plan_of("", deploy))


async def test_a_permission_that_was_given_is_not_asked_for_again() -> None:
    approval = Approval()
    approval.take(Decision(allowed=False, permission=GIT_STATUS))
    assert approval.needs(run_command, await plan_of("git status"))
    approval.take(Decision(allowed=True, permission=GIT_STATUS))
    assert not approval.needs(run_command, await plan_of("git status -s"))
    assert approval.needs(run_command, await plan_of("git push"))


UNSAFE = [
    "sh", "bash -c", "/bin/bash", "sudo", "sudo ls", "env", "env FOO ls", "xargs", "xargs ls", "nohup ls", "timeout 5",
    "nice", "exec", "eval", ". x", "source x", "command ls", "python", "python3.11 -c", "python3 -i", "node -e", "perl",
    "ruby -e", "find", "find .", "awk", "sed -n", "vim", "ssh", "ssh host", "tar xf", "git", "git -c", "docker", "npm",
    "docker --host x", "npm exec", "uv run", "uv run python", "uv run bash -c", "poetry run", "npx", "npx -y", "make",
    "busybox sh", "watch ls", "SH", "bash5", "", "python -m", "python3 ''",
]  # fmt: skip
SAFE = [
    "ls", "ls -l", "cat", "git status", "git log --oneline", "npm test", "npm run build", "python -m pytest", "uv sync",
    "python manage.py test", "python3 -m pytest -q", "cargo test", "make test", "pytest", "uv run pytest", "npx eslint",
    "docker ps", "kubectl get pods", "./build.sh", "ruff check", "grep -rn",
]  # fmt: skip


@pytest.mark.parametrize("prefix", UNSAFE)
async def test_a_prefix_that_says_too_little_is_named_and_covers_only_itself(prefix: str) -> None:
    words = words_of(prefix) or []
    told = unsafe_prefix(words)
    assert told.endswith(".")
    assert not await covered(Permission("run_command", prefix, prefix=True), f"{prefix} something")


@pytest.mark.parametrize("prefix", SAFE)
async def test_a_prefix_that_says_what_runs_is_fine(prefix: str) -> None:
    assert unsafe_prefix(words_of(prefix) or []) == ""
    assert await covered(Permission("run_command", prefix, prefix=True), f"{prefix} something")


PIECES = st.sampled_from(
    ["a", "ls", "if", "time", "=", "~", "^", "%", "@", "+", ":", ",", ".", "/", "-", "{", "}", "*", "#", "!", "$", "`",
     "\\", "'", '"', " ", "  ", "\t", "\n", "\r", ";", "&", "|", "<", ">", "(", ")", "[", "]", "?", "x=", "1",
     "2>", "é", "\x81", "\x01", "\u00a0", "''", "' '", '"~"', "'$x'", "a=~", ":~", "=~", "@(", "+(", "-c",
     "--", "\x7f", "{a,b}"]
)  # fmt: skip
LINES = st.lists(st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join), min_size=30, max_size=60)


def seen_by(shell: str, lines: list[str]) -> list[list[str]]:
    """The words that a shell makes of each line, with something plain before it that takes them all."""
    show = "show() { printf '%s\\0' \"$@\"; printf 'END\\0'; }\n"
    script = show + "".join(f"show {line}\n" for line in lines)
    environment = {"PATH": "/nonexistent", "HOME": "/home/of/nobody", "LC_ALL": "C.UTF-8"}
    ran = subprocess.run(
        [f"/bin/{shell}", "-s"], input=script.encode(), capture_output=True, env=environment, cwd="/", check=False
    )
    assert ran.stderr == b""
    calls: list[list[str]] = [[]]
    for word in ran.stdout.decode().split("\0")[:-1]:
        if word == "END":
            calls.append([])
        else:
            calls[-1].append(word)
    return calls[:-1]


@settings(max_examples=25, deadline=None)
@given(LINES)
@example(SAME_WORDS + MORE_THAN_WORDS)
@example(["=~", "a =~", "a:~ ~", "a=~", "x=~/y", "ls a:~", "^a^b", "%1", "@", "+", "-n", "--", "'=~'", "a ^ b", "=ls"])
def test_where_a_line_is_words_every_shell_sees_those_words(lines: list[str]) -> None:
    plain = [(line, words) for line in lines if (words := words_of(line)) is not None and "END" not in words]
    plain = [(line, words) for line, words in plain if "\0" not in line and not any(map(is_half, line))]
    for shell in ("sh", "bash"):
        if plain and os.path.exists(f"/bin/{shell}"):
            assert seen_by(shell, [line for line, _ in plain]) == [words for _, words in plain]


def is_half(letter: str) -> bool:
    return "\ud800" <= letter <= "\udfff"


WORDS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\n'"), max_size=6), min_size=1, max_size=5)


@settings(max_examples=50, deadline=None)
@given(WORDS)
def test_quoted_words_are_those_words(words: list[str]) -> None:
    assume(not words[0].startswith("%"))  # to bash, a job, quoted or not
    assert words_of(" ".join(f"'{word}'" for word in words)) == words


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_first_word_is_what_a_shell_runs(shell: str, tmp_path: Path) -> None:
    """Words by themselves, as the line of their own: none is a keyword or an assignment that changes what runs."""
    first = ["if", "time", "case", "in", "{", "}", "[[", "!", "a=b", "a+=b", "'a=b'", "\"if\"", "i'f'", "=a", "a:=b",
             "select", "coproc", "function", "until", "esac", "^", "%1", "+", "@", "-a", "--", "a-b=c", "1=2", ",",
             "if=1", "%%", "'%1'"]  # fmt: skip
    (tmp_path / "ran").mkdir()
    for line in first:
        words = words_of(line)
        if words is None:
            continue
        program = tmp_path / "ran" / words[0]
        program.write_text("#!/bin/sh\nprintf '%s' \"ran $*\"\n")
        program.chmod(0o700)
        ran = subprocess.run([f"/bin/{shell}", "-c", "--", f"{line} z"], capture_output=True, text=True, check=False,
                             env={"PATH": str(tmp_path / "ran")})  # fmt: skip
        assert ran.stdout == "ran z", (line, ran.stderr)
