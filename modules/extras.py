"""What an installation may leave out: the extras of pyproject.toml, and how one is added afterwards."""

import shlex

from modules.config import IN_CHECKOUT, ROOT

DISTRIBUTION = "parlance-chat"


def how_to_install(extra: str) -> str:
    """The sentence that says how to add an extra to this very installation."""
    what = f"-e {shlex.quote(f'{ROOT}[{extra}]')}" if IN_CHECKOUT else f"'{DISTRIBUTION}[{extra}]'"
    return f"Install it with: python -m pip install {what}."
