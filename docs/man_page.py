"""The man page, docs/parlance.1: made of the same declarations as `--help`. `python -m docs.tables` writes it."""

import argparse
import re
from functools import partial

from argparse_manpage.manpage import Manpage

from modules.chat.subcommands.command_tree import command_tree, parsers_of
from modules.config import ROOT, VERSION

PAGE = ROOT / "docs/parlance.1"
SYNOPSIS = "[OPTIONS] [QUESTION ...]\n.br\n.B parlance\nSUBCOMMAND ..."
SECTIONS = {
    "FILES": (
        (
            "~/.config/parlance",
            "settings.toml, models.yaml, mcp.json, .env, and tools, prompts and themes of one's own",
        ),
        ("~/.local/share/parlance", "the conversations"),
        ("~/.local/state/parlance", "what was learned of models, and the lines that were typed"),
    ),
    "ENVIRONMENT": (
        ("ANTHROPIC_API_KEY, OPENAI_API_KEY, GROQ_API_KEY ...", "the keys, one for each provider"),
        ("PARLANCE_MODEL", "the model that a new conversation starts with"),
        ("PARLANCE_HOME", "a folder for all of the above"),
        ("NO_COLOR", "no colours"),
        ("VISUAL, EDITOR", "the editor for long messages"),
    ),
    "EXIT STATUS": (
        ("0", "a whole answer"),
        ("1", "an error, or an answer that is cut, declined, empty or otherwise not whole"),
        ("2", "usage"),
        ("75", "try later"),
        ("76", "a key is refused or missing"),
        ("77", "the provider does not have the model"),
        ("130", "interrupted"),
    ),
}


def man_page() -> str:
    """The page as troff, the same on every day and at every width."""
    released = re.search(rf"^## {re.escape(VERSION)} - (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    about = {"date": released[1] if released else VERSION, "project_name": "Parlance", "version": VERSION,
             "manual_title": "Parlance"}  # fmt: skip
    tree = command_tree()
    tree.epilog = None  # it has sections of its own
    for parser in parsers_of(tree):
        parser.formatter_class = partial(argparse.HelpFormatter, width=80)
    page = Manpage(tree, about, "single-commands-section")
    page.synopsis = ["parlance", SYNOPSIS]
    text = str(page).replace(".SH NAME\nparlance", ".SH NAME\nparlance \\- one conversation, any model", 1)
    sections = "".join(f".SH {name}\n{_rows(rows)}" for name, rows in SECTIONS.items())
    return f"{text.rstrip()}\n{sections}"


def _rows(rows: tuple[tuple[str, str], ...]) -> str:
    return "".join(f".TP\n\\fB{_troff(what)}\\fR\n{_troff(is_for)}.\n" for what, is_for in rows)


def _troff(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
