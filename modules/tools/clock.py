"""The tool that tells the time, here or in a time zone."""

import difflib
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from modules.errors import ToolFailed
from modules.tools.tool import tool

NEAR = 8  # zones that an unknown one is answered with


@tool(effect="read", free=True)
def current_time(timezone: str = "") -> str:
    """Tell the current date, time and weekday.

    Args:
        timezone: an IANA name such as Europe/Berlin; the user's own where it is left out
    """
    name = timezone.strip()
    if not name:
        now = datetime.now().astimezone()
        return f"{now.isoformat(timespec='seconds')}, {now:%A}, {now.tzname()} (the user's time zone)"
    zones = available_timezones()
    if name not in zones:
        raise ToolFailed(f'There is no time zone "{name[:100]}".' + _near(name, zones))
    now = datetime.now(ZoneInfo(name))
    return f"{now.isoformat(timespec='seconds')}, {now:%A}, {name} ({now.tzname()})"


def _near(name: str, zones: set[str]) -> str:
    """The zones that may have been meant: those of a city of that name, then those that are spelled alike."""
    if not zones:
        return " This system has no table of time zones."
    wanted = name.replace(" ", "_").lower()
    spelled = {zone.lower(): zone for zone in sorted(zones)}
    by_city = [zone for key, zone in spelled.items() if wanted.rpartition("/")[2] in (key, key.rpartition("/")[2])]
    alike = [spelled[key] for key in difflib.get_close_matches(wanted, spelled, n=NEAR, cutoff=0.6)]
    near = list(dict.fromkeys(by_city + alike))[:NEAR]
    return f" There are {', '.join(near)}." if near else " Zones are named like Europe/Berlin."
