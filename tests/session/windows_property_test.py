"""Among windows of 4k to 1M tokens every request fits, is taken, and extends the one before it; nothing is lost."""

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.harness.window_machine import Narrow

pytestmark = pytest.mark.timeout(300)

TestAnyWindow = Narrow.TestCase
TestAnyWindow.settings = settings(
    max_examples=20,
    stateful_step_count=10,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def test_windows_were_too_small_and_views_were_made() -> None:
    assert Narrow.asked == 0 or (Narrow.fitted > 15 and Narrow.crossed > 10)
