"""Whatever branch a conversation is gone on with, each reader finds the bytes again that it was sent before."""

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.harness.branch_machine import Branching

pytestmark = pytest.mark.timeout(300)  # a few seconds of work, which take their time on a loaded machine

TestAnyBranch = Branching.TestCase
TestAnyBranch.settings = settings(
    max_examples=60,
    stateful_step_count=10,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def test_requests_were_looked_at_and_had_something_in_common() -> None:
    assert Branching.looked == 0 or Branching.shared > 1000
