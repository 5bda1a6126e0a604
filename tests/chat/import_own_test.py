"""What left as JSON comes back: whole into a fresh home, once where it is already, and never over another."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness.home import Home
from tests.wire import Answer, Call, Reasoning


def exported(home: Home, *words: str) -> str:
    done = home.run("show", *words, "--json")
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout


@pytest.fixture
def there(home: Home, tmp_path: Path) -> Path:
    """The file of a conversation with three providers, a tool and a branch, which was held elsewhere."""
    home.anthropic.answer(
        Answer(Reasoning("Hm."), "Let me see.", Call("calculate", {"expression": "6*7"})), "It is 42."
    )
    home.openai.answer(Answer(Reasoning("So."), "Still 42."))
    home.groq.answer("Yes, 42.", "No, 43.")
    chat = home.open("-m", "anthropic:claude-sonnet-5.5", "--yes", columns=100).prompt()
    chat.enter("What is six times seven?").sees("It is 42.").prompt()
    chat.enter("/model openai:gpt-6.1-sol").prompt().enter("Sure?").sees("Still 42.").prompt()
    chat.enter("/model groq:gpt-oss-120b").prompt().enter("Really?").sees("Yes, 42.").prompt()
    chat.enter("/retry").sees("No, 43.").prompt()
    chat.leave()
    file = tmp_path / "there.json"
    file.write_text(exported(home))
    return file


def without(text: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(text)
    return {key: value[key] for key in value if key != "folder"}


def test_in_a_fresh_home_it_is_the_same_and_the_next_request_too(home: Home, there: Path, tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    folder.mkdir()
    with Home(folder) as fresh:
        fresh.overlay({name: {"base_url": server.base_url} for name, server in home.servers.items()})
        done = fresh.run("import", str(there))
        assert (done.stderr, done.returncode) == ("", 0)
        assert "Parlance's JSON: took 1 conversation" in done.stdout
        id = json.loads(there.read_text())["id"]
        assert without(exported(fresh, id)) == without(there.read_text())
        for name, model in (("anthropic", "claude-sonnet-5.5"), ("openai", "gpt-6.1-sol"), ("groq", "gpt-oss-120b")):
            bodies = []
            for one in (home, fresh):
                home.servers[name].answer("Done.")
                chat = one.open("-r", id, "-m", f"{name}:{model}", "--yes", columns=100).prompt()
                chat.enter("And now?").sees("Done.").prompt().enter("/undo").prompt("And now?").type("\x15").prompt()
                chat.leave()
                bodies.append(home.servers[name].chats[-1].raw)
            assert bodies[0] == bodies[1]


def test_a_second_import_adds_nothing_and_one_that_went_on_what_is_new(home: Home, there: Path) -> None:
    assert "1 conversation was here already." in home.run("import", str(there)).stdout
    value = json.loads(there.read_text())
    head = value["head"]
    value["messages"].append(
        {"id": len(value["messages"]) + 1, "parent": head, "created": 1.9e9, "role": "user",
         "parts": [{"type": "text", "text": "Said elsewhere."}]}
    )  # fmt: skip
    there.write_text(json.dumps(value))
    assert "1 conversation that was here has new messages." in home.run("import", str(there)).stdout
    assert json.loads(exported(home, value["id"]))["messages"][-1]["parts"][0]["text"] == "Said elsewhere."


def test_one_that_went_on_elsewhere_comes_back_as_it_is_there(home: Home, there: Path, tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    folder.mkdir()
    with Home(folder) as fresh:
        fresh.overlay({name: {"base_url": server.base_url} for name, server in home.servers.items()})
        assert fresh.run("import", str(there)).returncode == 0
        home.groq.answer("Still 43.")
        chat = fresh.open("-r", json.loads(there.read_text())["id"], "--yes", columns=100).prompt()
        chat.enter("And on?").sees("Still 43.").prompt().leave()
        went_on = exported(fresh, json.loads(there.read_text())["id"])
    there.write_text(went_on)
    assert "1 conversation that was here has new messages." in home.run("import", str(there)).stdout
    assert without(exported(home)) == without(went_on)
    assert "1 conversation was here already." in home.run("import", str(there)).stdout


def test_another_of_the_same_id_comes_in_beside_it_once(home: Home, there: Path) -> None:
    before = exported(home)
    value = json.loads(there.read_text())
    value["messages"][0]["parts"][0]["text"] = "Something else."
    there.write_text(json.dumps(value))
    for said in ("took 1 conversation", "1 conversation was here already."):
        assert said in home.run("import", str(there)).stdout
    assert exported(home, value["id"]) == before
    listed = json.loads(home.run("sessions", "--json", "--all").stdout)
    assert sorted(one["first_words"] for one in listed) == ["Something else.", "What is six times seven?"]


def test_what_is_none_of_ours_is_named_and_the_rest_comes_in(home: Home, there: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer.json"
    newer.write_text('{"format": "parlance", "version": 9}')
    done = home.run("import", str(newer), str(there))
    assert done.returncode == 1
    assert "It is of version 9, and this release reads 1. A newer release reads it." in done.stderr
    assert "1 conversation was here already." in done.stdout
