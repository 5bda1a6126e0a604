"""Shuts this process to programs of the same user: its memory and its environment, where the keys are."""

import sys

_PR_SET_DUMPABLE = 4  # see prctl(2)


def shut() -> None:
    """Let no other process of this user read or trace this one, nor the system write its memory down in a crash.

    A program that a tool runs could read the keys from its parent otherwise. It is for Linux; elsewhere it does
    nothing, and nothing keeps out root. Programs that are started from here are not concerned.
    """
    if sys.platform == "linux":
        import ctypes  # some milliseconds that no start without tools needs

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
