"""Loopback servers that speak the providers' protocols, refuse what those refuse, and fail on demand.

    with WireServer("anthropic") as server:
        server.answer(Answer(Reasoning("Hm."), "Let me look.", Call("ls", {"path": "."})), "Two files.")
        server.answer(Status(429, retry_after="3600"), Answer("Half a", fault=Fault.cut_mid_event(after=4)))
        client = AsyncAnthropic(base_url=server.base_url, api_key="test-key", max_retries=0)
        ...
        assert server.chats[0].body["messages"] == [...]

Answers are used in order; when none is queued a default one is given. A request that breaks a rule of the API
gets a 400 and uses up no answer; `server.chats[n].broken` names the rules. Signatures outlive a server.
"""

from tests.wire.answers import Answer, Call, Cites, Drawn, Page, Reasoning, Refusal, Search, Status, Text, Usage
from tests.wire.faults import Fault
from tests.wire.server import Request, WireServer
from tests.wire.windows import Window

__all__ = [
    "Answer",
    "Call",
    "Cites",
    "Drawn",
    "Fault",
    "Page",
    "Reasoning",
    "Refusal",
    "Request",
    "Search",
    "Status",
    "Text",
    "Usage",
    "Window",
    "WireServer",
]
