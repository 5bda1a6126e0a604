"""An answer that is JSON by a schema: asked of every API in its own way, checked, and asked for once more."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness.home import Home
from tests.wire import Answer, Call, Reasoning, Status, WireServer

DOG = {"name": "Rex", "age": 3}
SHORT = "name, age int"
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
MODELS = {
    "anthropic": "anthropic:sonnet",
    "openai": "openai:sol",
    "groq": "groq:gpt-oss",
    "ollama": "ollama:llama3.1",
}


def ask(home: Home, *args: str, model: str = "openai:sol", schema: str = SHORT) -> Any:
    return home.run("-p", "Name a dog.", "-m", model, "--schema", schema, *args)


def bound(server: WireServer, at: int = -1) -> Any:
    """How the API was asked to bind the answer, in whichever field it has for that."""
    body = server.chats[at].body
    for name in ("output_config", "text", "response_format", "format"):
        if name in body:
            found = body[name]
            return (found.get("format", found) if isinstance(found, dict) else found) or None
    return None


def said(server: WireServer, at: int = -1) -> str:
    body = server.chats[at].body
    return json.dumps(body.get("messages", body.get("input")))


class TestEachApi:
    @pytest.mark.parametrize("provider", list(MODELS))
    def test_is_asked_in_its_own_way_and_the_answer_is_one_line_of_json(self, home: Home, provider: str) -> None:
        server = home.servers[provider]
        server.answer(Answer(Reasoning("Hm."), json.dumps(DOG, indent=2)))
        done = ask(home, model=MODELS[provider])
        assert (json.loads(done.stdout), done.stderr, done.returncode) == (DOG, "", 0)
        assert done.stdout.count("\n") == 1
        assert server.chats[-1].broken == []
        wanted = bound(server)
        schema = wanted.get("schema") or wanted.get("json_schema", {}).get("schema") or wanted
        assert schema == SCHEMA
        assert "Answer with JSON alone" in said(server), "what binds it does not tell the model"

    def test_with_no_schema_of_its_own_is_asked_for_json_and_told_the_schema(self, home: Home) -> None:
        home.groq.answer(json.dumps(DOG))
        done = ask(home, model="groq:qwen")
        assert (json.loads(done.stdout), done.returncode) == (DOG, 0)
        assert home.groq.chats[-1].body["response_format"] == {"type": "json_object"}
        assert home.groq.chats[-1].body["stream"] is False, "Groq streams no such answer"

    def test_that_keeps_to_no_open_schema_is_told_it(self, home: Home) -> None:
        schema = json.dumps({"type": "object", "additionalProperties": {"type": "integer"}})
        home.anthropic.answer('{"a": 1}')
        assert ask(home, model="anthropic:sonnet", schema=schema).stdout == '{"a": 1}\n'
        assert "output_config" not in home.anthropic.chats[-1].body
        home.openai.answer('{"a": 1}')
        assert ask(home, schema=schema).stdout == '{"a": 1}\n'
        assert bound(home.openai)["strict"] is False

    def test_that_refuses_the_field_is_asked_once_more_without_it(self, home: Home) -> None:
        words = "This response_format type is unavailable now"
        home.groq.answer(Status(400, message=words), json.dumps(DOG), json.dumps(DOG))
        done = ask(home, model="groq:gpt-oss")
        assert (json.loads(done.stdout), done.returncode) == (DOG, 0)
        assert 'the field "response_format" is left out for Groq' in done.stderr
        ask(home, model="groq:gpt-oss")
        assert [bound(home.groq, at) is not None for at in range(3)] == [True, False, False], "it was learned"

    def test_that_refuses_in_words_that_nobody_knows_is_asked_once_more_without_it(self, home: Home) -> None:
        home.anthropic.answer(Status(400, message="Nay."), json.dumps(DOG), Status(400, message="Nay."))
        done = ask(home, model="anthropic:sonnet")
        assert (json.loads(done.stdout), done.returncode) == (DOG, 0)
        assert "claude-sonnet-5.5 is only told what JSON it has to answer with" in done.stderr
        assert [bound(home.anthropic, at) is not None for at in range(2)] == [True, False]
        done = home.run("-p", "Hm?", "-m", "anthropic:sonnet")
        assert (done.returncode, len(home.anthropic.chats)) == (1, 3), "any other request is refused as ever"

    def test_that_refuses_one_schema_is_given_the_next(self, home: Home) -> None:
        words = "output_config.format.schema: Schema is too complex for compilation"
        home.anthropic.answer(Status(400, message=words), json.dumps(DOG), json.dumps(DOG))
        assert ask(home, model="anthropic:sonnet").returncode == 0
        assert ask(home, model="anthropic:sonnet").returncode == 0
        assert [bound(home.anthropic, at) is not None for at in range(3)] == [True, False, True]


class TestAnAnswer:
    def test_in_a_block_of_code_is_taken_out_of_it(self, home: Home) -> None:
        home.openai.answer(f"Here it is:\n\n```json\n{json.dumps(DOG)}\n```\n")
        assert json.loads(ask(home).stdout) == DOG

    def test_that_does_not_fit_is_told_why_and_asked_for_once_more(self, home: Home) -> None:
        home.openai.answer('{"name": "Rex", "age": "three"}', json.dumps(DOG))
        done = ask(home)
        assert (json.loads(done.stdout), done.returncode) == (DOG, 0)
        assert "age: 'three' is not of type 'integer'" in done.stderr
        first, second = (chat.body["input"] for chat in home.openai.chats)
        assert second[: len(first)] == first, "the second request begins as the first"
        assert "age: 'three' is not of type 'integer'" in said(home.openai)
        assert bound(home.openai)["schema"] == SCHEMA

    def test_that_does_not_fit_twice_is_exit_code_1_and_nothing_on_standard_output(self, home: Home) -> None:
        home.openai.answer("A dog.", "Rex, I said.", "Never asked.")
        done = ask(home)
        assert (done.stdout, done.returncode, len(home.openai.chats)) == ("", 1, 2)
        assert "The answer does not fit the schema. It is no JSON: expecting value" in done.stderr
        assert "Rex, I said." in done.stderr, "what was paid for can be read"

    def test_that_was_cut_is_told_so_and_not_asked_for_again(self, home: Home) -> None:
        home.openai.answer(Answer('{"name": "Re', stop="max_tokens"))
        done = ask(home)
        assert (done.stdout, done.returncode, len(home.openai.chats)) == ("", 1, 1)
        assert '{"name": "Re' in done.stderr

    def test_that_holds_what_a_terminal_would_obey_is_escaped(self, home: Home) -> None:
        home.openai.answer(json.dumps({"name": "a\x1b[2J\x9b", "age": 1}, ensure_ascii=False))
        assert ask(home).stdout == '{"name": "a\\u001b[2J\\u009b", "age": 1}\n'

    def test_comes_after_the_tools_that_it_needs(self, home: Home) -> None:
        home.openai.answer(Answer(Call("calculate", {"expression": "1+2"})), json.dumps(DOG))
        done = ask(home, "--tools", "calculate")
        assert (json.loads(done.stdout), done.returncode) == (DOG, 0)
        assert [bound(home.openai, at) is not None for at in range(2)] == [True, True]

    def test_beside_tools_is_only_told_where_the_api_takes_no_format_there(self, home: Home) -> None:
        home.groq.answer(Answer(Call("calculate", {"expression": "1+2"})), json.dumps(DOG))
        done = ask(home, "--tools", "calculate", model="groq:gpt-oss")
        assert (json.loads(done.stdout), done.returncode) == (DOG, 0)
        assert bound(home.groq, 0) is None
        assert home.groq.chats[-1].body["stream"] is True

    def test_stays_in_the_history_for_any_other_model(self, home: Home) -> None:
        home.openai.answer("A dog.", json.dumps(DOG))
        ask(home)
        home.anthropic.answer("Three.")
        done = home.run("-c", "-p", "How old?", "-m", "anthropic:sonnet")
        assert (done.stdout, done.returncode) == ("Three.\n", 0)
        assert home.anthropic.chats[-1].broken == []
        assert "Rex" in said(home.anthropic)
        assert "output_config" not in home.anthropic.chats[-1].body, "the next question is as free as ever"

    def test_is_asked_for_in_a_conversation_that_goes_on(self, home: Home) -> None:
        home.run("-p", "Hello.", "-m", "groq:gpt-oss")
        home.openai.answer(json.dumps(DOG))
        done = ask(home, "-c")
        assert (json.loads(done.stdout), done.returncode) == (DOG, 0)
        assert "Answer 1 from groq." in said(home.openai)


class TestAsJson:
    def test_has_the_value_beside_all_else(self, home: Home) -> None:
        home.openai.answer(json.dumps(DOG))
        whole = json.loads(ask(home, "--json").stdout)
        assert (whole["data"], json.loads(whole["text"]), whole["error"]) == (DOG, DOG, None)

    def test_says_why_there_is_none(self, home: Home) -> None:
        home.openai.answer("A dog.", "A cat.")
        done = ask(home, "--json")
        whole = json.loads(done.stdout)
        assert (whole["data"], whole["text"], whole["error"]["kind"], done.returncode) == (
            None,
            "A cat.",
            "NotAsAsked",
            1,
        )

    def test_ends_a_stream_of_events(self, home: Home) -> None:
        home.openai.answer(json.dumps(DOG))
        last = json.loads(ask(home, "--json-stream").stdout.splitlines()[-1])
        assert (last["type"], last["data"]) == ("end", DOG)

    def test_goes_into_a_file_only_when_it_is_there(self, home: Home) -> None:
        (home.folder / "dog.json").write_text("before")
        home.openai.answer("A dog.", "A cat.", json.dumps(DOG))
        assert ask(home, "--output", "dog.json").returncode == 1
        assert (home.folder / "dog.json").read_text() == "before"
        assert ask(home, "--output", "dog.json").returncode == 0
        assert json.loads((home.folder / "dog.json").read_text()) == DOG


class TestASchema:
    @pytest.mark.parametrize("form", ["file", "json", "short", "lines"])
    def test_may_be_a_file_or_json_or_names_in_short(self, home: Home, tmp_path: Path, form: str) -> None:
        (tmp_path / "dog.json").write_text(json.dumps(SCHEMA))
        lines = "name: what it is called, in full\nage int"
        typed = {"file": "dog.json", "json": json.dumps(SCHEMA), "short": SHORT, "lines": lines}[form]
        home.openai.answer(json.dumps(DOG))
        assert json.loads(ask(home, schema=typed).stdout) == DOG
        sent = bound(home.openai)["schema"]
        if form == "lines":
            assert sent["properties"]["name"].pop("description") == "what it is called, in full"
        assert sent == SCHEMA

    def test_in_short_knows_lists(self, home: Home) -> None:
        home.openai.answer('{"tags": ["a"], "sizes": [1.5], "ok": true}')
        done = ask(home, schema="tags [str], sizes [float], ok bool")
        assert (done.stdout, done.returncode) == ('{"tags": ["a"], "sizes": [1.5], "ok": true}\n', 0)

    @pytest.mark.parametrize(
        ("typed", "reason"),
        [
            ("age integr", 'Did you mean "int"?'),
            ("age int, age str", 'The name "age" is there twice.'),
            (": nothing", "begins with no name."),
            (",", "The schema has no names."),
            ("", "--schema: there is nothing in it"),
            ("nowhere.json", "nowhere.json cannot be read"),
            ('{"type": ', "--schema is no JSON"),
            ('{"type": "dog"}', "--schema cannot be used. "),
            ('{"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}}', 'refers to "#/$defs/b"'),
            ('{"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:1/x"}}}', "which is not in it"),
        ],
    )
    def test_that_cannot_be_used_is_a_usage_error_before_anything_is_sent(
        self, home: Home, typed: str, reason: str
    ) -> None:
        done = ask(home, schema=typed)
        assert (done.stdout, done.returncode, home.openai.chats) == ("", 2, [])
        assert reason in done.stderr

    def test_goes_with_a_question(self, home: Home) -> None:
        terminal = home.open("--schema", "name").sees("--schema goes with a question")
        assert terminal.exit_code() == 2

    def test_is_nothing_for_the_guide(self, home: Home) -> None:
        done = ask(home, model="offline:guide")
        assert (done.stdout, done.returncode) == ("", 2)
        assert "offline:guide gives no JSON." in done.stderr
