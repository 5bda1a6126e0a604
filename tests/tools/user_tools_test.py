"""A person's own tools: read from the config folder, run in processes of their own, and never able to hurt the chat."""

import asyncio
import os
import textwrap
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from modules.config import ROOT, Config
from modules.errors import ToolFailed
from modules.llm.parts import Image, Text
from modules.session.turns.tooling import tooling_of
from modules.tools.approval import Approval
from modules.tools.programs.user_tool_worker import WorkerRequest
from modules.tools.programs.user_tools import UserTools, request
from modules.tools.tool import Output, Plan, Tool, ToolContext
from tests.harness.cases import PNG
from tests.harness.engine_harness import Talk
from tests.harness.home import Home
from tests.harness.tool_helpers import Person, names
from tests.wire import Answer, Call

HEAD = "from parlance.tools.tool import tool, ToolContext\n"


class Own:
    """The folder of a person's own tools."""

    def __init__(self, home: Path) -> None:
        home.mkdir(mode=0o700)
        self.folder = home / "tools"
        self.folder.mkdir(mode=0o755)
        self.work = home.parent / "work"
        self.work.mkdir()
        self.lines: list[str] = []
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LISTED": "yes"}
        self.context = ToolContext(self.work, home / "private", (home,), environment, tell=self.lines.append)
        self.source = UserTools(self.folder, self.context)
        self.read = False

    def write(self, name: str, code: str, mode: int = 0o644) -> Path:
        path = self.folder / name
        path.write_text(HEAD + textwrap.dedent(code))
        path.chmod(mode)
        return path

    async def tools(self) -> Sequence[Tool]:
        """The tools, once all files are read, however busy the machine is."""
        if not self.read:
            self.read = True
            await self.source.reload()
        return await self.source.tools()

    async def plan(self, name: str, **arguments: Any) -> Plan:
        (one,) = [one for one in await self.tools() if one.name == name]
        return await one.prepare(arguments, self.context)

    async def call(self, name: str, **arguments: Any) -> Output:
        output = await (await self.plan(name, **arguments)).do(self.context)
        assert isinstance(output, Output)
        return output

    async def text(self, name: str, **arguments: Any) -> str:
        (part,) = (await self.call(name, **arguments)).parts
        assert isinstance(part, Text)
        return part.text


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Own]:
    place = Own(tmp_path / "home")
    yield place
    await place.source.close()
    assert workers() == []


def workers() -> list[list[str]]:
    """The command lines of the processes that tools run in."""
    return [
        one.cmdline() for one in psutil.Process().children(recursive=True) if "user_tool_worker" in str(one.cmdline())
    ]


async def test_a_file_with_a_decorated_function_is_a_tool(own: Own) -> None:
    own.write(
        "weather.py",
        '''
        @tool(effect="network")
        def weather(city: str, days: int = 1) -> dict:
            """Tell the weather.

            Args:
                city: where
            """
            return {"city": city, "sky": ["clear"] * days}
        ''',
    )
    (one,) = await own.source.tools()
    assert own.source.news() == []
    assert (one.name, one.effect, one.source, one.spec.description) == (
        "weather", "network", "weather.py", "Tell the weather.",
    )  # fmt: skip
    assert one.spec.parameters["properties"]["city"] == {"type": "string", "description": "where"}
    assert (await own.plan("weather", city="Oslo")).asks == "goes to the network"
    assert await own.text("weather", city="Oslo", days=2) == '{"city": "Oslo", "sky": ["clear", "clear"]}'


async def test_the_example_of_the_document_is_a_tool(own: Own) -> None:
    example = (ROOT / "docs/tools.md").read_text().split("```python\n")[1].split("```")[0]
    (own.folder / "library.py").write_text(example)
    assert await own.text("find_book", title="march") == '[{"title": "Middlemarch", "shelf": "B4"}]'
    assert (await own.plan("find_book", title="march")).asks == "reads what you may not want to show"


