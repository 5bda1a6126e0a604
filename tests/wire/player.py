"""Playing the steps of an answer on a connection, and the faults that take the place of a stream."""

from collections.abc import Iterable

from tests.wire.answers import Status
from tests.wire.errors import error_response, page
from tests.wire.event_steps import Finish, Send, Step, Wait
from tests.wire.facts import Dialect
from tests.wire.faults import Fault
from tests.wire.http11 import LAST_CHUNK, chunk, whole
from tests.wire.tcp import HangUp, Line


async def perform(start: bytes, plan: Iterable[Step], line: Line) -> None:
    """Send the head of the response and do the steps.

    Raises ClientGone when the client leaves before the end, HangUp when the connection is to be closed.
    """
    pending = start  # the head travels with the first bytes, so that a plain answer is one write
    for step in plan:
        match step:
            case Send(data):
                pending += chunk(data)
            case Wait(seconds):
                await line.send(pending)
                pending = b""
                await line.wait(seconds)
            case Finish("properly"):
                await line.finish(pending + LAST_CHUNK)
            case Finish("reset"):
                await line.send(pending)
                line.reset()
                raise HangUp
            case Finish():
                await line.send(pending)
                raise HangUp


async def play_head_fault(fault: Fault, dialect: Dialect, line: Line) -> bool:
    """Play a fault that comes before the stream. True when it took the stream's place."""
    match fault.what:
        case "slow_headers":
            await line.wait(fault.seconds)
            return False
        case "html_200":
            await line.send(whole(200, {"content-type": "text/html"}, page(200)))
        case "json_error_200":
            headers, body = error_response(dialect, Status(500, message=fault.message))
            await line.send(whole(200, headers, body))
        case "redirect":
            await line.send(whole(fault.size, {"location": fault.to}, b""))
        case "not_http":
            await line.send(b"SSH-2.0-OpenSSH_9.6\r\n")
            raise HangUp
        case "no_reply":
            raise HangUp
        case _:
            return False
    return True
