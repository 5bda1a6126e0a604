"""Paths as people type them, shells quote them and file managers drop them, read as the files that are there."""

import glob
import os
import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from modules.errors import FileProblem

MOST_MATCHES = 200  # of one pattern
TRIED = 50  # places of a line at which a dropped path may end
LONGEST_CHARS = 8192  # of a line in which dropped paths are looked for
DROPPED = ("png", "jpg", "jpeg", "gif", "webp", "heic", "heif", "avif", "bmp", "tif", "tiff", "pdf")

_WORD = re.compile(r"""(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s'"\\])+""", re.S)
_PIECE = re.compile(r"""\\(.)|'([^']*)'|"((?:\\.|[^"\\])*)"|([^'"\\]+)""", re.S)
_ENDING = re.compile(rf"\.(?:{'|'.join(DROPPED)})(?=\s|$)", re.I)
_BEGINNING = re.compile(r"(?:^|(?<=\s))(?=[/~'\"]|\.{1,2}/|file:/|[A-Za-z]:[\\/])", re.I)
_BLANKS = re.compile(r"\s")  # the narrow and the unbreakable blanks among them
_DRIVES = os.name == "nt"


class Dropped(Struct, frozen=True):
    """Pictures and PDF that a message names by their paths, at its beginning or end, and what else it says."""

    paths: tuple[Path, ...]
    rest: str


def existing(name: str) -> Path | None:
    """The file that is there by this name: as it stands, without blanks or quotes, as a shell or a URL writes it.

    What a screen does not show is not told apart: blanks at the ends, kinds of blanks (a Mac writes U+202F into the
    names of screenshots), composed and decomposed letters. A name that so fits two files is not guessed.
    """
    ways = list(readings(name))
    for one in ways:
        if one and _is_there(path := _at_home(one)):
            return path
    return next((found for one in ways if one and (found := _alike(_at_home(one)))), None)


def named(name: str) -> Path:
    """The file that this names, whether it is there or not."""
    bare = name.strip()
    return existing(name) or _at_home(_unquoted(bare) if _WORD.fullmatch(bare) else bare.strip("\"'"))


def readings(name: str) -> Iterator[str]:
    """What this may mean as one name, the most literal first."""
    bare = name.strip()
    yield name
    yield bare
    if from_url := path_of_url(bare.strip("\"'")):
        yield from_url
    if _WORD.fullmatch(bare):
        yield _unquoted(bare)
    yield bare.strip("\"'")
    yield re.sub(r"\\(.)", r"\1", bare)


def path_of_url(text: str) -> str:
    """The path that a file: URL of this machine names; "" for anything else."""
    if text[:5].lower() != "file:":
        return ""
    try:
        url = urlsplit(text)
    except ValueError:
        return ""
    if url.netloc.lower() not in ("", "localhost"):
        return ""
    path = unquote(text[5:].removeprefix("//" + url.netloc), errors="surrogateescape")
    return path.removeprefix("/") if _DRIVES else path


def files_in(args: str) -> list[Path]:
    """The files that are named: one, or several as a shell writes them, patterns among them; each once, in order.

    A word that names nothing comes as the path it would be. Raises FileProblem for a pattern that nothing matches, and
    for a word of nothing but quotes.
    """
    if (one := existing(args)) is not None:
        return [one]
    found: list[Path] = []
    for word in _WORD.findall(args) or [args]:
        if (path := existing(word)) is not None:
            found.append(path)
        elif re.search(r"[*?\[]", word):
            found += _matching(word)
        elif name := _unquoted(word):
            found.append(_at_home(name))
        else:  # it would be taken for the folder that one is in
            raise FileProblem("No file is named.", cure="Name one, or . for what is in this folder.")
    there = [path for path in found if _is_there(path)]
    if not there and len(found) > 1:  # one name with blanks in it, which is not there
        return [_at_home(args.strip().strip("\"'"))]
    return list(dict.fromkeys(found))


def dropped(line: str) -> Dropped | None:
    """The pictures and PDF that a line begins or ends with, by whole paths; None where there are none."""
    if len(line) > LONGEST_CHARS or not _ENDING.search(line.replace("'", " ").replace('"', " ")):
        return None
    rest, before, behind = line.strip(), list[Path](), list[Path]()
    while found := _first(rest):
        path, end = found
        before.append(path)
        rest = rest[end:].lstrip()
    while found := _last(rest):
        path, start = found
        behind.insert(0, path)
        rest = rest[:start].rstrip()
    paths = tuple(dict.fromkeys([*before, *behind]))
    return Dropped(paths, rest) if paths else None