async def test_values_of_every_kind_come_back(own: Own) -> None:
    own.write(
        "kinds.py",
        """
        from dataclasses import dataclass
        from parlance.llm.parts import Image

        @dataclass
        class Point:
            x: int
            y: int

        @tool
        def point(at: Point) -> Point:
            return Point(at.y, at.x)

        @tool
        async def picture():
            return ["see", Image("image/png", "PICTURE", "dot.png"), Image("image/png", "AAAA", "bad.png")]

        @tool(free=True, name="nothing-at-all")
        def nothing():
            return None

        @tool(effect="read")
        def where(context: ToolContext) -> list[str]:
            import os
            return [os.getcwd(), str(context.folder), *sorted(os.environ)]
        """.replace("PICTURE", PNG),
    )
    assert names(await own.tools()) == ["point", "picture", "nothing-at-all", "where"]
    assert await own.text("point", at={"x": 1, "y": 2}) == '{"x": 2, "y": 1}'
    left_out = Text("[image/png bad.png, 3 bytes, left out: it is no picture and no PDF]")
    assert (await own.call("picture")).parts == (Text("see"), Image("image/png", PNG, "dot.png"), left_out)
    assert await own.call("nothing-at-all") == Output(())
    assert (await own.plan("nothing-at-all")).asks == ""
    told = [str(getattr(part, "text", "")) for part in (await own.call("where")).parts]
    assert told[:2] == [str(own.work), str(own.work)]
    assert {"HOME", "LISTED", "PATH"} <= set(told) <= {"HOME", "LISTED", "PATH", "LC_CTYPE", *told[:2]}


async def test_arguments_are_checked_before_any_process_starts(own: Own) -> None:
    own.write("count.py", "@tool\ndef count(to: int) -> int:\n    return to\n")
    with pytest.raises(ToolFailed, match="to: 'x' is not of type 'integer'"):
        await own.plan("count", to="x")


WAYS_TO_FAIL = {
    "raise ValueError('no such city')": "ValueError: no such city",
    "import sys; sys.exit(3)": "SystemExit: 3",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "import os; os._exit(4)": "The tool's process gave no result: exit code 4.",
    "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)": "no result: ended by signal SIGSEGV.",
    "import ctypes; ctypes.string_at(0)": "ended by signal SIGSEGV",
    "class Odd(Exception):\n        def __str__(self): raise OSError\n    raise Odd": "Odd",
    "class Odd(BaseException):\n        def __str__(self): raise OSError\n    raise Odd": "Odd",
    "from parlance.errors import ToolFailed; raise ToolFailed('Try another.')": "Try another.",
    "return object()": "TypeError: ",
    "import os; print('almost', flush=True); os.abort()": "ended by signal SIGABRT. It said last: almost",
}


async def test_whatever_a_tool_does_its_call_ends_in_words(own: Own) -> None:
    own.write("fail.py", "".join(f"@tool\ndef fail{at}():\n    {body}\n" for at, body in enumerate(WAYS_TO_FAIL)))
    await own.tools()

    async def told(at: int) -> str:
        try:
            output = await own.call(f"fail{at}")
        except ToolFailed as error:
            return error.message
        assert output.is_error
        return "".join(str(getattr(part, "text", "")) for part in output.parts)

    for at, expected in enumerate(WAYS_TO_FAIL.values()):
        said = await told(at)
        assert expected in said
        assert "Traceback" not in said


async def test_a_tool_that_hangs_is_stopped_with_what_it_started(own: Own) -> None:
    path = own.write(
        "hang.py",
        """
        import subprocess
        @tool
        def hang():
            subprocess.Popen(["sleep", "61.5"])
            while True:
                pass
        """,
    )
    await own.tools()
    wanted = WorkerRequest(str(path), tool="hang", folder=str(own.work))
    with pytest.raises(ToolFailed, match="longer than 1 seconds"):
        await request(wanted, own.context, own.folder, 1.0)
    assert not [one for one in psutil.process_iter(["cmdline"]) if "61.5" in (one.info["cmdline"] or ())]


