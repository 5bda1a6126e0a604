"""Where a path leads is where it is opened, and a person is asked about every place but the working folder."""

import os
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from modules.errors import ToolFailed
from modules.tools.approval import Approval, Permission
from modules.tools.tool import Tool
from tests.harness.file_tool_harness import Desk, descriptors

SECRETS = (".env", ".env.local", "key.pem", "ID_RSA", "deploy/id_ed25519", ".netrc", ".npmrc", ".ssh/config", ".aws/x")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.file("notes.txt", "mine\n")
    (desk.outside / "theirs.txt").write_text("theirs\n")
    return desk


def tool_named(desk: Desk, name: str) -> Tool:
    return next(tool for tool in desk.tools if tool.name == name)


@pytest.mark.parametrize(
    "path", ["notes.txt", "./notes.txt", "sub/../notes.txt", "../work/notes.txt", "{folder}/notes.txt"]
)
async def test_a_file_in_the_working_folder_is_read_without_asking(desk: Desk, path: str) -> None:
    (desk.folder / "sub").mkdir()
    plan = await desk.plan("read_file", path=path.format(folder=desk.folder))
    assert plan.asks == ""
    assert "mine" in await desk.do(plan)


@pytest.mark.parametrize(
    "path", ["../outside/theirs.txt", "{top}/outside/theirs.txt", "/proc/self/root{top}/outside/theirs.txt"]
)
async def test_a_file_outside_the_folder_asks_first(desk: Desk, path: str) -> None:
    plan = await desk.plan("read_file", path=path.format(top=desk.folder.parent))
    assert plan.asks.startswith(f"reads {desk.outside}/theirs.txt, outside the working folder")
    assert "theirs" in await desk.do(plan)


async def test_a_folder_whose_name_begins_like_the_working_folder_is_outside_it(desk: Desk) -> None:
    evil = desk.folder.with_name("work-evil")
    evil.mkdir()
    (evil / "a.txt").write_text("evil")
    assert "outside" in await desk.asks("read_file", path=f"{evil}/a.txt")
    assert "outside" in await desk.asks("read_file", path="../work-evil/a.txt")


async def test_a_tilde_is_the_home_folder_and_asks(desk: Desk) -> None:
    home = desk.folder.parent / "home"
    home.mkdir()
    (home / "diary.txt").write_text("dear")
    plan = await desk.plan("read_file", path="~/diary.txt")
    assert plan.asks == f"reads {home}/diary.txt, outside the working folder"
    assert "dear" in await desk.do(plan)


@pytest.mark.parametrize("link", ["file", "folder", "parent"])
async def test_a_link_that_leads_out_asks_and_says_where_it_leads(desk: Desk, link: str) -> None:
    if link == "file":
        (desk.folder / "link").symlink_to(desk.outside / "theirs.txt")
        path = "link"
    else:
        (desk.folder / "link").symlink_to(desk.outside if link == "folder" else desk.folder.parent)
        path = "link/theirs.txt" if link == "folder" else "link/outside/theirs.txt"
    assert await desk.asks("read_file", path=path) == (
        f'reads {desk.outside}/theirs.txt, outside the working folder, which "{path}" leads to'
    )


async def test_a_link_within_the_folder_is_free(desk: Desk) -> None:
    (desk.folder / "link").symlink_to("notes.txt")
    plan = await desk.plan("read_file", path="link")
    assert plan.asks == ""
    assert "mine" in await desk.do(plan)


@pytest.mark.parametrize("path", SECRETS)
async def test_what_may_hold_secrets_asks_although_it_is_in_the_folder(desk: Desk, path: str) -> None:
    desk.file(path, "KEY=1")
    assert await desk.asks("read_file", path=path) == f"reads {path}, where secrets may be"


