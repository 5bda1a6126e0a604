"""The clock: the time here and elsewhere, and the near names for a zone that there is not."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from modules.errors import ToolFailed
from modules.tools.clock import current_time
from modules.tools.tool import ToolContext

CONTEXT = ToolContext(Path("/"), Path("/"))


async def result(**arguments: str) -> str:
    plan = await current_time.prepare(arguments, CONTEXT)
    assert not plan.asks
    return str(await plan.do(CONTEXT))


@pytest.mark.parametrize("arguments", [{}, {"timezone": ""}, {"timezone": "Asia/Tokyo"}, {"timezone": "UTC"}])
async def test_the_time_is_now_with_weekday_and_zone(arguments: dict[str, str]) -> None:
    before = datetime.now().astimezone() - timedelta(seconds=1)
    stamp, weekday, zone = (await result(**arguments)).split(", ")
    told = datetime.fromisoformat(stamp)
    assert before <= told <= datetime.now().astimezone()
    assert weekday == f"{told:%A}"
    assert zone.startswith(arguments.get("timezone") or f"{datetime.now().astimezone().tzname()} (the user's")


async def test_a_zone_has_its_own_offset() -> None:
    stamp = (await result(timezone="Asia/Kathmandu")).split(", ")[0]
    assert stamp.endswith("+05:45")
    assert datetime.fromisoformat(stamp).utcoffset() == datetime.now(ZoneInfo("Asia/Kathmandu")).utcoffset()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Tokyo", "Asia/Tokyo"),
        ("new york", "America/New_York"),
        ("europe/berlin", "Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
        ("Asia", "Asia/"),
        ("../../etc/passwd", "named like Europe/Berlin"),
        ("/etc/passwd", "named like Europe/Berlin"),
        ("\0", "named like Europe/Berlin"),
    ],
)
async def test_an_unknown_zone_is_answered_with_the_near_ones(typed: str, meant: str) -> None:
    with pytest.raises(ToolFailed) as raised:
        await result(timezone=typed)
    assert "There is no time zone" in str(raised.value)
    assert meant in str(raised.value)
