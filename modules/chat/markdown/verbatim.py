"""What people mean as it stands: mathematics, paths, patterns and names whose signs Markdown would take for its own.

CommonMark decides by the characters beside a sign; this file says where they mean something else. Each rule is asked
at the sign where it begins, and what it does not know is CommonMark's.
"""

import re
from typing import NamedTuple

SIGNS = "$\\*_:"  # where something may begin
_MATH = [  # the marks that open and close it, the longest text between them, and what must be true of that text
    ("$$", re.compile(r"\$\$(?!\$)((?:[^$\\]|\\.){1,2000}?)\$\$(?!\$)", re.DOTALL)),
    ("\\(", re.compile(r"\\\(((?:(?!\\\)).){1,1000}?)\\\)", re.DOTALL)),
    ("\\[", re.compile(r"\\\[((?:(?!\\\]).){1,2000}?)\\\]", re.DOTALL)),
    # One dollar is money as often: pandoc's rule (nothing blank inside, no digit after), and no letter or brace either.
    ("$", re.compile(r"\$(?![\s$\d]*\s|\$)((?:[^$\\\n]|\\.|\n(?!\n)){1,300}?)(?<![\s\\])\$(?![\w${(])", re.DOTALL)),
]
_WORDS = re.compile(r"[^\W\d_]{3,}")
_TEX = re.compile(r"[\\^_{}]")

_DRIVE = re.compile(r"(?:(?<!\w)[A-Za-z]:|(?<!\S)\.{1,2}|(?<!\w)~|%\w+%)$")
_PATH = re.compile(r"\\(?:[^\s<>\"|?*`\[\]()]*[^\s<>\"|?*`\[\]().,;:!_])?")
_SHARE = re.compile(r"\\\\[\w.$-]+\\[^\s<>\"|?*`\[\]()]*[^\s<>\"|?*`\[\]().,;:!_]")
_URL = re.compile(r"://(?:[^\s<>\"'`\[\]()*~]|\*+(?=[\w/])|\([^\s<>()*]*\))*(?<![_.,;:!?])")

_DUNDER = re.compile(r"__\w*?[^\W_]__(?!\w)")
_KNOWN = re.compile(  # names of Python and of C that nobody writes to mean bold
    r"__(?:init|main|name|file|doc|dict|str|repr|len|iter|enter|exit|eq|ne|lt|le|gt|ge|hash|bool|del|slots|version|"
    r"author|getattr|setattr|delattr|getattribute|getitem|setitem|delitem|contains|annotations|qualname|pycache|tests|"
    r"mocks|fixtures|builtins|builtin|import|future|post_init|init_subclass|class_getitem|subclasshook|missing|aenter|aexit|aiter|anext|"
    r"r?add|i?sub|mul|call|next|new|mro|bases|module|wrapped|proto|FILE|LINE|DATE|TIME|func|VA_ARGS|attribute|typename|"
    r"all|path|class|get|set|format|reduce|copy|deepcopy|sizeof|index|int|float|bytes|await|self)__"
)
_STARS = re.compile(r"\*+")
_UNDERSCORES = re.compile(r"_+")
_EXTENSION = re.compile(r"\.\w(?![^\s*]*\*(?![\w.]))")
_PLAIN = re.compile(r"[A-Za-z0-9]")
_TERM = re.compile(r"(?<![A-Za-z0-9_])(?:[A-Za-z]|[0-9]+)$")
_NEXT_TERM = re.compile(r"(?:[A-Za-z]|[0-9]+)(?![A-Za-z0-9_])")


class Verbatim(NamedTuple):
    """A stretch of the source that is no Markdown, and its text between the marks where it is mathematics."""

    end: int
    math: str = ""


def verbatim(source: str, at: int) -> Verbatim | None:
    """What begins at this sign and stands as it is, if anything does."""
    match source[at]:
        case "$":
            return _math(source, at)
        case "\\":
            return _math(source, at) or _path(source, at)
        case ":":
            url = _URL.match(source, at) if source[:at].endswith(("http", "https", "ftp", "file")) else None
            return Verbatim(url.end()) if url else None
        case "*":
            return _stars(source, at)
        case _:
            return _underscores(source, at)


