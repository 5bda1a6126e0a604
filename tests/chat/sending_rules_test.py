"""To whom nothing is sent: refused at the start, at the switch, and before any request, whoever makes it."""

import json

import pytest

from tests.harness.home import Home
from tests.wire import WireServer

GROQ = ("-m", "groq:gpt-oss-120b")


@pytest.fixture
def quiet(home: Home) -> Home:
    settle(home, 'never_to = ["groq"]')
    return home


def settle(home: Home, line: str) -> None:
    (home.folder / "settings.toml").write_text(f"[models]\nrefresh = false\n[send]\n{line}\n")


def asked(server: WireServer) -> int:
    return len(server.requests)


def test_a_forbidden_provider_is_refused_at_the_start_in_a_pipe_and_in_the_chat(quiet: Home) -> None:
    done = quiet.run("-p", "Hello", *GROQ)
    assert done.returncode == 77
    assert "Nothing is sent to Groq: [send] never_to in your settings names it." in done.stderr
    terminal = quiet.open(*GROQ)
    terminal.sees("Nothing is sent to Groq")
    assert asked(quiet.groq) == 0


def test_a_switch_to_it_is_refused_and_the_old_model_stays(quiet: Home) -> None:
    terminal = quiet.open("-m", "anthropic:claude-sonnet-5.5").prompt()
    terminal.enter("/model groq:gpt-oss-120b").sees("Nothing is sent to Groq").sees("Still on anthropic").prompt()
    terminal.enter("@groq:gpt-oss-120b Hello").sees(
        "Nothing is sent to Groq",
    ).prompt()
    terminal.type("\x15").enter("Hello").sees("Answer 1").prompt()
    terminal.enter("/retry groq:gpt-oss-120b").sees("Choose a model of another provider").prompt()
    terminal.enter("/models groq --refresh").prompt()
    assert asked(quiet.groq) == 0


def test_a_title_is_not_asked_of_it_and_a_default_is_taken_elsewhere(home: Home) -> None:
    settle(home, 'never_to = ["anthropic"]')
    terminal = home.open(rows=40).prompt()
    assert "anthropic:" not in terminal.rows[0]
    terminal.enter("Hello").sees("Answer 1").prompt()
    terminal.enter("/set sessions.title_model claude-haiku-5.5").sees("in this session").prompt()
    terminal.enter("/title --auto").sees("Nothing is sent to Anthropic").prompt()
    assert asked(home.anthropic) == 0


def test_what_is_forbidden_while_the_program_runs_is_not_sent_any_more(home: Home) -> None:
    terminal = home.open(*GROQ).prompt().enter("Hello").sees("Answer 1").prompt()
    terminal.enter("/set never_to groq").sees("send.never_to is groq").prompt()
    before = asked(home.groq)
    terminal.enter("Again").sees("Nothing is sent to Groq").prompt("Again")
    assert asked(home.groq) == before
    terminal.type("\x15").prompt().enter("/set never_to --reset").sees("is [] (as usual)").prompt()
    terminal.enter("Once more").sees("Answer 2").prompt()


def test_with_only_near_ones_a_server_here_answers_and_one_elsewhere_does_not(home: Home) -> None:
    settle(home, "only_near = true")
    home.overlay({"groq": {"base_url": home.groq.base_url}, "openai": {"base_url": "https://api.openai.example/v1"}})
    assert home.run("-p", "Hello", *GROQ).stdout.startswith("Answer 1")
    done = home.run("-p", "Hello", "-m", "openai:gpt-6-luna")
    assert (done.returncode, "only_near in your settings keeps to your own network" in done.stderr) == (77, True)


def test_a_conversation_with_a_forbidden_model_goes_on_with_another(home: Home) -> None:
    terminal = home.open(*GROQ).prompt().enter("Hello").sees("Answer 1").prompt()
    terminal.close()
    settle(home, 'never_to = ["groq"]')
    terminal = home.open("-c").prompt()
    assert "Nothing is sent to Groq: [send] never_to in your settings names it. anthropic:" in terminal.words
    before = asked(home.groq)
    terminal.enter("Go on").sees("Answer 1").prompt()
    assert asked(home.groq) == before
    assert "Hello" in json.dumps(home.anthropic.chats[-1].body)


def test_a_provider_that_there_is_none_of_ends_the_start_with_the_name_that_was_meant(home: Home) -> None:
    settle(home, 'never_to = ["grok"]')
    done = home.run("-p", "Hello", *GROQ)
    assert (
        done.returncode,
        '[send] never_to names "grok", which is no provider. Did you mean groq?' in done.stderr,
    ) == (
        2,
        True,
    )
