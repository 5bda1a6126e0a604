"""`parlance keys`: which API keys there are, where each comes from, what it opens, and where to get those that lack."""

import argparse
import json
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

from msgspec import Struct, to_builtins

from modules.chat.api_keys.key_slots import KeySlot, slots_of
from modules.chat.start.own_models import own_models
from modules.chat.wording.phrases import count
from modules.config import Config
from modules.errors import ParlanceError
from modules.text.sanitize import clean


class _Row(Struct, frozen=True):
    """A key as it is listed. `end` is its last characters, `also` further places, of which the first counts."""

    variable: str
    source: str
    end: str
    also: tuple[str, ...]
    fault: str
    opens: tuple[str, ...]
    page: str


def run(words: Sequence[str], config: Config) -> int:
    """Print the keys. Returns the exit code."""
    args = argument_parser().parse_args(words)
    models = own_models(config)
    slots = slots_of(models.providers.values())
    _read_ahead(config, [slot.variable for slot in slots if config.is_unread(slot.variable)])
    rows = [_row(slot, config) for slot in slots]
    if args.json:
        sys.stdout.write(json.dumps([to_builtins(row) for row in rows], indent=1) + "\n")
    else:
        cells = [_cells(row, {one.name: len(models.of(one.name)) for one in models.providers.values()}) for row in rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)] if cells else []
        for line in cells:
            padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            sys.stdout.write(clean("  ".join(padded).rstrip()) + "\n")
    sys.stdout.flush()
    return 0


def argument_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="parlance keys",
        description="Which API keys there are and where each comes from; of a key no more than its last characters are "
        "shown. /key in a chat takes one, tries it and keeps it; /key --remove takes one out.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON array")
    return parser


def _read_ahead(config: Config, variables: Sequence[str]) -> None:
    """Ask the keyring for all of its keys at once, so that one that hangs is waited for once."""

    def read(variable: str) -> None:
        with suppress(ParlanceError):  # said of each key, where it is listed
            config.key(variable)

    threads = [threading.Thread(target=read, args=(variable,), daemon=True) for variable in variables]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _row(slot: KeySlot, config: Config) -> _Row:
    source, *also = [*config.sources(slot.variable), ""]
    end = fault = ""
    try:
        key = config.key(slot.variable)
        end = key.end if key is not None else ""
    except ParlanceError as error:  # the rest is listed all the same
        fault = error.message
    return _Row(
        variable=slot.variable,
        source=source,
        end=end,
        also=tuple(filter(None, also)),
        fault=fault,
        opens=tuple(one.name for one in slot.providers),
        page=slot.provider.key_page,
    )


def _cells(row: _Row, models: dict[str, int]) -> tuple[str, ...]:
    opens = ", ".join(f"{name} ({count(models[name], 'model')})" for name in row.opens)
    return row.variable, row.end, opens, _where(row)


def _where(row: _Row) -> str:
    if row.fault:
        return row.fault
    if not row.source:
        return f"not set: {row.page}" if row.page else "not set"
    more = f", and not used in {', '.join(row.also)}" if row.also else ""
    return f"in {row.source}{more}"
