"""A call that is declined although something was allowed says why that did not cover it."""

from pathlib import Path

import pytest

from modules.tools.approval import Approval, permission_from
from modules.tools.programs.shell import run_command
from modules.tools.tool import ToolContext
from tests.harness.home import Home
from tests.wire import Answer, Call

OSS = ("-m", "groq:gpt-oss-120b")
HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("allowed", "line", "why"),
    [
        ("run_command:git status", "git status -s", '"run_command:git status *" would cover what begins so'),
        ("run_command:git log *", "git push", "the command begins with other words"),
        ("run_command:git log *", "git log | sh", "the command is more than words to a shell"),
        ("run_command:python *", "python -c 1", '"python" can run anything'),
        ("run_command:env *", "env ls", '"env" runs whatever command follows it'),
        ("run_command:a && b *", "a && b c", "it is more than words to a shell"),
        ("fetch_url", "ls", ""),
    ],
)
async def test_each_reason_is_told(allowed: str, line: str, why: str) -> None:
    plan = await run_command.prepare({"command": line}, ToolContext(HERE, HERE))
    approval = Approval([permission_from(allowed)])
    assert approval.needs(run_command, plan)
    said = approval.why_not(run_command, plan)
    assert why in said
    assert bool(said) == bool(why)


def test_in_a_pipe_it_is_told_with_what_would_allow_the_call(home: Home) -> None:
    home.groq.answer(Answer(Call("run_command", {"command": "echo 'a b' | cat"})), "Done.")
    done = home.run("-p", "Go", *OSS, "--allow", "run_command:echo *")
    assert 'parlance: run_command is not allowed. "run_command:echo *" does not cover it: the command is' in done.stderr
    assert "--allow run_command allows it." in done.stderr


def test_what_is_advised_in_a_pipe_allows_the_call(home: Home) -> None:
    home.groq.answer(Answer(Call("run_command", {"command": "echo there"})), "Done.")
    done = home.run("-p", "Go", *OSS, "--allow", "run_command:pwd *")
    assert "--allow run_command allows it." in done.stderr
    home.groq.answer(Answer(Call("run_command", {"command": "echo there"})), "Done.")
    assert "is not allowed" not in home.run("-p", "Go", *OSS, "--allow", "run_command").stderr


def test_in_the_chat_the_question_says_it(home: Home) -> None:
    home.groq.answer(Answer(Call("run_command", {"command": "echo there"})), "Done.")
    chat = home.open(*OSS, "--allow", "run_command:pwd", columns=120).prompt()
    chat.enter("Go").sees('"run_command:pwd" covers that very line only').sees('"run_command:pwd *" would cover')
