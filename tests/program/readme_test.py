"""The documents tell the truth: their tables, the files they name, what they tell a person to type, the pictures."""

import ast
import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from docs import settings_page, tables
from docs.draw_screen import ROWS_OF_TOOLS, ROWS_OF_TREE, Frame, record_tools, record_tree, svg
from docs.tables import ARCHITECTURE, PROVIDERS, README, filled
from modules import errors
from modules.chat.commands import COMMANDS
from modules.config import ROOT, VERSION
from modules.llm.catalogue import catalogue_loader
from modules.llm.models import ModelRegistry
from modules.settings.table import all_settings

DOCUMENTS = (README, ARCHITECTURE, PROVIDERS, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md")
PICTURES = (ROOT / "docs/screen.svg", ROOT / "docs/tools.svg", ROOT / "docs/screen-light.svg")
TREE = ROOT / "docs/tree.svg"


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def shipped(user: Path | None = None) -> ModelRegistry:
    return catalogue_loader.load(ROOT / "models.yaml", user, lambda _: "")


@pytest.mark.parametrize("document", tables.DOCUMENTS, ids=lambda path: path.name)
def test_what_the_program_knows_stands_in_the_document_as_the_program_knows_it(document: Path) -> None:
    assert read(document) == filled(document), "python -m docs.tables brings the documents up to date"


def test_the_architecture_names_every_file_of_the_program_once() -> None:
    named: Counter[str] = Counter()
    for folder, files in re.findall(r"<!-- files of (\S+) -->\n(.*?)<!-- /files", read(ARCHITECTURE), re.S):
        named.update(f"{folder}/{name}" for name in re.findall(r"^- `([^`]+)`:", files, re.M))
    here = [path for path in (ROOT / "modules").rglob("*") if path.suffix in (".py", ".md") and path.stat().st_size]
    assert named == Counter(path.relative_to(ROOT).as_posix() for path in here)


def test_the_schema_for_editors_is_up_to_date_and_takes_the_example_of_every_setting() -> None:
    schema = json.loads(read(settings_page.SCHEMA))
    assert read(settings_page.SCHEMA) == settings_page.schema() + "\n", "python -m docs.tables brings it up to date"
    check = jsonschema.Draft202012Validator(schema)
    for one in all_settings().values():
        check.validate({one.part: {one.field: one.example}})
    assert not check.is_valid({"screen": {"with": 3}})
    assert not check.is_valid({"screen": {"width": "3"}})


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    text = read(document)
    linked = [document.parent / target for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text)]
    named = [ROOT / name for name in re.findall(r"`((?:modules|tests|bench|docs)/[\w./]+)`", text)]
    run = [ROOT / name.replace(".", "/") for name in re.findall(r"python -m ((?:tests|bench|docs)[\w.]*)", text)]
    missing = [str(path) for path in linked + named if not path.exists()]
    assert missing + [str(path) for path in run if not (path.is_dir() or path.with_suffix(".py").exists())] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_a_document_names_exists(document: Path) -> None:
    for name in re.findall(r"(?:`|^> )/([a-z]+)(?=[ `])", read(document), re.M):
        assert COMMANDS.get(name).name == name


def test_every_model_that_the_readme_names_is_in_the_catalogue() -> None:
    models = shipped()
    words = re.findall(r'(?:> /model |> /retry |> @|default: |" -m )([a-z][\w.:-]+)', read(README))
    words += re.findall(rf"\b(?:{'|'.join(models.providers)}):[\w.-]+", read(README))
    assert len(words) > 5
    for word in words:
        choice = models.find(word)
        assert choice.model.known, word
        assert not choice.note, word


def test_the_models_yaml_of_the_readme_is_a_catalogue(tmp_path: Path) -> None:
    written = re.search(r"```yaml\n(.*?)```", read(README), re.S)
    assert written is not None
    mine = tmp_path / "models.yaml"
    mine.write_text(written[1])
    models = shipped(mine)
    assert models.find(models.default).model.known
    assert models.find("attic:qwen").model.window == 32768


def test_the_readme_names_every_exit_code() -> None:
    text = " ".join(read(README).split())
    codes = {str(value) for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert [code for code in codes if not re.search(rf"\b{code} (?:for|when|may)", text)] == []


def test_the_set_up_commands_stand_where_they_are_looked_for() -> None:
    blocks = re.findall(r"(<!-- test command -->\n)?```sh\n(.*?)```", read(README), re.S)
    assert "main.py" in blocks[0][1]
    assert [marked for marked, _ in blocks].count("<!-- test command -->\n") == 1
    marked = next(block for mark, block in blocks if mark)
    assert marked.rstrip().endswith("python -m tests")


def test_the_changelog_knows_this_version() -> None:
    project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    assert project["version"] == VERSION
    assert f"## {VERSION} " in read(ROOT / "CHANGELOG.md")


@pytest.mark.parametrize("picture", [*PICTURES, TREE], ids=lambda path: path.name)
def test_a_picture_is_small_and_brings_nothing_from_elsewhere(picture: Path) -> None:
    assert picture.stat().st_size <= 60_000
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(read(picture)).iter()}
    assert tags <= {"svg", "title", "style", "rect", "text", "tspan"}
    assert not re.search(r"href|url\(|@import|@font-face", read(picture))


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_a_picture_shows_the_program_as_it_stands(picture: Path) -> None:
    shown = " ".join(rows(read(picture)))
    assert f"Parlance {VERSION}" in shown
    assert "/model " in shown
    assert "→" in shown


def test_the_picture_of_tools_is_what_the_program_draws_today() -> None:
    drawn = svg("", [Frame(raw, ROWS_OF_TOOLS) for raw in record_tools()])
    assert rows(drawn) == rows(read(PICTURES[1])), "python -m docs.draw_screen draws it again"


def test_the_picture_of_the_tree_is_what_the_program_draws_today() -> None:
    drawn = svg("", [Frame(record_tree(), ROWS_OF_TREE)])
    assert rows(drawn) == rows(read(TREE)), "python -m docs.draw_screen draws it again"


def rows(picture: str) -> list[str]:
    """The words of a picture, row by row, without what differs from run to run and from machine to machine."""
    found = (" ".join(row.itertext()) for row in ElementTree.fromstring(picture).iterfind("{*}text"))
    return [re.sub(r"\d+\.\d s$|(?<=/backups/).*", "", row).rstrip() for row in found]


def test_the_way_of_a_message_is_told_with_the_names_that_the_code_has() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    section = text.partition("\n## One turn\n")[2].partition("\n## ")[0]
    known = {path.stem for path in (ROOT / "modules").rglob("*") if path.suffix in ("", ".py")}
    for path in (ROOT / "modules").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                known.add(node.name)
    said = re.findall(r"`([A-Za-z_]+(?:\.[A-Za-z_]+)?)`", section)
    assert len(said) > 20
    there = [name for name in said if known.issuperset(name.split(".")) or (ROOT / name).exists()]
    assert [name for name in said if name not in there] == []
