"""What a settings file may hold: plain YAML, and nothing that surprises."""

import re
from pathlib import Path
from time import process_time

import pytest

from modules.errors import ConfigError
from modules.llm.catalogue.strict_yaml import Document


def document(folder: Path, text: str | bytes) -> Document:
    (folder / "user.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return Document(folder / "user.yaml")


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        document(folder, text)
    return re.sub(r"\S*/(?=user\.yaml)", "", str(caught.value))


def test_every_key_and_item_has_its_line(tmp_path: Path) -> None:
    found = document(tmp_path, "a: 1\n\nb:\n  c: [x,\n    y]\n")
    assert found.value == {"a": 1, "b": {"c": ["x", "y"]}}
    assert found.lines == {(): 1, ("a",): 1, ("b",): 3, ("b", "c"): 4, ("b", "c", 0): 4, ("b", "c", 1): 5}


def test_plain_words_become_only_what_they_say(tmp_path: Path) -> None:
    text = "[1, -2, 1_000_000, 1.5, 2.5e-3, true, False, null, ~, no, 12:30, 012, 1e3, .inf, 2026-01-01, '7', <<]"
    assert document(tmp_path, text).value == [
        *(1, -2, 1_000_000, 1.5, 0.0025, True, False, None, None),
        *("no", "12:30", "012", "1e3", ".inf", "2026-01-01", "7", "<<"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("default: small\ndefault: large", 'user.yaml:2: "default" stands here a second time, first in line 1.'),
        ("default: *x", "user.yaml:1: anchors and aliases (& and *) are not read."),
        ("default: &x small", "user.yaml:1: anchors and aliases (& and *) are not read."),
        ("&x default: small", "user.yaml:1: anchors and aliases (& and *) are not read."),
        ("default: !!python/object/apply:os.system [true]", "user.yaml:1: tags (!) are not read."),
        ("default: !!str small", "user.yaml:1: tags (!) are not read."),
        ("? [a]\n: b", "user.yaml:1: a key must be a word."),
        ("default: small\n---\ndefault: large", "user.yaml:3: a second document begins here."),
        ("providers:\n\tacme: {}", "user.yaml:2: this is not YAML:"),
        ("default: small\nproviders: {acme: [}", "user.yaml:2: this is not YAML:"),
        ("default: [" * 1000, "user.yaml:1: "),
        ("[" * 1000, "user.yaml:1: more than 20 levels deep."),
        ("a: b: c", "user.yaml:1: this is not YAML:"),
        ("default: a\x00b", "user.yaml: this is not YAML:"),
        ("default: a\x1b[31mb", "user.yaml: this is not YAML:"),
        ("default: smäll".encode("latin-1"), "user.yaml is not UTF-8 text. Save it as UTF-8."),
        ("default: small".encode("utf-16"), "user.yaml is not UTF-8 text. Save it as UTF-8."),
        (b"# " + b"x" * 1024 * 1024, "user.yaml is larger than 1 MB."),
    ],
)
def test_what_is_not_plain_yaml_is_refused(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert refusal(tmp_path, text).startswith(message)


def test_a_file_of_nothing_but_brackets_is_refused_at_once(tmp_path: Path) -> None:
    started = process_time()
    refusal(tmp_path, "[" * 500_000)
    refusal(tmp_path, "{a: " * 200_000)
    assert process_time() - started < 1
