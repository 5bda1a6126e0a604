"""What the two sittings with tools must show: nothing lost, nothing run unasked, and requests that every API takes."""

import json

from tests.harness.home import Home
from tests.harness.journeys import PROVIDERS, shared_loop, time_server


def test_a_loop_of_tools_begun_at_one_provider_goes_on_at_another_and_ends_at_a_third(home: Home) -> None:
    sitting = shared_loop(home)
    assert len(sitting.questions) == 4
    (notes,) = home.folder.parent.glob("tmp*/notes.txt")
    assert notes.read_text() == "milk\nbread\neggs\n"
    groq = home.groq.chats[-1].body["messages"]
    results = [message["content"] for message in groq if message["role"] == "tool"]
    assert "milk" in results[0]
    assert "2 notes.txt" in results[1]
    assert "Changed notes.txt" in results[2]
    assert "Interrupted by the user" in results[3]
    assert "waiting" in results[3]
    assert "The user says: Keep the file." in results[4]
    claude = json.dumps(home.anthropic.chats[-1].body["messages"])
    assert "Two looks at once." in claude, "Claude's own reasoning came back to it"
    assert [len(home.servers[name.partition(":")[0]].chats) for name in PROVIDERS] == [3, 1, 2]
    assert [request.broken for server in home.servers.values() for request in server.chats if request.broken] == []
    assert sitting.terminal.leave() == 0


def test_a_server_that_others_wrote_is_used_from_the_chat_on_every_provider(home: Home) -> None:
    sitting = time_server(home)
    assert len(sitting.questions) == 3
    results = [message for message in home.groq.chats[-1].body["messages"] if message["role"] == "tool"]
    assert len(results) == 3
    assert all("00:30:00" in result["content"] for result in results)
    assert [request.broken for server in home.servers.values() for request in server.chats if request.broken] == []
    assert "time  ready" in sitting.terminal.text
    assert sitting.terminal.leave() == 0
