"""Options of an answer: typed after -o or settled, told where a model does not take them, and never sent there."""

import json
from itertools import pairwise
from typing import Any

import pytest

from tests.harness.engine_harness import Talk
from tests.harness.home import Home
from tests.wire import Answer, Status

GROQ = ("-m", "groq:gpt-oss")


def sent(home: Home, provider: str = "groq", *names: str) -> dict[str, Any]:
    """What the newest request holds of these fields."""
    body = home.servers[provider].chats[-1].body
    return {name: body[name] for name in names if name in body}


def settled(home: Home, text: str) -> None:
    file = home.folder / "settings.toml"
    file.write_text(f"{file.read_text()}\n{text}\n")


class TestOnTheCommandLine:
    def test_they_are_sent_under_the_providers_own_names(self, home: Home) -> None:
        options = ["temperature=0.2", "top-p=0.5", "seed=7", "stop=END", "stop=\n", "max_output=100"]
        words = [word for one in options for word in ("-o", one)]
        done = home.run("-p", "Hm?", *GROQ, *words, "-o", "service_tier=flex")
        assert (done.stderr, done.returncode) == ("", 0)
        fields = ("temperature", "top_p", "seed", "stop", "max_completion_tokens", "service_tier")
        assert sent(home, "groq", *fields) == {
            "temperature": 0.2, "top_p": 0.5, "seed": 7, "stop": ["END", "\n"], "max_completion_tokens": 100,
            "service_tier": "flex",
        }  # fmt: skip
        home.run("-p", "Hm?", "-m", "anthropic:sonnet", "-o", 'stop=["a","b"]', "-o", "max_output=100")
        wanted = {"max_tokens": 100, "stop_sequences": ["a", "b"]}
        assert sent(home, "anthropic", *wanted) == wanted
        home.run("-p", "Hm?", "-m", "openai:sol", "-o", "verbosity=low", "-o", "max_output=100")
        wanted = {"text": {"verbosity": "low"}, "max_output_tokens": 100}
        assert sent(home, "openai", *wanted) == wanted
        home.run("-p", "Hm?", "-m", "ollama:llama3.1", "-o", "temperature=0", "-o", "max_output=100")
        given = sent(home, "ollama", "options")["options"]
        assert (given["temperature"], given["num_predict"]) == (0, 100)

    def test_they_go_before_the_settings_for_this_run(self, home: Home) -> None:
        settled(home, "[options]\ntemperature = 0.9\nseed = 1")
        home.run("-p", "Hm?", *GROQ, "-o", "temperature=0.2")
        assert sent(home, "groq", "temperature", "seed") == {"temperature": 0.2, "seed": 1}
        home.run("-p", "Hm?", *GROQ)
        assert sent(home, "groq", "temperature", "seed") == {"temperature": 0.9, "seed": 1}

    def test_they_are_not_kept_with_the_conversation(self, home: Home) -> None:
        home.run("-p", "Hm?", *GROQ, "-o", "temperature=0.2")
        home.run("-c", "-p", "And?", *GROQ)
        assert sent(home, "groq", "temperature") == {}

    @pytest.mark.parametrize(
        ("typed", "reason"),
        [
            ("temprature=1", 'There is no option "temprature". Did you mean temperature?'),
            ("temperature", "It is typed as in -o temperature=0.2."),
            ("temperature=3", "it has to be a number from 0 to 2."),
            ("temperature=hot", "it has to be a number from 0 to 2."),
            ("seed=0.5", "it has to be a whole number"),
            ("max_output=0", "it has to be a whole number"),
            ("verbosity=tiny", 'it has to be "low", "medium" or "high".'),
        ],
    )
    def test_what_no_option_may_be_is_refused_before_anything_is_sent(
        self, home: Home, typed: str, reason: str
    ) -> None:
        done = home.run("-p", "Hm?", *GROQ, "-o", typed)
        assert (done.stdout, done.returncode, home.groq.chats) == ("", 2, [])
        assert reason in done.stderr

    def test_what_a_model_does_not_take_is_told_and_not_sent(self, home: Home) -> None:
        done = home.run("-p", "Hm?", "-m", "openai:sol", "-o", "temperature=0.2", "-o", "seed=1")
        assert done.stderr == (
            "parlance: temperature and seed are not sent to openai:gpt-6.1-sol, which takes none of them.\n"
        )
        assert (done.returncode, sent(home, "openai", "temperature", "seed")) == (0, {})
        done = home.run("-p", "Hm?", "-m", "anthropic:sonnet", "-o", "service_tier=flex")
        assert 'service_tier "flex" is not sent to anthropic:claude-sonnet-5.5, which knows auto and' in done.stderr

    def test_what_a_server_turns_out_to_refuse_is_told_and_not_sent_again(self, home: Home) -> None:
        words = "Unsupported parameter: 'temperature' is not supported with this model."
        home.groq.answer(Status(400, message=words))
        done = home.run("-p", "Hm?", *GROQ, "-o", "temperature=0.2")
        assert done.returncode == 0
        assert 'the field "temperature" is left out for Groq' in done.stderr
        done = home.run("-p", "Hm?", *GROQ, "-o", "temperature=0.2")
        assert "temperature is not sent to groq:gpt-oss-120b, which has refused it." in done.stderr
        assert ["temperature" in chat.body for chat in home.groq.chats] == [True, False, False]

    def test_an_answer_that_ends_at_a_text_to_stop_at_is_whole(self, home: Home) -> None:
        home.anthropic.answer(Answer("One, two", stop="stop_sequence"))
        done = home.run("-p", "Count.", "-m", "anthropic:sonnet", "-o", "stop=three", "--json")
        assert (json.loads(done.stdout)["stop_reason"], done.returncode) == ("end_turn", 0)


