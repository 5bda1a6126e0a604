"""The guide with tools: which question calls which tool, and what it says of the results. Scripted, like all of it."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never
from zoneinfo import available_timezones

from msgspec import Struct

from modules.llm.message import INTERRUPTED_CALL, Message
from modules.llm.parts import Attached, File, Image, Text, ToolCall, ToolResult
from modules.offline.guide import LONGEST_QUESTION_CHARS

LINES = 20  # of a result that the guide repeats
LONGEST_LINE_CHARS = 200

_TIME = re.compile(
    r"(?:\bwhat time\b|\bwhat(?:'s|s| is) the (?:date|time|day)\b|\bwhat (?:date|day) is\b|\btell me the time\b|"
    r"\bcurrent time\b|^(?:the )?time(?= and\b| in\b|\W*$))(?:.*?\bin (?P<place>[a-z][a-z _/'-]*))?",
    re.IGNORECASE,
)
_NUMBER = r"-?\(*-?\d+(?:\.\d+)?\)*"
_SUM = re.compile(rf"(?<![\w.:/-]){_NUMBER}(?:\s*(?:\*\*|//|[-+*/×÷−]|\bx\b)\s*{_NUMBER})+(?![\w:/-])")
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?")
# A question how something is done is for the documentation.
_HOW = re.compile(r"\s*(?:how|why|when|where|can i|what happens|what does)\b", re.IGNORECASE)
_LIST = re.compile(
    r"\b(?:list|show) (?:me )?(?:all )?(?:the |my )?files\b|\b(?:which|what) files are (?:here|there|in)\b|"
    r"\bfiles (?:here|in this)\b",
    re.IGNORECASE,
)
_RUN = re.compile(r"\brun (?:a|any|some|the) (?:shell )?(?:command|program)\b", re.IGNORECASE)
_READ = re.compile(
    r"\b(?:what(?:'s|s| is) in|read|open|show(?: me)?)(?: the file| file)? "
    r"(?P<path>[\w./~-]*\.[a-z]\w{0,9}|README|LICENSE|Makefile)(?!\w)",
    re.IGNORECASE,
)


class ScriptedCall(Struct, frozen=True):
    """A call that a question asks for: the tool's name and its arguments."""

    name: str
    arguments: dict[str, str]

    @property
    def written(self) -> str:
        return json.dumps(self.arguments, ensure_ascii=False)


def wanted_by(question: str) -> list[ScriptedCall]:
    """The calls that answer the question, whether or not their tools are there."""
    question = question[:LONGEST_QUESTION_CHARS]
    calls: list[ScriptedCall] = []
    if found := _TIME.search(question):
        calls.append(ScriptedCall("current_time", _place(found["place"] or "")))
    if (found := _SUM.search(_DATE.sub(" ", question))) and (found[0].count("(") == found[0].count(")")):
        calls.append(ScriptedCall("calculate", {"expression": re.sub(r"\bx\b", "*", found[0].strip())}))
    if _HOW.match(question):
        return calls
    if _LIST.search(question):
        calls.append(ScriptedCall("list_files", {}))
    if _RUN.search(question):
        calls.append(ScriptedCall("run_command", {"command": "date"}))
    if found := _READ.search(question):
        calls.append(ScriptedCall("read_file", {"path": found["path"]}))
    return calls


def announced(calls: Sequence[ScriptedCall]) -> str:
    """What the guide says before it calls."""
    names = " and ".join(f"`{call.name}`" for call in calls)
    tools = "the tool" if len(calls) == 1 else "the tools"
    return f"I call {tools} {names}. My calls are scripted; a language model decides by itself."


def answer_to_results(history: Sequence[Message], own: bool) -> str:
    """What the guide says of the results at the end of the history. `own` is False where another model has called."""
    calls = {call.id: call for call in history[-2].calls} if len(history) > 1 else {}
    texts = [_of_result(calls.get(result.call_id), result) for result in history[-1].results]
    origin = history[-2].origin if len(history) > 1 else None
    if not own and origin is not None:
        texts.insert(0, f"{origin.model} called tools, and this is what came of it. I am scripted and cannot go on.")
        texts.append(f"To let it go on, type `/continue` and its name, {origin.model}.")
    return "\n\n".join(texts)


def _of_result(call: ToolCall | None, result: ToolResult) -> str:
    name = call.name.replace("`", "'")[:64] if call is not None else "a tool"
    text = result.text.strip()
    if result.is_error:
        return _of_failure(name, text)
    others = [_kind(part) for part in result.parts if not isinstance(part, Text)]
    if name == "current_time":
        return f"It is {text}."
    if name == "calculate":
        expression = (call.parsed() or {}).get("expression") if call is not None else None
        return f"`{str(expression).replace('`', chr(39))}` is **{text}**."
    if not text:
        return f"`{name}` came back with {' and '.join(others) or 'nothing'}."
    return f"`{name}` came back with:\n\n{_quoted(text)}"


def _kind(part: Attached) -> str:
    match part:
        case Image():
            return "a picture"
        case File():
            return "a file"
        case _:
            assert_never(part)


def _of_failure(name: str, text: str) -> str:
    if text.startswith("The user declined"):
        reason = text.partition("The user says: ")[2]
        quoted = f" You said: {reason}" if reason else ""
        return f"You declined `{name}`, so it did not run.{quoted} Nothing else happens; ask again to be asked again."
    if text.startswith("Interrupted") or text == INTERRUPTED_CALL:
        return f"`{name}` was interrupted. Ask again to run it again."
    return f"`{name}` failed, and says:\n\n{_quoted(text)}"


def _quoted(text: str) -> str:
    """The first lines as a block that nothing inside can end."""
    lines = text.splitlines()
    shown = [f"    {line[:LONGEST_LINE_CHARS]}" for line in lines[:LINES]]
    more = len(lines) - LINES
    return "\n".join(shown) + (f"\n\n({more} more lines; `/tool` shows them all.)" if more > 0 else "")


def _place(place: str) -> dict[str, str]:
    """The zone of a city, as the tool takes it; a place that is no zone's is passed on, and the tool says so."""
    words = re.sub(r"\b(?:please|now|right now|and|plus)\b.*", "", place, flags=re.IGNORECASE).strip()
    if not words:
        return {}
    return {"timezone": next(_zones(words.replace(" ", "_").lower()), words)}


def _zones(city: str) -> Iterator[str]:
    names: Iterable[str] = sorted(available_timezones())
    return (name for name in names if city in (name.lower(), name.lower().rpartition("/")[2]))
