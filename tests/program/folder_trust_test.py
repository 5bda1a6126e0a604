"""What lies in a folder is believed for exactly the content that was shown, and nothing else."""

import os
import stat
from pathlib import Path

import pytest

from modules.errors import FileProblem
from modules.folder_trust import FolderTrust


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "trusted.json"


def test_nobody_was_asked_until_an_answer_is_remembered_and_it_is_there_in_the_next_run(
    file: Path, tmp_path: Path
) -> None:
    trust = FolderTrust(file)
    assert trust.answer(tmp_path, "settings", b"a") is None
    trust.remember(tmp_path, "settings", b"a", True)
    trust.remember(tmp_path, "prompts", b"a", False)
    for one in (trust, FolderTrust(file)):
        assert one.answer(tmp_path, "settings", b"a") is True
        assert one.answer(tmp_path, "prompts", b"a") is False


def test_other_content_another_kind_and_another_folder_are_asked_about(file: Path, tmp_path: Path) -> None:
    trust = FolderTrust(file)
    trust.remember(tmp_path, "settings", b"a", True)
    assert trust.answer(tmp_path, "settings", b"b") is None
    assert trust.answer(tmp_path, "prompts", b"a") is None
    assert trust.answer(tmp_path / "inner", "settings", b"a") is None


def test_what_was_changed_and_changed_back_is_what_was_said_last(file: Path, tmp_path: Path) -> None:
    trust = FolderTrust(file)
    trust.remember(tmp_path, "settings", b"a", True)
    trust.remember(tmp_path, "settings", b"b", False)
    assert (trust.answer(tmp_path, "settings", b"a"), trust.answer(tmp_path, "settings", b"b")) == (None, False)


def test_what_is_forgotten_is_asked_again_also_in_another_run(file: Path, tmp_path: Path) -> None:
    trust = FolderTrust(file)
    trust.remember(tmp_path, "settings", b"a", True)
    trust.forget(tmp_path, "settings")
    assert trust.answer(tmp_path, "settings", b"a") is None
    assert FolderTrust(file).answer(tmp_path, "settings", b"a") is None


def test_what_another_program_was_told_later_is_not_put_back_by_the_next_answer_here(
    file: Path, tmp_path: Path
) -> None:
    here, there = FolderTrust(file), FolderTrust(file)
    here.remember(tmp_path, "settings", b"a", True)
    there.remember(tmp_path, "settings", b"a", False)
    assert here.answer(tmp_path, "settings", b"a") is False
    here.remember(tmp_path, "prompts", b"b", True)
    assert FolderTrust(file).answer(tmp_path, "settings", b"a") is False


def test_two_programs_keep_each_others_answers(file: Path, tmp_path: Path) -> None:
    one, other = FolderTrust(file), FolderTrust(file)
    one.remember(tmp_path, "settings", b"a", True)
    other.remember(tmp_path, "prompts", b"b", True)
    assert FolderTrust(file).answer(tmp_path, "settings", b"a") is True
    assert one.answer(tmp_path, "prompts", b"b") is True


@pytest.mark.parametrize(
    "damaged", [b"", b"{", b"[]", b'{"answers": 3}', b"\xff", b'{"answers": [{"folder": "x", "answer": "yes"}]}']
)
def test_a_damaged_file_means_that_nobody_was_asked_and_is_written_anew(
    file: Path, tmp_path: Path, damaged: bytes
) -> None:
    file.parent.mkdir()
    file.write_bytes(damaged)
    assert FolderTrust(file).answer(tmp_path, "settings", b"a") is None
    FolderTrust(file).remember(tmp_path, "settings", b"a", True)
    assert FolderTrust(file).answer(tmp_path, "settings", b"a") is True


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions and names")
def test_the_file_is_this_users_alone_and_nothing_is_left_beside_it(file: Path, tmp_path: Path) -> None:
    FolderTrust(file).remember(tmp_path, "settings", b"a", True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions and names")
def test_a_folder_is_known_through_links_and_by_names_that_are_not_text(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"w\xffrk")
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder)
    FolderTrust(file).remember(tmp_path / "link", "settings", b"a", True)
    assert FolderTrust(file).answer(folder, "settings", b"a") is True
    (tmp_path / r"w\xffrk").mkdir()
    assert FolderTrust(file).answer(tmp_path / r"w\xffrk", "settings", b"a") is None


def test_an_answer_that_cannot_be_kept_holds_for_this_run_and_is_told(file: Path, tmp_path: Path) -> None:
    file.parent.write_bytes(b"no folder")
    trust = FolderTrust(file)
    with pytest.raises(FileProblem, match="this run only"):
        trust.remember(tmp_path, "settings", b"a", True)
    assert trust.answer(tmp_path, "settings", b"a") is True
