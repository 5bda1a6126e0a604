"""The shape of the code in figures: `python -m bench.structure [CHECKOUT ...]`, one column for each checkout."""

import ast
import collections
import re
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from modules.config import ROOT

OLD_NAMES = (
    "told", "Telling", "telling", "heard", "due", "froze", "spills", "Spills", "shield", "manifest", "recall",
    "abilities",
)  # fmt: skip
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DOORS = ("chat", "session", "llm", "mcp", "tools", "tools/files")


class Code:
    """The program of one checkout: main.py and modules/, without its tests."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = [root / "main.py", *sorted((root / "modules").rglob("*.py"))]
        self.texts = [path.read_text(encoding="utf-8") for path in self.files]
        self.trees = [ast.parse(text) for text in self.texts]

    def nodes(self) -> Iterator[ast.AST]:
        for tree in self.trees:
            yield from ast.walk(tree)

    def figures(self) -> dict[str, str]:
        """What there is to say, by its name."""
        lines = [text.count("\n") for text in self.texts if text]
        functions = [_length(node) for node in self.nodes() if isinstance(node, FUNCTIONS)]
        files = collections.Counter(path.name for path in self.files if path.name != "__init__.py")
        classes = collections.Counter(
            node.name for node in self.nodes() if isinstance(node, ast.ClassDef) and node.name[0] != "_"
        )
        return {
            "files; lines of the largest, the median": f"{len(lines)}; {max(lines)}, {statistics.median(lines):.0f}",
            "functions; lines of the largest, nine in ten": f"{len(functions)}; {max(functions)}, {_ninth(functions)}",
            "file names that stand twice": " ".join(name for name, times in files.items() if times > 1) or "none",
            "public class names that stand twice": " ".join(name for name, times in classes.items() if times > 1)
            or "none",
            "imports inside functions": str(sum(self._inner_imports())),
            "Any": str(self._count(r"\bAny\b")),
            "assert_never": str(self._count(r"\bassert_never\(")),
            "uses of the old names": " ".join(f"{name} {times}" for name, times in self._old_names()) or "0",
            "files at a door": " ".join(f"{door} {self._at_door(door)}" for door in DOORS),
        }

    def _count(self, pattern: str) -> int:
        return sum(len(re.findall(pattern, text)) for text in self.texts)

    def _old_names(self) -> Iterator[tuple[str, int]]:
        for name in OLD_NAMES:
            if times := sum(self._is(node, name) for node in self.nodes()):
                yield name, times

    def _is(self, node: ast.AST, name: str) -> bool:
        found = getattr(node, "name", None) or getattr(node, "id", None) or getattr(node, "attr", None)
        return found in (name, f"_{name}") or getattr(node, "arg", None) == name

    def _inner_imports(self) -> Iterator[int]:
        for node in self.nodes():
            if isinstance(node, FUNCTIONS):
                yield sum(isinstance(inner, ast.Import | ast.ImportFrom) for inner in ast.walk(node))

    def _at_door(self, door: str) -> int:
        return sum(path.name != "__init__.py" for path in (self.root / "modules" / door).glob("*.py"))


def _length(node: ast.AST) -> int:
    assert isinstance(node, FUNCTIONS)
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _ninth(numbers: Sequence[int]) -> int:
    return sorted(numbers)[len(numbers) * 9 // 10]


def main(roots: Sequence[str]) -> None:
    columns = [Code(Path(root)).figures() for root in roots or [str(ROOT)]]
    for name in columns[0]:
        print(f"{name:46}" + "  |  ".join(figures[name] for figures in columns))


if __name__ == "__main__":
    main(sys.argv[1:])
