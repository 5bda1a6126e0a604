"""Which tool a model meant: names come with a namespace before them, or with pieces of a chat template behind."""

import re
from collections.abc import Collection

from modules.text import surrogates

# "functions.read_file" and "functions.read_file:0" (Kimi K2), "default_api:read_file" (Gemini: zeroclaw#5975,
# reyn#1989), "read_file<|channel|>commentary" (gpt-oss: vllm#35906), "tools/read_file", "read_file ".
TEMPLATE = re.compile(r"<\|?[^>]*\|?>.*|\s+(to|code|json|commentary|final|analysis)=?.*$", re.S)
AROUND = " \t\r\n\"'`()[]{}<>,;:="
BETWEEN = re.compile(r"[.:/\s]+")


def meant(name: str, declared: Collection[str]) -> str:
    """The one declared tool that this name means; the name itself where that is none, or more than one."""
    if name in declared:
        return name
    name = surrogates.whole(name)
    bare = TEMPLATE.sub("", name).strip(AROUND)
    if bare in declared:
        return bare
    found = {piece for piece in BETWEEN.split(bare) if piece in declared}
    found = found or {tool for tool in declared if any(bare.endswith(mark + tool) for mark in (".", ":", "/"))}
    found = found or {tool for tool in declared if _key(tool) in (_key(bare), _key(BETWEEN.split(bare)[-1]))}
    return found.pop() if len(found) == 1 else name


def _key(name: str) -> str:
    """What two spellings of a name have in common: `readFile`, `read-file` and `Read_File` are one tool."""
    return re.sub(r"[\s_-]+", "", name).casefold()
