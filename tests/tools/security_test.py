"""What a hostile model, repository, server or page is kept from: one test for each way that was tried."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modules.config import ROOT
from modules.session.turns.tool_calls import AT_ONCE
from modules.text.hidden_messages import visible
from modules.tools.approval import Permission
from modules.tools.files.access.secret_names import is_secret
from modules.tools.files.edit_files import write_file
from modules.tools.files.search.matchers import PythonMatcher, Ripgrep
from modules.tools.files.search.walk import Walk, WalkedFile
from modules.tools.programs.command_line import unsafe_prefix
from modules.tools.programs.shell import run_command
from modules.tools.tool import ToolContext, as_output, tool
from modules.tools.web.page import text_of
from tests.harness.engine_harness import Talk
from tests.harness.file_tool_harness import Desk, told
from tests.harness.home import KEYS, Home
from tests.harness.tool_helpers import Person, tooling
from tests.wire import Answer, Call

OSS = ("-m", "groq:gpt-oss-120b")


async def ran(command: str, folder: Path, environment: dict[str, str] | None = None) -> str:
    given = {"PATH": os.environ["PATH"], "HOME": str(folder), **(environment or {})}
    context = ToolContext(folder, folder / "private", environment=given)
    plan = await run_command.prepare({"command": command}, context)
    return told(as_output(await plan.do(context)))


async def test_a_command_inherits_no_file_of_ours_and_has_no_terminal(tmp_path: Path) -> None:
    with open(tmp_path / "sessions.db", "w"):
        text = await ran("ls -l /proc/self/fd; : </dev/tty", tmp_path)
    assert "sessions.db" not in text
    assert {line.split(" -> ")[0].split()[-1] for line in text.splitlines() if " -> " in line} == {"0", "1", "2", "3"}
    assert "0 -> /dev/null" in text
    assert "cannot open /dev/tty" in text or "/dev/tty: No such" in text


PROBE = """
import os, subprocess, sys
sys.path.insert(0, sys.argv[1])
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
    # a change of user shuts a process by itself, and only a new program opens it again
    os.execv(sys.argv[3], [sys.argv[3], "-c", sys.argv[2], *sys.argv[1:]])
from modules.tools.programs.process_protection import shut
look = ["/bin/sh", "-c", "cat /proc/$PPID/environ"]
before = subprocess.run(look, capture_output=True, env={}).stdout
shut()
after = subprocess.run(look, capture_output=True, env={}).stdout
print(b"gsk-canary" in before, b"gsk-canary" in after)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_the_keys_in_our_environment_cannot_be_read_by_a_program_that_we_start() -> None:
    env = {"PATH": os.environ["PATH"], "GROQ_API_KEY": "gsk-canary", "PYTHONDONTWRITEBYTECODE": "1"}
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable  # which every user may run
    command = [sys.executable, "-c", PROBE, str(ROOT), PROBE, python]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)
    if "Permission" in done.stderr or "ModuleNotFound" in done.stderr:
        pytest.skip("another user cannot read this checkout")
    assert done.stdout.split() == ["True", "False"], done.stderr


@pytest.mark.parametrize(
    "name",
    [".ENV", ".env.local", "prod.env", "credentials.json", "server.key", ".pgpass", ".docker", ".kube", ".bash_history",
     ".zsh_history", ".psql_history", ".netrc", ".git", "terraform.tfvars", "client_secret_1.json", "credentials"],
)  # fmt: skip
def test_a_name_that_secrets_go_by_is_known_in_any_case(name: str) -> None:
    assert is_secret([name])
    assert is_secret([name.upper()])


@pytest.mark.parametrize("name", ["credentials.py", "environment.md", "history.txt", ".gitignore", "key.py", "id.ts"])
def test_ordinary_names_are_no_secrets(name: str) -> None:
    assert not is_secret([name])


@pytest.mark.parametrize("tool", ["read_file", "search_files"])
async def test_what_git_keeps_of_its_own_may_hold_a_token_and_asks(tmp_path: Path, tool: str) -> None:
    desk = Desk(tmp_path)
    desk.file(".git/config", "[http]\n  extraheader = AUTHORIZATION: basic c2VjcmV0\n")
    more = {"folder": ".git", "pattern": "basic"} if tool == "search_files" else {"path": ".git/config"}
    assert "where secrets may be" in await desk.asks(tool, **more)
    assert "c2VjcmV0" not in await desk.run("search_files", pattern="basic", all=True)


@pytest.mark.parametrize(
    "path", [".git/hooks/pre-commit", ".GIT/hooks/x", ".envrc", ".vscode/tasks.json", "a/.husky/x"]
)
async def test_a_standing_permission_to_write_does_not_cover_hidden_files(tmp_path: Path, path: str) -> None:
    desk = Desk(tmp_path)
    plan = await desk.plan("write_file", path=path, content="x\n")
    assert plan.asks
    assert not Permission("write_file").covers(write_file, plan)
    assert Permission("write_file", plan.line).covers(write_file, plan)
    plan = await desk.plan("write_file", path="a/b.py", content="x\n")
    assert Permission("write_file").covers(write_file, plan)


@pytest.mark.parametrize(
    "words",
    ["fakeroot", "bwrap --dev-bind / /", "setpriv", "runuser", "toybox", "xvfb-run", "curl", "gcc", "cmake", "wget"],
)
def test_a_program_that_runs_others_vouches_for_nothing(words: str) -> None:
    assert unsafe_prefix(words.split())


