"""What is said of the tests: each row of the tables names tests that exist, and `bench.mutations` breaks real code."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from bench.mutations import EDITS, TOOL_EDITS
from docs import tables
from modules.config import ROOT

LEAST_ROWS = {"docs/faults.md": 60, "docs/servers.md": 76, "docs/terminals.md": 31}
# The rows of docs/servers.md, by letter; those of G have names.
OF_SERVERS = {"A": 26, "B": 16, "C": 17, "D": 4, "E": 8, "F": 8}
HEADS = ("| ---", "| What goes wrong", "| Row")
NAMED = re.compile(r"`(tests/[\w/]+_test\.py)::([\w.]+)(?:\[([^]`]+)\])?`")


def rows(document: str) -> list[str]:
    """The rows of the tables in a document, without their heads."""
    lines = [line for line in (ROOT / document).read_text().splitlines() if line.startswith("|")]
    return [line for line in lines if not line.startswith(HEADS)]


def name_of(row: str) -> str:
    return row.split("|")[1].strip()


@cache
def names_in(path: str) -> tuple[frozenset[str], frozenset[str]]:
    """The tests of a file, those of a class after its name and a dot, and every text that stands in the file."""
    tree = ast.parse((ROOT / path).read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = {node.name for node in tree.body if isinstance(node, functions)}
    for one in tree.body:
        if isinstance(one, ast.ClassDef):
            names |= {f"{one.name}.{node.name}" for node in one.body if isinstance(node, functions)}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return frozenset(name for name in names if "test_" in name), frozenset(texts)


@pytest.mark.parametrize("row", [row for document in LEAST_ROWS for row in rows(document)], ids=name_of)
def test_a_row_is_held_by_tests_that_exist(row: str) -> None:
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert len(cells) == 4
    assert cells[1] or cells[2], "somebody notices"
    named = NAMED.findall(cells[3])
    assert named
    assert NAMED.sub("", cells[3]).strip() == "", "a name that cannot be read"
    for path, name, case in named:
        names, texts = names_in(path)
        assert name in names
        assert not case or case in texts


@pytest.mark.parametrize(("document", "least"), LEAST_ROWS.items())
def test_no_row_is_told_twice(document: str, least: int) -> None:
    names = [name_of(row) for row in rows(document)]
    assert len(set(names)) == len(names)
    assert len(names) >= least


def test_no_row_of_what_servers_do_is_missing() -> None:
    names = [name for row in rows("docs/servers.md") if not (name := name_of(row)).startswith("G")]
    assert names == [f"{letter}{number}" for letter, last in OF_SERVERS.items() for number in range(1, last + 1)]


def test_every_rule_that_is_broken_for_trial_stands_in_the_code() -> None:
    gone = [rule for rule, path, old, *_ in (*EDITS, *TOOL_EDITS) if old not in (ROOT / path).read_text()]
    assert gone == []


MACHINE = re.compile(r"/(?:work|tmp|root|home|Users|var/folders)/")


def test_no_document_and_no_picture_has_a_path_of_the_machine_that_drew_it() -> None:
    files = [path for path in (ROOT / "docs").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert len(files) > 10
    assert [path.name for path in files if MACHINE.search(path.read_text(encoding="utf-8"))] == []


class TestTheTablesEndInASentence:
    """`python -m docs.tables` with whatever is wrong: no traceback, and exit code 1."""

    @pytest.fixture
    def document(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        path = tmp_path / "providers.md"
        path.write_text("<!-- providers -->\n<!-- /providers -->\n")
        monkeypatch.setattr(tables, "PROVIDERS", path)
        monkeypatch.setattr(tables, "DOCUMENTS", (path,))
        return path

    def test_that_they_are_written_where_nothing_is(self, document: Path) -> None:
        assert tables.main([]) == 0
        assert "| `groq` |" in document.read_text()

    @pytest.mark.parametrize("wrong", ["argument", "mark", "folder", "gone", "bytes"])
    def test_of_what_is_wrong(self, wrong: str, document: Path, capsys: pytest.CaptureFixture[str]) -> None:
        match wrong:
            case "mark":
                document.write_text("Nothing.\n")
            case "bytes":
                document.write_bytes(b"\xff")
            case "folder" | "gone":
                document.unlink()
        if wrong == "folder":
            document.mkdir()
        assert tables.main(["--check"] if wrong == "argument" else []) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert re.fullmatch(r"[^\n]+\.\n", said.err)
        assert "--check" in said.err or "providers.md" in said.err
