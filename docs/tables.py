"""The parts of the documents that the program itself knows, written from it: `python -m docs.tables`.

Each stands between `<!-- name -->` and `<!-- /name -->`. tests/readme_test.py tells when one is out of date.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from modules.chat.commands import COMMANDS
from modules.config import ROOT
from modules.llm.catalogue import catalogue_loader

README, ARCHITECTURE, PROVIDERS = ROOT / "README.md", ROOT / "docs/architecture.md", ROOT / "docs/providers.md"


def commands() -> str:
    """Every command with what it does, as `/help` says it."""
    return _table(("Command", "What it does"), ((f"`{command.usage}`", command.summary) for command in COMMANDS))


def providers() -> str:
    """Every provider of the shipped models.yaml."""
    shipped = catalogue_loader.load(ROOT / "models.yaml", None, lambda _: "").providers.values()
    rows = (
        (f"`{one.name}`", one.title, one.dialect, f"`{one.key_variable}`" if one.key_variable else "none")
        for one in shipped
    )
    return _table(("Provider", "Who", "Dialect", "Key"), rows)


def files(folder: str) -> str:
    """Every file of a folder with the line that it begins with; empty ones only make the folder a package."""
    here = sorted(path for path in (ROOT / folder).iterdir() if path.suffix in (".py", ".md") and path.stat().st_size)
    return "\n".join(f"- `{path.name}`: {_first_line(path)}" for path in here)


def sections(document: Path) -> Iterator[tuple[str, str]]:
    """What belongs between the marks of a document, by name."""
    if document == README:
        yield "commands", commands()
    if document == PROVIDERS:
        yield "providers", providers()
    if document == ARCHITECTURE:
        for folder in sorted({path.parent for path in (ROOT / "modules").rglob("*.py") if path.stat().st_size}):
            name = folder.relative_to(ROOT).as_posix()
            yield f"files of {name}", files(name)


def filled(document: Path) -> str:
    """The document with its sections as they should be. Raises ValueError where it has no place for one."""
    text = document.read_text(encoding="utf-8")
    for name, content in sections(document):
        first, last = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
        before, start, rest = text.partition(first)
        _, end, after = rest.partition(last)
        if not start or not end:
            raise ValueError(f"{document.name} has no {first.strip()} with its end.")
        text = f"{before}{first}{content}\n{last}{after}"
    return text


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _first_line(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        text = ast.get_docstring(ast.parse(text)) or ""
    return text.partition("\n")[0].lstrip("# ").rstrip(":.") + "."


def main() -> None:
    for document in (README, ARCHITECTURE, PROVIDERS):
        document.write_text(filled(document), encoding="utf-8")


if __name__ == "__main__":
    main()
