"""The older tables of llm's logs.db: a row for each response, with its prompt, calls, and the results it was given."""

from collections.abc import Iterable, Iterator

from modules.llm.parts import Part, Text, ToolCall
from modules.session.importing.assembly import assemble
from modules.session.importing.content import reasoning
from modules.session.importing.fields import arguments, id_of, seconds, text, tool_name
from modules.session.importing.imported import Entry, ImportedConversation, Result, as_title
from modules.session.importing.llm_rows import SOURCE, Row, Rows, joined


def conversations(rows: Rows) -> Iterator[ImportedConversation]:
    """The conversations that only the older tables have."""
    if not rows.has("responses"):
        return
    newer = rows.has("threads")
    for about in rows.each("conversations"):
        id = id_of(about, "id")
        if newer and rows.one("threads", "id", id):
            continue  # it went on in the newer tables, and is read with them
        responses = rows.each("responses", "conversation_id", about.get("id"), order="id")
        if (found := _conversation(rows, id, about, responses)) is not None:
            yield found
    for row in rows.each("responses"):
        alone = row.get("conversation_id") is None
        if alone and (found := _conversation(rows, id_of(row, "id"), {}, [row])) is not None:
            yield found


def _conversation(rows: Rows, id: str, about: Row, responses: Iterable[Row]) -> ImportedConversation | None:
    entries = records(rows, responses)
    if not any(entry.parts for entry in entries):
        return None
    source = f"{SOURCE}:{id}"
    tree = assemble(entries, entries[-1].id, source, rows.missed)
    title, created = as_title(text(about, "name")), next((one.created for one in entries if one.created), 0.0)
    return ImportedConversation(source, title, created, "", tree.system, tree.messages, tree.head)


def records(rows: Rows, responses: Iterable[Row]) -> list[Entry]:
    """What was said in these responses, each after the one before."""
    entries: list[Entry] = []
    last = system = ""
    for row in responses:
        instructions = joined([*rows.fragments("system_fragments", row.get("id")), text(row, "system")])
        if instructions and instructions != system:
            system = instructions
            entries.append(Entry(f"{id_of(row, 'id')}/system", last, "system", (Text(system),)))
            last = entries[-1].id
        for entry in _entries(rows, row, last):
            entries.append(entry)
            last = entry.id
    return entries


def _entries(rows: Rows, row: Row, parent: str) -> Iterator[Entry]:
    """A response as what was given to it, what was asked, and what came."""
    id, created = id_of(row, "id"), seconds(row.get("datetime_utc"))
    if given := tuple(_result(rows, one) for one in rows.each("tool_results", "response_id", row.get("id"), "id")):
        yield Entry(f"{id}/given", parent, "tool", results=given, created=created)
        parent = f"{id}/given"
    prompt = joined([*rows.fragments("prompt_fragments", row.get("id")), text(row, "prompt")])
    files = rows.attachments("prompt_attachments", "response_id", row.get("id"))
    if prompt or files:
        asked: tuple[Part, ...] = (*files, *([Text(prompt)] if prompt else []))
        yield Entry(f"{id}/prompt", parent, "user", asked, created=created)
        parent = f"{id}/prompt"
    said: list[Part] = [*reasoning(text(row, "reasoning"))]
    if words := text(row, "response"):
        said.append(Text(words))
    for call in rows.each("tool_calls", "response_id", row.get("id"), "id"):
        given_json = arguments(call.get("arguments"))
        said.append(ToolCall(id_of(call, "tool_call_id"), tool_name(text(call, "name")), given_json))
    model = text(row, "resolved_model") or text(row, "model")
    yield Entry(id, parent, "assistant", tuple(said), created=created, model=model)


def _result(rows: Rows, row: Row) -> Result:
    files = rows.attachments("tool_results_attachments", "tool_result_id", row.get("id"))
    failed = text(row, "exception")
    words = text(row, "output") or failed
    return Result(id_of(row, "tool_call_id"), (Text(words), *files), text(row, "name"), bool(failed))
