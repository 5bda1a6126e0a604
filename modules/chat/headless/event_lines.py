"""A turn as it happens, one JSON object a line: for programs that read along (--json-stream)."""

import sys
from typing import Any, assert_never

from modules.chat.headless.json_failure import json_line
from modules.chat.wording.fit_words import made_words
from modules.chat.wording.shell_advice import without_commands
from modules.llm.events import Cited, Finished, PictureMade, ProviderSearch, ReasoningDelta, TextDelta, ToolCallDelta
from modules.llm.parts import ToolCall
from modules.session.conversation import Conversation
from modules.session.fitting.ways import Made, Making, Misfit
from modules.session.turns.ask import Notice, Retrying
from modules.session.turns.tool_calls import ToolEnded, ToolProgress, ToolStarted
from modules.session.turns.turn import Paused, TurnEvent
from modules.tools.approval import Question

Line = dict[str, Any]


def begin(conversation: Conversation) -> None:
    """The first line: who is asked, and the id to go on with, null where nothing is saved."""
    saved = conversation.id if conversation.journal is not None else None
    _print({"type": "start", "model": conversation.model.full_name, "conversation": saved})


def tell(event: TurnEvent) -> None:
    """The line of an event, where it has one."""
    if line := _line_of(event):
        _print(line)


def tell_picture(picture: Line) -> None:
    """The line of a picture that the model made, once it is saved."""
    _print({"type": "picture", **picture})


def end(whole: Line) -> None:
    """The last line, with all that --json says."""
    _print({"type": "end", **whole})


def _line_of(event: TurnEvent) -> Line | None:
    match event:
        case TextDelta(text):
            return {"type": "text", "text": text} if text else None
        case ReasoningDelta(text):
            return {"type": "reasoning", "text": text} if text else None
        case ProviderSearch() | Cited():
            return _search_line(event)
        case ToolStarted(call):
            return {"type": "call", "id": call.id, "name": call.name, "arguments": _arguments(call)}
        case ToolEnded(call, result, seconds):
            took = None if seconds is None else round(seconds, 3)
            text = result.text
            return {
                "type": "result", "id": call.id, "name": call.name, "error": result.is_error, "seconds": took,
                "text": text,
            }  # fmt: skip
        case Question(call=call, why=why):
            return {"type": "refused", "id": call.id, "name": call.name, "arguments": _arguments(call), "why": why}
        case Notice() | Made():
            text = event.text if isinstance(event, Notice) else made_words(event)
            return {"type": "notice", "text": without_commands(text)}
        case Retrying(seconds, _, error):
            return {"type": "retry", "seconds": round(seconds, 1), "error": error.message}
        case Finished(stop, usage, model):
            counted = usage and {name: getattr(usage, name) for name in usage.__struct_fields__}
            return {"type": "usage", "model": model, "stop_reason": stop, "usage": counted}
        case Paused(text):
            return {"type": "paused", "text": text}
        case PictureMade() | Misfit() | Making() | ToolCallDelta() | ToolProgress():
            return None
        case _:
            assert_never(event)


def _search_line(event: ProviderSearch | Cited) -> Line:
    match event:
        case ProviderSearch(query, sources, failed):
            pages = None if sources is None else [{"url": page.url, "title": page.title} for page in sources]
            return {"type": "search", "query": query, "sources": pages, "error": failed or None}
        case Cited(url, title):
            return {"type": "citation", "url": url, "title": title}
        case _:
            assert_never(event)


def _arguments(call: ToolCall) -> Any:
    """What the model passes, as a value; the text of it where that is no JSON."""
    given = call.parsed()
    return call.arguments if given is None else given


def _print(line: Line) -> None:
    sys.stdout.write(json_line(line) + "\n")
    sys.stdout.flush()
