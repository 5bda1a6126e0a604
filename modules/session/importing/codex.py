"""Codex's sessions: a rollout of lines, in which the items of the Responses API stand in their order."""

from collections.abc import Iterator
from typing import Any

from modules.llm.parts import Content, Opaque, Part, Text, ToolCall
from modules.session.importing.assembly import assemble
from modules.session.importing.content import contents, encoded, reasoning
from modules.session.importing.fields import arguments, as_json, id_of, mapping, objects, seconds, text, tool_name
from modules.session.importing.imported import Entry, ImportedConversation, Missed, Result, as_title
from modules.session.importing.reader import Beside, Reader
from modules.session.importing.record_order import bounded

_KINDS = {"session_meta", "response_item", "event_msg", "turn_context", "compacted"}
_CALLS = {"function_call", "custom_tool_call", "local_shell_call", "tool_search_call"}
_RESULTS = {"function_call_output", "custom_tool_call_output", "tool_search_output"}
ADDED = (
    "<environment_context>", "<user_instructions>", "<turn_aborted>", "<permissions", "<collaboration_mode>",
    "<skill>", "<INSTRUCTIONS>", "# AGENTS.md instructions",
)  # fmt: skip
SUMMARY = "[What was said before, in short]\n\n"


def _recognises(value: Any) -> bool:
    if text(value, "type") in _KINDS and isinstance(mapping(value).get("payload"), dict):
        return True
    return isinstance(value, dict) and {"id", "timestamp", "instructions"} <= value.keys()  # until September 2025


class _Rollout:
    """One file, as far as it is read."""

    def __init__(self, missed: Missed) -> None:
        self.missed = missed
        self.id = self.folder = self.title = self.model = ""
        self.created = 0.0
        self.is_agents = False
        self.last = ""
        self._asked: list[str] = []  # what stood before each question of the present path

    def entries(self, values: Iterator[Any]) -> Iterator[Entry]:
        for number, value in enumerate(values):
            kind, payload = text(value, "type"), mapping(value, "payload")
            if kind not in _KINDS:  # the old form, without an envelope
                kind, payload = "response_item" if kind else "session_meta", mapping(value)
            entry = Entry(f"{number}", self.last, "user", created=seconds(mapping(value).get("timestamp")))
            match kind:
                case "session_meta":
                    self._meta(payload)
                case "turn_context":
                    self.model = text(payload, "model") or self.model
                case "event_msg":
                    self._event(payload)
                case "compacted" if summary := text(payload, "message"):
                    entry.parent, entry.parts, self._asked = "", (Text(SUMMARY + summary),), []
                case "compacted":
                    self.missed.count("summaries that only their provider can read")
                case _:
                    self._item(entry, payload)
            if entry.parts or entry.results:
                self.last = entry.id
                yield entry

    def _meta(self, payload: dict[str, Any]) -> None:
        if not self.id and (id := id_of(payload, "id")):  # a fork repeats that of its parent
            self.id, self.folder = id, text(payload, "cwd")
            self.created = seconds(payload.get("timestamp"))
            self.is_agents = "subagent" in mapping(payload, "source")

    def _event(self, payload: dict[str, Any]) -> None:
        match text(payload, "type"):
            case "thread_name_updated":
                self.title = text(payload, "thread_name") or self.title
            case "thread_rolled_back":
                turns = payload.get("num_turns")
                if isinstance(turns, int) and 0 < turns <= len(self._asked):
                    self.last = self._asked[-turns]
                    del self._asked[-turns:]

    def _item(self, entry: Entry, item: dict[str, Any]) -> None:
        kind = text(item, "type")
        if kind in _RESULTS:
            entry.role = "tool"
            entry.results = (self._result(item),)
        elif kind == "message":
            self._message(entry, item)
        else:
            entry.role, entry.model, entry.joins = "assistant", self.model, True
            entry.parts = tuple(self._piece(kind, item))

    def _message(self, entry: Entry, item: dict[str, Any]) -> None:
        parts = contents(item.get("content"), self.missed)
        match text(item, "role"):
            case "user":
                words = parts[0].text if parts and isinstance(parts[0], Text) else ""
                if words.startswith(ADDED):
                    self.missed.count("what Codex added by itself")
                    return
                entry.parts = parts
                self._asked.append(self.last)
            case "assistant":
                entry.role, entry.model, entry.joins, entry.parts = "assistant", self.model, True, parts
            case _:
                self.missed.count("what Codex added by itself")

    def _piece(self, kind: str, item: dict[str, Any]) -> Iterator[Part]:
        if kind in _CALLS:
            name = text(item, "name") or kind.removesuffix("_call")
            given = item.get("input", item.get("arguments", item.get("action")))
            yield ToolCall(id_of(item, "call_id") or id_of(item, "id"), tool_name(name), arguments(given))
            return
        match kind:
            case "reasoning":
                words = [text(one, "text") for key in ("summary", "content") for one in objects(item, key)]
                if thought := reasoning("\n\n".join(filter(None, words))):
                    yield from thought
                else:
                    self.missed.count("reasoning that only its provider can read")
            case "web_search_call":
                action = mapping(item, "action")
                about = text(action, "query") or text(action, "url") or as_json(action)
                yield Opaque("web_search", f"web search: {about}")
            case "image_generation_call" if data := text(item, "result"):
                yield from encoded(data, "image", "", self.missed)
            case _:
                self.missed.count(f'items of the kind "{kind}"')

    def _result(self, item: dict[str, Any]) -> Result:
        output = item.get("output", item.get("tools"))
        failed = mapping(output).get("success") is False
        if isinstance(output, dict):
            output = output.get("content", output)
        parts: tuple[Content, ...] = contents(output, self.missed)
        return Result(id_of(item, "call_id"), parts, text(item, "name"), failed)


def _read(values: Iterator[Any], beside: Beside, missed: Missed) -> Iterator[ImportedConversation]:
    rollout = _Rollout(missed)
    entries = bounded(rollout.entries(values), missed)
    if rollout.is_agents:
        missed.count("messages of sub-agents", len(entries))
        return
    if not entries:
        return
    source = f"codex:{rollout.id or 'unknown'}"
    tree = assemble(entries, rollout.last, source, missed)
    title, created = as_title(rollout.title), rollout.created or entries[0].created
    yield ImportedConversation(source, title, created, rollout.folder, tree.system, tree.messages, tree.head)


CODEX = Reader("codex", "Codex's sessions", _recognises, _read)
