"""JSON as people write it by hand: with comments, and with commas behind the last item."""

import re

# What stands in quotes is taken whole, so that nothing in it is read as a comment or a comma.
_PIECE = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL)


def plain_json(text: str) -> str:
    """The text without comments and surplus commas; lines stay where they are, so that an error names the right one."""
    return _PIECE.sub(_kept, text)


def _kept(found: re.Match[str]) -> str:
    piece = found[0]
    return piece if piece.startswith('"') else "\n" * piece.count("\n")
