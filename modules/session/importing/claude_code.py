"""Claude Code's sessions: lines of JSON, one for each block of an answer, linked by the ids of their parents."""

from collections.abc import Iterator
from typing import Any

from modules.llm.parts import Text
from modules.session.importing.assembly import assemble
from modules.session.importing.content import blocks_of_answer, contents, result_block, split
from modules.session.importing.fields import id_of, items, mapping, seconds, text
from modules.session.importing.imported import Entry, ImportedConversation, Missed, Result, as_title
from modules.session.importing.reader import Beside, Reader
from modules.session.importing.record_order import bounded

# They carry no words of a person or a model.
_SILENT = {
    "progress", "file-history-snapshot", "queue-operation", "attachment", "system", "last-prompt", "mode",
    "permission-mode", "agent-setting", "agent-name", "agent-color", "pr-link", "worktree-state", "tag",
}  # fmt: skip
_TITLES = {"ai-title": "aiTitle", "custom-title": "customTitle"}
ADDED = ("<local-command-stdout>", "<local-command-stderr>", "<command-name>", "<command-message>", "Caveat: ")


def _recognises(value: Any) -> bool:
    if not isinstance(value, dict) or "sessionId" not in value:
        return False
    return "uuid" in value and text(value, "type") in ("user", "assistant", "system")


class _Session:
    """One file, as far as it is read."""

    def __init__(self, missed: Missed) -> None:
        self.missed = missed
        self.id = self.folder = self.head = ""
        self.titles: dict[str, str] = {}
        self.summaries: dict[str, str] = {}
        self.created = 0.0

    def title(self, ids: set[str]) -> str:
        """What the person or a model called it. A summary may be that of another session: it names where that ended."""
        own = [summary for leaf, summary in self.summaries.items() if leaf in ids]
        return self.titles.get("custom-title") or self.titles.get("ai-title") or (own[-1] if own else "")

    def entries(self, values: Iterator[Any]) -> Iterator[Entry]:
        for value in values:
            kind = text(value, "type")
            if kind in _TITLES:
                self.titles[kind] = text(value, _TITLES[kind])
            elif kind == "summary":
                self.summaries[id_of(value, "leafUuid")] = text(value, "summary")
            elif not id_of(value, "uuid"):
                if kind not in _SILENT:
                    self.missed.count(f'lines of the kind "{kind}"')
            elif mapping(value).get("isSidechain") is True:
                self.missed.count("messages of sub-agents")
            else:
                yield from self._line(value, kind)

    def _line(self, value: dict[str, Any], kind: str) -> Iterator[Entry]:
        self.id = self.id or id_of(value, "sessionId")
        self.folder = self.folder or text(value, "cwd")
        self.head = id_of(value, "uuid")
        entry = Entry(self.head, id_of(value, "parentUuid"), kind, created=seconds(value.get("timestamp")))
        self.created = self.created or entry.created
        if value.get("isApiErrorMessage") is True:
            self.missed.count("errors that stand in the place of an answer")
            yield entry
        elif kind == "assistant":
            yield from self._answer(entry, mapping(value, "message"))
        elif kind == "user":
            yield self._said(entry, value)
        else:
            if kind not in _SILENT:
                self.missed.count(f'lines of the kind "{kind}"')
            yield entry

    def _said(self, entry: Entry, value: dict[str, Any]) -> Entry:
        content = mapping(value, "message").get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else items(content)
        results = [block for block in blocks if text(block, "type") == "tool_result"]
        entry.results = tuple(result_block(block, self.missed) for block in results)
        words = [block for block in blocks if text(block, "type") != "tool_result"]
        if value.get("isMeta") is True or any(text(block, "text").startswith(ADDED) for block in words[:1]):
            self.missed.count("what Claude Code added by itself", len(words))
            words = []
        entry.parts = contents(words, self.missed)
        return entry

    def _answer(self, entry: Entry, message: dict[str, Any]) -> Iterator[Entry]:
        entry.model, entry.group = text(message, "model"), id_of(message, "id")
        content = message.get("content")
        pieces = [Text(content)] if isinstance(content, str) else list(blocks_of_answer(items(content), self.missed))
        if text(message, "stop_reason") == "max_tokens":
            entry.stop = "max_tokens"
        if any(isinstance(piece, Result) for piece in pieces):
            yield from split(entry, pieces)
            return
        entry.parts = tuple(piece for piece in pieces if not isinstance(piece, Result))
        yield entry


def _read(values: Iterator[Any], beside: Beside, missed: Missed) -> Iterator[ImportedConversation]:
    session = _Session(missed)
    entries = bounded(session.entries(values), missed)
    if not any(entry.parts or entry.results for entry in entries):
        return
    source = f"claude-code:{session.id}"
    tree = assemble(entries, session.head, source, missed)
    title = as_title(session.title({entry.id for entry in entries}))
    yield ImportedConversation(source, title, session.created, session.folder, tree.system, tree.messages, tree.head)


CLAUDE_CODE = Reader("claude-code", "Claude Code's sessions", _recognises, _read)
