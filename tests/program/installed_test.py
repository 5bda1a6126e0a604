"""What is installed is one package, `parlance`, and it runs beside anyone else's `modules` and main.py."""

import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from hatch_build import renamed, write_editable
from modules.config import ROOT, VERSION
from tests.harness.home import Home
from tests.harness.sample_files import pdf
from tests.harness.terminal import Terminal
from tests.wire import Answer, Call

OSS = ("-m", "groq:gpt-oss-120b")
STRANGER = "raise SystemExit('a stranger was run')\n"
TOOL = """
from {package}.tools.tool import tool

@tool(free=True)
def {name}(a: int) -> int:
    return a + 1
"""
READ_A_PAGE = """
import asyncio, os
from parlance.tools.web import html_worker
page = b"<html><body><p>" + b"Words. " * 5000 + b"</p></body></html>"
assert len(page) > html_worker.AT_ONCE_BYTES
print(asyncio.run(html_worker.text_of(page, "text/html", "utf-8", "https://a.example/", dict(os.environ)))[:6])
"""


class Installed(Home):
    """A person who has installed the program, and is in a folder with a main.py and `modules` of somebody else."""

    def __init__(self, folder: Path, scripts: Path) -> None:
        (folder / "home").mkdir(mode=0o700)
        super().__init__(folder / "home")
        self.scripts, self.work = scripts, folder / "work"
        self.work.mkdir()
        write_stranger(self.work)

    def argv(self, *args: str, python: Sequence[str] = ()) -> list[str]:
        return [str(self.scripts / "python"), *python] if python else [str(self.scripts / "parlance"), *args]

    def env(self, **changes: str) -> dict[str, str]:
        return {**super().env(), "PYTHONPATH": ".", **changes}

    def chat(self) -> Terminal:
        return self.open(*OSS, columns=120, cold=True, cwd=self.work).prompt()

    def says(self, *args: str, python: Sequence[str] = ()) -> str:
        """What a run says; it has to end well, and to have no trouble to tell of."""
        done = subprocess.run(
            self.argv(*args, python=python), env=self.env(), cwd=self.work, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=50, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout


def write_stranger(folder: Path) -> None:
    (folder / "modules").mkdir()
    for name in ("main.py", "modules/__init__.py"):
        (folder / name).write_text(STRANGER)


def build(folder: Path, kind: str, source: Path = ROOT) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = (path for path in folder.iterdir() if path.suffix in (".whl", ".gz"))
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, a stranger's `modules`, and the libraries of this one; the folder of its programs.

    pip installs it without the network: the libraries are there by a path, and nothing is asked for.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin/python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    write_stranger(site)
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "libraries.pth").write_text("\n".join(libraries))
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "-q", str(wheel)]
    options = ("--force-reinstall", "--no-compile", "--disable-pip-version-check")
    done = subprocess.run([*pip, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return python.parent


@pytest.fixture
def person(scripts: Path, tmp_path: Path) -> Iterator[Installed]:
    with Installed(tmp_path, scripts) as one:
        yield one


class TestAWheel:
    def test_has_one_name_and_all_of_the_program_under_it(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as packed:
            names = set(packed.namelist())
            points = packed.read(f"parlance_chat-{VERSION}.dist-info/entry_points.txt").decode()
        assert {name.partition("/")[0] for name in names} == {
            "parlance", f"parlance_chat-{VERSION}.dist-info", f"parlance_chat-{VERSION}.data",
        }  # fmt: skip
        assert f"parlance_chat-{VERSION}.data/data/share/man/man1/parlance.1" in names
        ours = {path.relative_to(ROOT / "modules") for path in (ROOT / "modules").rglob("*") if path.is_file()}
        shipped = {f"parlance/{path.as_posix()}" for path in ours if "__pycache__" not in path.parts}
        assert {name for name in names if name.startswith("parlance/")} == {
            *shipped, "parlance/__main__.py", "parlance/models.yaml",
        }  # fmt: skip
        assert "parlance = parlance.__main__:main" in points

    def test_is_the_same_when_it_is_built_from_the_source_package(self, wheel: Path, tmp_path: Path) -> None:
        with tarfile.open(build(tmp_path / "source", "sdist")) as packed:
            packed.extractall(tmp_path, filter="data")
        again = build(tmp_path / "again", "wheel", tmp_path / f"parlance_chat-{VERSION}")
        assert again.read_bytes() == wheel.read_bytes()


class TestTheNewName:
    def test_stands_in_imports_and_nowhere_else(self) -> None:
        source = (
            b'"""\xc3\xa4 modules/"""\nif 1: from modules.a import modules\n'
            b'from modules import (\n    b,  # modules.b\n)\nimport sys\nsys.modules["x"]\nfrom modules_of import c\n'
        )
        assert renamed(source, "a.py") == source.replace(b"from modules.a", b"from parlance.a").replace(
            b"from modules import", b"from parlance import"
        )

    @pytest.mark.parametrize(
        ("source", "words"),
        [
            (b"import modules.a", "a.py:1: `import modules` binds that name"),
            (b"x = 1\ny = 'modules.a:B'", "a.py:2: a text names a module"),
            (b"y = f'from modules.a import {x}'", "a.py:1: a text names a module"),
            (b"from  modules.a import b", "a.py:1: write one blank"),
        ],
    )
    def test_is_missed_by_nothing(self, source: bytes, words: str) -> None:
        with pytest.raises(ValueError, match=re.escape(words)):
            renamed(source, "a.py")


class TestBesideAStranger:
    def test_it_starts(self, person: Installed) -> None:
        assert person.says("--version") == f"Parlance {VERSION}\n"
        assert person.says(python=("-P", "-m", "parlance", "--version")) == f"Parlance {VERSION}\n"
        assert "groq:gpt-oss-120b\t" in person.says("--list-models")
        assert ".env" in person.says("-p", "how do I set a key?", "-m", "offline:guide")

    def test_a_chat_starts_its_own_processes(self, person: Installed) -> None:
        """Each process that the program starts by the name of a module: the one that looks, and that of own tools."""
        tools = person.folder / "tools"
        tools.mkdir(mode=0o700)
        for package in ("parlance", "modules"):
            (tools / f"{package}_.py").write_text(TOOL.format(package=package, name=f"of_{package}"))
        (person.work / "note.txt").write_text("a needle\n")
        calls = (Call("search_files", {"pattern": "needle"}), Call("of_parlance", {"a": 41}))
        person.groq.answer(Answer(*calls), Answer("Finished."))
        chat = person.chat().enter("Go").sees("Finished.").prompt()
        found, own = [one["content"] for one in person.groq.chats[-1].body["messages"] if one["role"] == "tool"]
        assert "note.txt" in found
        assert own == "42"
        assert "modules_.py:2: SystemExit: a stranger was run" in chat.words  # that name is not ours here
        assert chat.leave() == 0
        assert "Continue with: " in chat.text

    def test_documents_and_pages_are_read(self, person: Installed) -> None:
        (person.work / "terms.pdf").write_bytes(pdf("Pay on time."))
        done = person.run(
            "-p", "Sum it up.", "--attach-text", "terms.pdf", *OSS, env={"PYTHONPATH": "."}, cwd=person.work
        )
        assert (done.returncode, done.stderr.count("\n")) == (0, 1)
        assert "Pay on time." in person.groq.chats[0].body["messages"][-1]["content"]
        assert person.says(python=("-P", "-c", READ_A_PAGE)) == "Words.\n"


def test_a_checkout_that_is_installed_is_run_from_there(tmp_path: Path) -> None:
    """What an editable installation has of the program: the way to the checkout, before any stranger's."""
    write_stranger(tmp_path)
    write_editable(ROOT, tmp_path / "parlance")
    done = subprocess.run(
        [sys.executable, "-m", "parlance", "--version"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"Parlance {VERSION}\n"), done.stderr
