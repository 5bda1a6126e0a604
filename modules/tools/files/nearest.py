"""The lines of a file that are most like a text which is not in it."""

import difflib

MOST_LINES = 20_000  # of a file that are compared
SHOWN = 12  # lines
WIDEST_CHARS = 200  # of a line that are compared and shown
ALIKE = 0.6  # of two lines, from 0 to 1


def nearest(text: str, wanted: str) -> str:
    """The words for a model that misremembers the file: the lines that are nearest, as they really are."""
    lines = [line.rstrip("\r") for line in text.split("\n")[:MOST_LINES]]
    asked = [line.rstrip("\r") for line in wanted.strip("\r\n").split("\n")]
    if found := _but_for_space(lines, asked):
        return f"It is there with other spaces or empty lines at the ends. {_shown(lines, found - 1, len(asked))}"
    longest = max(range(len(asked)), key=lambda at: len(asked[at].strip()))
    keys = [line.strip()[:WIDEST_CHARS] for line in lines]
    near = difflib.get_close_matches(asked[longest].strip()[:WIDEST_CHARS], set(keys), n=1, cutoff=ALIKE)
    if not near:
        return "Nothing in it is like that. Read the file first."
    return f"Nearest is this. {_shown(lines, max(0, keys.index(near[0]) - longest), len(asked))}"


def _but_for_space(lines: list[str], asked: list[str]) -> int:
    """The line, from 1, where the text begins if spaces do not count; 0 where it does not."""
    bare = [" ".join(line.split()) for line in lines]
    wanted = [" ".join(line.split()) for line in asked]
    return next((at + 1 for at in range(len(bare)) if bare[at : at + len(wanted)] == wanted), 0)


def _shown(lines: list[str], start: int, count: int) -> str:
    end = min(start + min(max(count, 1), SHOWN), len(lines))
    text = "\n".join(line[:WIDEST_CHARS] for line in lines[start:end])
    return f"Lines {start + 1}-{end}:\n{text}"
