"""The parts of the documents that the program itself knows, written from it: `python -m docs.tables`.

Each stands between `<!-- name -->` and `<!-- /name -->`, in .env.example between `# [name]` and `# [/name]`.
tests/program/readme_test.py tells when one is out of date.
"""

import ast
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from docs import man_page, settings_page
from modules.chat.commands import COMMANDS
from modules.chat.looks.theme import ROLES
from modules.chat.looks.themes import Themes
from modules.chat.prompt.bound_keys import parsed, said
from modules.chat.prompt.key_actions import ACTIONS
from modules.config import ROOT
from modules.errors import ParlanceError
from modules.llm.catalogue import catalogue_loader
from modules.llm.dialects import OptionName, about
from modules.llm.generation.options import NAMES, held_back
from modules.llm.models import Model, Provider
from modules.settings.declarations import OptionSettings
from modules.tools.built_in import BUILT_IN
from modules.tools.search_engines import FORMS
from modules.tools.tool import Tool

README, ARCHITECTURE, PROVIDERS = ROOT / "README.md", ROOT / "docs/architecture.md", ROOT / "docs/providers.md"
THEMES, TERMINAL = ROOT / "docs/themes.md", ROOT / "docs/terminal.md"
OPTIONS = ROOT / "docs/options.md"
GUIDE, VARIABLES = ROOT / "modules/offline/guide.md", ROOT / ".env.example"
DOCUMENTS = (README, ARCHITECTURE, PROVIDERS, OPTIONS, THEMES, TERMINAL, settings_page.PAGE, GUIDE, VARIABLES)
SET = OptionSettings(1.0, 1.0, 1, ("END",), 100, "low", "auto")
WIDTH = 120  # columns of prose


def commands() -> str:
    """Every command with what it does, as `/help` says it."""
    return _table(("Command", "What it does"), ((f"`{command.usage}`", command.summary) for command in COMMANDS))


def providers() -> str:
    """Every provider of the shipped models.yaml."""
    rows = (
        (f"`{one.name}`", one.title, one.dialect, f"`{one.key_variable}`" if one.key_variable else "none")
        for one in _shipped()
    )
    return _table(("Provider", "Who", "Dialect", "Key"), rows)


def options() -> str:
    """Which options each provider's models are sent."""

    def cell(name: OptionName, provider: Provider) -> str:
        model = Model(name="", id="", provider=provider, profile=provider.profile, reasoning=("none", "high"))
        always = {one.name for one in held_back(SET, model, "high") if one.why != "word"}
        at_none = {one.name for one in held_back(SET, model, "none") if one.why != "word"}
        return "yes" if name not in always else "at none" if name not in at_none else ""

    rows = ([f"`{one.name}`", *(cell(name, one) for name in NAMES)] for one in _shipped() if about(one.dialect).options)
    return _table(("", *(f"`{name}`" for name in NAMES)), rows)


def usages() -> str:
    """The same as the guide has it, which reads it."""
    return _tight(_table(("Command", "What it does"), ((command.usage, command.summary) for command in COMMANDS)))


def keys() -> str:
    """Every provider with its key and where to get one, as the guide knows them."""
    rows = (
        (one.name, one.title, one.key_variable or "none", one.key_page)
        for one in _shipped()
        if about(one.dialect).networked
    )
    return _tight(_table(("Provider", "Name", "Variable", "Where to get a key"), rows))


def titles() -> str:
    """Who serves models that need a key, as a list in a sentence."""
    return f"They come from {', '.join(_titles(with_key=True))} and from"


def services() -> str:
    """Every provider by its title, for a reader who wants to know whether theirs is there."""
    far, near = _listed(_titles(with_key=True)), _listed(_titles(with_key=False))
    return textwrap.fill(f"There are {far}. {near} on your own machine need no key.", WIDTH)


def themes() -> str:
    """Every shipped theme with its background and what it is for."""
    having = Themes(lambda: ("auto", "auto"), None, lambda name: "")
    all_of_them = [having.of(name) for name in having.names()]
    rows = ((f"`{one.name}`", one.background or "any", one.about) for one in all_of_them)
    return _table(("Theme", "Background", "What it is"), rows)


def actions() -> str:
    """Every action that a key can be bound to, with the keys that it usually has."""
    rows = (
        (f"`{one.name}`", one.about, ", ".join(f"`{key}` ({said(parsed(key))})" for key in one.keys)) for one in ACTIONS
    )
    return _table(("Action", "What it does", "Usual keys"), rows)


def tools() -> str:
    """Every built-in tool, with the first sentence that a model is told of it, and when a person is asked."""
    return _table(("Tool", "What it does", ""), ((f"`{one.name}`", _purpose(one), one.asking) for one in BUILT_IN))


def tool_list() -> str:
    """The same as the guide has it, for a screen of any width."""
    return "\n".join(f"- `{one.name}`: {_purpose(one)} It {one.asking}." for one in BUILT_IN)


def key_variables() -> str:
    """The variable of each key, with the page where one gets it."""
    own = [(one.key_variable, one.key_page) for one in _shipped()]
    others = [
        (one.other_key_variable, f"taken for {one.name} where {one.key_variable} is not set") for one in _shipped()
    ]
    return _assignments([*own, *others])


