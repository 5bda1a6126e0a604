"""The providers' own lists of models: when they are asked for, what is kept of them, and what they change (issue 9)."""

import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from modules.config import ROOT
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.catalogue.model_list_cache import DAY, HOUR, ModelLists
from modules.llm.models import Model, ModelRegistry, Provider
from tests.harness.home import Home
from tests.harness.terminal import CTRL_C, Terminal
from tests.wire import Answer, Status, Text

OSS = ("-m", "groq:gpt-oss-120b")
LISTED = ["openai/gpt-oss-120b", "brand-new/thing-9b", "whisper-large-v3"]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path) as home:
        # Lists are asked for, as people have it; servers of this machine are not, which local_servers_test.py tries.
        (home.folder / "settings.toml").write_text("[models]\ndiscover = false\n")
        home.groq.models = LISTED
        yield home


def lists_asked(home: Home) -> int:
    return sum(request.method == "GET" for server in home.servers.values() for request in list(server.requests))


def kept(home: Home) -> Path:
    return home.folder / "state" / "model-lists"


def until_kept(chat: Terminal, home: Home) -> None:
    chat.until(lambda: kept(home).exists(), "the list on the disk")


class TestInTheChat:
    def test_the_list_is_asked_for_once_after_an_answer_and_kept_for_the_next_run(self, home: Home) -> None:
        chat = home.open(*OSS, columns=120, rows=60).prompt()
        before = chat.ask("/models groq")
        assert "not listed" not in before
        assert not home.groq.requests, "a start and a command ask for nothing"
        chat.enter("One").sees("Answer 1").prompt()
        until_kept(chat, home)
        assert [request.method for request in home.groq.requests] == ["POST", "GET"]
        said = chat.ask("/models groq")
        assert self.key_of(said, "groq:gpt-oss-120b") == "key"
        assert self.key_of(said, "groq:gpt-oss-20b") == "not listed"
        assert self.key_of(said, "groq:llama-3.3-70b-versatile") == "restricted"
        assert "131k" in next(line for line in said.splitlines() if line.startswith("groq:brand-new/thing-9b"))
        assert "whisper" not in said, "what is not for a chat is not offered"
        chat.enter("/model groq:gpt-oss-20b").sees("Groq does not list gpt-oss-20b.").sees(
            "→ groq:gpt-oss-20b"
        ).prompt()
        assert chat.leave() == 0
        assert stat.S_IMODE(kept(home).stat().st_mode) == 0o600
        assert b"gsk-" not in kept(home).read_bytes()

        again = home.open(*OSS, columns=120, rows=60).prompt()
        assert self.key_of(again.ask("/models groq"), "groq:gpt-oss-20b") == "not listed"
        again.enter("/model brand-new").sees("→ groq:brand-new/thing-9b").prompt()
        again.enter("Two").sees("Answer 2").prompt()
        assert again.leave() == 0
        assert lists_asked(home) == 1, "a day has not passed"

    @staticmethod
    def key_of(said: str, name: str) -> str:
        line = next(line for line in said.splitlines() if line.split("  ")[0].strip() == name)
        return next(cell.strip() for cell in line.removeprefix(name).split("  ") if cell.strip())

    def test_no_list_is_asked_for_while_a_turn_runs(self, home: Home) -> None:
        home.groq.answer("First.", Answer(Text(" ".join(f"word{n}" for n in range(60))), pace=0.05))
        chat = home.open(*OSS, columns=120, rows=60).prompt()
        chat.enter("One").sees("First.").prompt().enter("Count").sees("word30 ")
        assert home.groq.requests[-1].method == "POST", "three seconds of answering are longer than the pause"
        chat.sees("word59").prompt()
        until_kept(chat, home)
        assert lists_asked(home) == 1
        assert chat.leave() == 0

    def test_a_list_that_cannot_be_had_is_not_mentioned_and_not_asked_for_again_within_an_hour(
        self, home: Home
    ) -> None:
        home.groq.no_list = Status(500, message="the list is broken")
        chat = home.open(*OSS, columns=120, rows=60).prompt()
        chat.enter("One").sees("Answer 1").prompt()
        until_kept(chat, home)
        chat.enter("Two").sees("Answer 2").prompt()
        assert "broken" not in chat.text
        assert chat.leave() == 0
        again = home.open(*OSS, columns=120, rows=60).prompt()
        again.enter("Three").sees("Answer 3").prompt()
        assert "not listed" not in again.ask("/models groq")
        assert again.leave() == 0
        assert lists_asked(home) == 1

    def test_a_person_may_settle_that_nothing_is_asked(self, home: Home) -> None:
        (home.folder / "settings.toml").write_text("[models]\nrefresh = false\ndiscover = false\n")
        chat = home.open(*OSS, columns=120, rows=60).prompt()
        chat.enter("One").sees("Answer 1").prompt()
        assert chat.leave() == 0
        assert lists_asked(home) == 0
        chat = home.open(*OSS, columns=120, rows=60).prompt()
        chat.enter("/models groq --refresh").sees("Groq lists 3 models.").prompt()  # that one was asked for
        until_kept(chat, home)
        assert lists_asked(home) == 1

    def test_a_question_in_a_pipe_asks_for_no_list(self, home: Home) -> None:
        assert home.run("-p", "Hm?", *OSS).stdout == "Answer 1 from groq.\n"
        assert lists_asked(home) == 0
        done = home.run("-p", "Hm?", "-m", "groq:llama-3.1-70b")
        assert done.stdout == "Answer 2 from groq.\n"
        assert done.stderr == "parlance: llama-3.1-70b was retired by Groq; gpt-oss-120b is its successor.\n"