class TestInTheChat:
    def test_they_are_told_at_the_start_and_at_each_switch(self, home: Home) -> None:
        settled(home, "[options]\ntemperature = 0.2")
        terminal = home.open("-m", "openai:sol")
        terminal.sees("temperature is not sent to openai:gpt-6.1-sol, which takes none.").prompt()
        shown = terminal.ask("/model groq:gpt-oss")
        assert "not sent" not in shown
        terminal.enter("Hm?").sees("Answer 1 from groq.").prompt()
        assert sent(home, "groq", "temperature") == {"temperature": 0.2}
        assert "temperature is not sent to anthropic:claude-sonnet-5.5" in terminal.ask("/model sonnet --plan")
        shown = terminal.ask("/model anthropic:claude-sonnet-5.5")
        assert "temperature is not sent to anthropic:claude-sonnet-5.5, which takes none." in " ".join(shown.split())
        terminal.enter("And?").sees("Answer 1 from anthropic.").prompt()
        assert sent(home, "anthropic", "temperature") == {}
        assert home.anthropic.chats[-1].broken == []

    def test_a_question_for_one_other_model_tells_it_too(self, home: Home) -> None:
        settled(home, "[options]\nseed = 1")
        terminal = home.open("-m", "groq:gpt-oss").prompt()
        terminal.enter("@openai:sol Hm?").sees("seed is not sent to openai:gpt-6.1-sol").prompt()

    def test_they_hold_as_far_as_the_model_thinks(self, home: Home) -> None:
        settled(home, "[options]\ntemperature = 0.2")
        terminal = home.open("-m", "openai:luna")
        terminal.sees('temperature is not sent to openai:gpt-6-luna while it thinks. "/reasoning none"').prompt()
        terminal.ask("/reasoning none")
        terminal.enter("Hm?").sees("Answer 1 from openai.").prompt()
        assert sent(home, "openai", "temperature") == {"temperature": 0.2}
        assert "while it thinks" in terminal.ask("/reasoning high")

    def test_they_hold_in_the_next_conversation_too(self, home: Home) -> None:
        terminal = home.open(*GROQ, "-o", "seed=3").prompt()
        terminal.ask("/new")
        terminal.enter("Hm?").sees("Answer 1 from groq.").prompt()
        assert sent(home, "groq", "seed") == {"seed": 3}

    def test_the_next_request_shows_them(self, home: Home) -> None:
        terminal = home.open(*GROQ, "-o", "seed=31337").prompt()
        assert '"seed": 31337' in terminal.ask("/wire")
        assert '"seed"' not in terminal.ask("/wire sonnet")

    def test_setting_one_that_the_model_does_not_take_says_so(self, home: Home) -> None:
        terminal = home.open("-m", "openai:sol").prompt()
        assert "temperature is not sent to openai:gpt-6.1-sol, which takes none." in terminal.ask(
            "/set temperature 0.2"
        )
        terminal.enter("Hm?").sees("Answer 1 from openai.").prompt()
        assert terminal.text.count("is not sent") == 1, "it was told once"
        assert "not sent" not in terminal.ask("/model groq:gpt-oss")
        terminal.enter("And?").sees("Answer 1 from groq.").prompt()
        assert sent(home, "groq", "temperature") == {"temperature": 0.2}
        assert "not sent" not in terminal.ask("/set max_output 50")

    def test_a_title_is_asked_for_without_them(self, home: Home) -> None:
        settled(home, '[options]\ntemperature = 0.2\nstop = ["x"]\n[sessions]\ntitle_model = "groq:gpt-oss-20b"')
        home.groq.answer("A reply.", "A Title")
        terminal = home.open(*GROQ).prompt()
        terminal.enter("Hm?").sees("A reply.").prompt()
        terminal.ask("/title --auto")
        assert sent(home, "groq", "temperature", "stop") == {}