class Unfinished(Struct, frozen=True):
    """The last word of a line while it is typed: what stands before it, what it says so far, and its open quote."""

    head: str
    said: str
    quote: str

    def written(self, path: str, *, whole: bool) -> str:
        """The line with this path in the place of the word, as a shell would read it back; `whole` closes the quote."""
        if self.quote == "'":
            path = path.replace("'", "'\\''")
        elif self.quote:
            path = re.sub(r"""([\\"$`])""", r"\\\1", path)
        else:
            path = re.sub(r"""([\s'"\\*?\[$])""", r"\\\1", path)
        return self.head + self.quote + path + (self.quote if whole else "")


def unfinished(args: str) -> Unfinished:
    """The word that is being typed at the end of this."""
    start = end = 0
    for word in _WORD.finditer(args):
        if args[end : word.start()].strip():  # a quote that is not closed
            break
        start, end = word.span()
    if end < len(args):
        start = end + len(args[end:]) - len(args[end:].lstrip())
    typed = args[start:]
    if typed[:1] in ("'", '"') and typed.count(typed[0]) == 1:
        return Unfinished(args[:start], typed[1:], typed[0])
    return Unfinished(args[:start], _unquoted(typed), "")


def _first(text: str) -> tuple[Path, int] | None:
    """A picture that the text begins with, and where its path ends."""
    if not _BEGINNING.match(text):
        return None
    ends = [word.end()] if (word := _WORD.match(text)) else []
    ends += [found.end() for found in islice(_ENDING.finditer(text), TRIED)]
    return next(((path, end) for end in ends if (path := _picture(text[:end])) is not None), None)


def _last(text: str) -> tuple[Path, int] | None:
    """A picture that the text ends with, and where its path begins."""
    starts = [found.start() for found in _BEGINNING.finditer(text)][-TRIED:]
    starts += [word.start() for word in islice(_WORD.finditer(text), LONGEST_CHARS)][-1:]
    return next(((path, at) for at in starts if _BEGINNING.match(text, at) and (path := _picture(text[at:]))), None)


def _picture(text: str) -> Path | None:
    if "\n" in text or not text.strip("\"'").lower().endswith(tuple(f".{ending}" for ending in DROPPED)):
        return None
    path = existing(text)
    return path if path is not None and path.is_file() else None


def _matching(word: str) -> list[Path]:
    pattern = os.path.expanduser(_unquoted(word))
    found = sorted(islice(glob.iglob(pattern, recursive=True), MOST_MATCHES + 1))
    files = [Path(name) for name in found if os.path.isfile(name)]
    if not files:
        raise FileProblem(f"No file matches {word}.", cure=f"Paths are read from {Path.cwd()}.")
    if len(found) > MOST_MATCHES:
        raise FileProblem(f"More than {MOST_MATCHES} files match {word}.", cure="Give a narrower pattern.")
    return files


def _unquoted(word: str) -> str:
    """The word without quotes and backslashes, as a shell reads it; on Windows a backslash is a part of the path."""
    if _DRIVES:
        return word.replace('"', "")

    def plain(piece: re.Match[str]) -> str:
        escaped, single, double, bare = piece.groups()
        if double is not None:
            return re.sub(r"\\([\\\"$`])", r"\1", double)
        return next((text for text in (escaped, single, bare) if text is not None), "")

    return _PIECE.sub(plain, word)


def _alike(path: Path) -> Path | None:
    """The one file that differs from this name in nothing that is seen."""
    wanted = _seen(path.name)
    try:
        found = [name for name in os.listdir(path.parent) if _seen(name) == wanted] if path.name else []
    except (OSError, ValueError):
        return None
    return path.parent / found[0] if len(found) == 1 else None


def _seen(name: str) -> str:
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", name)).strip()


def _is_there(path: Path) -> bool:
    try:
        return os.path.lexists(path)
    except ValueError:  # a NUL in it
        return False


def _at_home(name: str) -> Path:
    """The path with `~` in its place; a name that only looks like somebody's home is a name (Path raises there)."""
    return Path(os.path.expanduser(name))
