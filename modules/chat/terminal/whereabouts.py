"""Whether the person sits at another machine than the one that this program runs on."""

import subprocess

from modules.config import Config

PATIENCE_SECONDS = 3.0


def is_far(config: Config) -> bool:
    """Whether the person sits at another machine. A session of tmux may have been begun at this one, or the reverse."""
    if config.get("TMUX"):
        try:
            asked = ("tmux", "show-environment", "SSH_CONNECTION")
            known = subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False).stdout
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
            known = ""
        if known.strip():
            return not known.startswith("-")
    return bool(config.get("SSH_TTY") or config.get("SSH_CONNECTION"))
