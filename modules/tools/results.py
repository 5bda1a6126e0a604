"""What of a tool's output goes to the model: all of it up to a bound, and beyond that its two ends and a file."""

from modules.llm.parts import Content, Text, ToolCall, ToolResult
from modules.text.hidden_messages import visible
from modules.tools.result_files import ResultFiles
from modules.tools.tool import Output

BOUND_BYTES = 50_000  # of text that the model is given
TAIL = 10_000  # of which these are the last


def result_of(call: ToolCall, output: Output, result_files: ResultFiles) -> ToolResult:
    """The result as the conversation keeps it. Text beyond the bound is kept whole in a file of this user alone."""
    texts = [part.text for part in output.parts if isinstance(part, Text)]
    others = tuple(part for part in output.parts if not isinstance(part, Text))
    text = "\n".join(texts)
    parts: tuple[Content, ...] = (Text(bounded(visible(text), result_files, call.id)),) if text else ()
    return ToolResult(call.id, parts + others, output.is_error)


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
