"""What of a tool's output goes to the model: all of it up to a bound, and beyond that its two ends and a file."""

import re

from modules.llm.parts import Content, Text, ToolCall, ToolResult
from modules.tools.result_files import ResultFiles
from modules.tools.tool import Output

BOUND_BYTES = 50_000  # of text that the model is given
TAIL = 10_000  # of which these are the last

# What nobody sees and a model still reads. Single characters of this kind are spelling, or what a file has: an edit
# needs them as they are. Letters of the tag block outside a flag are not, nor is a row of them, which holds a message.
_FLAG = "\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]{3,6}\U000e007f"
_UNSEEN = (
    "\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef"
)
_INVISIBLE = re.compile(f"({_FLAG})|[\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]|[{_UNSEEN}]{{8,}}")


def result_of(call: ToolCall, output: Output, result_files: ResultFiles) -> ToolResult:
    """The result as the conversation keeps it. Text beyond the bound is kept whole in a file of this user alone."""
    texts = [part.text for part in output.parts if isinstance(part, Text)]
    others = tuple(part for part in output.parts if not isinstance(part, Text))
    text = "\n".join(texts)
    parts: tuple[Content, ...] = (Text(bounded(visible(text), result_files, call.id)),) if text else ()
    return ToolResult(call.id, parts + others, output.is_error)


def visible(text: str) -> str:
    """The text without NUL and without letters that exist only to be overlooked, and a note where there were any."""
    text = text.replace("\0", "\ufffd")
    shown = _INVISIBLE.sub(lambda found: found[1] or "", text)
    hidden, text = len(text) - len(shown), shown
    return f"{text}\n[{hidden} invisible characters were removed]" if hidden else text


def bounded(text: str, result_files: ResultFiles, call_id: str) -> str:
    """The text, or its beginning and end where it is longer than BOUND_BYTES bytes, with the path of the whole."""
    data = text.encode("utf-8", errors="replace")
    if len(data) <= BOUND_BYTES:
        return text
    path = result_files.write(call_id, data)
    head = data[: BOUND_BYTES - TAIL].decode(errors="ignore")
    tail = data[-TAIL:].decode(errors="ignore")
    where = f"; all of it is in {path}" if path else ""
    return f"{head}\n[… {len(data) - BOUND_BYTES} of {len(data)} bytes left out{where} …]\n{tail}"
