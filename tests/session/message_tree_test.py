"""The tree of messages: ways back, forward and aside, against the plainest thing that could say the same."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.llm.message import Message, user
from modules.llm.parts import Text
from modules.session.message_tree import MessageTree, Place
from modules.session.node import Node

QUESTION = user("Question?")
ANSWER = Message("assistant", (Text("Answer."),))
SEAM = Message("user", (Text("Go on."),), continues=True)
INSTRUCTIONS = Message("system", (Text("Be brief."),))

steps = st.lists(
    st.one_of(
        st.sampled_from([QUESTION, ANSWER, ANSWER, SEAM, INSTRUCTIONS]),
        st.integers(0, 30).map(lambda n: ("go", n)),
        st.integers(1, 3).map(lambda n: ("undo", n)),
        st.just(("redo", 0)),
    ),
    max_size=40,
)


def walked(steps: list[Message | tuple[str, int]]) -> MessageTree:
    tree = MessageTree()
    for step in steps:
        match step:
            case Message():
                tree.append(step)
            case ("go", n):
                tree.go_to(min(n, len(tree)))
            case ("undo", n):
                if (question := tree.question(n)) is not None:
                    tree.go_back(question.parent)
            case _:
                if (place := tree.forward()) is not None:
                    tree.go_to(place)
    return tree


def below(tree: MessageTree, id: int) -> set[int]:
    found = {id}
    for node in tree.nodes:
        if node.parent in found and node.id > id:
            found.add(node.id)
    return found - {id}


def leads_on(tree: MessageTree, id: int) -> bool:
    ends = {node.id for node in tree.nodes if node.message.role == "assistant"}
    return bool(({id} | below(tree, id)) & ends) or id in [node.id for node in tree.path]


class TestATree:
    @given(steps)
    def test_says_of_each_message_what_a_plain_search_says(self, steps: list[Message | tuple[str, int]]) -> None:
        tree = walked(steps)
        turns, ends = tree.turns_below(), set(tree.ends())
        for id in range(len(tree) + 1):
            children = [node.id for node in tree.nodes if node.parent == id and leads_on(tree, node.id)]
            assert list(tree.children(id)) == children
            for number, child in enumerate(children, 1):
                assert tree.siblings(child) == tuple(children)
                assert tree.place(child) == Place(number, len(children))
            answers = [one for one in below(tree, id) if tree[one].message is ANSWER]
            assert tree.newest_below(id) == max(answers, default=id)
            assert turns[id] == sum(tree[n].message is QUESTION and leads_on(tree, n) for n in below(tree, id))
            if id:
                is_end = id == tree.head or (tree[id].message is ANSWER and not answers)
                if tree.head not in below(tree, id):
                    assert (id in ends) == is_end

    @given(steps)
    def test_is_the_same_made_at_once_and_message_by_message(self, steps: list[Message | tuple[str, int]]) -> None:
        tree = walked(steps)
        other = MessageTree(tree.nodes, tree.head)
        for id in range(len(tree) + 1):
            tree.children(id)
            assert tree.children(id) == other.children(id)
        assert [node.id for node in other.path] == [node.id for node in tree.path]

    @given(steps, st.integers(1, 3))
    def test_goes_forward_to_where_it_was(self, steps: list[Message | tuple[str, int]], n: int) -> None:
        tree = walked(steps)
        head, question = tree.head, tree.question(n)
        if question is None:
            return
        tree.go_back(question.parent)
        tree.append(QUESTION)
        tree.append(ANSWER)
        assert tree.forward() is None
        tree.go_to(question.parent)
        assert tree.forward() == head

    def test_gives_the_answer_whole_that_was_gone_on_with(self) -> None:
        tree = MessageTree()
        for message in (QUESTION, ANSWER, QUESTION, Message("assistant", (Text("One "),)), SEAM, ANSWER, ANSWER):
            tree.append(message)
        assert tree.answer_at(tree.head) == "One Answer.\n\nAnswer."

    @pytest.mark.parametrize("shape", ["a line", "a star", "a comb"])
    def test_of_very_many_messages_is_no_trouble(self, shape: str) -> None:
        def parent(n: int) -> int:
            return {"a line": n - 1, "a star": min(1, n - 1), "a comb": max(0, n - 1 - n % 2)}[shape]

        nodes = [Node(n, parent(n), QUESTION if n % 2 else ANSWER) for n in range(1, 300_001)]
        began = time.process_time()
        tree = MessageTree(nodes, len(nodes))
        for _ in range(1000):
            tree.append(QUESTION)
            tree.append(ANSWER)
            tree.fork(of_answer=True)
        tree.go_back(tree.head - 100)
        assert tree.fork() is None or shape != "a line"
        assert tree.turns_below()[0] >= 1000
        assert tree.forward() == len(tree)
        assert tree.newest_below(1) == tree.ends()[-1]
        assert len(tree.children(1)) >= 1
        assert time.process_time() - began < 20  # about a second; the square of it would be days
