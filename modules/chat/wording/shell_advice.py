"""Advice without what it says of the chat's commands, for where there are none: standard error, JSON, a shell."""

import re
from collections.abc import Iterator

# The chat's commands. Any other word behind a slash is a path: "/data cannot be written" holds everywhere.
NAMES = (
    "attach", "branch", "clear", "cls", "compact", "compress", "config", "context", "continue", "copy", "cost",
    "edit", "exit", "export", "find", "go", "help", "image", "instructions", "key", "mcp", "model", "models", "name",
    "new", "next", "paste", "pin", "pins", "prev", "print", "prompts", "quit", "reasoning", "redo", "regenerate",
    "rename", "resume", "retry", "role", "save", "search", "servers", "sessions", "set", "summarise", "summarize",
    "system", "templates", "theme", "thinking", "title", "tokens", "tool", "tools", "tree", "undo", "unpin", "usage",
    "who", "window", "wire",
)  # fmt: skip
COMMAND = re.compile(rf"(?<![\w/.:~-])/(?:{'|'.join(NAMES)})(?![\w/-]|\.\w)")
CLAUSE = re.compile(r"[,;] (?:or |and )?")


def without_commands(text: str) -> str:
    """The text without what it says of slash commands, clause by clause: outside the chat they are no help."""
    return " ".join(kept(text))


def kept(text: str) -> Iterator[str]:
    """Its sentences, those that name a command as far as they hold without it."""
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
        if not COMMAND.search(sentence):
            yield sentence
            continue
        clauses: list[str] = []
        for clause in CLAUSE.split(sentence):
            if COMMAND.search(clause):
                break
            clauses.append(clause)
        if clauses:
            yield ", ".join(clauses).rstrip(".") + "."