def _math(source: str, at: int) -> Verbatim | None:
    for mark, pattern in _MATH:
        if source.startswith(mark, at) and (match := pattern.match(source, at)):
            text = match[1]
            if mark == "$" and (_PLAIN.match(source[at - 1 : at]) or (_WORDS.search(text) and not _TEX.search(text))):
                return None
            if mark[0] == "\\" and _is_escaped(mark, text, source[at - 1 : at] + source[match.end() : match.end() + 1]):
                return None
            return Verbatim(match.end(), text)
    return None


def _is_escaped(mark: str, text: str, beside: str) -> bool:
    """Whether parentheses or brackets are only escaped: "file\\(s\\)", "\\[1\\]", "\\(see there\\)"."""
    if re.search(r"[\w(]", beside):
        return True
    return not _TEX.search(text) and ((mark == "\\[" and "=" not in text) or _WORDS.search(text) is not None)


def _path(source: str, at: int) -> Verbatim | None:
    if _DRIVE.search(source[max(0, at - 40) : at]):
        match = _PATH.match(source, at)
    else:
        match = None if source[at - 1 : at].strip(" \n(\"'") else _SHARE.match(source, at)
    return Verbatim(match.end()) if match else None


def _stars(source: str, at: int) -> Verbatim | None:
    run = _STARS.match(source, at)
    if run is None or source[at - 1 : at] == "*":
        return None
    end, before, after = run.end(), source[at - 1 : at].strip(), source[run.end() : run.end() + 1].strip()
    if before == "/" and (not after or after in "/.,;:!?)]}|\"'`"):
        literal = after == "/" or not _closes(source, at, run[0])
    elif not before or before in "({[\"'|,":
        literal = (after == "/" and source[end + 1 : end + 2] in ("*", "", " ")) or (
            len(run[0]) == 1 and _EXTENSION.match(source, end) is not None
        )
    elif len(run[0]) <= 2 and (_PLAIN.match(before) or before in ")]") and (_PLAIN.match(after) or after == "("):
        literal = _is_product(source, at, run[0]) and not _closes(source, at, run[0])
    elif run[0] == "*" and before in ".]":  # what is repeated in a regular expression
        literal = not _closes(source, at, run[0])
    else:
        literal = len(run[0]) == 1 and before in "/_-." and _EXTENSION.match(source, end) is not None
    return Verbatim(end) if literal else None


def _is_product(source: str, at: int, run: str) -> bool:
    """Whether stars between two words multiply: always a single one, and two of them beside a number or a letter."""
    end = at + len(run)
    if len(run) == 1 or source[at - 1] in ")]" or source[end] == "(":
        return True
    return bool(_TERM.search(source[max(0, at - 20) : at]) or _NEXT_TERM.match(source, end))


def _closes(source: str, at: int, run: str) -> bool:
    """Whether the same mark was opened before, at the beginning of a word, and is open still."""
    begin = max(0, at - 600)
    mark = re.escape(run)
    opened = [m.end() for m in re.finditer(rf"(?<![\w*/)\].]){mark}(?=[^\s*/.])(?!\w*args|kw)", source[begin:at])]
    return bool(opened) and re.search(rf"(?<!\s){mark}(?!\*)", source[begin + opened[-1] : at]) is None


def _underscores(source: str, at: int) -> Verbatim | None:
    run = _UNDERSCORES.match(source, at)
    if run is None or source[at - 1 : at] == "_" or re.match(r"\w", source[at - 1 : at]):
        return None
    if (known := _KNOWN.match(source, at)) and not source[known.end() : known.end() + 1].isalnum():
        return Verbatim(known.end())
    before = source[at - 1 : at]
    name = _DUNDER.match(source, at) or re.compile(r"_\w*[^\W_]_(?!\w)").match(source, at)
    if name and (before in ("/", "\\", ".", "=", "@", "$") or re.match(r"[/\\=(\[]|\.\w", source[name.end() :])):
        return Verbatim(name.end())
    return Verbatim(run.end()) if before in ("/", "\\", "=") else None
