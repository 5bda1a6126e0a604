"""The numbers of blocks of code: counted from the first answer on the spoken path, as calls of tools are."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from modules.llm.message import Message
from modules.llm.parts import Image, Reasoning, Text, ToolCall
from modules.session.conversation import Conversation
from modules.session.node import Node

if TYPE_CHECKING:  # it loads rich, which the first prompt must not wait for
    from modules.chat.markdown.code_blocks import CodeBlock

REST_SECONDS = 0.002  # after each answer that is looked through ahead, so that no key waits for that


class CodeNumbers:
    """How many blocks of code the answers of a conversation hold; none is read twice, since none ever changes."""

    def __init__(self) -> None:
        self._conversation: Conversation | None = None
        self._counts: dict[int, int] = {}

    def before(self, conversation: Conversation, messages: int) -> int:
        """How many blocks there are in so many messages of the spoken path."""
        counts = self._counts_of(conversation)
        return sum(self._count(counts, node) for node in conversation.tree.path[:messages] if node.role == "assistant")

    def find(self, conversation: Conversation, number: int) -> "CodeBlock | None":
        """The block of that number; only the answer that it stands in is read for it."""
        counts, before = self._counts_of(conversation), 0
        for node in conversation.tree.path:
            if node.role == "assistant":
                count = self._count(counts, node)
                if before < number <= before + count:
                    return list(blocks_in(node.message))[number - before - 1]
                before += count
        return None

    def latest(self, conversation: Conversation, most: int) -> "Iterator[tuple[int, CodeBlock]]":
        """So many blocks with their numbers, the last first."""
        path = conversation.tree.path
        number = self.before(conversation, len(path))
        last = (block for node in reversed(path) if node.role == "assistant" for block in _backwards(node.message))
        yield from zip(range(number, max(0, number - most), -1), last, strict=False)

    def look_through(self, conversation: Conversation) -> None:
        """Count all that is spoken, a little at a time: for a thread, before it is asked for."""
        counts = self._counts_of(conversation)
        for node in list(conversation.tree.path):
            if self._conversation is not conversation:
                return
            if node.role == "assistant" and node.id not in counts:
                self._count(counts, node)
                time.sleep(REST_SECONDS)

    def _counts_of(self, conversation: Conversation) -> dict[int, int]:
        if self._conversation is not conversation:
            self._conversation, self._counts = conversation, {}
        return self._counts

    def _count(self, counts: dict[int, int], node: Node) -> int:
        if (count := counts.get(node.id)) is None:
            count = counts[node.id] = sum(1 for _ in blocks_in(node.message))
        return count


def unnumbered(nth: int) -> int:
    """Where no block has a number."""
    return 0


class Numbers:
    """What gives the blocks of texts that are drawn their numbers; here none has one."""

    def next_text(self) -> Callable[[int], int]:
        """A text begins: what gives its nth block its number."""
        return unnumbered

    def stored(self) -> None:
        """The answer that came is a part of the conversation now."""


class DrawnNumbers(Numbers):
    """The numbers of blocks in texts that are drawn one after the other, while the conversation grows by them."""

    def __init__(self, conversation: Conversation, numbers: CodeNumbers) -> None:
        self._conversation = conversation
        self._numbers = numbers
        self._drawn = 0  # blocks of the answer that comes, in its texts so far
        self._answer = 0  # which of the answers that come it is

    def next_text(self) -> Callable[[int], int]:
        """Nothing is counted where there is no block."""
        earlier, answer, spoken = self._drawn, self._answer, len(self._conversation.tree.path)
        before: list[int] = []

        def number(nth: int) -> int:
            if not before:  # by now the answer itself may be stored behind those
                before.append(self._numbers.before(self._conversation, spoken))
            if answer == self._answer:
                self._drawn = max(self._drawn, earlier + nth)
            return before[0] + earlier + nth

        return number

    def stored(self) -> None:
        self._drawn = 0
        self._answer += 1


def blocks_in(message: Message) -> "Iterator[CodeBlock]":
    """The blocks of an answer."""
    from modules.chat.markdown.code_blocks import code_blocks  # it loads rich

    for text in drawn_texts(message):
        yield from code_blocks(text)


def _backwards(message: Message) -> "Iterator[CodeBlock]":
    return reversed(list(blocks_in(message)))


def drawn_texts(message: Message) -> Iterator[str]:
    """The texts of an answer as they are drawn: what comes between reasoning, pictures and calls is one."""
    text = ""
    for part in message.parts:
        match part:
            case Text():
                text += part.text
            case Reasoning() | Image() | ToolCall() if text:
                yield text
                text = ""
    if text:
        yield text
