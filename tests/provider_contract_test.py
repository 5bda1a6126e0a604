"""What every provider's service promises, had with the real SDKs over real sockets."""

import pytest

from modules.llm.message import Message
from tests.cases import CASES, NAMES, Case, Step
from tests.conftest import Connect
from tests.wire import Call, Text
from tests.wire.facts import Dialect

every_endpoint = pytest.mark.parametrize("name", NAMES)
every_case = pytest.mark.parametrize("case", CASES.values(), ids=[name.replace(" ", "-") for name in CASES])


@every_endpoint
@every_case
async def test_every_conversation_goes_through_and_comes_back_as_it_was_said(
    connect: Connect, name: Dialect, case: Case
) -> None:
    wired = await connect(name)
    history = await wired.play(case)
    answers = [message for message in history if message.role == "assistant"]
    for step, message in zip(case.steps, answers, strict=True):
        _as_said(step, message)
    assert [request.broken for request in wired.server.chats] == [[]] * len(case.steps)


def _as_said(step: Step, message: Message) -> None:
    said = "".join(part.whole for part in step.answer.parts if isinstance(part, Text))
    calls = [(part.name, part.json) for part in step.answer.parts if isinstance(part, Call)]
    assert message.text.strip() == said.strip()
    assert [(call.name, call.arguments or "{}") for call in message.calls] == calls
    assert message.stop == step.stop
    assert message.state == "complete"