async def test_a_link_to_a_secret_and_a_link_of_a_secret_name_ask(desk: Desk) -> None:
    desk.file(".env", "KEY=1")
    (desk.folder / "innocent.txt").symlink_to(".env")
    (desk.folder / "key.pem").symlink_to("notes.txt")
    assert "secrets" in await desk.asks("read_file", path="innocent.txt")
    assert "secrets" in await desk.asks("read_file", path="key.pem")
    assert await desk.asks("read_file", path=".env.example") == ""


async def test_the_files_of_the_program_ask_by_whatever_name(desk: Desk, tmp_path: Path) -> None:
    config = desk.folder / "config"
    desk.file("config/settings.yaml", "tools: {}")
    (desk.folder / "way").symlink_to("config")
    guarded = Desk(tmp_path, guarded=(config,))
    for path in ("config/settings.yaml", "way/settings.yaml"):
        assert "among the files of this program" in await guarded.asks("read_file", path=path)
    assert "among" in await guarded.asks("list_files", folder="config")
    assert "among" in await guarded.asks("write_file", path="config/tools/mine.py", content="x")


@pytest.mark.parametrize(
    "path", ["%2e%2e/outside/theirs.txt", "nothing.txt", "notes.txt/x", "~nobody/x", "a" * 300, "a/" * 3000]
)
async def test_a_path_that_leads_nowhere_is_said_to(desk: Desk, path: str) -> None:
    assert await desk.fault("read_file", path=path)


@pytest.mark.parametrize("path", ["", "  ", "notes.txt\0.png"])
async def test_what_is_no_path_is_refused(desk: Desk, path: str) -> None:
    assert "is not a path" in await desk.fault("read_file", path=path)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("tool", ["read_file", "edit_file", "write_file"])
async def test_pipes_devices_sockets_and_folders_are_not_opened(desk: Desk, tool: str) -> None:
    os.mkfifo(desk.folder / "pipe")
    listening = socket.socket(socket.AF_UNIX)
    where = os.getcwd()
    os.chdir(desk.folder)
    listening.bind("socket")
    os.chdir(where)
    (desk.folder / "sub").mkdir()
    (desk.folder / "loop").symlink_to("loop")
    extra = {"read_file": {}, "edit_file": {"old": "a", "new": "b"}, "write_file": {"content": "b"}}[tool]
    for path, why in {
        "pipe": "pipe or a socket",
        "socket": "pipe or a socket",
        "sub": "it is a folder",
        "loop": "circles",
        "/dev/zero": "a device",
        "/dev/fd/0": "",
    }.items():
        assert why in await desk.fault(tool, path=path, **extra)
    listening.close()


async def test_a_file_that_is_swapped_for_a_link_after_the_question_is_not_read(desk: Desk) -> None:
    plan = await desk.plan("read_file", path="notes.txt")
    (desk.folder / "notes.txt").unlink()
    (desk.folder / "notes.txt").symlink_to(desk.outside / "theirs.txt")
    with pytest.raises(ToolFailed, match="put there just now"):
        await desk.do(plan)


@pytest.mark.parametrize("tool", ["read_file", "write_file", "list_files", "search_files"])
async def test_a_folder_that_is_swapped_for_a_link_after_the_question_is_not_entered(desk: Desk, tool: str) -> None:
    desk.file("sub/theirs.txt", "mine\n")
    arguments = {
        "read_file": {"path": "sub/theirs.txt"},
        "write_file": {"path": "sub/theirs.txt", "content": "new"},
        "list_files": {"folder": "sub"},
        "search_files": {"folder": "sub", "pattern": "e"},
    }
    plan = await desk.plan(tool, **arguments[tool])
    (desk.folder / "sub").rename(desk.folder / "away")
    (desk.folder / "sub").symlink_to(desk.outside)
    with pytest.raises(ToolFailed):
        await desk.do(plan)
    assert (desk.outside / "theirs.txt").read_text() == "theirs\n"


