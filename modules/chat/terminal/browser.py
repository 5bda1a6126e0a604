"""Opening a page in the person's browser, where there is one: never one that would take the terminal."""

import shlex
import subprocess
import sys
import threading

from modules.config import Config


def open_page(config: Config, url: str) -> bool:
    """Have the page opened in the background; False where no browser is known to be there."""
    if command := config.get("BROWSER").split(":")[0]:
        words = shlex.split(command)
    elif sys.platform == "darwin":
        words = ["open"]
    elif config.get("DISPLAY") or config.get("WAYLAND_DISPLAY"):
        words = ["xdg-open"]
    else:
        return False
    argv = [word.replace("%s", url) for word in words] if "%s" in command else [*words, url]

    def run() -> None:
        nothing = subprocess.DEVNULL
        try:
            subprocess.run(
                argv, stdin=nothing, stdout=nothing, stderr=nothing, env=config.child_environment, check=False,
                start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError):
            return  # the address is on the screen

    threading.Thread(target=run, name="browser", daemon=True).start()
    return True
