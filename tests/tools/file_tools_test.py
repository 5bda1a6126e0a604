"""Files are read by pages, listed past what git ignores, and searched the same with and without ripgrep."""

import asyncio
import base64
import json
import os
import shutil
import subprocess
import time
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from modules.errors import ToolFailed
from modules.llm.parts import File, Image
from modules.tools.files.access.paths import LOST
from modules.tools.files.search.search_worker import Request
from modules.tools.files.search_files import WORKER
from tests.harness.engine_harness import Talk
from tests.harness.file_tool_harness import PATH, Desk
from tests.harness.home import Home
from tests.harness.tool_helpers import NO, Person, tooling
from tests.wire import Answer, Call

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
RIPGREP = shutil.which("rg")
MATCHERS = ["python", pytest.param("ripgrep", marks=pytest.mark.skipif(not RIPGREP, reason="ripgrep is not here"))]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(params=MATCHERS)
def searching(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    """A desk with ripgrep, and one without."""
    return Desk(tmp_path, str(Path(RIPGREP or "").parent) if request.param == "ripgrep" else "/nowhere")


async def test_a_file_is_read_with_what_it_is_in_the_first_line(desk: Desk) -> None:
    desk.file("a.txt", "one\ntwo\n")
    assert await desk.run("read_file", path="a.txt") == "[a.txt: lines 1-2 of 2]\none\ntwo"


async def test_a_page_of_a_file_says_how_to_go_on(desk: Desk) -> None:
    desk.file("a.txt", "".join(f"line {number}\n" for number in range(1, 101)))
    page = await desk.run("read_file", path="a.txt", offset=50, limit=2)
    assert page == "[a.txt: lines 50-51 of 100]\nline 50\nline 51\n[go on with offset=52]"
    assert (await desk.run("read_file", path="a.txt", offset=100)).endswith("100 of 100]\nline 100")
    assert "has only 100 lines" in await desk.fault("read_file", path="a.txt", offset=101)
    assert "begin at 1" in await desk.fault("read_file", path="a.txt", offset=0)


async def test_following_the_pages_gives_the_whole_file(desk: Desk) -> None:
    lines = [f"{number} " + "é" * (number * 7 % 1500) for number in range(1, 1500)]
    desk.file("a.txt", "\n".join(lines))
    came: list[str] = []
    offset = 1
    while offset:
        head, *page = (await desk.run("read_file", path="a.txt", offset=offset)).split("\n")
        assert "of 1499" in head
        offset = int(page.pop().removesuffix("]").split("=")[1]) if "go on with" in page[-1] else 0
        assert len("\n".join(page).encode()) < 45_000
        came += page
    assert came == lines


async def test_a_line_that_is_too_long_is_cut_and_says_so(desk: Desk) -> None:
    desk.file("a.js", "x" * 300_000 + "\nend")
    text = await desk.run("read_file", path="a.js")
    assert text.startswith("[a.js: lines 1-2 of 2]\nxxx")
    assert text.endswith("x[… 298000 more characters]\nend")


async def test_a_large_file_is_read_without_being_held(desk: Desk) -> None:
    with open(desk.file("big.log"), "wb") as file:
        for _ in range(30):
            file.write(b"0123456789abcde\n" * 65_536)
    before = psutil.Process().memory_info().rss
    text = await desk.run("read_file", path="big.log", offset=1_000_000, limit=1)
    assert text.startswith("[big.log: lines 1000000-1000000 of 1966080]\n0123456789abcde\n")
    assert psutil.Process().memory_info().rss - before < 15_000_000


@pytest.mark.parametrize(
    ("data", "note"),
    [
        ("Grüße\n".encode(), "of 1]"),
        ("Grüße\n".encode("utf-8-sig"), "utf-8-sig]"),
        ("Grüße\n".encode("utf-16"), "utf-16]"),
        (b"\xfe\xff" + "Grüße\n".encode("utf-16-be"), "utf-16]"),
        ("Grüße\n".encode("cp1252"), "cp1252]"),
        ("Grüße\r\n".encode(), "lines end with CRLF]"),
        ("Grüße".encode(), "of 1]"),
    ],
)
async def test_text_is_read_in_the_encoding_it_is_in(desk: Desk, data: bytes, note: str) -> None:
    desk.file("a.txt", data)
    head, text = (await desk.run("read_file", path="a.txt")).split("\n")
    assert head.endswith(note)
    assert text == "Grüße"


async def test_a_letter_across_the_border_of_what_is_read_at_once_is_whole(desk: Desk) -> None:
    desk.file("a.txt", "a" * 65_535 + "\n" + "é" * 10)
    assert (await desk.run("read_file", path="a.txt", offset=2)).endswith("\néééééééééé")
    desk.file("b.txt", "a" * 65_534 + "\n" + "é" * 10)
    assert (await desk.run("read_file", path="b.txt", offset=2)).endswith("\néééééééééé")


async def test_a_binary_file_is_told_as_such_and_an_empty_one_too(desk: Desk) -> None:
    desk.file("a.bin", b"\x7fELF\0\0\0" * 400)
    desk.file("empty.txt")
    assert "a.bin is a binary file (2.8 kB)" in await desk.fault("read_file", path="a.bin")
    assert await desk.run("read_file", path="empty.txt") == "[empty.txt is empty]"


async def test_a_picture_and_a_document_come_as_what_they_are(desk: Desk) -> None:
    desk.file("photo.txt", PNG)
    desk.file("paper.pdf", b"%PDF-1.7 ...")
    _, picture = (await desk.output("read_file", path="photo.txt")).parts
    assert isinstance(picture, Image)
    assert (picture.media_type, base64.b64decode(picture.base64)) == ("image/png", PNG)
    _, paper = (await desk.output("read_file", path="paper.pdf")).parts
    assert isinstance(paper, File)
    desk.file("cut.png", PNG[:-20])
    assert "cut.png is damaged or cut short" in await desk.fault("read_file", path="cut.png")
    desk.file("huge.png", PNG + bytes(50_000_000))
    assert "huge.png is larger than 50 MB" in await desk.fault("read_file", path="huge.png")


async def test_listing_shows_a_folder_and_a_glob_shows_what_is_below(desk: Desk) -> None:
    for name in ("b.py", "a.md", "src/deep/c.py", "src/d.ts", "src/e.py"):
        desk.file(name, "12345")
    assert await desk.run("list_files") == "a.md  5 bytes\nb.py  5 bytes\nsrc/"
    assert await desk.run("list_files", pattern="**/*.py") == (
        "b.py  5 bytes\nsrc/deep/c.py  5 bytes\nsrc/e.py  5 bytes"
    )
    assert await desk.run("list_files", pattern="*.{py,ts}", folder="src") == "src/d.ts  5 bytes\nsrc/e.py  5 bytes"
    assert await desk.run("list_files", pattern="*/*.[t]s") == "src/d.ts  5 bytes"
    assert await desk.run("list_files", pattern="*.rs") == "[nothing matches]"
    assert await desk.fault("list_files", folder="lib") == "There is no lib."
    assert "a.md cannot be looked through" in await desk.fault("list_files", folder="a.md")
    assert "leaves the folder" in await desk.fault("list_files", pattern="../**")


async def test_listing_passes_over_what_git_ignores(desk: Desk) -> None:
    desk.file(".git/info/exclude", "private.txt\n")
    desk.file(".gitignore", "*.log\n/build/\n!keep.log\n[z-a\n")
    desk.file("sub/.gitignore", "*.tmp\n!important.log\n")
    for name in (
        "a.log",
        "keep.log",
        "build/x",
        "sub/build/y",
        "sub/a.tmp",
        "sub/important.log",
        "private.txt",
        "b.tmp",
    ):
        desk.file(name)
    text = await desk.run("list_files", pattern="**")
    assert [line.split()[0] for line in text.split("\n")[:-1]] == [
        "b.tmp",
        "keep.log",
        "sub/build/y",
        "sub/important.log",
    ]
    assert text.endswith("left out: all=true shows them]")
    assert "a.log" in await desk.run("list_files", pattern="**", all=True)
    assert "build/x" in await desk.run("list_files", pattern="**", folder="build")
    assert "a.tmp" not in await desk.run("list_files", folder="sub")


async def test_rules_of_a_repository_hold_below_it_too(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*.log\n")
    desk.file("a.log")
    desk.file("a.txt")
    assert (await desk.run("list_files")).startswith("a.txt  0 bytes\n[1 hidden or ignored")


async def test_hidden_files_are_shown_when_they_are_asked_for(desk: Desk) -> None:
    desk.file(".github/ci.yml", "x")
    desk.file("a.txt", "x")
    assert ".github" not in await desk.run("list_files", pattern="**")
    assert await desk.run("list_files", pattern=".github/*") == ".github/ci.yml  1 byte"
    assert ".github/ci.yml" in await desk.run("list_files", pattern="**", all=True)


async def test_links_are_listed_and_not_followed(desk: Desk) -> None:
    (desk.outside / "x.txt").write_text("needle")
    (desk.folder / "way").symlink_to(desk.outside)
    (desk.folder / "file").symlink_to(desk.outside / "x.txt")
    text = await desk.run("list_files", pattern="**")
    assert text == f"file -> {desk.outside}/x.txt\nway -> {desk.outside}"
    assert "no match" in await desk.run("search_files", pattern="needle")


async def test_a_long_list_is_cut_and_says_so(desk: Desk) -> None:
    for number in range(620):
        desk.file(f"{number:04d}")
    text = await desk.run("list_files")
    assert text.endswith("0499  0 bytes\n[the first 500 of 620: narrow the pattern for the others]")


async def test_searching_shows_path_number_and_line(searching: Desk) -> None:
    searching.file("src/a.py", "import os\n\ndef needle():\n    pass\n\nneedle()\n")
    searching.file("b.txt", "Needle\r\nhay\r\n")
    searching.file("c.bin", b"needle\0needle")
    searching.file("ignored.txt", "needle")
    searching.file(".gitignore", "ignored.txt\n")
    run = searching.run
    note = "\n[2 hidden or ignored left out: all=true shows them]"
    assert await run("search_files", pattern="needle") == "src/a.py\n3: def needle():\n6: needle()" + note
    assert await run("search_files", pattern="^needle$", ignore_case=True) == "b.txt\n1: Needle" + note
    assert await run("search_files", pattern="needle", folder="src") == "src/a.py\n3: def needle():\n6: needle()"
    assert await run("search_files", pattern="pass", folder="src/a.py") == "src/a.py\n4:     pass"
    assert "src/a.py" not in await run("search_files", pattern="needle", glob="*.txt")
    assert "ignored.txt" in await run("search_files", pattern="needle", all=True)
    assert await run("search_files", pattern="needle", folder="src", around=1) == (
        "src/a.py\n2- \n3: def needle():\n4-     pass\n5- \n6: needle()"
    )


async def test_searching_looks_like_it_came_from_one_program(searching: Desk) -> None:
    searching.file("far.txt", "".join(f"{'needle' if number in (3, 30) else ''}\n" for number in range(1, 40)))
    assert await searching.run("search_files", pattern="needle", around=1) == (
        "far.txt\n2- \n3: needle\n4- \n--\n29- \n30: needle\n31- "
    )
    searching.file("far.txt", "é" * 5000 + "needle" + "é" * 5000)
    text = await searching.run("search_files", pattern="needle")
    assert text.startswith("far.txt\n1: …éé")
    assert text.endswith("éé…")
    assert len(text) < 400
    searching.file("far.txt", "Grüße needle".encode("utf-16"))
    assert await searching.run("search_files", pattern="ü.*needle") == "far.txt\n1: Grüße needle"


async def test_patterns_that_only_one_of_both_knows_are_found_or_explained(searching: Desk) -> None:
    searching.file("a.txt", "foobar\nfoobaz\n")
    assert await searching.run("search_files", pattern="foo(?!bar)") == "a.txt\n2: foobaz"
    assert "not a regular expression" in await searching.fault("search_files", pattern="foo(")
    assert "empty" in await searching.fault("search_files", pattern="")


async def test_a_pattern_and_names_that_look_like_options_are_just_that(searching: Desk) -> None:
    searching.file("--pre=touch hacked", "--files\n")
    searching.file("-e", "--files\n")
    text = await searching.run("search_files", pattern="--files")
    assert text == "--pre=touch hacked\n1: --files\n-e\n1: --files"


async def test_a_configuration_for_ripgrep_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rc").write_text("--invert-match\n")
    desk = Desk(tmp_path, str(Path(RIPGREP or "/none").parent))
    monkeypatch.setenv("RIPGREP_CONFIG_PATH", str(tmp_path / "rc"))
    desk.file("a.txt", "one\ntwo\n")
    assert await desk.run("search_files", pattern="two") == "a.txt\n2: two"


async def test_many_matches_are_cut_and_say_so(searching: Desk) -> None:
    searching.file("a.txt", "needle\n" * 1000)
    text = await searching.run("search_files", pattern="needle")
    assert text.count("needle") == 200
    assert text.endswith("[stopped after 200 matching lines: narrow the search for the others]")


@pytest.mark.skipif(not RIPGREP, reason="ripgrep is not installed")
@pytest.mark.parametrize("limit", [120, 400])
async def test_no_file_is_left_out_where_few_may_be_open(desk: Desk, limit: int) -> None:
    for number in range(450):
        desk.file(f"{number:03}.txt", "needle" if number % 149 == 0 else "hay")
    place = str(desk.folder)
    request = Request(place, place, "", [], False, "", False, 200, pattern="needle", rg=RIPGREP or "")
    argv = ["sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh", *WORKER.command()]
    done = subprocess.run(argv, input=json.dumps(asdict(request)).encode(), capture_output=True, check=True)
    said = [json.loads(line)[1] for line in done.stdout.splitlines()]
    assert said == [text for number in ("000", "149", "298", "447") for text in (f"{number}.txt", "1: needle")] + [""]


async def test_files_that_may_hold_secrets_are_searched_only_where_they_are_named(searching: Desk) -> None:
    searching.file(".env", "KEY=needle")
    searching.file("server.pem", "needle")
    searching.file(".ssh/config", "needle")
    text = await searching.run("search_files", pattern="needle", all=True)
    assert text.startswith("[no match in 0 files; 2 files with possible secrets not searched")
    assert await searching.asks("search_files", pattern="needle", folder=".env") == "reads .env, where secrets may be"
    assert await searching.run("search_files", pattern="needle", folder=".env") == ".env\n1: KEY=needle"


async def test_the_files_of_the_program_are_not_searched_from_above(searching: Desk, tmp_path: Path) -> None:
    searching.file("config/settings.yaml", "needle")
    above = Desk(tmp_path, PATH, guarded=(searching.folder / "config",))
    assert (await above.run("search_files", pattern="needle")).startswith("[no match in 0 files")
    assert "among" in await above.asks("search_files", pattern="needle", folder="config")


async def test_names_that_are_no_text_are_listed_and_searched(searching: Desk) -> None:
    try:
        Path(os.fsdecode(os.fsencode(searching.folder) + b"/b\xff.txt")).write_text("needle")
    except OSError:
        pytest.skip("this file system takes only text for names")
    assert "b\\udcff.txt" in await searching.run("list_files")
    assert "b\\udcff.txt'\n1: needle" in await searching.run("search_files", pattern="needle")


@pytest.mark.parametrize(
    "back",
    [
        "in/caf\udce9.txt",  # JSON can say it so
        r"'in/caf\udce9.txt'",  # as it was shown
        r"in/caf\udce9.txt",
        r'"in/caf\udce9.txt"',
        f"in/caf{LOST}.txt",  # as JSON that must be UTF-8 says it
    ],
)
async def test_a_name_that_is_no_text_is_taken_back_as_it_was_shown(searching: Desk, back: str) -> None:
    try:
        odd = searching.file(os.fsdecode(b"in/caf\xe9.txt"), "needle\n")
    except OSError:
        pytest.skip("this file system takes only text for names")
    assert r"'in/caf\udce9.txt'" in await searching.run("list_files", pattern="in/*")
    assert (await searching.run("read_file", path=back)).endswith("\nneedle")
    assert "needle" in await searching.run("search_files", pattern="needle", folder=back)
    await searching.run("edit_file", path=back, old="needle", new="thread")
    assert odd.read_text() == "thread\n"
    await searching.run("write_file", path=back, content="new\n")
    assert odd.read_text() == "new\n"
    assert os.listdir(searching.folder / "in") == [odd.name]


async def test_a_folder_whose_name_is_no_text_can_be_listed_and_written_into(desk: Desk) -> None:
    try:
        desk.file(os.fsdecode(b"d\xfc/a.txt"), "one")
    except OSError:
        pytest.skip("this file system takes only text for names")
    assert "a.txt" in await desk.run("list_files", folder=r"'d\udcfc'")
    await desk.run("write_file", path=r"d\udcfc/b.txt", content="two")
    assert sorted(os.listdir(desk.folder / os.fsdecode(b"d\xfc"))) == ["a.txt", "b.txt"]


async def test_a_backslash_that_is_in_a_name_stays_one(desk: Desk) -> None:
    desk.file(r"a\x41.txt", "back")
    desk.file("aA.txt", "other")
    assert (await desk.run("read_file", path=r"a\x41.txt")).endswith("back")
    await desk.run("write_file", path=r"new\x41.txt", content="kept")
    assert (desk.folder / r"new\x41.txt").read_text() == "kept"


def children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children(recursive=True) if "search_worker" in " ".join(one.cmdline())]


@pytest.mark.timeout(20)
async def test_a_pattern_that_never_ends_is_ended_with_the_call_and_nothing_waits_for_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "/nowhere")
    desk.file("a.txt", "a" * 5000)
    plan = await desk.plan("search_files", pattern="(a+)+(a+)+$b")
    running = asyncio.ensure_future(desk.do(plan))
    while not children():
        await asyncio.sleep(0.01)
    (child,) = children()
    while child.cpu_times().user < 0.3:
        before = time.monotonic()
        await asyncio.sleep(0.01)
        assert time.monotonic() - before < 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert children() == []


