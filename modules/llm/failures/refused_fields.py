"""Which field of our body a provider means by the path that it names, and whether a request can do without it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any


def droppable(named: Sequence[str], rules: Mapping[str, Any], dialect: str) -> tuple[str, ...]:
    """The paths of our body that are meant, each once, without those that a request cannot do without.

    `named` holds paths or lists of them as the provider writes them: "messages[2].x", "['a', 'b']", "reasoningEffort".
    """
    paths = [path for text in named for path in re.findall(r"[\w$][\w$.\[\]*-]*", text)]
    found = (_ours(path, rules, dialect) for path in paths[:16])
    return tuple(dict.fromkeys(path for path in found if path))


def _ours(path: str, rules: Mapping[str, Any], dialect: str) -> str:
    """This path in our body, "*" for any place in a list; "" where it is none, or one that must stay."""
    steps = [_snake(step) for step in re.sub(r"\[(\w+|\*)\]", r".\1", path).split(".") if step]
    steps = ["*" if step.isdigit() else step for step in steps]
    if steps[:1] in (["body"], ["request"]):
        del steps[0]
    if any(root in steps for root in rules["foreign"]["steps"]):
        return ""
    if steps[:1] == ["generation_config"]:  # what Gemini makes of the fields at the top of our body
        del steps[0]
    tags = _for(rules["tags"], dialect)
    kept: list[str] = []
    for place, step in enumerate(steps):
        named_kind = step in tags and kept[-1:] in (["*"], ["cache_control"]) and place < len(steps) - 1
        kept += [] if named_kind else [step]
    if not kept or kept[-1] == "*" or kept[-1] in _for(rules["essential"], dialect):
        return ""
    ours = ".".join(kept)
    return str(rules["aliases"].get(dialect, {}).get(ours, ours))


def _for(table: Mapping[str, Sequence[str]], dialect: str) -> frozenset[str]:
    return frozenset((*table["any"], *table.get(dialect, ())))


def _snake(step: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", step).lower()
