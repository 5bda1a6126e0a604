"""A text in an editor: which one, how it is started, and what is said where that goes wrong (T21)."""

import os
from pathlib import Path

import pytest

from modules.chat.terminal.editor import edit, editor_of
from modules.errors import ParlanceError, UsageError


def script(folder: Path, name: str, body: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


async def edited(text: str, **variables: str) -> str:
    return await edit(text, lambda name: variables.get(name, ""))


async def test_comes_back_as_it_was_left_without_the_line_end_that_editors_add(tmp_path: Path) -> None:
    editor = script(tmp_path, "ed", 'printf "%s, and more\\n" "$(cat "$1")" > "$1"')
    assert await edited("Grüße\n世界", EDITOR=editor) == "Grüße\n世界, and more"


async def test_visual_counts_more_than_editor_and_both_may_have_arguments(tmp_path: Path) -> None:
    editor = script(tmp_path, "ed", 'printf "%s" "$1 $2" | cut -d/ -f1 > "$3"')
    assert await edited("x", VISUAL=f"'{editor}' --wait 'a b'", EDITOR="/no/such") == "--wait a b"


async def test_a_path_with_blanks_is_one_word(tmp_path: Path) -> None:
    editor = script(tmp_path, "my ed", 'echo done > "$1"')
    assert await edited("x", EDITOR=editor) == "done"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("/no/such", 'EDITOR is "/no/such", and there is no such program.'),
        ("no-such-editor-here", 'EDITOR is "no-such-editor-here", and there is no such program.'),
        ("false", 'The editor "false" (EDITOR) left with code 1.'),
        ("sh -c 'kill -9 $$'", 'The editor "sh" (EDITOR) was ended by signal 9.'),
        ("vi 'x", "EDITOR has a quotation mark that is open"),
        (os.path.dirname(__file__), "it cannot be started: Permission denied."),
    ],
)
async def test_what_goes_wrong_is_told_with_what_the_variable_says(value: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        await edited("the text", EDITOR=value)
    assert said in raised.value.message
    assert raised.value.cure


@pytest.mark.parametrize("body", ['rm "$1"', 'printf "a\\000b" > "$1"'])
async def test_a_file_that_is_gone_or_no_text_is_told(tmp_path: Path, body: str) -> None:
    with pytest.raises(ParlanceError):
        await edited("x", EDITOR=script(tmp_path, "ed", body))


async def test_nothing_of_the_text_is_left_on_the_disk_and_nobody_else_can_read_it_meanwhile(tmp_path: Path) -> None:
    note = tmp_path / "note"
    editor = script(tmp_path, "ed", f'ls -ld "$(dirname "$1")" > {note}; echo "$1" >> {note}; cp "$1" "$1~"')
    await edited("secret", EDITOR=editor)
    rights, path = note.read_text().splitlines()
    assert rights.startswith("drwx------")
    assert not Path(path).parent.exists()


def test_an_editor_with_a_window_of_its_own_is_told_to_wait() -> None:
    assert editor_of(lambda name: "code" if name == "EDITOR" else "") == ("EDITOR", ["code", "--wait"])
    assert editor_of(lambda name: "code -w -n" if name == "VISUAL" else "") == ("VISUAL", ["code", "-w", "-n"])


def test_without_a_variable_it_is_one_that_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script(tmp_path, "nano", "true")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert editor_of(lambda name: "") == ("", ["nano"])
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="There is no editor here"):
        editor_of(lambda name: "")
