"""A change of a file is shown before it is made, made whole or not at all, and what was there before is kept."""

import asyncio
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from modules.errors import ToolFailed
from modules.tools.files.access.atomic_replace import BACKUPS, one_at_a_time
from tests.harness.engine_harness import Talk
from tests.harness.file_tool_harness import Desk, descriptors
from tests.harness.home import Home
from tests.harness.tool_helpers import NO, Person, tooling
from tests.wire import Answer, Call


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def backups(desk: Desk) -> list[Path]:
    return sorted((desk.private / "backups").iterdir())


async def test_an_edit_is_shown_as_a_diff_and_done_after_that(desk: Desk) -> None:
    path = desk.file("a.py", "one\ntwo\nthree\n")
    plan = await desk.plan("edit_file", path="a.py", old="two", new="2")
    assert plan.asks == "changes a.py"
    assert plan.preview == "--- a.py\n+++ a.py\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three"
    assert path.read_text() == "one\ntwo\nthree\n"
    text = await desk.do(plan)
    assert path.read_text() == "one\n2\nthree\n"
    (kept,) = backups(desk)
    assert text == f"Changed a.py (+1 -1 lines). As it was before: {kept}"
    assert kept.read_text() == "one\ntwo\nthree\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert os.listdir(desk.folder) == ["a.py"]


async def test_a_new_file_is_shown_whole_and_its_folders_are_made_with_it(desk: Desk) -> None:
    plan = await desk.plan("write_file", path="src/new/a.py", content="one\ntwo")
    assert plan.asks == "makes src/new/a.py"
    assert plan.preview == (
        "--- /dev/null\n+++ src/new/a.py\n@@ -0,0 +1,2 @@\n+one\n+two\n\\ No newline at end of file"
    )
    assert not (desk.folder / "src").exists()
    assert await desk.do(plan) == "Made src/new/a.py (+2 -0 lines)."
    path = desk.folder / "src/new/a.py"
    assert path.read_text() == "one\ntwo"
    assert path.stat().st_nlink == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~current_umask()


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


async def test_a_file_is_replaced_whole_and_the_old_one_kept(desk: Desk) -> None:
    path = desk.file("a.txt", "old\n")
    assert "Changed a.txt" in await desk.run("write_file", path="a.txt", content="new\n")
    assert path.read_text() == "new\n"
    assert backups(desk)[0].read_text() == "old\n"
    assert "says so already" in await desk.fault("write_file", path="a.txt", content="new\n")


async def test_a_difference_that_would_take_minutes_to_find_is_shown_in_one_piece(desk: Desk) -> None:
    same = [f"line {number}" for number in range(50)]
    old = [*same, *(f"{number % 150}" for number in range(40_000)), *same]
    new = [*same, *(f"{number * 7 % 151}" for number in range(40_000)), *same]
    desk.file("a.txt", "\n".join([*old, ""]))
    began = time.process_time()
    plan = await desk.plan("write_file", path="a.txt", content="\n".join([*new, ""]))
    assert time.process_time() - began < 5
    assert plan.preview.split("\n") == [
        "--- a.txt", "+++ a.txt", "@@ -49,40005 +49,40005 @@", " line 48", " line 49", " 0",
        *(f"-{line}" for line in old[51:-50]), *(f"+{line}" for line in new[51:-50]),
        *(f" line {number}" for number in range(3)),
    ]  # fmt: skip


async def test_a_text_that_is_not_there_is_answered_with_what_is(desk: Desk) -> None:
    desk.file("a.py", "import os\n\ndef total(items):\n    return sum(items)\n")
    wrong_space = await desk.fault("edit_file", path="a.py", old="def total(items):\n  return sum(items)", new="")
    assert wrong_space.endswith("Lines 3-4:\ndef total(items):\n    return sum(items)")
    wrong_word = await desk.fault("edit_file", path="a.py", old="def totals(items):\n    return sum(xs)", new="")
    assert "Nearest is this. Lines 3-4:\ndef total(items):\n" in wrong_word
    assert "Nothing in it is like that" in await desk.fault("edit_file", path="a.py", old="!!??", new="")
    assert "write_file makes new files" in await desk.fault("edit_file", path="b.py", old="a", new="b")
    assert "the same" in await desk.fault("edit_file", path="a.py", old="os", new="os")
    assert "old is empty" in await desk.fault("edit_file", path="a.py", old="", new="os")