class TestAModelThatIsNotServed:
    """Groq answers 404 for what is served to enterprise customers only (karthink/gptel#1478)."""

    @pytest.mark.parametrize("before", ["", "One"])
    def test_names_the_successor_in_a_line_that_asks_it_the_same(self, home: Home, before: str) -> None:
        chat = home.open(*OSS, columns=120, rows=60).prompt()
        if before:
            chat.enter(before).sees("Answer 1").prompt()
        chat.enter("/model groq:llama-3.3-70b-versatile").sees("Groq recommends gpt-oss-120b.").prompt()
        chat.enter("What is a quark?").sees("/retry groq:gpt-oss-120b asks the model that Groq recommends")
        chat.prompt("What is a quark?").type(CTRL_C).prompt()
        chat.enter("/retry groq:gpt-oss-120b").sees(f"Answer {2 if before else 1} from groq.").prompt()
        last = home.groq.chats[-1]
        assert last.body["model"] == "openai/gpt-oss-120b"
        questions = [message["content"] for message in last.body["messages"] if message["role"] == "user"]
        assert questions == [*filter(None, [before]), "What is a quark?"]
        assert chat.leave() == 0

    def test_the_line_may_also_stand_before_the_question_that_is_in_the_prompt(self, home: Home) -> None:
        chat = home.open("-m", "groq:llama-3.3-70b-versatile", columns=120, rows=60).prompt()
        chat.enter("What is a quark?").sees("/retry groq:gpt-oss-120b asks").prompt("What is a quark?")
        chat.type("\x01/retry groq:gpt-oss-120b ").type("\r").sees("Answer 1 from groq.").prompt()
        assert home.groq.chats[-1].body["messages"][-1]["content"] == "What is a quark?"

    def test_nothing_is_recommended_for_what_the_catalogue_does_not_know(self, home: Home) -> None:
        chat = home.open("-m", "groq:no-such-thing", columns=120, rows=60).prompt()
        chat.enter("Hello").sees("Groq has no model no-such-thing").prompt("Hello")
        assert "recommends" not in chat.text


def test_a_conversation_with_a_name_that_has_moved_goes_on_with_the_successor_and_says_so(home: Home) -> None:
    home.groq.models = None
    before = {"llama-3.3-70b": {"id": "llama-3.3-70b-versatile"}, "llama-3.3-70b-versatile": None}
    addresses = {name: {"base_url": server.base_url} for name, server in home.servers.items()}
    home.overlay({**addresses, "groq": {**addresses["groq"], "models": before}})  # as the program once came
    chat = home.open("-m", "groq:llama-3.3-70b", columns=120).prompt()
    chat.enter("One").sees("Answer 1").prompt()
    assert chat.leave() == 0
    home.overlay(addresses)
    chat = home.open("-c", columns=120, rows=40)
    chat.sees("llama-3.3-70b-versatile is served to enterprise customers only since 16 August 2026;").prompt()
    chat.enter("Two").sees("Answer 2").prompt()
    assert home.groq.chats[-1].body["model"] == "openai/gpt-oss-120b"
    assert chat.leave() == 0


GROQ = Provider(name="groq", title="Groq", dialect="openai-chat", base_url="https://api.groq.com")
ELSEWHERE = Provider(name="groq", title="Groq", dialect="openai-chat", base_url="https://proxy.example")


def model(id: str, **facts: Any) -> Model:
    return Model(name=id, id=id, provider=GROQ, known=False, **facts)


def registry(*ids: str, provider: Provider = GROQ) -> ModelRegistry:
    return ModelRegistry([replace(model(id), provider=provider, known=True) for id in ids], [provider])


