"""Among windows of 4k to 1M tokens every request fits, is taken, and extends the one before it; nothing is lost."""

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.harness.window_machine import Narrow

EXAMPLES = 7  # `python -m bench.fuzz --windows` tries as many as one likes
pytestmark = pytest.mark.timeout(300)

TestAnyWindow = Narrow.TestCase
TestAnyWindow.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=8,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def test_windows_were_too_small_and_views_were_made_and_undone() -> None:
    counted = Narrow.counted
    made = counted["views: trim"] + counted["views: summary"]
    assert counted["conversations"] < EXAMPLES or (
        counted["requests"] > 40 and made > 3 and counted["views undone"] > 2
    )
