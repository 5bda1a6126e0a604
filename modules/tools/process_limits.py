"""Limits that a process of ours sets itself before it reads what anyone may have written."""

import sys
from contextlib import suppress


def limit(seconds: int, memory: int) -> None:
    """End this process after `seconds`, and have it fail for want of memory beyond so many bytes."""
    if sys.platform != "win32":
        import resource
        import signal

        signal.alarm(seconds)
        with suppress(ValueError, OSError):  # a system that has no such limit, or a lower one
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
