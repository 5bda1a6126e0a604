"""Names for the tools of servers: `server__tool`, legal on every provider, and never the same for two."""

import hashlib
import re

LONGEST = 64
DIGITS = 10  # of the hash, in hexadecimal
SERVER = 24  # letters of the server that a shortened name keeps

_ILLEGAL = re.compile(r"[^A-Za-z0-9_-]")
# Gemini refuses every request with a name that does not begin with a letter or underscore (QwenLM/qwen-code#6970).
_SERVER = re.compile(
    r"[A-Za-z][A-Za-z0-9-]*(?:_[A-Za-z0-9-]+)*"
)  # so the first "__" of a name is where the tool begins
_TOOL = re.compile(r"[A-Za-z0-9_-]+")
_HASHED = re.compile(rf".*_[0-9a-f]{{{DIGITS}}}")  # a name that only looks shortened is shortened, too


def tool_name(server: str, tool: str) -> str:
    """The name that models call the tool by. The same two names give the same one, in every run."""
    name = f"{server}__{tool}"
    if len(name) <= LONGEST and _SERVER.fullmatch(server) and _TOOL.fullmatch(tool) and not _HASHED.fullmatch(name):
        return name
    begun = server if server[:1].isascii() and server[:1].isalpha() else f"mcp-{server}"
    legal = f"{_ILLEGAL.sub('_', begun)[:SERVER]}__{_ILLEGAL.sub('_', tool)}"
    return f"{legal[: LONGEST - DIGITS - 1]}_{_hash(f'{len(server)}:{server}{tool}')}"


def file_name(server: str) -> str:
    """A name for files about the server, without their ending; no two servers share one, whatever the file system."""
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", server):
        return server
    return f"{_ILLEGAL.sub('_', server)[:SERVER]}_{_hash(server)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:DIGITS]
