"""What is said of the tests: each fault in the table names tests that exist, and `bench.mutations` breaks real code."""

import ast
import re
from functools import cache

import pytest

from bench.mutations import EDITS, TOOL_EDITS
from modules.config import ROOT

DOCUMENT = ROOT / "docs/faults.md"
NAMED = re.compile(r"`(tests/\w+_test\.py)::([\w.]+)(?:\[([^]`]+)\])?`")


def rows() -> list[str]:
    """The rows of the tables, without their heads."""
    lines = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("|")]
    return [line for line in lines if not line.startswith(("| ---", "| What goes wrong"))]


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


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.split("|")[1].strip())
def test_a_fault_is_held_by_tests_that_exist(row: str) -> None:
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


def test_no_fault_is_told_twice() -> None:
    faults = [row.split("|")[1].strip() for row in rows()]
    assert len(set(faults)) == len(faults)
    assert len(faults) > 60


def test_every_rule_that_is_broken_for_trial_stands_in_the_code() -> None:
    gone = [rule for rule, path, old, *_ in (*EDITS, *TOOL_EDITS) if old not in (ROOT / path).read_text()]
    assert gone == []