@contextmanager
def swapped(desk: Desk) -> Iterator[None]:
    """Meanwhile "sub" is a folder, nothing, a link to the folder outside, and nothing again, as fast as can be."""
    sub, away, link = desk.folder / "sub", desk.folder / "away", desk.folder / "link"
    link.symlink_to(desk.outside)
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            for first, second in ((sub, away), (link, sub), (sub, link), (away, sub)):
                os.rename(first, second)

    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)  # so that either of the two finds the other in the middle of its work
    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        yield
    finally:
        done.set()
        swapping.join()
        sys.setswitchinterval(before)


def going_on(came: Counter[str], *wanted: str) -> Iterator[int]:
    """Numbers, until everything that may come has come. What a race brings, and when, is nothing to rely on."""
    deadline = time.monotonic() + 5
    for number in count(1):
        if number > 300 and (min(came[one] for one in wanted) > 0 or time.monotonic() > deadline):
            return
        yield number


async def test_no_race_of_swapped_folders_reads_outside_the_working_folder(desk: Desk) -> None:
    desk.file("sub/theirs.txt", "mine\n")
    before = descriptors()
    came = Counter[str]()
    with swapped(desk):
        for _ in going_on(came, "asked", "failed", "mine"):
            try:
                plan = await desk.plan("read_file", path="sub/theirs.txt")
                came["asked" if plan.asks else (await desk.do(plan)).split("\n")[1]] += 1
            except ToolFailed:
                came["failed"] += 1
    assert came["theirs"] == 0
    assert set(came) <= {"asked", "failed", "mine"}
    assert descriptors() == before


async def test_no_race_of_swapped_folders_writes_outside_the_working_folder(desk: Desk) -> None:
    (desk.outside / "same.txt").write_text("0")
    desk.file("sub/same.txt", "0")
    came = Counter[str]()
    with swapped(desk):
        for number in going_on(came, "written", "failed"):
            try:
                plan = await desk.plan("write_file", path="sub/same.txt", content=str(number))
                if plan.asks == "changes sub/same.txt":
                    await desk.do(plan)
                    came["written"] += 1
            except ToolFailed:
                came["failed"] += 1
    assert (desk.outside / "same.txt").read_text() == "0"
    assert sorted(os.listdir(desk.outside)) == ["same.txt", "theirs.txt"]


async def test_a_standing_permission_for_a_tool_does_not_cover_secrets_or_writing_elsewhere(desk: Desk) -> None:
    desk.file(".env", "KEY=1")
    approval = Approval([Permission("read_file"), Permission("write_file")])
    read, write = tool_named(desk, "read_file"), tool_named(desk, "write_file")
    assert not approval.needs(read, await desk.plan("read_file", path="../outside/theirs.txt"))
    assert approval.needs(read, await desk.plan("read_file", path=".env"))
    assert not approval.needs(write, await desk.plan("write_file", path="a.txt", content="x"))
    for path in ("../outside/new.txt", ".env", ".git/hooks/pre-commit"):
        plan = await desk.plan("write_file", path=path, content="x")
        assert approval.needs(write, plan)
        assert not Approval([Permission("write_file", plan.line)]).needs(write, plan)
        assert Approval([Permission("write_file", plan.line[:-1], prefix=True)]).needs(write, plan)


async def test_what_a_file_outside_says_is_not_told_by_an_edit_that_fails(desk: Desk) -> None:
    plan = await desk.plan("edit_file", path="../outside/theirs.txt", old="thars", new="x")
    assert plan.asks == f"reads {desk.outside}/theirs.txt, outside the working folder"
    with pytest.raises(ToolFailed, match="theirs"):
        await desk.do(plan)


async def test_a_name_with_line_ends_in_it_is_shown_on_one_line(desk: Desk) -> None:
    name = "a\n[b: nothing to see].txt\x1b[2J"
    desk.file(name, "x")
    assert "\\n" in await desk.run("list_files")
    assert "\x1b" not in await desk.run("read_file", path=name)
    assert "\n" not in (await desk.asks("write_file", path=name, content="y"))
