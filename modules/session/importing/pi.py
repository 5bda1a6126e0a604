"""Pi's sessions: a header and lines, each of which names the line before it, so that they are a tree."""

from collections.abc import Iterator
from typing import Any

from modules.llm.parts import Part, Text, ToolCall
from modules.session.importing.assembly import assemble
from modules.session.importing.content import contents, reasoning
from modules.session.importing.fields import arguments, id_of, mapping, objects, seconds, text, tool_name
from modules.session.importing.imported import Entry, ImportedConversation, Missed, Result, as_title
from modules.session.importing.reader import Beside, Reader
from modules.session.importing.record_order import bounded

SUMMARY = "[What was said before, in short]\n\n"
BRANCH_SUMMARY = "[What was said on another branch, in short]\n\n"
_SILENT = {"model_change", "thinking_level_change", "custom", "session_info"}


def _recognises(value: Any) -> bool:
    return text(value, "type") == "session" and "id" in value and "timestamp" in value


class _Session:
    """One file, as far as it is read."""

    def __init__(self, missed: Missed) -> None:
        self.missed = missed
        self.id = self.folder = self.title = self.last = ""
        self.created = 0.0

    def entries(self, values: Iterator[Any]) -> Iterator[Entry]:
        for number, value in enumerate(values):
            kind = text(value, "type")
            if kind == "session":
                self.id = self.id or id_of(value, "id")
                self.folder = self.folder or text(value, "cwd")
                self.created = self.created or seconds(mapping(value).get("timestamp"))
                continue
            own = id_of(value, "id")  # the first version had none, and each line went on from the one before
            parent = id_of(value, "parentId") if own else self.last
            entry = Entry(own or f"{number}", parent, "user", created=seconds(mapping(value).get("timestamp")))
            self._fill(entry, kind, mapping(value))
            self.last = entry.id
            yield entry

    def _fill(self, entry: Entry, kind: str, value: dict[str, Any]) -> None:
        match kind:
            case "message":
                self._message(entry, mapping(value, "message"))
            case "compaction":
                entry.parent, entry.parts = "", (Text(SUMMARY + text(value, "summary")),)
            case "branch_summary":
                entry.parts = (Text(BRANCH_SUMMARY + text(value, "summary")),)
            case "custom_message":
                entry.parts = contents(value.get("content"), self.missed)
            case "label":
                self.missed.count("labels")
            case _:
                if kind == "session_info":
                    self.title = text(value, "name") or self.title
                elif kind not in _SILENT:
                    self.missed.count(f'lines of the kind "{kind}"')

    def _message(self, entry: Entry, message: dict[str, Any]) -> None:
        match text(message, "role"):
            case "user" | "custom" | "hookMessage":
                entry.parts = contents(message.get("content"), self.missed)
            case "assistant":
                entry.role, entry.model = "assistant", text(message, "model")
                entry.parts = tuple(self._pieces(message))
                match text(message, "stopReason"):
                    case "length":
                        entry.stop = "max_tokens"
                    case "aborted":
                        entry.state = "interrupted"
                    case "error":
                        entry.state = "incomplete"
            case "toolResult":
                parts = contents(message.get("content"), self.missed)
                failed = message.get("isError") is True
                name = text(message, "toolName")
                entry.role = "tool"
                entry.results = (Result(id_of(message, "toolCallId"), parts, name, failed),)
            case "bashExecution":
                entry.parts = (Text(f"Ran `{text(message, 'command')}`\n{text(message, 'output')}"),)
            case "branchSummary" | "compactionSummary":
                entry.parts = (Text(SUMMARY + text(message, "summary")),)
            case role:
                self.missed.count(f'messages of the role "{role}"')

    def _pieces(self, message: dict[str, Any]) -> Iterator[Part]:
        if isinstance(content := message.get("content"), str):
            yield Text(content)
        for block in objects(message, "content"):
            match text(block, "type"):
                case "thinking":
                    if words := reasoning(text(block, "thinking")):
                        yield from words
                    else:
                        self.missed.count("reasoning that only its provider can read")
                case "toolCall":
                    name, given = tool_name(text(block, "name")), arguments(block.get("arguments"))
                    yield ToolCall(id_of(block, "id"), name, given)
                case _:
                    yield from contents(block, self.missed)


def _read(values: Iterator[Any], beside: Beside, missed: Missed) -> Iterator[ImportedConversation]:
    session = _Session(missed)
    entries = bounded(session.entries(values), missed)
    if not any(entry.parts or entry.results for entry in entries):
        return
    source = f"pi:{session.id or 'unknown'}"
    tree = assemble(entries, session.last, source, missed)
    title = as_title(session.title)
    yield ImportedConversation(source, title, session.created, session.folder, tree.system, tree.messages, tree.head)


PI = Reader("pi", "pi's sessions", _recognises, _read)
