"""`parlance usage`: what all conversations took, for people and for scripts."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from modules.chat.wording.spending_rows import headings, rows, sum_of_all
from modules.config import Config
from modules.session.counting import prices
from modules.session.spending import WAYS, By, Sum, summed
from modules.session.storage.saved_conversations import SavedConversations
from modules.session.storage.store import FILE
from modules.text.sanitize import clean


def run(words: Sequence[str], config: Config) -> int:
    """Print the sums. Returns the exit code."""
    args = argument_parser().parse_args(words)
    by: By = args.by
    prices.load()
    sums = summed(SavedConversations(config.data_folder / FILE).spendings(), by)
    if args.json:
        sys.stdout.write(json.dumps([_as_json(one) for one in sums], indent=1) + "\n")
    elif sums:
        table = [headings(by), *rows(sums, plain=config.plain), sum_of_all(sums)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for row in table:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            sys.stdout.write(clean("  ".join(cells).rstrip()) + "\n")
    sys.stdout.flush()
    return 0


def argument_parser() -> argparse.ArgumentParser:
    """What may follow the name of this subcommand."""
    parser = argparse.ArgumentParser(
        prog="parlance usage", description="Tokens and cost of all conversations that are saved."
    )
    parser.add_argument("--by", choices=WAYS, default="model", help="what is summed up: model (usual), day, ...")
    parser.add_argument("--json", action="store_true", help="one JSON array")
    return parser


def _as_json(one: Sum) -> dict[str, Any]:
    """`cost` is in dollars as far as prices are known; `uncosted` counts the requests without a price."""
    return {
        "key": one.key,
        "name": one.name,
        "requests": one.requests,
        "input": one.usage.input,
        "output": one.usage.output,
        "cache_read": one.usage.cache_read,
        "cache_write": one.usage.cache_write,
        "reasoning": one.usage.reasoning,
        "cost": round(one.cost, 6),
        "uncosted": one.uncosted,
    }
