"""Messages as OpenAI's Chat Completions has them: one list, {"messages": [...]}, or lines of either.

Such a file names nothing. A conversation goes by its first question and answer, and a message by all that was said
up to it: so the same messages are known again, and a longer list goes on from them.
"""

import itertools
from collections.abc import Iterator
from typing import Any

from modules.llm.parts import Part, Text, ToolCall
from modules.session.importing.assembly import assemble
from modules.session.importing.content import blocks_of_answer, contents, reasoning, result_block, split
from modules.session.importing.fields import (
    arguments,
    as_json,
    id_of,
    items,
    mapping,
    objects,
    seconds,
    text,
    tool_name,
)
from modules.session.importing.imported import Entry, ImportedConversation, Missed, Result, as_title, digest
from modules.session.importing.reader import Beside, Reader

ROLES = {"system", "developer", "user", "assistant", "tool", "function"}


def _is_message(value: Any) -> bool:
    return text(value, "role") in ROLES and ("content" in value or "tool_calls" in value)


def _recognises(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and _is_message(value[0])
    return _is_message(value) or any(_is_message(one) for one in items(value, "messages")[:1])


def _read(values: Iterator[Any], beside: Beside, missed: Missed) -> Iterator[ImportedConversation]:
    first = next(values, None)
    values = itertools.chain((first,), values)
    if _is_message(first):
        yield from _conversation({"messages": list(values)}, missed)
        return
    for value in values:
        if _recognises(value):
            yield from _conversation({"messages": value} if isinstance(value, list) else value, missed)
        elif value is not None:
            missed.count("values that are no conversation")


def _conversation(value: dict[str, Any], missed: Missed) -> Iterator[ImportedConversation]:
    messages = list(objects(value, "messages"))
    entries: list[Entry] = []
    name, last, is_named = "", "", False
    if system := text(value, "system"):
        last = digest("system", system)
        entries.append(Entry(last, "", "system", (Text(system),)))
    for message in messages:
        entry = Entry(digest(last, as_json(message)), last, text(message, "role"))
        entry.created = seconds(message.get("created_at") or message.get("timestamp"))
        entry.model = text(message, "model") or text(value, "model")
        entries += _entries(entry, message, missed)
        last = entry.id
        name, is_named = name if is_named else last, is_named or entry.role == "assistant"
    if not any(entry.parts or entry.results for entry in entries):
        return
    source = f"messages:{id_of(value, 'id') or id_of(value, 'conversation_id') or name[:32]}"
    tree = assemble(entries, last, source, missed)
    created = seconds(value.get("created_at") or value.get("created"))
    yield ImportedConversation(
        source, as_title(text(value, "title")), created, "", tree.system, tree.messages, tree.head
    )


def _entries(entry: Entry, message: dict[str, Any], missed: Missed) -> Iterator[Entry]:
    content = message.get("content")
    match entry.role:
        case "system" | "developer":
            entry.role, entry.parts = "system", contents(content, missed)
        case "assistant":
            yield from split(entry, _answer(message, missed))
            return
        case "tool" | "function":
            result = Result(id_of(message, "tool_call_id"), contents(content, missed), text(message, "name"))
            entry.role, entry.results = "tool", (result,)
        case "user":
            blocks = items(content)
            entry.results = tuple(result_block(one, missed) for one in blocks if text(one, "type") == "tool_result")
            words = [one for one in blocks if text(one, "type") != "tool_result"] if blocks else content
            entry.parts = contents(words, missed)
        case role:
            missed.count(f'messages of the role "{role}"')
    yield entry


def _answer(message: dict[str, Any], missed: Missed) -> Iterator[Part | Result]:
    yield from reasoning(text(message, "reasoning_content") or text(message, "reasoning"))
    if isinstance(content := message.get("content"), str):
        yield from contents(content, missed)
    else:
        yield from blocks_of_answer(items(content), missed)
    if refusal := text(message, "refusal"):
        yield Text(refusal)
    calls = [*objects(message, "tool_calls"), *([{"function": one}] if (one := message.get("function_call")) else [])]
    for call in calls:
        function = mapping(call, "function") or mapping(call, "custom")
        given = function.get("arguments", function.get("input"))
        yield ToolCall(id_of(call, "id"), tool_name(text(function, "name")), arguments(given))


MESSAGES = Reader("messages", "messages as OpenAI has them", _recognises, _read)
