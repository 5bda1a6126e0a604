"""`parlance doctor`: what is missing and how to mend it; and the file of conversations, made right where it is not."""

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from modules.chat.program_name import as_started
from modules.chat.wording.phrases import count
from modules.config import Config
from modules.errors import FileProblem, UsageError
from modules.session.storage.location import SUFFIXES, Locks, move_aside
from modules.session.storage.store import FILE
from modules.text.sanitize import clean


def run(words: Sequence[str], config: Config) -> int:
    """Look the file over, or do what was asked for. Returns the exit code: 1 where something is wrong with it."""
    from modules.session.storage import database

    args = argument_parser().parse_args(words)
    path = config.data_folder / FILE
    locks = Locks(path.with_suffix(".lock"))
    try:
        if args.salvage is not None:
            return _salvage(path, Path(args.salvage) if args.salvage else path, locks)
        if args.compact:
            return _compact(path, locks)
        faults = 0 if args.fix else _look_over(config)
        return _examine(path, locks, fix=args.fix) or min(faults, 1)
    except (database.Error, OSError) as error:
        raise FileProblem(
            f"{path} could not be worked on: {database.reason(error)}.", cure="End the other programs, and try again."
        ) from error
    finally:
        locks.close()


def argument_parser() -> argparse.ArgumentParser:
    """What may follow the name of this subcommand."""
    parser = argparse.ArgumentParser(
        prog="parlance doctor",
        description="Say what is missing or wrong, with cures: settings, keys, the terminal, extras, and the file that "
        "conversations are kept in.",
    )
    does = parser.add_mutually_exclusive_group()
    does.add_argument("--fix", action="store_true", help="do what is safe of the cures")
    does.add_argument(
        "--salvage",
        nargs="?",
        const="",
        metavar="FILE",
        help="read what is readable out of a damaged file; of one that was set aside, add what is missing here",
    )
    does.add_argument("--compact", action="store_true", help="rewrite what earlier releases wrote, in less room")
    return parser


def _say(text: str) -> None:
    sys.stdout.write(clean(text) + "\n")
    sys.stdout.flush()


def _look_over(config: Config) -> int:
    """Say what was found; how many faults there are."""
    from modules.chat.subcommands.setup_checks import look_over

    found = list(look_over(config))
    for one in found:
        _say(as_started(str(one)))
    return sum(one.kind == "fault" for one in found)


def _examine(path: Path, locks: Locks, *, fix: bool) -> int:
    from modules.session.storage import examination

    report = examination.examine(path, locks)
    if not path.exists() and not report.findings:
        _say(f"There is no file yet: {path} is made with the first message.")
        return 0
    if fix:
        done = examination.fix(path, report, locks)
        for finding in done:
            _say(f"Made right: {finding.text}")
        if done:
            report = examination.examine(path, locks)
    for finding in report.findings:
        _say(f"{finding.text} {as_started(finding.cure)}")
    held = ", ".join(
        count(report.counts[table], name)
        for table, name in (("conversation", "conversation"), ("message", "message"))
        if table in report.counts
    )
    faults = len(report.faults)
    _say(f"{path}: {held + ', ' if held else ''}{count(faults, 'fault') if faults else 'sound'}.")
    return 1 if faults else 0


def _salvage(path: Path, damaged: Path, locks: Locks) -> int:
    from modules.session.storage import salvage

    if not damaged.is_file():
        raise UsageError(
            f"There is no file {damaged}.", cure=as_started("parlance doctor names those that were set aside.")
        )
    is_the_one = damaged.exists() and path.exists() and os.path.samefile(damaged, path)
    if is_the_one and not locks.is_alone(again=True):
        raise UsageError("Another program is in a conversation.", cure="End it first: it would go on in the old file.")
    found = salvage.salvage(damaged)
    _say(
        f"{count(found.conversations, 'conversation')} and {count(found.messages, 'message')} could be read, "
        f"{count(found.lost, 'message') if found.lost else 'none'} could not."
    )
    if is_the_one:
        aside = move_aside(path)
        os.rename(found.path, path)
        _say(f"They are in {path} now. The damaged file is {aside}.")
    else:
        _say(f"{count(_taken_over(path, found.path, locks), 'conversation')} that {path} did not have came to it.")
        for suffix in SUFFIXES:
            Path(f"{found.path}{suffix}").unlink(missing_ok=True)
        _say(f"{damaged} is as it was. Delete it when nothing is missing.")
    return 1 if found.lost else 0


def _taken_over(path: Path, salvaged: Path, locks: Locks) -> int:
    from modules.session.storage import database, mending

    with contextlib.closing(database.connect(path, locks)) as connection:
        return mending.take_over(connection, salvaged)


def _compact(path: Path, locks: Locks) -> int:
    from modules.session.storage import compaction

    if not path.exists():
        _say(f"There is no file yet: {path} is made with the first message.")
        return 0
    shows = sys.stderr.isatty()

    def progress(done: int, of: int) -> None:
        if shows:
            sys.stderr.write(f"\r{done} of {count(of, 'conversation')}" + ("\n" if done == of else ""))

    made = compaction.compact(path, locks, progress)
    _say(
        f"{count(made.messages, 'message')} and {count(made.entries, 'piece')} of what was sent rewritten. "
        f"{made.before / 1e6:,.1f} MB before, {made.after / 1e6:,.1f} MB now."
    )
    if made.open_elsewhere:
        _say(f"{count(made.open_elsewhere, 'conversation')} open in another program stayed as they were.")
    return 0