async def test_a_text_that_is_there_several_times_is_told_where(desk: Desk) -> None:
    path = desk.file("a.txt", "x\ny\nx\nx\n")
    text = await desk.fault("edit_file", path="a.txt", old="x\n", new="z\n")
    assert "3 times, at lines 1, 3, 4." in text
    await desk.run("edit_file", path="a.txt", old="x\n", new="z\n", all=True)
    assert path.read_text() == "z\ny\nz\nz\n"
    await desk.run("edit_file", path="a.txt", old="y\nz", new="")
    assert path.read_text() == "z\n\nz\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
async def test_encoding_line_ends_and_mode_are_kept(desk: Desk, encoding: str) -> None:
    path = desk.file("a.sh", "Grüße\r\nzwei\r\ndrei\r\n".encode(encoding))
    path.chmod(0o750)
    plan = await desk.plan("edit_file", path="a.sh", old="Grüße\nzwei", new="Öl\nund\nmehr")
    assert "\r" not in plan.preview
    await desk.do(plan)
    assert path.read_bytes() == "Öl\r\nund\r\nmehr\r\ndrei\r\n".encode(encoding)
    assert stat.S_IMODE(path.stat().st_mode) == 0o750
    await desk.run("write_file", path="a.sh", content="ä\nb\n")
    assert path.read_bytes() == "ä\r\nb\r\n".encode(encoding)


async def test_byte_order_is_kept(desk: Desk) -> None:
    path = desk.file("a.txt", b"\xfe\xff" + "eins".encode("utf-16-be"))
    await desk.run("edit_file", path="a.txt", old="eins", new="zwei")
    assert path.read_bytes() == b"\xfe\xff" + "zwei".encode("utf-16-be")


async def test_mixed_line_ends_stay_as_they_are(desk: Desk) -> None:
    path = desk.file("a.txt", b"a\r\nb\nc\r\nd\r\n")
    await desk.run("edit_file", path="a.txt", old="c\nd", new="C\nD")
    assert path.read_bytes() == b"a\r\nb\nC\r\nD\r\n"
    await desk.run("edit_file", path="a.txt", old="b\n", new="B\n")
    assert path.read_bytes() == b"a\r\nB\nC\r\nD\r\n"


async def test_a_letter_that_the_encoding_lacks_is_refused(desk: Desk) -> None:
    desk.file("a.txt", "Grüße".encode("cp1252"))
    assert "cp1252, which has no '→'" in await desk.fault("edit_file", path="a.txt", old="Gr", new="→")


async def test_a_binary_file_is_not_edited_and_only_replaced_after_saying_so(desk: Desk) -> None:
    desk.file("a.bin", b"\0\1\2")
    assert "binary" in await desk.fault("edit_file", path="a.bin", old="a", new="b")
    assert "-[a binary file of 3 bytes]" in (await desk.plan("write_file", path="a.bin", content="x\n")).preview


async def test_a_file_that_changed_after_the_question_is_left_alone(desk: Desk) -> None:
    path = desk.file("a.txt", "one\n")
    plan = await desk.plan("edit_file", path="a.txt", old="one", new="two")
    path.write_text("mine\none\n")
    with pytest.raises(ToolFailed, match=r"Nothing was changed\. Read it again"):
        await desk.do(plan)
    assert path.read_text() == "mine\none\n"
    path.unlink()
    with pytest.raises(ToolFailed, match="is gone"):
        await desk.do(plan)


async def test_a_file_that_was_made_after_the_question_is_not_overwritten(desk: Desk) -> None:
    plan = await desk.plan("write_file", path="a.txt", content="model\n")
    path = desk.file("a.txt", "person\n")
    with pytest.raises(ToolFailed, match="made by somebody else"):
        await desk.do(plan)
    assert path.read_text() == "person\n"


async def test_of_two_edits_at_once_one_is_done_and_the_other_is_told_to_read_again(desk: Desk) -> None:
    path = desk.file("a.txt", "one two\n")
    plans = [await desk.plan("edit_file", path="a.txt", old=old, new=old.upper()) for old in ("one", "two")]
    came = await asyncio.gather(*(desk.do(plan) for plan in plans), return_exceptions=True)
    (failed,) = [one for one in came if isinstance(one, ToolFailed)]
    assert "another call of the same answer" in failed.message
    assert path.read_text() in ("ONE two\n", "one TWO\n")
    assert len(backups(desk)) == 1


