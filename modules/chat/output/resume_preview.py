"""The last turns in brief, for a person who comes back to a conversation."""

from collections.abc import Iterator
from typing import assert_never

from modules.chat.output.tool_lines import headline, numbered
from modules.chat.wording.phrases import count
from modules.llm.message import Message, interrupted_result
from modules.llm.parts import Attached
from modules.session.conversation import Conversation

TURNS = 2
ROWS = 6  # lines of each question and answer, and calls in a row


def preview_of_last_turns(conversation: Conversation, columns: int) -> Iterator[str]:
    """Questions and answers, shortened, with a line for each call; each block ends with an empty line."""
    messages = conversation.messages
    asked = [at for at, message in enumerate(messages) if message.role == "user"][-TURNS:]
    recent = messages[asked[0] :] if asked else ()
    number = sum(len(message.calls) for message in messages) - sum(len(message.calls) for message in recent)
    calls = numbered(conversation)
    waiting: list[str] = []  # lines of calls with no word between them
    for message in recent:
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