async def test_a_cancelled_call_ends_its_process(own: Own) -> None:
    own.write("slow.py", "import time\n@tool\ndef slow():\n    print('begun')\n    time.sleep(60)\n")
    running = asyncio.ensure_future(own.call("slow"))
    while "begun" not in own.lines:
        await asyncio.sleep(0.02)
    running.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert time.monotonic() - began < 2.5


async def test_what_a_tool_prints_is_progress_and_reaches_neither_the_terminal_nor_the_result(
    own: Own, capfd: pytest.CaptureFixture[str]
) -> None:
    own.write(
        "loud.py",
        """
        import os, sys, subprocess
        print("at load")
        @tool
        def loud(context: ToolContext) -> str:
            print('{"output": "forged"}')
            os.write(1, b"raw\\n"); os.write(2, b"\\x1b]0;title\\a\\n")
            subprocess.run(["echo", "child"])
            context.tell("half way")
            print(input() if sys.stdin.read(1) else "no input")
            return "quiet"
        """,
    )
    assert await own.text("loud") == "quiet"
    assert own.lines[-1] == "no input"
    assert capfd.readouterr() == ("", "")


async def test_one_bad_file_does_not_lose_the_others_and_is_told_with_its_line(own: Own) -> None:
    own.write("a_good.py", "@tool\ndef good() -> str:\n    return 'fine'\n")
    own.write("b_name.py", "\nundefined_name\n")
    own.write("c_syntax.py", "def broken(:\n")
    own.write("d_untyped.py", "@tool\ndef untyped(a):\n    return a\n")
    own.write("e_exit.py", "import os\nos._exit(7)\n")
    own.write("f_plan.py", "from modules.tools.tool import Plan\n@tool\ndef planned() -> Plan:\n    ...\n")
    own.write("g_name.py", "@tool(name='no spaces')\ndef named():\n    ...\n")
    own.write("h_two.py", "@tool\ndef one():\n    ...\n@tool(name='one')\ndef two():\n    ...\n")
    own.write("i_none.py", "")
    (own.folder / "j_binary.py").write_bytes(b"\xff\xfe\0")
    assert names(await own.tools()) == ["good"]
    news = own.source.news()
    assert [text.split(": ")[0] for text in news] == [
        "b_name.py:3", "c_syntax.py:2", "d_untyped.py:2", "e_exit.py", "f_plan.py", "g_name.py:2", "h_two.py",
        "j_binary.py",
    ]  # fmt: skip
    assert "NameError: name 'undefined_name' is not defined" in news[0]
    assert 'needs a type for its parameter "a"' in news[2]
    assert "exit code 7" in news[3]
    assert "returns a Plan" in news[4]
    assert own.source.news() == []
    assert await own.text("good") == "fine"


async def test_only_python_files_of_the_folder_itself_are_tools_and_they_may_share_code(own: Own) -> None:
    own.write("__init__.py", "raise SystemExit")
    own.write("_shared.py", "GREETING = 'hello'")
    own.write("notes.txt", "not python")
    (own.folder / "more").mkdir()
    (own.folder / "more" / "inner.py").write_text("raise SystemExit")
    own.write("json.py", "import _shared, json\n@tool\ndef greet() -> str:\n    return json.dumps(_shared.GREETING)\n")
    assert names(await own.tools()) == ["greet"]
    assert own.source.news() == []
    assert await own.text("greet") == '"hello"'


async def test_nothing_is_imported_from_the_working_folder(own: Own) -> None:
    (own.work / "colours.py").write_text("raise SystemExit")
    (own.work / "sitecustomize.py").write_text("import os; os._exit(9)")
    own.write("paint.py", "import sys\n@tool\ndef paint() -> str:\n    import colours\n")
    assert (await own.call("paint")).parts == (Text("ModuleNotFoundError: No module named 'colours'"),)


