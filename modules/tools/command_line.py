"""A command line as words, where it is nothing but words to a shell as well."""

import re

# A word outside quotes, '...', or "..." without what a shell would look into. Everything else is shell syntax.
_WORD = re.compile(r"""(?:[A-Za-z0-9_@%+:,./^=-]|'[^'\n]*'|"[^"$`\\!\n]*")+""")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")


def words_of(line: str) -> list[str] | None:
    """The words that a shell would run this line with; None where it would do anything but that."""
    words: list[str] = []
    at = 0
    line = line.strip(" ")
    while at < len(line):
        found = _WORD.match(line, at)
        if found is None:
            return None
        words.append(re.sub(r"'([^']*)'|\"([^\"]*)\"", lambda quoted: quoted[1] or quoted[2] or "", found[0]))
        at = found.end()
        if at < len(line):
            if line[at] != " ":
                return None
            at += len(line) - at - len(line[at:].lstrip(" "))
    if not words or _ASSIGNMENT.match(line):
        return None
    return words
