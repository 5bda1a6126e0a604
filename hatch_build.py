"""What is installed has one import name: `modules` and main.py of a checkout are the package `parlance` in a wheel.

An editable installation has a `parlance`, too: it holds no more than the way to the checkout.
"""

import ast
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLD, NEW = "modules", "parlance"
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
IN_TEXT = re.compile(rf"(?<![\w./]){OLD}\.\w")

EDITABLE = '''"""The program of a checkout, wherever it is started from."""

import sys

sys.path.insert(0, {root!r})

from main import main

if __name__ == "__main__":
    sys.exit(main())
'''


class PackageHook(BuildHookInterface[Any]):
    """Gives the wheel its package, out of a folder that is there while it is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        self._folder = Path(tempfile.mkdtemp())
        package = self._folder / NEW
        if version == "editable":
            write_editable(Path(self.root), package)
            build_data["force_include_editable"][str(package)] = NEW
        else:
            write_package(Path(self.root), package)
            build_data["force_include"][str(package)] = NEW

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        shutil.rmtree(self._folder)


def write_editable(root: Path, package: Path) -> None:
    """Write a package that runs the main.py of this checkout."""
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(EDITABLE.format(root=str(root)), encoding="utf-8")


def write_package(root: Path, package: Path) -> None:
    """Write the whole program as one package. Raises ValueError where something would keep its old name."""
    shutil.copytree(root / OLD, package, ignore=LEFT_OUT)
    shutil.copy2(root / "models.yaml", package)
    shutil.copy2(root / "main.py", package / "__main__.py")
    for path in package.rglob("*.py"):
        path.write_bytes(renamed(path.read_bytes(), path.relative_to(package).as_posix()))


def renamed(source: bytes, name: str) -> bytes:
    """The source with the new name of the package in its imports, and no other byte of it changed."""
    tree = ast.parse(source)
    if wrong := next(_not_renamed(tree), None):
        raise ValueError(f"{name}:{wrong}")
    lines = source.splitlines(keepends=True)
    old, new = f"from {OLD}".encode(), f"from {NEW}".encode()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _is_ours(node.module):
            line, at = lines[node.lineno - 1], node.col_offset  # which ast counts in bytes
            if not line.startswith(old, at):
                raise ValueError(f"{name}:{node.lineno}: write one blank after `from`.")
            lines[node.lineno - 1] = line[:at] + new + line[at + len(old) :]
    return b"".join(lines)


def _not_renamed(tree: ast.Module) -> Iterator[str]:
    """What would look for the package under its old name, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(_is_ours(one.name) for one in node.names):
            yield f"{node.lineno}: `import {OLD}` binds that name; write `from {OLD} import ...`."
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and IN_TEXT.search(node.value):
            yield f"{node.lineno}: a text names a module; make it of `PACKAGE` or `__name__`."


def _is_ours(module: str | None) -> bool:
    return module is not None and module.split(".")[0] == OLD