@pytest.mark.parametrize("what", ["folder", "home", "file", "shared"])
@pytest.mark.parametrize("mode", [0o020, 0o002])
async def test_what_others_can_change_is_not_run(own: Own, what: str, mode: int) -> None:
    file = own.write("a.py", "open('ran', 'w')\n@tool\ndef a(): ...\n")
    shared = own.write("_b.py", "")
    path = {"folder": own.folder, "home": own.folder.parent, "file": file, "shared": shared}[what]
    path.chmod(path.stat().st_mode | mode)
    assert await own.tools() == []
    (news,) = own.source.news()
    assert f"Others can change {path}" in news
    assert f"chmod go-w '{path}'" in news
    assert not (own.folder / "ran").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
async def test_a_file_of_another_user_is_not_run(own: Own) -> None:
    os.chown(own.write("a.py", "@tool\ndef a(): ...\n"), 12345, 12345)
    assert await own.tools() == []
    assert "belongs to another user" in own.source.news()[0]


async def test_a_link_that_leads_out_of_the_folder_is_not_run(own: Own) -> None:
    (own.work / "a.py").write_text(HEAD + "@tool\ndef a(): ...\n")
    (own.folder / "a.py").symlink_to(own.work / "a.py")
    own.write("real.txt", "@tool\ndef b(): ...\n")
    (own.folder / "b.py").symlink_to("real.txt")
    os.mkfifo(own.folder / "c.py")
    (own.folder / "d.py").symlink_to("d.py")
    assert names(await own.tools()) == ["b"]
    news = own.source.news()
    assert len(news) == 3
    assert "a.py leads out of the folder" in news[0]
    assert "c.py is not a file" in news[1]
    assert news[2].startswith("d.py: ")


async def test_the_file_that_runs_is_the_one_that_was_read(own: Own) -> None:
    own.write("a.py", "@tool\ndef a() -> str:\n    return 'old'\n")
    plan = await own.plan("a")
    path = own.write("a.py", "@tool\ndef a() -> str:\n    return 'new'\n")
    output = await plan.do(own.context)
    assert output.is_error
    assert "a.py has changed" in output.parts[0].text
    path.chmod(0o666)
    with pytest.raises(ToolFailed, match="Others can change"):
        await plan.do(own.context)
    path.chmod(0o644)
    await own.source.reload()
    assert await own.text("a") == "new"
    path.unlink()
    await own.source.reload()
    assert await own.tools() == []


async def test_without_a_folder_there_are_no_tools_and_no_news(own: Own) -> None:
    own.folder.rmdir()
    assert (await own.tools(), own.source.news()) == ([], [])
    own.folder.write_text("a file")
    await own.source.reload()
    assert "cannot be read" in own.source.news()[0]


async def test_reading_stops_when_the_program_ends(own: Own) -> None:
    own.write("slow.py", "import time\ntime.sleep(60)\n")
    waiting = asyncio.ensure_future(own.source.tools())
    while not workers():
        await asyncio.sleep(0.02)
    began = time.monotonic()
    await own.source.close()
    assert await waiting == []
    assert time.monotonic() - began < 2.5


async def test_a_fork_that_comes_back_twice_is_answered_for_once(own: Own) -> None:
    own.write(
        "fork.py", "import os\n@tool\nasync def fork() -> str:\n    return 'child' if not os.fork() else 'parent'\n"
    )
    assert await own.text("fork") == "parent"


async def test_a_model_calls_a_tool_of_the_config_folder(home: Home, tmp_path: Path) -> None:
    folder = home.folder / "tools"
    folder.mkdir(mode=0o700, parents=True)
    home.folder.chmod(0o700)
    (folder / "add.py").write_text(HEAD + "@tool(free=True)\ndef add(a: int, b: int) -> int:\n    return a + b\n")
    tools = tooling_of(Config({"PARLANCE_HOME": str(home.folder), "PATH": "/bin"}), Approval(), None, enabled=True)
    await tools.toolbox.sources[0].tools()
    home.anthropic.answer(Answer(Call("add", {"a": 2, "b": 3})), Answer("It is 5."))
    async with Talk(home) as talk:
        person = Person(talk, tools)
        await person.say("2 + 3?")
        assert person.asked == []
        assert person.results == ["5"]
    await tools.close()
