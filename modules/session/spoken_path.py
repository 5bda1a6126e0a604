"""The spoken path of a conversation, as everyone reads it: what was said, by whom, and what holds now."""

from collections.abc import Iterator

from modules.llm.history import Message
from modules.session.message_tree import MessageTree, words_of
from modules.session.node import Messages, Node

NO_INSTRUCTIONS = "The earlier instructions hold no longer."


class SpokenPath:
    """The way through `tree` to its head. `system` are the instructions that the conversation began with."""

    def __init__(self, tree: MessageTree, system: str) -> None:
        self.tree = tree
        self.system = system

    def __iter__(self) -> Iterator[Message]:
        return (node.message for node in self.tree.path)

    def __contains__(self, message: Message) -> bool:
        return any(node.is_of(message) for node in reversed(self.tree.path))

    @property
    def nodes(self) -> list[Node]:
        """All that was ever said, in that order."""
        return self.tree.nodes

    @nodes.setter
    def nodes(self, nodes: list[Node]) -> None:
        self.tree = MessageTree(nodes)

    @property
    def head(self) -> int:
        """The id of the message that was said last on the spoken path; 0 where nothing is said."""
        return self.tree.head

    @property
    def messages(self) -> Messages:
        """The spoken path, oldest first."""
        return Messages(self.tree.path)

    @property
    def path(self) -> tuple[int, ...]:
        """The ids of the spoken path, oldest first."""
        return tuple([node.id for node in self.tree.path])

    @property
    def turns(self) -> int:
        """How many times the person has spoken."""
        return sum(node.is_question for node in self.tree.path)

    @property
    def asked(self) -> Message | None:
        """The person's message at the end, which nobody has answered on this path."""
        last = self.tree.path[-1].message if self.head else None
        return last if last is not None and last.is_question else None

    @property
    def last(self) -> Message | None:
        """What was said last on the spoken path."""
        return self.tree.path[-1].message if self.head else None

    @property
    def last_answer(self) -> Message | None:
        """The newest assistant message that says something."""
        answers = (node.message for node in reversed(self.tree.path) if node.role == "assistant")
        return next((message for message in answers if message.text.strip()), None)

    @property
    def instructions(self) -> str:
        """What holds now: `system`, unless it was changed later."""
        told = (node.message.text for node in reversed(self.tree.path) if node.role == "system")
        changed = next(told, self.system)
        return "" if changed == NO_INSTRUCTIONS else changed

    @property
    def first_words(self) -> str:
        """What the person said first, in one line: the title until one is given."""
        return next((text for node in self.nodes if (text := words_of(node.message))), "")
