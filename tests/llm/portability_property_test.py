"""Any conversation, however it wanders, can go on with any model of the catalogue. `python -m bench.fuzz` goes on."""

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.harness.conversation_machine import Wandering
from tests.harness.tool_machine import Acting

pytestmark = pytest.mark.timeout(300)  # a few seconds of work, which take their time on a loaded machine
FEW = settings(
    max_examples=80,
    stateful_step_count=6,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)

TestAnyConversation = Wandering.TestCase
TestAnyConversation.settings = FEW
TestAnyTurn = Acting.TestCase
TestAnyTurn.settings = settings(FEW, max_examples=60)
