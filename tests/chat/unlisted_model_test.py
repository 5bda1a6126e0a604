"""A model that nobody lists is asked about before it answers; a sum with a price missing is at least what is known."""

import pytest

from modules.chat.wording.phrases import total
from tests.harness.home import Home
from tests.harness.sample_files import picture


class TestAModelThatNobodyLists:
    def test_is_asked_about_with_the_nearest_names_and_a_no_leaves_everything_as_it_was(self, home: Home) -> None:
        chat = home.open("-m", "groq:gpt-oss-20b").prompt()
        chat.enter("/model openai:gpt-6.1-slo").sees('No model "gpt-6.1-slo" of OpenAI is known.')
        chat.sees("Did you mean openai:gpt-6.1-sol").sees("Use openai:gpt-6.1-slo all the same?")
        chat.type("\r").sees("Still on groq:gpt-oss-20b.").prompt()
        chat.enter("Hello").sees("Answer 1 from groq.")
        assert not home.openai.requests

    def test_answers_after_a_yes(self, home: Home) -> None:
        chat = home.open("-m", "groq:gpt-oss-20b").prompt()
        chat.enter("/model openai:zzzz").sees("/models openai --refresh asks OpenAI for its list.")
        chat.sees("all the same?").type("y\r").sees("→ openai:zzzz").prompt()
        chat.enter("Hello").sees("Answer 1 from openai.")

    def test_is_taken_as_it_is_from_a_script(self, home: Home) -> None:
        done = home.run("-p", "Hello", "-m", "openai:gtp")
        assert done.stdout == "Answer 1 from openai.\n"

    def test_is_not_asked_about_to_look_at_a_plan(self, home: Home) -> None:
        chat = home.open("-m", "groq:gpt-oss-20b").prompt()
        assert "all the same" not in chat.ask("/model openai:gtp --plan")


class TestAskingAgain:
    def test_elsewhere_with_more_words_than_a_name_says_what_would_be_lost(self, home: Home) -> None:
        chat = home.open("-m", "groq:gpt-oss-20b").prompt()
        chat.enter("Hello").sees("Answer 1 from groq.").prompt()
        said = " ".join(chat.ask("/retry openai:gpt-6.1-sol short").split())
        assert 'so "short" would be lost.' in said
        assert "@openai:gpt-6.1-sol short asks this instead." in said
        assert not home.openai.requests


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        ([0.2, 0.22], "$0.4200"),
        ([0.42, None], "at least $0.4200"),
        ([None, 1.5], "at least $1.50"),
        ([None], "cost unknown"),
        ([0.0, None], "cost unknown"),
        ([0.0, 0.0], ""),
        ([], ""),
    ],
)
def test_a_sum_in_which_a_price_is_missing_is_at_least_what_is_known(costs: list[float | None], said: str) -> None:
    assert total(costs) == said


def test_the_bar_and_the_list_say_at_least_where_one_price_is_not_known(home: Home) -> None:
    chat = home.open("-m", "openai:gpt-6.1-sol", columns=120).prompt()
    chat.enter("Hello").sees("Answer 1 from openai.").prompt()
    chat.enter("@openai:gtp Hello").until(lambda: "all the same?" in chat.words or "Answer 2" in chat.words)
    if "all the same?" in chat.words:
        chat.type("y\r")
    chat.sees("Answer 2 from openai.").prompt().sees("at least $")
    assert "at least $" in chat.ask("/usage").splitlines()[-1]


def test_a_price_in_a_list_has_its_unit(home: Home) -> None:
    assert "$2/$10 per 1M\t" in home.run("--list-models").stdout
    chat = home.open(columns=200, rows=60).prompt()
    assert "$ per 1M tokens in/out" in chat.ask("/models")
    assert "$2/$10 per million tokens in and out" in chat.ask("/model sonnet --plan")


def test_a_picture_that_waits_for_a_model_without_eyes_is_told_with_the_way_to_take_it_off(home: Home) -> None:
    (home.folder / "a.png").write_bytes(picture(20, 20))
    chat = home.open("-m", "anthropic:claude-haiku-4.5", columns=160).prompt()
    assert "sees no images" not in chat.ask("/attach a.png")
    said = chat.ask("/model groq:gpt-oss-20b")
    assert "gpt-oss-20b sees no images; /model to one that does before asking, or /attach - takes them off." in said
    chat.enter("/attach -").sees("Nothing is attached.").prompt()
    assert "or /attach - takes them off." in chat.ask("/attach a.png ")
