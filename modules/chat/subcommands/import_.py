"""`parlance import`: conversations of other programs, from their exports and session files."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct, field

from modules.chat.start.own_models import own_models
from modules.chat.start.start_model import first_choice
from modules.chat.subcommands.progress_bar import ProgressBar
from modules.chat.terminal.streams import at_terminal
from modules.config import Config
from modules.errors import EXIT_ERROR, ParlanceError
from modules.session.export.taken_in import take_in
from modules.session.importing.files import listed
from modules.session.importing.imported import Missed
from modules.session.importing.importer import Found, Importer
from modules.session.storage.bulk import Brought, BulkWriter
from modules.session.storage.saved_conversations import SavedConversations
from modules.session.storage.store import FILE
from modules.text.sanitize import clean

READS = (
    "Reads what /export has written as .json, the account exports of ChatGPT and Claude (conversations.json, or the "
    ".zip), llm's logs.db, the sessions of Claude Code, Codex and pi, and messages as OpenAI has them. A second import "
    "adds only what is new."
)


class Account(Struct):
    """What came of one format."""

    conversations: int = 0
    messages: int = 0
    calls: int = 0
    pictures: int = 0
    went_on: int = 0  # conversations that were here and have new messages
    known: int = 0  # conversations that were here and have none
    open: int = field(default=0)

    def add(self, found: Found, brought: Brought) -> None:
        self.open += brought.is_open
        self.conversations += brought.is_new
        has_more = bool(brought.messages or brought.changed)
        self.went_on += has_more and not brought.is_new
        self.known += not (has_more or brought.is_open)
        self.messages += len(brought.messages)
        self.calls += sum(len(one.message.calls) for one in brought.messages)
        self.pictures += sum(len(one.message.images) for one in brought.messages)


def run(words: Sequence[str], config: Config) -> int:
    """Import what the words name. Returns the exit code: 1 where something could not be read at all."""
    args = argument_parser().parse_args(words)
    missed, accounts = Missed(), dict[str, Account]()
    importer = Importer(missed)
    bar = ProgressBar(sys.stderr, sum(_sizes(args.paths)), on=at_terminal(sys.stderr) and not config.plain)
    problem: ParlanceError | None = None
    models = own_models(config)
    start, saved = first_choice(models, config, "").model, SavedConversations(config.data_folder / FILE)
    with BulkWriter(saved.path, start, dry=args.dry_run) as writer:
        try:
            for path in args.paths:
                for found in importer.conversations(path):
                    if found.own is None:
                        brought = writer.write(found.conversation)
                    else:
                        try:
                            brought = take_in(found.own, writer, saved, models, start)
                        except ValueError as error:
                            importer.failed.append((path, str(error)))
                            continue
                    accounts.setdefault(found.format, Account()).add(found, brought)
                    bar.show(importer.bytes_read, sum(one.conversations for one in accounts.values()))
            writer.flush()
        except ParlanceError as error:
            problem = error
        finally:
            bar.clear()
        notes = writer.notes
    sys.stdout.writelines(clean(line) + "\n" for line in _report(accounts, missed.counts, args.dry_run))
    sys.stdout.flush()
    for line in (*notes, *(f"{path}: {why.rstrip('.')}." for path, why in importer.failed)):
        sys.stderr.write(f"parlance: {clean(line)}\n")
    if problem is not None:
        raise problem
    return EXIT_ERROR if importer.failed else 0


def argument_parser() -> argparse.ArgumentParser:
    """What may follow the name of this subcommand."""
    parser = argparse.ArgumentParser(prog="parlance import", description=READS)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, or a folder to look through")
    parser.add_argument("--dry-run", action="store_true", help="say what would come in, and write nothing")
    return parser


def _sizes(paths: Sequence[Path]) -> Iterator[int]:
    for path in paths:
        for file in listed(path, Missed()):
            try:
                yield file.stat().st_size
            except OSError:
                continue  # it is named when it is read


def _report(accounts: dict[str, Account], missed: Counter[str], dry: bool) -> Iterator[str]:
    """What came in, by format, and what did not, by name."""
    for format, account in accounts.items():
        came = "Would take" if dry else "Took"
        what = [
            _number(account.conversations, "conversation"),
            _number(account.messages, "message"),
            _number(account.calls, "tool call"),
            _number(account.pictures, "picture"),
        ]
        yield f"{format}: {came.lower()} {', '.join(what[:-1])} and {what[-1]}."
        if account.went_on == 1:
            yield "  1 conversation that was here has new messages."
        elif account.went_on:
            yield f"  {account.went_on:,} conversations that were here have new messages."
        if account.known:
            yield f"  {_number(account.known, 'conversation')} {_was(account.known)} here already."
        if account.open:
            count = _number(account.open, "conversation")
            yield f"  {count} {_is(account.open)} open in another window. Close it there, and import again."
    if missed:
        yield "What could not be taken as it was:"
        yield from (f"  {number:>7,}  {name}" for name, number in missed.most_common())
    if not accounts:
        yield "There was no conversation to take."


def _number(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