async def test_a_link_stays_and_the_file_that_was_shown_is_changed(desk: Desk) -> None:
    path = desk.file("real/a.txt", "one\n")
    (desk.folder / "link").symlink_to("real/a.txt")
    plan = await desk.plan("edit_file", path="link", old="one", new="two")
    assert plan.asks == "changes real/a.txt"
    await desk.do(plan)
    assert path.read_text() == "two\n"
    assert (desk.folder / "link").is_symlink()
    (desk.folder / "dangling").symlink_to(desk.outside / "new.txt")
    assert f"makes {desk.outside}/new.txt, outside" in await desk.asks("write_file", path="dangling", content="x")


async def test_a_link_put_in_place_of_the_file_after_the_question_is_not_written_through(desk: Desk) -> None:
    path = desk.file("a.txt", "one\n")
    (desk.outside / "b.txt").write_text("one\n")
    plan = await desk.plan("edit_file", path="a.txt", old="one", new="two")
    path.unlink()
    path.symlink_to(desk.outside / "b.txt")
    with pytest.raises(ToolFailed, match="Nothing was changed"):
        await desk.do(plan)
    assert (desk.outside / "b.txt").read_text() == "one\n"


async def test_a_file_with_other_names_is_not_written(desk: Desk) -> None:
    path = desk.file("a.txt", "one\n")
    plan = await desk.plan("edit_file", path="a.txt", old="one", new="two")
    os.link(path, desk.outside / "same.txt")
    with pytest.raises(ToolFailed, match="2 names"):
        await desk.do(plan)
    assert "hard links" in await desk.fault("write_file", path="a.txt", content="x")


async def test_a_write_that_fails_leaves_the_file_and_nothing_beside_it(desk: Desk) -> None:
    path = desk.file("a.txt", "one\n")
    plan = await desk.plan("edit_file", path="a.txt", old="one", new="two")
    desk.private.write_text("a file where the folder for backups should be")
    before = descriptors()
    with pytest.raises(ToolFailed, match="cannot be written"):
        await desk.do(plan)
    assert path.read_text() == "one\n"
    assert os.listdir(desk.folder) == ["a.txt"]
    assert descriptors() == before
    assert "cannot be changed" in await desk.fault("write_file", path="a.txt/b.txt", content="x")


async def test_an_interrupted_write_does_not_happen_later(desk: Desk) -> None:
    path = desk.file("a.txt", "one\n")
    plan = await desk.plan("edit_file", path="a.txt", old="one", new="two")
    with one_at_a_time:  # as if another file were being written
        writing = asyncio.ensure_future(desk.do(plan))
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
    for thread in threading.enumerate():
        if thread.name.startswith("tool "):
            await asyncio.to_thread(thread.join)
    assert path.read_text() == "one\n"
    assert os.listdir(desk.folder) == ["a.txt"]


async def test_only_so_many_old_files_are_kept(desk: Desk) -> None:
    desk.file("a.txt", "0")
    folder = desk.private / "backups"
    folder.mkdir(parents=True)
    for number in range(BACKUPS + 5):
        (folder / f"20200101-000000-{number:09d}-a.txt").touch()
    await desk.run("write_file", path="a.txt", content="1")
    kept = backups(desk)
    assert len(kept) == BACKUPS
    assert kept[-1].read_text() == "0"
    assert kept[0].name == "20200101-000000-000000006-a.txt"


async def test_a_change_always_asks_and_a_no_changes_nothing(home: Home, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    path = desk.file("a.txt", "one\n")
    calls = (
        Call("edit_file", {"path": "a.txt", "old": "one", "new": "two"}),
        Call("write_file", {"path": "b.txt", "content": "x"}),
    )
    home.anthropic.answer(Answer(*calls), Answer("I see."))
    async with Talk(home) as talk:
        person = Person(talk, tooling(desk.folder, *desk.tools), lambda question: NO)
        await person.say("Change it.")
        assert [question.plan.asks for question in person.asked] == ["changes a.txt", "makes b.txt"]
        assert "+two" in person.asked[0].plan.preview
    assert path.read_text() == "one\n"
    assert os.listdir(desk.folder) == ["a.txt"]


async def test_two_edits_of_one_file_in_one_answer_leave_one_for_the_next_answer(home: Home, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    path = desk.file("a.txt", "one two\n")
    calls = [Call("edit_file", {"path": "a.txt", "old": old, "new": old.upper()}) for old in ("one", "two")]
    home.anthropic.answer(Answer(*calls), Answer(calls[1]), Answer("Done."))
    async with Talk(home) as talk:
        person = Person(talk, tooling(desk.folder, *desk.tools))
        await person.say("Louder.")
        assert [event.result.is_error for event in person.ended].count(True) in (1, 2)
        assert any("Read it again" in result for result in person.results)
    assert "TWO" in path.read_text()
