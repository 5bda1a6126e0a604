"""The model that a chat begins with, and each model's level of reasoning, as the settings say."""

import json

import pytest

from tests.harness.home import Home
from tests.harness.terminal import Terminal


def settle(home: Home, text: str) -> None:
    (home.folder / "settings.toml").write_text(f"[models]\nrefresh = false\n{text}\n")


def first_row(terminal: Terminal) -> str:
    return terminal.prompt().rows[0]


def test_a_chat_begins_with_the_model_of_the_settings_and_m_goes_before(home: Home) -> None:
    settle(home, '[start]\nmodel = "groq:gpt-oss-120b"')
    assert "groq:gpt-oss-120b" in first_row(home.open())
    assert "anthropic:claude-sonnet-5.5" in first_row(home.open("-m", "anthropic:claude-sonnet-5.5"))
    assert home.run("-p", "Hello").stdout.startswith("Answer 1 from groq")


def test_last_is_the_model_that_was_used_last_in_a_chat(home: Home) -> None:
    settle(home, '[start]\nmodel = "last"')
    usual = first_row(home.open())
    terminal = home.open().prompt().enter("/model groq:gpt-oss-120b").sees("→ groq:gpt-oss-120b").prompt()
    kept = home.folder / "state" / "last_model"
    terminal.until(lambda: kept.exists() and kept.read_text() == "groq:gpt-oss-120b", "that it is kept")
    assert "groq:gpt-oss-120b" in first_row(home.open()) != usual


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nobody", '[start] model: No model is called "nobody".'),
        ("groq:gpt-oss-120b", "[start] model is groq:gpt-oss-120b, and GROQ_API_KEY is not set."),
    ],
)
def test_one_that_cannot_answer_is_told_and_the_usual_one_does(home: Home, name: str, why: str) -> None:
    del home.keys["GROQ_API_KEY"]
    settle(home, f'[start]\nmodel = "{name}"')
    terminal = home.open(columns=120).prompt()
    assert why in terminal.words
    assert "anthropic:claude-sonnet-5.5" in terminal.rows[0]


def effort(home: Home) -> object:
    return home.groq.chats[-1].body.get("reasoning_effort")


def test_a_model_has_its_level_at_the_start_and_after_a_switch_until_the_person_says_otherwise(home: Home) -> None:
    (home.folder / "settings.toml").write_text(
        '[models]\nrefresh = false\n[models.reasoning]\n"groq:gpt-oss-120b" = "high"\n"groq:gpt-oss-20b" = "low"\n'
    )
    assert home.run("-p", "Hello", "-m", "groq:gpt-oss-120b").returncode == 0
    assert effort(home) == "high"
    terminal = home.open("-m", "groq:gpt-oss-20b", columns=120).prompt()
    terminal.enter("Hello").sees("Answer 2").prompt()
    assert effort(home) == "low"
    terminal.enter("/model groq:gpt-oss-120b").sees("· reasoning high").prompt()
    terminal.enter("/reasoning medium").sees("· reasoning medium").prompt()
    terminal.enter("/model groq:gpt-oss-20b").sees("→ groq:gpt-oss-20b").prompt()
    terminal.enter("Hello").sees("Answer 3").prompt()
    assert effort(home) == "medium"
    terminal.enter("/set answers.reasoning hidden").sees("in this session").prompt()
    terminal.enter("/set answers.reasoning full").sees("answers.reasoning is full").prompt()


def test_what_was_said_in_an_earlier_run_goes_before_the_settings(home: Home) -> None:
    terminal = home.open("-m", "groq:gpt-oss-120b").prompt()
    terminal.enter("/reasoning low").sees("set to low").prompt().enter("Hello").sees("Answer 1").prompt()
    terminal.leave()
    settle(home, '[models.reasoning]\n"groq:gpt-oss-120b" = "high"')
    terminal = home.open("-c").prompt().enter("Again").sees("Answer 2").prompt()
    assert effort(home) == "low"
    assert "low" in json.dumps(home.groq.chats[-1].body)
