"""`parlance search`: everything that was ever said, found by words, for people and for scripts."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from modules.chat.program_name import this_program
from modules.chat.terminal.streams import Diagnostics, at_terminal, diagnose
from modules.config import Config
from modules.errors import EXIT_ERROR, FileProblem
from modules.session.search.search import FILE as INDEX
from modules.session.search.search import LIMIT, Found, Hit, Search
from modules.session.storage.saved_conversations import SHORT_CHARS
from modules.session.storage.store import FILE
from modules.text.sanitize import clean

BOLD, RESET = "\x1b[1m", "\x1b[0m"
PATIENCE_SECONDS = 0.5  # of silence before it is said what takes so long
TITLE_CHARS = 60
FILTERS = """what can be searched with:
  words              all of them must be there; a part of a word is enough, whole words come first
  "some words"       these words in a row (quote them for the shell, too: '"some words"')
  -word -"words"     messages without these
  model:sonnet       said by a model of that name
  role:me            said by you; also role:assistant, role:tool and role:system
  since:2026-11-01   said since then; also since:2026-11, since:7d, since:2w, since:yesterday
  in:title           titles only

The best come first, the newest where more than 1,000 messages match. Of a tool's result the first 100,000 characters
are searched. Exit codes: 0 something was found, 1 nothing was, 2 usage."""
OPTIONS = ("-h", "--help", "--json", "--limit")


def run(words: Sequence[str], config: Config) -> int:
    """Search, and print what is found. Returns the exit code, as grep has it."""
    args, typed = _parsed(words)
    search = Search(config.data_folder / FILE, config.data_folder / INDEX)
    search.check(typed)
    note = _caught_up(search, config)
    found = search.find(typed, args.limit)
    bold = at_terminal(sys.stdout) and config.color and not config.plain
    sys.stdout.writelines(map(_as_json, found.hits) if args.json else _blocks(found.hits, bold=bold))
    if at_terminal(sys.stdout) and not args.json and found.hits:
        sys.stdout.write(f"\nOpen one with: {this_program()} -r ID\n")
    sys.stdout.flush()
    for text in filter(None, (note, *_remarks(found))):
        diagnose(clean(f"parlance: {text}"))
    return 0 if found.hits else EXIT_ERROR


def _parsed(words: Sequence[str]) -> tuple[argparse.Namespace, str]:
    """The options, and what is searched for: -word is no option, and all that stands behind -- is none."""
    options: list[str] = []
    typed: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            typed += rest
        elif word == "--limit":
            options += [word, *islice(rest, 1)]
        elif word.startswith("--") or word in OPTIONS:
            options.append(word)
        else:
            typed.append(word)
    parser = argument_parser()
    args = parser.parse_args(options)
    if args.limit < 1:
        parser.error("--limit takes a number from 1 on")
    return args, " ".join(typed)


def argument_parser() -> argparse.ArgumentParser:
    """What may follow the name of this subcommand."""
    parser = argparse.ArgumentParser(
        prog="parlance search",
        usage="parlance search [--json] [--limit N] WORD ...",
        description="Search everything that was said in saved conversations. parlance -r ID opens one.",
        epilog=FILTERS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON object a line: conversation, message (0 for a title), when (seconds since 1970), role, model, "
        "title, snippet, marks (pairs of places in the snippet), score",
    )
    parser.add_argument("--limit", type=int, default=LIMIT, metavar="N", help=f"at most so many; {LIMIT} without it")
    return parser


def _caught_up(search: Search, config: Config) -> str:
    """Bring the index up to date; "" or what is to be said where that cannot be."""
    shown = at_terminal(sys.stderr) and not config.plain
    began, width = time.monotonic(), 0

    def say(indexed: int, total: int) -> None:
        nonlocal width
        if shown and time.monotonic() - began > PATIENCE_SECONDS:
            line = f"Indexing what was said: {indexed:,} of {total:,} messages."
            Diagnostics().write(f"\r{line:{width}}")
            width = len(line)

    try:
        search.catch_up(say)
    except FileProblem as error:
        return f"{error} What was said last may not be found."
    finally:
        if width:
            Diagnostics().write(f"\r{'':{width}}\r")
    return ""


def _remarks(found: Found) -> Iterator[str]:
    if not found.hits and at_terminal(sys.stderr):
        yield "Nothing was found."
    if found.indexed < found.total:
        yield f"{found.indexed:,} of {found.total:,} messages were searched; the others are not indexed yet."
    if not found.whole:
        yield "A part of a word that you gave is in very many words; not all of them were looked for."


def _blocks(hits: Sequence[Hit], *, bold: bool) -> Iterator[str]:
    """When, id, title, and who; then a line of what was said. An empty line stands between two."""
    for at, hit in enumerate(hits):
        when = datetime.fromtimestamp(hit.when).strftime("%Y-%m-%d %H:%M") if hit.when else "unknown time"
        title = hit.title if len(hit.title) <= TITLE_CHARS else f"{hit.title[: TITLE_CHARS - 1]}…"
        facts = (when, hit.conversation[:SHORT_CHARS], clean(title), clean(_who(hit)))
        yield f"{'' if at == 0 else chr(10)}{' · '.join(filter(None, facts))}\n    {_marked(hit, bold=bold)}\n"


def _who(hit: Hit) -> str:
    match hit.role:
        case "user":
            return "you"
        case "assistant":
            return hit.model or "a model"
        case _:
            return hit.role


def _marked(hit: Hit, *, bold: bool) -> str:
    """The snippet for the terminal: cleaned piece by piece, since cleaning moves the marks."""
    pieces, at = [], 0
    for start, end in hit.marks if bold else ():
        pieces += [clean(hit.snippet[at:start]), BOLD, clean(hit.snippet[start:end]), RESET]
        at = end
    return "".join([*pieces, clean(hit.snippet[at:])])


def _as_json(hit: Hit) -> str:
    fields = {name: getattr(hit, name) for name in hit.__struct_fields__}
    return json.dumps({**fields, "score": round(hit.score, 4)}) + "\n"
