"""Writing the conversation to a file, typed at the real program: asked before anything is lost or told."""

import json
import os
import re
import stat
from pathlib import Path

import pytest

from modules.chat.commands.export_command import parsed
from tests.harness.cases import PNG
from tests.harness.home import KEYS, Home
from tests.harness.terminal import Terminal
from tests.wire import Answer, Call, Reasoning

OSS = ("-m", "groq:gpt-oss-120b")
SECRET = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that the person works in."""
    place = tmp_path / "work"
    place.mkdir()
    return place


def said(home: Home, folder: Path, *answers: Answer | str, columns: int = 120) -> Terminal:
    """A chat in which something was asked."""
    home.groq.answer(*answers)
    chat = home.open(*OSS, columns=columns, cwd=folder).prompt()
    for at in range(len(answers)):
        chat.enter(f"Question {at + 1}").sees(f"> Question {at + 1}").prompt()
    return chat


def test_each_suffix_is_a_format_and_nothing_else_is(home: Home, folder: Path) -> None:
    chat = said(home, folder, Answer(Reasoning("Hm."), "**Forty** two."), columns=200)
    for name in ("a.md", "b.HTML", "c.json", "d.txt", "e.markdown"):
        assert re.search(
            rf"Written to {folder / name}: [\d,]+ (bytes|kB)\.", " ".join(chat.ask(f"/export {name}").split())
        )
    assert "**Forty** two." in (folder / "a.md").read_text()
    assert "<strong>Forty</strong> two." in (folder / "b.HTML").read_text()
    assert json.loads((folder / "c.json").read_text())["messages"][1]["parts"][1]["text"] == "**Forty** two."
    assert (folder / "d.txt").read_text().endswith("**Forty** two.\n")
    for wrong in ("f", "f.md.bak", "f.pdf"):
        assert "Give a name that ends in .md, .html, .json or .txt." in chat.ask(f"/export {wrong}")
    assert sorted(os.listdir(folder)) == ["a.md", "b.HTML", "c.json", "d.txt", "e.markdown"]


def test_without_a_path_the_file_is_named_after_the_title_and_lies_in_this_folder(home: Home, folder: Path) -> None:
    chat = said(home, folder, "An answer.", columns=200)
    assert "Written to" in chat.ask("/export")
    (folder / "sub").mkdir()
    assert "Written to" in chat.ask("/export sub")
    assert (folder / "Question-1.md").read_text() == (folder / "sub" / "Question-1.md").read_text()
    chat.type("/export\r").sees("Question-1.md exists already. Replace it? y/N")


def test_words_that_are_no_answer_to_a_question_wait_in_the_line_and_are_not_sent(home: Home, folder: Path) -> None:
    chat = said(home, folder, "An answer.", columns=200)
    chat.enter("/export a.md").sees("Written to").prompt()
    before, asked = (folder / "a.md").read_text(), len(home.groq.chats)
    chat.enter("/export a.md").sees("Replace it? y/N").type("And why is that?\r").sees("Nothing was written.")
    chat.prompt("And why is that?")
    assert ((folder / "a.md").read_text(), len(home.groq.chats)) == (before, asked)
    chat.type("\r").prompt()
    assert home.groq.chats[-1].body["messages"][-1]["content"] == "And why is that?"


def test_paths_are_typed_as_everywhere(home: Home, folder: Path) -> None:
    chat = said(home, folder, "An answer.", columns=200)
    for typed, place in {
        "~/from home.md": home.folder / "from home.md",
        "'one two.md' --tree": folder / "one two.md",
        '"three four.txt"': folder / "three four.txt",
        r"five\ six.json": folder / "five six.json",
        "--tree seven.html": folder / "seven.html",
    }.items():
        assert f"Written to {place}:" in chat.ask(f"/export {typed}")
        assert place.is_file()


def test_a_file_that_is_there_stays_unless_the_person_says_so(home: Home, folder: Path) -> None:
    notes = folder / "notes.md"
    notes.write_text("Mine.")
    notes.chmod(0o640)
    (folder / "link.md").symlink_to(notes)
    chat = said(home, folder, "An answer.")
    for key in ("n\r", "\x1b", "\r"):
        chat.enter("/export notes.md").until(lambda: chat.line.endswith("y/N"), "the question").type(key)
        chat.prompt()
    assert notes.read_text() == "Mine."
    chat.enter("/export link.md").until(lambda: chat.line.endswith("y/N"), "the question").type("y\r")
    chat.sees("Written to").prompt()
    assert "An answer." in notes.read_text()
    assert (folder / "link.md").is_symlink()
    assert stat.S_IMODE(notes.stat().st_mode) == 0o640
    assert sorted(os.listdir(folder)) == ["link.md", "notes.md"]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_new_file_has_the_mode_of_the_persons_own_files(home: Home, folder: Path, mask: int, mode: int) -> None:
    home.groq.answer("An answer.")
    before = os.umask(mask)
    try:
        chat = home.open(*OSS, cwd=folder, cold=True).prompt()
    finally:
        os.umask(before)
    chat.enter("Question").sees("An answer.").prompt().enter("/export a.md").sees("Written to").prompt()
    assert stat.S_IMODE((folder / "a.md").stat().st_mode) == mode


def test_a_place_where_nothing_can_be_written_is_said_with_a_cure(home: Home, folder: Path) -> None:
    chat = said(home, folder, "An answer.")
    assert "There is no folder" in chat.ask("/export nowhere/a.md")
    os.mkfifo(folder / "pipe.md")
    chat.enter("/export pipe.md").sees("Replace it? y/N").type("y\r").sees("cannot be written: it is a pipe.").prompt()
    (folder / "link.md").symlink_to("/gone/a.md")
    chat.enter("/export link.md").sees("Replace it? y/N").type("y\r").sees("There is no folder /gone.").prompt()
    assert "There is nothing to export. Ask something first." in " ".join(chat.ask("/new").split()) + " ".join(
        chat.ask("/export a.md").split()
    )


def test_keys_are_named_with_their_places_before_a_file_is_written(home: Home, folder: Path) -> None:
    (folder / "config.ini").write_text(f"token = {SECRET}\n")
    home.groq.answer(
        Answer("Let me look.", Call("read_file", {"path": "config.ini"})), f"It is {KEYS['GROQ_API_KEY']}."
    )
    chat = home.open(*OSS, "--yes", columns=100, cwd=folder).prompt()
    chat.enter("What is the token?").sees("It is").prompt()
    question = (
        "The file would hold what looks like a key of GitHub (in the result of read_file) and your GROQ_API_KEY "
        "(in answer 1). Write it all the same? y/N"
    )
    for name in ("a.md", "a.html", "a.json"):
        chat.enter("/clear").prompt().enter(f"/export {name}")
        chat.until(lambda: "".join(question.split()) in "".join(chat.text.split()), question)
        assert SECRET not in chat.text
        chat.type("\r").sees("Nothing was written.").prompt()
        assert not (folder / name).exists()
    chat.enter("/export a.txt").sees("The file would hold your GROQ_API_KEY (in answer 1). Write it").type("y\r")
    chat.sees("Written to").prompt()
    assert SECRET not in (folder / "a.txt").read_text()


def test_branches_go_along_only_when_they_are_wanted(home: Home, folder: Path) -> None:
    chat = said(home, folder, "First answer.")
    chat.enter("/undo").prompt("Question 1").type("\x15").prompt()
    assert "/export --tree takes the branches along." in " ".join(chat.ask("/export a.md").split())
    home.groq.answer("Second answer.")
    chat.enter("Another").sees("Second answer.").prompt()
    for option, there in (("", False), ("--path", False), ("--tree", True)):
        name = f"x{option}.md"
        chat.enter(f"/export {name} {option}".strip()).sees(f"{name}:").prompt()
        assert ("First answer." in (folder / name).read_text()) == there


@pytest.mark.parametrize("columns", [40, 200])
def test_it_reads_well_at_any_width(home: Home, folder: Path, columns: int) -> None:
    chat = said(home, folder, "An answer.", columns=columns)
    (folder / "a.md").write_text("Mine.")
    chat.enter("/export a.md").sees("exists already. Replace it? y/N").type("y\r").sees("bytes.").prompt()
    assert max(map(len, chat.rows)) <= columns


def test_completion_offers_the_option_and_paths(home: Home, folder: Path) -> None:
    (folder / "reports").mkdir()
    chat = said(home, folder, "An answer.")
    chat.type("/export \t").sees("--tree").sees("all branches")
    chat.type("\x15/export rep\t").sees("reports/ folder")


@pytest.mark.parametrize(
    ("args", "name", "tree"),
    [
        ("", "", False), ("--tree", "", True), ("--path a.md", "a.md", False), ("a.md --tree", "a.md", True),
        ("--tree a b.md", "a b.md", True), ("a--tree.md", "a--tree.md", False), ("'--tree.md'", "'--tree.md'", False),
    ],
)  # fmt: skip
def test_options_stand_before_the_path_or_behind_it(args: str, name: str, tree: bool) -> None:
    wanted = parsed(args)
    assert (wanted.name, wanted.tree) == (name, tree)


def test_a_picture_is_inside_the_page(home: Home, folder: Path) -> None:
    import base64

    (folder / "red.png").write_bytes(base64.b64decode(PNG))
    home.overlay({"groq": {"base_url": home.groq.base_url}})
    chat = home.open("-m", "groq:qwen", "-a", "red.png", cwd=folder, columns=120).prompt()
    home.groq.answer("Red.")
    chat.enter("What is it?").sees("Red.").prompt().enter("/export a.html").sees("Written to").prompt()
    assert '<img src="data:image/png;base64,' in (folder / "a.html").read_text()