class TestWhatIsKept:
    def test_is_what_the_list_said_for_this_address_alone(self, tmp_path: Path) -> None:
        lists = ModelLists(tmp_path / "state" / "model-lists")
        lists.keep(GROQ, [model("new-1", window=8192, max_output=1024, vision=True), model("old-1")])
        here, there = registry("old-1", "gone-1"), registry("old-1", provider=ELSEWHERE)
        ModelLists(tmp_path / "state" / "model-lists").load(here)
        lists.load(there)
        found = here.find("groq:new-1").model
        assert (found.window, found.max_output, found.vision, found.known) == (8192, 1024, True, False)
        assert [here.lists(model(id)) for id in ("old-1", "new-1", "gone-1")] == [True, True, False]
        assert there.lists(replace(model("old-1"), provider=ELSEWHERE)) is None

    def test_is_due_after_a_day_or_an_hour_after_a_failure_and_forgotten_after_a_week(self, tmp_path: Path) -> None:
        path = tmp_path / "model-lists"
        lists = ModelLists(path)
        assert lists.is_due(GROQ)
        lists.keep(GROQ, [model("a")])
        assert not lists.is_due(GROQ)
        assert lists.is_due(ELSEWHERE)
        for given, failed, due, known in (
            (DAY - 60, 0, False, True),
            (DAY + 60, 0, True, True),
            (DAY + 60, HOUR - 60, False, True),
            (DAY + 60, HOUR + 60, True, True),
            (8 * DAY, 0, True, None),
            (-DAY, 0, True, None),  # the clock was put back
        ):
            kept = msgspec.msgpack.decode(path.read_bytes())
            entry = kept["groq https://api.groq.com"]
            entry["given"], entry["failed"] = time.time() - given, time.time() - failed if failed else 0
            path.write_bytes(msgspec.msgpack.encode(kept))
            models = registry("a")
            lists.load(models)
            assert (lists.is_due(GROQ), models.lists(model("a"))) == (due, known), (given, failed)

    def test_is_the_list_before_where_there_is_no_new_one(self, tmp_path: Path) -> None:
        lists, models = ModelLists(tmp_path / "model-lists"), registry("a", "b")
        lists.keep(GROQ, [model("a")])
        lists.keep(GROQ, [])
        lists.fail(GROQ)
        lists.load(models)
        assert [models.lists(model(id)) for id in ("a", "b")] == [True, False]

    @pytest.mark.parametrize("spoiled", [b"", b"\x00", b"not a list", msgspec.msgpack.encode({"groq": 1})])
    def test_is_nothing_where_the_file_is_spoiled(self, tmp_path: Path, spoiled: bytes) -> None:
        path, models = tmp_path / "model-lists", registry("a")
        path.write_bytes(spoiled)
        ModelLists(path).load(models)
        assert models.lists(model("a")) is None
        ModelLists(path).keep(GROQ, [model("a")])
        assert not ModelLists(path).is_due(GROQ)

    def test_nowhere_to_write_is_no_trouble(self, tmp_path: Path) -> None:
        (tmp_path / "state").write_text("a file in the place of the folder")
        lists = ModelLists(tmp_path / "state" / "model-lists")
        lists.keep(GROQ, [model("a")])
        assert lists.is_due(GROQ)
        assert (tmp_path / "state").read_text() == "a file in the place of the folder"


# Lists spell ids in their own ways: Anthropic with the date, Google with a folder, Ollama with a tag.
@pytest.mark.parametrize(
    ("id", "listed", "there"),
    [
        ("claude-haiku-4-5", "claude-haiku-4-5-20251001", True),
        ("gpt-4.1", "gpt-4.1-2025-04-14", True),
        ("gemini-3.5-flash", "models/gemini-3.5-flash", True),
        ("llama3.1", "llama3.1:latest", True),
        ("mistral-small-latest", "mistral-small-2603", True),
        ("gpt-5.4-mini", "gpt-5.4", False),
        ("llama3.1", "llama3.1:70b", False),
    ],
)
def test_an_id_is_found_in_a_list_however_that_spells_it(id: str, listed: str, there: bool) -> None:
    models = registry(id)
    models.learn(GROQ, [model(listed)])
    assert models.lists(model(id)) is there
    assert there or [found.id for found in models.of("groq")] == [id, listed]


def test_dated_releases_of_what_is_there_and_models_for_other_things_are_not_offered() -> None:
    models = load(ROOT / "models.yaml", None, lambda _: "")
    openai = models.providers["openai"]
    before = len(models.of("openai"))
    ids = ("gpt-6-luna-2026-08-01", "text-embedding-3-small", "gpt-image-2", "whisper-1", "gpt-7", "gpt-7-2027-01-01")
    models.learn(openai, [replace(model(id), provider=openai) for id in ids])
    assert [found.id for found in models.of("openai")[before:]] == ["gpt-7"]
    dated = models.find("openai:gpt-7-2027-01-01")
    assert dated.note == '"gpt-7-2027-01-01" is not in models.yaml: its limits and abilities are unknown.'


def test_a_listed_model_that_is_to_be_shut_down_says_so_when_it_is_chosen_from_the_list() -> None:
    models = load(ROOT / "models.yaml", None, lambda _: "")
    openai = models.providers["openai"]
    models.learn(openai, [replace(model("gpt-4o"), provider=openai)])
    choice = models.choice(models.of("openai")[-1])
    assert choice.note == "gpt-4o is shut down by OpenAI on 14 January 2027; gpt-6-luna is its successor."
    assert choice.model.successor == "gpt-6-luna"
