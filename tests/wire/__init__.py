"""Loopback servers that speak the providers' protocols, refuse what those refuse, and fail on demand."""

from tests.wire.answers import Answer, Call, Reasoning, Refusal, Status, Text, Usage
from tests.wire.faults import Fault
from tests.wire.server import Request, WireServer

__all__ = [
    "Answer",
    "Call",
    "Fault",
    "Reasoning",
    "Refusal",
    "Request",
    "Status",
    "Text",
    "Usage",
    "WireServer",
]