def search_variables() -> str:
    """The variable of the key of each search engine that takes one, with the page where one gets it."""
    return _assignments((one.key_variable, one.key_page) for one in FORMS.values())


def address_variables(*, with_key: bool) -> str:
    """The variable of each address, with the address that is used without it."""
    return _assignments((one.base_url_variable, one.base_url) for one in _networked(with_key=with_key))


def files(folder: str) -> str:
    """Every file of a folder with the line that it begins with; empty ones only make the folder a package."""
    here = sorted(path for path in (ROOT / folder).iterdir() if path.suffix in (".py", ".md") and path.stat().st_size)
    return "\n".join(f"- `{path.name}`: {_first_line(path)}" for path in here)


def sections(document: Path) -> Iterator[tuple[str, str]]:
    """What belongs between the marks of a document, by name."""
    if document == README:
        yield "services", services()
        yield "commands", commands()
        yield "tools", tools()
    if document == PROVIDERS:
        yield "providers", providers()
    if document == THEMES:
        yield "themes", themes()
        yield "roles", _table(("Role", "What has it"), ((f"`{role}`", about) for role, about in ROLES.items()))
    if document == TERMINAL:
        yield "actions", actions()
    if document == OPTIONS:
        yield "options", options()
    if document == settings_page.PAGE:
        yield "old names", settings_page.old_names()
        yield "settings", settings_page.settings()
    if document == GUIDE:
        yield "providers", keys()
        yield "commands", usages()
        yield "titles", titles()
        yield "tools", tool_list()
    if document == VARIABLES:
        yield "keys", key_variables()
        yield "search keys", search_variables()
        yield "addresses", address_variables(with_key=True)
        yield "addresses without a key", address_variables(with_key=False)
    if document == ARCHITECTURE:
        for folder in sorted({path.parent for path in (ROOT / "modules").rglob("*.py") if path.stat().st_size}):
            name = folder.relative_to(ROOT).as_posix()
            yield f"files of {name}", files(name)


def filled(document: Path) -> str:
    """The document with its sections as they should be. Raises ValueError where it has no place for one."""
    try:
        text = document.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{document.name} is not in UTF-8.") from None
    for name, content in sections(document):
        begin, end = ("<!-- ", " -->\n") if document.suffix == ".md" else ("# [", "]\n")
        first, last = f"{begin}{name}{end}", f"{begin}/{name}{end}"
        before, start, rest = text.partition(first)
        _, stop, after = rest.partition(last)
        if not start or not stop:
            raise ValueError(f"{document.name} has no {first.strip()} with its end.")
        text = f"{before}{first}{content}\n{last}{after}"
    return text


def _shipped() -> Iterable[Provider]:
    return catalogue_loader.load(ROOT / "models.yaml", None, lambda _: "").providers.values()


def _networked(*, with_key: bool) -> list[Provider]:
    return [one for one in _shipped() if about(one.dialect).networked and bool(one.key_variable) is with_key]


def _titles(*, with_key: bool) -> list[str]:
    return [one.title for one in _networked(with_key=with_key)]


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _assignments(variables: Iterable[tuple[str | None, str]]) -> str:
    """A line to fill in for each variable, with a remark behind it, all in one column."""
    remarks = {variable: remark for variable, remark in variables if variable}
    column = max(map(len, remarks)) + len("=   ")
    lines = ((f"{variable}=", f"# {remark}" if remark else "") for variable, remark in remarks.items())
    return "\n".join((line.ljust(column) + remark).rstrip() for line, remark in lines)


def _purpose(one: Tool) -> str:
    return one.spec.description.splitlines()[0].partition(". ")[0].rstrip(".") + "."


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _tight(table: str) -> str:
    """The table as it is shown where nothing draws it."""
    return table.replace(" --- ", "---").replace("|  |", "| |")


def _first_line(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        text = ast.get_docstring(ast.parse(text, path.relative_to(ROOT).as_posix())) or ""
    return text.partition("\n")[0].lstrip("# ").rstrip(":.") + "."


def main(arguments: Sequence[str]) -> int:
    """Write the documents, all or none of them where one cannot be filled. What goes wrong is one sentence."""
    if arguments:
        return _wrong(f"python -m docs.tables takes no arguments, and was given {' '.join(arguments)}.")
    try:
        texts = {document: filled(document) for document in DOCUMENTS}
        if settings_page.PAGE in texts:
            texts[settings_page.SCHEMA] = settings_page.schema() + "\n"
        for document, text in texts.items():
            document.write_text(text, encoding="utf-8")
        man_page.PAGE.write_text(man_page.man_page(), encoding="utf-8")
    except SyntaxError as error:
        return _wrong(f"{error.filename or 'A file'} is no Python at line {error.lineno}: {error.msg}.")
    except OSError as error:
        return _wrong(f"{error.filename or 'A file'} cannot be read or written: {error.strerror or error}.")
    except (ValueError, ParlanceError) as error:
        return _wrong(str(error))
    return 0


def _wrong(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