class TestInAPrompt:
    def test_they_hold_for_its_turn_and_no_longer(self, home: Home) -> None:
        (home.folder / "prompts").mkdir()
        file = home.folder / "prompts" / "sure.md"
        file.write_text("---\noptions:\n  temperature: 0.1\n  stop: [END]\n---\nSay $1.\n")
        terminal = home.open(*GROQ, "-o", "temperature=0.9").prompt()
        terminal.enter("/sure yes").sees("Answer 1 from groq.").prompt()
        assert sent(home, "groq", "temperature", "stop") == {"temperature": 0.1, "stop": ["END"]}
        terminal.enter("And?").sees("Answer 2 from groq.").prompt()
        assert sent(home, "groq", "temperature", "stop") == {"temperature": 0.9}
        assert home.run("-t", "sure", "-p", "no", *GROQ).returncode == 0
        assert sent(home, "groq", "temperature", "stop") == {"temperature": 0.1, "stop": ["END"]}

    def test_what_none_may_be_is_told_and_nothing_is_sent(self, home: Home) -> None:
        (home.folder / "prompts").mkdir()
        (home.folder / "prompts" / "hot.md").write_text("---\noptions: {temperature: 9}\n---\nSay it.\n")
        terminal = home.open(*GROQ).prompt()
        terminal.enter("/hot").sees("[options] temperature is 9. It has to be a number from 0 to 2.")
        assert home.groq.chats == []


async def test_each_request_begins_as_the_one_before_whatever_the_options_are(home: Home) -> None:
    from modules.settings.declarations import OptionSettings

    choices = [OptionSettings(), OptionSettings(temperature=0.2, stop=("a",)), OptionSettings(max_output=50, seed=1)]
    models = ["groq:gpt-oss", "anthropic:sonnet", "openai:sol", "ollama:llama3.1"]
    async with Talk(home, "groq:gpt-oss") as talk:
        for turn in range(12):
            talk.switch(models[turn % 4])
            talk.conversation.options = choices[turn % 3]
            await talk.say(f"Question {turn}?")
    for server in home.servers.values():
        histories = [chat.body.get("messages", chat.body.get("input")) for chat in server.chats]
        assert [chat.broken for chat in server.chats] == [[]] * 3
        for shorter, longer in pairwise(histories):
            assert json.dumps(longer[: len(shorter)]) == json.dumps(shorter)
