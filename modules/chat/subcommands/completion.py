"""`parlance completion`: what Tab completes in the shell, as a script for bash, zsh, fish or PowerShell."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from modules.chat.program_name import NAME
from modules.chat.subcommands.command_tree import CONVERSATIONS, FILES, MODELS, VALUES, command_tree, parsers_of
from modules.config import Config

SHELLS = ("bash", "zsh", "fish", "powershell")
# What the shell runs to know the values. A colon ends a word in bash (COMP_WORDBREAKS): a model goes by its name alone.
NAMES = f"{NAME} --list-models 2>/dev/null | cut -f1"
SHORT_NAMES = f"{NAMES} | cut -d: -f2- | grep -v :"
IDS = f"{NAME} sessions 2>/dev/null | cut -c1-6"
COMMANDS = {MODELS: NAMES, CONVERSATIONS: IDS}
INSTALLING = {
    "bash": f"{NAME} completion bash > ~/.local/share/bash-completion/completions/{NAME}",
    "zsh": f"{NAME} completion zsh > ~/.zfunc/_{NAME}    # with ~/.zfunc in fpath, before compinit",
    "fish": f"{NAME} completion fish > ~/.config/fish/completions/{NAME}.fish",
    "powershell": f"{NAME} completion powershell >> $PROFILE",
}


def run(words: Sequence[str], config: Config) -> int:
    """Print the script. Returns the exit code."""
    import shtab

    args = argument_parser().parse_args(words)
    whole = command_tree()
    for parser in parsers_of(whole):
        for action in parser._actions:
            if values := _values(VALUES.get(action.dest, ""), args.shell):
                action.complete = values  # type: ignore[attr-defined]  # where shtab looks for it
    sys.stdout.write(shtab.complete(whole, args.shell) + "\n")
    return 0


def argument_parser() -> argparse.ArgumentParser:
    """What may follow the name of this subcommand."""
    parser = argparse.ArgumentParser(
        prog="parlance completion",
        description="Print what Tab completes, as a script for a shell. "
        + " ".join(f"{shell}: {how}." for shell, how in INSTALLING.items()),
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell")
    return parser


def _values(kind: str, shell: str) -> dict[str, Any]:
    """What completes such a value, as shtab takes it; nothing for free text."""
    import shtab

    if kind not in COMMANDS:
        return dict(shtab.FILE) if kind == FILES else {}
    if shell != "zsh":
        return dict(shtab.cmd(SHORT_NAMES if shell == "bash" and kind == MODELS else COMMANDS[kind]))
    # shtab would have zsh run it when the script is read, and take the colon of a name for one of its own.
    function = f"_{NAME}_{kind}"
    body = f'local -a found=(${{(f)"$({COMMANDS[kind]})"}}); compadd -a found'
    return {"zsh": function, "preamble": {"zsh": f"{function}() {{ {body} }}"}}