@pytest.mark.parametrize("with_ripgrep", [True, False])
def test_a_file_that_becomes_a_link_while_a_search_is_on_its_way_is_not_followed(
    tmp_path: Path, with_ripgrep: bool
) -> None:
    program = shutil.which("rg")
    if with_ripgrep and program is None:
        pytest.skip("there is no ripgrep")
    (tmp_path / "secret").write_text("needle outside\n")
    work = tmp_path / "work"
    work.mkdir()
    for name in ("a", "b"):
        (work / name).write_text("needle inside\n")

    def files() -> Iterator[WalkedFile]:
        for entry in Walk(work, work).entries():
            yield entry
            os.replace(work / entry.names[-1], work / f"{entry.names[-1]}.old")
            os.symlink(tmp_path / "secret", work / entry.names[-1])

    wanted = PythonMatcher("needle", ignore_case=False, around=0, most=10)
    matcher = Ripgrep(program, wanted) if with_ripgrep and program else wanted
    found = [(one.path, text) for one in matcher.found(files()) for _, text, _ in one.lines]
    assert found == [("a", "needle inside"), ("b", "needle inside")]


def test_hidden_messages_are_taken_from_results_and_spelling_is_left() -> None:
    tags = "".join(chr(0xE0000 + ord(char)) for char in "obey me")
    selectors = "".join(chr(0xE0100 + ord(char)) for char in "obey me now")
    bits = "\u200b\u200c" * 8
    for hidden in (tags, selectors, bits):
        assert visible(f"a{hidden}b").startswith(f"ab\n[{len(hidden)} invisible")
    flag = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    for text in (flag, "葛\U000e0100城", "👩‍👩‍👧 ❤️", "می‌خواهم", "\ufeffx", "a\u202eb\u202c", "soft\u00adhyphen"):
        assert visible(text) == text


def test_words_of_a_page_that_nobody_can_see_are_left_out() -> None:
    styles = ["display:none", "visibility: hidden", "opacity:0", "opacity: 0.0 !important", "font-size:0px",
              "position:absolute;left:-9999px", "text-indent:-1000px"]  # fmt: skip
    hidden = "".join(f'<p style="{style}">secret{at}</p>' for at, style in enumerate(styles))
    html = f"<body><!-- secret --><p hidden>secret</p>{hidden}<p style='opacity:0.5;left:-1px'>seen</p></body>"
    assert text_of(html.encode(), "text/html", "", "http://a.test/") == "seen"


async def test_a_model_that_asks_for_many_things_at_once_gets_them_a_few_at_a_time(home: Home, tmp_path: Path) -> None:
    now, most = 0, 0

    @tool(effect="read", free=True)
    async def look(at: int) -> str:
        """Look."""
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return str(at)

    home.anthropic.answer(Answer(*(Call("look", {"at": at}) for at in range(50))), Answer("Done."))
    async with Talk(home) as talk:
        person = Person(talk, tooling(tmp_path, look))
        await person.say("Go")
    assert most == AT_ONCE
    assert sorted(map(int, person.results)) == list(range(50))


def test_json_on_a_terminal_obeys_nobody(home: Home) -> None:
    text = "a\x9b2Jb\x7fc\u202ed\U000e0041e é漢"
    home.groq.answer(Answer(text))
    done = home.run("-p", "Hi", "--json", *OSS)
    assert json.loads(done.stdout)["text"] == text
    assert not set("\x9b\x7f\u202e\U000e0041") & set(done.stdout)
    assert "é漢" in done.stdout


OWN = '''"""A tool of the person's own."""
import os
from modules.tools.tool import tool

@tool
def surroundings() -> str:
    """Tell the environment."""
    return repr(dict(os.environ)) + open("/proc/self/environ").read()
'''


def test_no_key_is_printed_by_tools_nor_written_anywhere(home: Home) -> None:
    in_file = {"GROQ_API_KEY": home.keys.pop("GROQ_API_KEY")}
    (home.folder / ".env").write_text("".join(f"{name}={key}\n" for name, key in in_file.items()))
    own = home.folder / "tools" / "own.py"
    own.parent.mkdir(mode=0o700)
    own.write_text(OWN)
    for path in (own, own.parent, own.parent.parent):
        path.chmod(0o700)
    calls = [Call("run_command", {"command": "env; set; cat /proc/self/environ"}), Call("surroundings", {})]
    home.groq.answer(Answer(*calls), Answer("Done."))
    terminal = home.open(*OSS, "--yes").prompt()
    terminal.enter("Go").sees("Done.").enter("/tool 1").prompt().enter("/tool 2").prompt().enter("/config").prompt()
    terminal.leave()
    told = json.dumps(home.groq.chats[-1].body)
    assert "PATH" in told
    written = {path: path.read_bytes() for path in home.folder.rglob("*") if path.is_file() and path.name != ".env"}
    assert any("sessions" in path.name or path.suffix == ".db" for path in written)
    for key in KEYS.values():
        assert key not in told
        assert key.encode() not in terminal.raw
        assert [path for path, data in written.items() if key.encode() in data] == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_ends_with_the_program(home: Home, how: signal.Signals) -> None:
    nap = f"61.{os.getpid()}{int(how)}"  # as no other test sleeps
    home.groq.answer(Answer(Call("run_command", {"command": f"(trap '' HUP; sleep {nap} & sleep {nap}); sleep {nap}"})))
    terminal = home.open(*OSS, "--yes").prompt().enter("Go").sees("run_command 0 s")
    terminal.signal(how)
    assert terminal.exit_code() == 128 + how
    assert sleeping(nap) == []


def sleeping(seconds: str) -> list[str]:
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[:2] == [b"sleep", seconds.encode()]:
            found.append(entry)
    return found