async def test_a_folder_that_may_not_be_read_does_not_stop_the_search(searching: Desk) -> None:
    if os.geteuid() == 0:
        pytest.skip("nothing is closed to root")
    searching.file("open/a.txt", "needle")
    searching.file("shut/b.txt", "needle")
    (searching.folder / "shut").chmod(0)
    try:
        assert (await searching.run("search_files", pattern="needle")).startswith("open/a.txt\n1: needle\n[1 folder ")
    finally:
        (searching.folder / "shut").chmod(0o700)


async def test_a_model_reads_the_file_that_it_found(home: Home, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.file("src/a.py", "needle = 1\n")
    home.anthropic.answer(
        Answer(Call("search_files", {"pattern": "needle"})),
        Answer(Call("read_file", {"path": "src/a.py"})),
        Answer("1."),
    )
    async with Talk(home) as talk:
        person = Person(talk, tooling(desk.folder, *desk.tools))
        await person.say("What is needle?")
        assert person.asked == []
        results = [result.text for message in talk.conversation for result in message.results]
        assert results == ["src/a.py\n1: needle = 1", "[src/a.py: lines 1-1 of 1]\nneedle = 1"]


async def test_a_secret_is_read_only_after_a_yes(home: Home, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.file(".env", "KEY=1\n")
    home.anthropic.answer(Answer(Call("read_file", {"path": ".env"})), Answer("I see."))
    async with Talk(home) as talk:
        person = Person(talk, tooling(desk.folder, *desk.tools), lambda question: NO)
        await person.say("Read it.")
        assert [question.plan.asks for question in person.asked] == ["reads .env, where secrets may be"]
        assert person.results == ["The user declined this call."]


async def test_the_tools_are_told_in_few_words(desk: Desk) -> None:
    with pytest.raises(ToolFailed, match="path"):
        await desk.plan("read_file")
    for tool in desk.tools:
        assert len(tool.spec.description) < 120
        assert "context" not in tool.spec.parameters["properties"]
