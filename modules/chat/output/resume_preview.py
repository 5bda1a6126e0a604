"""The last turns in brief, for a person who comes back to a conversation."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import assert_never

from modules.chat.output.tool_lines import calling, headline, numbered
from modules.chat.wording.phrases import count
from modules.llm.message import Message, interrupted_result
from modules.llm.parts import Attached
from modules.session.conversation import Conversation
from modules.session.node import Node

TURNS = 2
ROWS = 6  # lines of each question and answer, and calls in a row


def preview_of_last_turns(conversation: Conversation, columns: int) -> Iterator[str]:
    """Questions and answers, shortened, with a line for each call; each block ends with an empty line."""
    path = conversation.tree.path
    asked = list(islice((at for at in reversed(range(len(path))) if path[at].is_question), TURNS))
    yield from _preview(conversation, path[asked[-1] :] if asked else (), columns)


def preview_of(conversation: Conversation, node: Node, columns: int) -> Iterator[str]:
    """The turn that a message of the spoken path stands in, from there, and how many follow; as above."""
    path = conversation.tree.path
    start = next(at for at, one in enumerate(path) if one.id == node.id)
    later = [at for at, one in enumerate(path) if at > start and one.is_question]
    yield from _preview(conversation, path[start : later[0] if later else None], columns, start)
    if later:
        yield f"{count(len(later), 'more question')} below, up to the end of this branch.\n"


def preview_at(conversation: Conversation, id: int, columns: int) -> Iterator[str]:
    """A message of the spoken path and what follows it in its turn, under the question; as above."""
    path = conversation.tree.path
    start = next(at for at, node in enumerate(path) if node.id == id)
    asked = next((at for at in range(start, -1, -1) if path[at].is_question), start)
    if asked < start:
        yield _shortened(_text(path[asked].message))
    if asked < start - 1:
        yield "…\n"
    yield from preview_of(conversation, path[start], columns)


def _preview(
    conversation: Conversation, recent: Sequence[Node], columns: int, start: int | None = None
) -> Iterator[str]:
    path = conversation.tree.path
    start = len(path) - len(recent) if start is None else start
    first = path[start].id if recent else 0
    number = sum(len(node.message.calls) for node in calling(path) if node.id < first)
    calls = numbered(conversation)
    waiting: list[str] = []  # lines of calls with no word between them
    for message in (node.message for node in recent):
        if text := _text(message):
            yield from _of_calls(waiting, number)
            waiting = []
            yield _shortened(text)
        for call, result in calls[number : number + len(message.calls)]:
            number += 1
            waiting.append(headline(call, result or interrupted_result(call), number, columns))
    yield from _of_calls(waiting, number)


def _text(message: Message) -> str:
    names = [f"[{part.name}]" for part in message.parts if isinstance(part, Attached)]
    text = "\n".join([*names, message.text.strip()]).strip()
    match message.role:
        case "user" if message.continues:
            return ""
        case "user":
            return f"> {text}" if text else ""
        case "assistant" | "system":
            return text
        case "tool":  # results stand with their calls
            return ""
        case _:
            assert_never(message.role)


def _of_calls(lines: list[str], last: int) -> Iterator[str]:
    """Calls in a row; of many the first, and how many more there are up to which number."""
    left = len(lines) - ROWS
    if left > 1:
        lines = [*lines[:ROWS], f"… {count(left, 'more call')}, up to #{last}"]
    if lines:
        yield "\n".join(lines) + "\n"


def _shortened(text: str) -> str:
    lines = text.splitlines()
    return "\n".join(lines[:ROWS] + (["…"] if len(lines) > ROWS else [])) + "\n"
