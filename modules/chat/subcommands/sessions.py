"""`parlance sessions`: the conversations in a list, for people and for scripts."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from modules.config import Config
from modules.session.counting import prices
from modules.session.storage.listing import Entry
from modules.session.storage.saved_conversations import SHORT_CHARS, SavedConversations
from modules.session.storage.store import FILE
from modules.text.sanitize import clean


def run(words: Sequence[str], config: Config) -> int:
    """List the conversations, or delete some. Returns the exit code."""
    args = argument_parser().parse_args(words)
    if args.prune or args.delete:
        from modules.chat.subcommands import session_removal

        if args.delete:
            return session_removal.delete(config, args.delete, yes=args.yes)
        return session_removal.prune(config, args.older_than, args.down_to, yes=args.yes)
    saved = SavedConversations(config.data_folder / FILE)
    folder = os.path.realpath(os.getcwd()) if args.here else None
    found = saved.entries(folder, one_shots=args.all)
    if args.json:
        prices.load()
        sys.stdout.write(json.dumps([_as_json(saved, entry) for entry in found], ensure_ascii=True, indent=1) + "\n")
    else:
        sys.stdout.writelines(line + "\n" for line in _lines(found))
    sys.stdout.flush()
    return 0


def argument_parser() -> argparse.ArgumentParser:
    """What may follow the name of this subcommand."""
    parser = argparse.ArgumentParser(
        prog="parlance sessions", description="List the conversations, the one used last first."
    )
    parser.add_argument("--json", action="store_true", help="one JSON array, with models, turns and cost")
    parser.add_argument("--here", action="store_true", help="only those of this folder")
    parser.add_argument("--all", action="store_true", help="also single questions, asked with -p")
    going = parser.add_argument_group("deleting for good", "what would go is shown, and asked about")
    going.add_argument("--delete", nargs="+", metavar="ID", help="delete those whose ids begin so")
    going.add_argument("--prune", action="store_true", help="delete what is old, or what makes the file too large")
    going.add_argument("--older-than", type=_age, metavar="AGE", help="with --prune: last used before 90d, 8w, 6m, 1y")
    going.add_argument("--down-to", type=_size, metavar="SIZE", help="with --prune: until 500MB or 2GB are left")
    going.add_argument("--yes", action="store_true", help="do not ask")
    return parser


def _age(text: str) -> float:
    from modules.chat.subcommands.session_removal import age

    try:
        return age(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{clean(text)}" is no age such as 90d, 8w, 6m or 1y') from None


def _size(text: str) -> int:
    from modules.chat.subcommands.session_removal import size

    try:
        return size(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{clean(text)}" is no size such as 500MB or 2GB') from None


def _lines(found: Sequence[Entry]) -> Iterator[str]:
    """One line each: id, when, folder, title, with tabs between."""
    for entry in found:
        when = datetime.fromtimestamp(entry.updated).strftime("%Y-%m-%d %H:%M")
        yield clean("\t".join((entry.id[:SHORT_CHARS], when, entry.title, entry.folder)))


def _as_json(saved: SavedConversations, entry: Entry) -> dict[str, Any]:
    """Times are in seconds since 1970, `cost` is in dollars, null where a price is unknown."""
    more = saved.details(entry.id)
    return {
        "id": entry.id,
        "title": entry.title,
        "named": entry.is_named,
        "created": entry.created,
        "updated": entry.updated,
        "folder": entry.folder or None,
        "kind": "one-shot" if entry.one_shot else "chat",
        "turns": more.turns,
        "messages": more.messages,
        "models": more.models,
        "cost": more.cost,
        "first_words": more.first_words,
        "last_words": more.last_words,
    }
