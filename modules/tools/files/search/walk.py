"""Walking through a folder without following links, past what git ignores, what is hidden and what holds secrets."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec

from modules.tools.files.access.safe_open import open_file_at, open_folder, open_folder_at
from modules.tools.files.access.secret_names import is_secret

DEEPEST = 60  # folders within folders: one is open per level
LARGEST_RULES_BYTES = 1_000_000  # of a .gitignore


@dataclass(frozen=True)
class WalkedFile:
    """Something in a folder that is walked through. `folder` is the open folder that it is in, as long as it is new."""

    names: tuple[str, ...]
    folder: int
    about: os.stat_result

    @property
    def path(self) -> str:
        return "/".join(self.names)

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.about.st_mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.about.st_mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.about.st_mode)


@dataclass
class Walk:
    """How to go through `root`, and what was passed over on the way.

    Rules of what is ignored count from the top of the repository down, or from `base` where there is none. `hidden`
    and `ignored` say whether to show these, too. `guarded` are folders to stay out of, `secrets` whether to go to
    places that hold such. `enters` decides about each folder. `passed` counts what is hidden or ignored, `unread`
    the folders that were not gone into for another reason.
    """

    root: Path
    base: Path
    hidden: bool = False
    ignored: bool = False
    secrets: bool = False
    guarded: Sequence[Path] = ()
    enters: Callable[[tuple[str, ...]], bool] = lambda names: True
    passed: int = field(default=0, init=False)
    unread: int = field(default=0, init=False)

    def entries(self) -> Iterator[WalkedFile]:
        """Everything below `root`, folders before what is in them, in the order of names."""
        top = open_folder(self.root)
        try:
            yield from self._below(top, (), _inherited(self.root, self.base))
        finally:
            os.close(top)

    def _below(self, folder: int, above: tuple[str, ...], rules: "list[_Rules]") -> Iterator[WalkedFile]:
        if own := _rules_in(folder, ".gitignore", self.root.joinpath(*above)):
            rules = [*rules, own]
        for name in sorted(os.listdir(folder)):
            try:
                about = os.stat(name, dir_fd=folder, follow_symlinks=False)
            except OSError:
                continue  # gone again
            entry = WalkedFile((*above, name), folder, about)
            if self._passes_over(entry, rules):
                continue
            yield entry
            if entry.is_folder and self.enters(entry.names):
                yield from self._into(entry, rules)

    def _into(self, entry: WalkedFile, rules: "list[_Rules]") -> Iterator[WalkedFile]:
        if len(entry.names) > DEEPEST:
            self.unread += 1
            return
        try:
            below = open_folder_at(entry.folder, entry.names[-1])
        except OSError:
            self.unread += 1
            return
        try:
            yield from self._below(below, entry.names, rules)
        finally:
            os.close(below)

    def _passes_over(self, entry: WalkedFile, rules: "list[_Rules]") -> bool:
        name = entry.names[-1]
        if name == ".git":
            return True
        if (not self.hidden and name.startswith(".")) or (not self.ignored and _ignores(rules, self.root, entry)):
            self.passed += 1
            return True
        if self.secrets or not entry.is_folder:
            return False
        if private := is_secret((name,)) or self.root.joinpath(*entry.names) in self.guarded:
            self.unread += 1
        return private


@dataclass(frozen=True)
class _Rules:
    """What one .gitignore says, and the folder it speaks of."""

    folder: Path
    spec: GitIgnoreSpec


def _ignores(rules: Sequence[_Rules], root: Path, entry: WalkedFile) -> bool:
    """Whether git would pass it over: the nearest rules that say anything decide."""
    path = "/".join((root.as_posix().rstrip("/"), *entry.names, *([""] if entry.is_folder else [])))
    for one in reversed(rules):
        said = one.spec.check_file(path.removeprefix(one.folder.as_posix()).lstrip("/")).include
        if said is not None:
            return said
    return False


def _inherited(root: Path, base: Path) -> list[_Rules]:
    """The rules from above: of each folder from the repository's down to, and without, this one.

    A folder that is itself ignored was asked for by name, and then they do not count.
    """
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), base)
    rules = [_rules_at(top / ".git/info", "exclude", top)]
    rules += [
        _rules_at(folder, ".gitignore", folder) for folder in reversed(root.parents) if folder.is_relative_to(top)
    ]
    known = [one for one in rules if one is not None]
    steps = [folder for folder in (root, *root.parents) if folder != top and folder.is_relative_to(top)]
    asked_for = any(_ignores(known, step, WalkedFile((), -1, os.stat(step))) for step in steps)
    return [] if asked_for else known


def _rules_at(folder: Path, name: str, about: Path) -> _Rules | None:
    try:
        opened = open_folder(Path(os.path.realpath(folder)))
    except OSError:
        return None
    try:
        return _rules_in(opened, name, about)
    finally:
        os.close(opened)


def _rules_in(folder: int, name: str, about: Path) -> _Rules | None:
    try:
        with open(open_file_at(folder, name), "rb") as file:
            lines = file.read(LARGEST_RULES_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return None
    try:
        return _Rules(about, GitIgnoreSpec.from_lines(lines))
    except ValueError:  # one bad line: git leaves out that line
        return _Rules(about, GitIgnoreSpec.from_lines(line for line in lines if _is_rule(line)))


def _is_rule(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True
