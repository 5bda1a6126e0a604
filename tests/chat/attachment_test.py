"""Names of files that are attached, as they are typed, dropped and given to the program (row G)."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from modules.chat.input.encoding_detection import read_text
from tests.harness.home import Home

NAMES = [" lead.txt", "trail.txt ", "  both  ", "it's.txt", '"quoted".txt', "back\\slash.txt"]


@pytest.mark.parametrize("name", NAMES)
def test_an_argument_names_exactly_the_file_that_is_there(home: Home, name: str) -> None:
    folder = home.folder / "files"
    folder.mkdir()
    (folder / name.strip()).write_text("another")
    (folder / name).write_text("the one that is meant")
    done = home.run("-p", "What is in it?", "-m", "groq:gpt-oss-120b", "-a", name, cwd=folder)
    assert done.returncode == 0
    assert "the one that is meant" in json.dumps(home.groq.chats[-1].body)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("lead.txt", " lead.txt"),
        ('" lead.txt"', " lead.txt"),
        ("trail.txt", "trail.txt "),
        ("with\\ blank.txt", "with blank.txt"),
        ("'with blank.txt'", "with blank.txt"),
        ("\\ lead.txt", " lead.txt"),
    ],
)
def test_a_typed_or_dropped_name_finds_the_file_with_its_blanks(home: Home, typed: str, name: str) -> None:
    folder = home.folder / "files"
    folder.mkdir()
    (folder / name).write_text("the one that is meant")
    terminal = home.open("-m", "groq:gpt-oss-120b", cwd=folder)
    terminal.prompt().enter(f"/attach {typed}").sees("Attached to the next message").prompt()
    terminal.enter("What is in it?").sees("Answer 1 from groq.").prompt()
    assert "the one that is meant" in json.dumps(home.groq.chats[-1].body)


def test_a_name_that_fits_two_files_is_not_guessed(home: Home, tmp_path: Path) -> None:
    for name in (" lead.txt", "lead.txt "):
        (home.folder / name).write_text("one of two")
    done = home.run("-p", "What?", "-m", "groq:gpt-oss-120b", "-a", "lead.txt")
    assert done.returncode == 1
    assert "lead.txt cannot be read: No such file or directory." in done.stderr


@pytest.mark.parametrize(
    ("data", "note"),
    [
        ("Grüße".encode("latin-1"), "its text is read as cp1252, as far as can be told; saved as UTF-8 it is sure"),
        ("Grüße".encode("utf-16"), "its text is read as utf-16"),
        ("Grüße".encode("utf-8-sig"), ""),
    ],
)
def test_text_in_another_encoding_is_read_as_that_and_said(home: Home, data: bytes, note: str) -> None:
    (home.folder / "export.txt").write_bytes(data)
    done = home.run("-p", "What is in it?", "-m", "groq:gpt-oss-120b", "-a", "export.txt")
    assert done.returncode == 0
    assert home.groq.chats[-1].body["messages"][-1]["content"].endswith("[file: export.txt]\nGrüße")
    assert (f"export.txt: {note}." if note else "") in done.stderr


def test_bytes_that_no_text_has_are_not_called_text(home: Home) -> None:
    (home.folder / "core.txt").write_bytes(b"a\0b")
    done = home.run("-p", "What is in it?", "-m", "groq:gpt-oss-120b", "-a", "core.txt")
    assert done.returncode == 1
    assert "core.txt holds bytes that no text has." in done.stderr


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("~nobody-of-this-name.txt", "No such file or directory. Paths are read from"),
        ("there.txt/more", "Not a directory. Paths are read from"),
        ("x" * 300, "File name too long. Paths are read from"),
    ],
)
def test_a_name_that_leads_to_no_file_is_said_in_words_that_hold_in_a_pipe(home: Home, name: str, words: str) -> None:
    (home.folder / "there.txt").write_text("text")
    done = home.run("-p", "What is in it?", "-m", "groq:gpt-oss-120b", "-a", name)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "Tab" not in done.stderr


def test_a_name_that_begins_like_a_home_is_a_name(home: Home) -> None:
    (home.folder / "~draft.txt").write_text("the draft")
    done = home.run("-p", "What is in it?", "-m", "groq:gpt-oss-120b", "-a", "~draft.txt")
    assert done.returncode == 0
    assert "the draft" in str(home.groq.chats[-1].body)


GERMAN = "Grüße aus Köln, wo die Straße schön ist. Ä Ö Ü ÄÖÜ. Größe: 5 µm, 20 °C, 3 €.\n"
FRENCH = "Où est l'été ? À côté de la forêt, déjà. « Élève », dit-il – çà et là…\n"
JAPANESE = "これは日本語のテキストです。ファイルの名前を確認してください。\n価格は100円です。\n"
CHINESE = "这是一个中文文本文件。请检查文件的名称，价格是一百元。\n第二行也是中文。\n"
TAIWANESE = "這是一個中文文字檔案。請檢查檔案的名稱，價格是一百元。\n"
KOREAN = "이것은 한국어 텍스트 파일입니다. 파일 이름을 확인해 주세요.\n"
RUSSIAN = "Это русский текст. Проверьте, пожалуйста, имя файла и цену.\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "cp1252"),
        (FRENCH, "cp1252"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        (CHINESE, "gb18030"),
        (TAIWANESE, "big5"),
        (KOREAN, "euc_kr"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (GERMAN, "utf-16-le"),
        (GERMAN, "utf-16-be"),
        (JAPANESE, "utf-16-le"),
        (RUSSIAN, "utf-16-be"),
    ],
)
def test_text_that_names_no_encoding_is_read_as_what_it_looks_like(text: str, encoding: str) -> None:
    found = read_text(text.encode(encoding))
    assert found is not None
    assert (found.text, found.encoding, found.sure) == (text, encoding, False)


@pytest.mark.parametrize("text", [GERMAN, FRENCH, "naïve café", "ÄÖÜ", "Müller", "¿Qué tal, Señor Muñoz?"])
def test_words_of_an_alphabet_are_never_taken_for_letters_of_two_bytes(text: str) -> None:
    found = read_text(text.encode("cp1252"))
    assert found is not None
    assert found.text == text


@pytest.mark.parametrize("text", [GERMAN, JAPANESE, CHINESE])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_or_sound_utf_8_leaves_no_doubt(text: str, encoding: str) -> None:
    found = read_text(text.encode(encoding))
    assert found is not None
    assert (found.text, found.sure) == (text, True)


@pytest.mark.parametrize("data", [b"a\0b", b"\0" * 64, bytes(range(256)), b"\x7fELF\2\1\1" + b"\0" * 9])
def test_what_is_no_text_is_not_read_as_any(data: bytes) -> None:
    assert read_text(data) is None


def test_text_that_dos_ended_is_text() -> None:
    found = read_text("Grüße\r\n".encode("cp1252") + b"\x1a")
    assert found is not None
    assert found.text == "Grüße\r\n"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("data.json", "data.json holds bytes that no text has."),
        ("core", "core holds bytes that no text has."),
        ("song.mp3", "song.mp3 is of a kind that no model takes (audio/mpeg)."),
        ("shot.png", "shot.png does not begin as its name says (image/png)"),
    ],
)
def test_why_a_file_is_not_taken_does_not_contradict_what_is(home: Home, name: str, words: str) -> None:
    (home.folder / name).write_bytes(b"\x01\x02\0\xff")
    done = home.run("-p", "What is in it?", "-m", "groq:gpt-oss-120b", "-a", name)
    assert done.returncode == 1
    assert words in done.stderr


@given(some.binary(max_size=400))
def test_any_bytes_are_text_of_some_encoding_or_none(data: bytes) -> None:
    found = read_text(data)
    assert found is None or data.decode(found.encoding, "replace").startswith(found.text[:1])


def test_a_name_of_nothing_attaches_nothing_and_a_folder_goes_by_its_own_name(home: Home) -> None:
    folder = home.folder / "files"
    folder.mkdir()
    (folder / "one.txt").write_text("1")
    terminal = home.open("-m", "groq:gpt-oss-120b", cwd=folder).prompt()
    assert "No file is named." in terminal.ask('/attach ""')
    assert "Attached to the next message: files/." in terminal.ask("/attach .")
    terminal.ask("Hm?")
    assert "[folder files: 1 files" in json.dumps(home.groq.chats[-1].body)
