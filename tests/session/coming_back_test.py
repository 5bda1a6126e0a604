"""A conversation that comes back to a store that has it: nothing is lost, and nothing comes twice."""

import json

from modules.llm.message import user
from modules.session.conversation import Conversation
from modules.session.export import own_json
from modules.session.export.as_json import as_json
from modules.session.export.coming_back import id_beside, meeting
from tests.harness.store_helpers import MODEL, MODELS, OTHER, answer


def a_talk(*words: str) -> Conversation:
    talk = Conversation(MODEL, id="0123456789abcdef")
    for word in words:
        talk.append(user(word))
    text = json.loads(as_json(talk))
    for row in text["messages"]:
        row["created"] = 1.7e9 + row["id"]
    return own_json.read(json.dumps(text), MODELS, OTHER)


def test_each_way_in_which_two_can_meet() -> None:
    one, longer, other = a_talk("One", "Two"), a_talk("One", "Two", "Three"), a_talk("One", "Else")
    assert [meeting(one, it) for it in (one, a_talk("One"), longer, other, a_talk("X", "Two", "Three"))] == [
        "same", "less", "more", "other", "other"
    ]  # fmt: skip


def test_the_id_beside_is_the_same_at_each_import_and_another_for_another_file() -> None:
    one, other = a_talk("One"), a_talk("Else")
    assert id_beside(one) == id_beside(a_talk("One"))
    assert id_beside(one) not in (id_beside(other), one.id)
    copy = a_talk("One")
    copy.id = id_beside(one)
    copy.append(answer("Ja."))
    assert own_json.read(as_json(copy), MODELS, OTHER).id == copy.id
