"""For a screen reader: lines of words and nothing else, at the level of bytes, whatever runs."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.chat.markdown.spoken_markdown import SpokenMarkdown
from modules.chat.wording.spoken_words import in_words, row_in_words
from modules.config import Config
from tests.harness.home import Home
from tests.harness.terminal import CTRL_C, CTRL_D, Terminal
from tests.wire import Answer, Call, Reasoning, Status, Text

OSS = ("-m", "groq:gpt-oss-120b")
ACCESSIBLE = {"ACCESSIBLE": "1"}
ANSWER = """# Sizes of *things*

Both are **small**. See the table, e.g. its [second](https://example.org/b) row.

| Name | Size |
|---|---:|
| **a** | 1 |
| b | `2` |

- One of them is this. It goes on.
- [x] was done
1. First

> It is said.

```python
def f(x):
    return x  # *no emphasis*
```
And that is all.
"""
SAID = [
    "Heading 1: Sizes of things.",
    "Both are small.",
    "See the table, e.g. its second (https://example.org/b) row.",
    "Table:",
    "Name: a. Size: 1.",
    "Name: b. Size: 2.",
    "End of table.",
    "- One of them is this.",
    "It goes on.",
    "Done: was done",
    "1. First",
    "Quote:",
    "It is said.",
    "End of quote.",
    "Code, python:",
    "def f(x):",
    "    return x  # *no emphasis*",
    "End of code.",
    "And that is all.",
]


def opened(home: Home, *args: str, env: dict[str, str] | None = None) -> Terminal:
    terminal = home.open(*OSS, *args, env=ACCESSIBLE if env is None else env, columns=160, rows=200)
    return terminal.until(lambda: terminal.line == "You:", "the prompt")


def entered(terminal: Terminal, line: str) -> Terminal:
    """Type a line and wait for the next prompt."""
    before = terminal.text.count("You:")
    terminal.type(f"{line}\n")
    return terminal.until(lambda: terminal.line == "You:" and terminal.text.count("You:") > before, "the next prompt")


def left(terminal: Terminal) -> list[str]:
    """Leave, and give all lines that were written, of which every byte is text."""
    terminal.type(CTRL_D).exit_code()
    raw = terminal.raw.replace(b"\r\n", b"\n")
    # The terminal itself echoes Ctrl+C and Ctrl+D as two characters, and Ctrl+D takes them back with backspaces.
    raw = raw.replace(b"^D\x08\x08", b"")
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", raw), raw
    text = raw.decode()
    assert not re.search(r"[\u2500-\u259f\u2800-\u28ff·→…]", text), "no boxes, bars or spinners"
    return text.split("\n")


def test_the_first_screen_is_lines_of_words(home: Home) -> None:
    lines = left(opened(home))
    assert lines[0].startswith("Parlance 0.1.0, groq:gpt-oss-120b, /help")
    assert lines[1:] == ["You: Leaving.", ""]


def test_an_answer_is_said_in_sentences_tables_as_sentences_and_code_is_announced(home: Home) -> None:
    home.groq.answer(Answer(Reasoning("Let me think."), Text(ANSWER), pace=0.001))
    lines = left(entered(opened(home), "Tell me."))
    begin = lines.index("gpt-oss-120b answers:")
    assert lines[begin - 3 : begin] == [
        "Waiting for gpt-oss-120b.",
        "gpt-oss-120b thinks.",
        "Thought in 3 words. /reasoning show says them.",
    ]
    assert [line.replace("Code 1,", "Code,") for line in lines[begin + 1 : begin + 1 + len(SAID)]] == SAID
    assert re.fullmatch(r"Answer ends: groq:gpt-oss-120b, .* s\.", lines[begin + 1 + len(SAID)])


def test_a_question_before_a_call_is_lines_and_whole_words_answer_it(home: Home) -> None:
    home.groq.answer(Answer(Call("run_command", {"command": "echo one; echo 'Enter alone: no'"})), "It ran.")
    terminal = (
        opened(home).type("run it\n").sees("Your answer:").type("yes please\n").sees('"yes please" is no answer here.')
    )
    terminal.type("y\n").sees("Answer ends").until(lambda: terminal.line == "You:")
    lines = left(terminal)
    at = lines.index("Allow run_command?")
    assert lines[at + 2] == "Line 1: echo one; echo 'Enter alone: no'"
    assert "y: yes" in lines
    assert "Your answer: Running run_command echo one; echo 'Enter alone: no'." not in lines
    assert [line for line in lines if line.startswith("Call 1")] == ["Call 1, run_command, done."]


def test_enter_alone_declines_and_ctrl_c_stops(home: Home) -> None:
    call = Call("run_command", {"command": "touch no.txt"})
    home.groq.answer(Answer(call), "As you wish.", Answer(call))
    terminal = opened(home).type("run it\n").sees("Your answer:").type("\n").sees("Call 1, run_command, declined.")
    terminal.sees("As you wish.").sees("Answer ends").until(lambda: terminal.line == "You:")
    terminal.type("again\n").until(lambda: terminal.text.count("Your answer:") == 2).type(CTRL_C).sees("Interrupted.")
    terminal.until(lambda: terminal.line == "You:")
    left(terminal)
    assert not (home.folder / "no.txt").exists()


def test_the_models_are_numbered_lines_and_a_switch_is_told(home: Home) -> None:
    home.groq.answer("One.")
    terminal = (
        entered(opened(home), "a").type("/model\n").sees("Enter for none.").type("99\n").sees("There is no number 99.")
    )
    terminal.type("opus\n").until(lambda: terminal.text.count("1. anthropic:claude-opus") == 1).type("1\n")
    terminal.sees("groq:gpt-oss-120b to anthropic:claude-opus").until(lambda: terminal.line == "You:")
    lines = left(terminal)
    assert next(line for line in lines if line.startswith("1. ")).startswith(
        "1. groq:gpt-oss-120b, in use, used before, "
    )


def test_conversations_are_numbered_lines_too_and_what_was_said_is_told(home: Home) -> None:
    home.groq.answer("The first answer.", "The second answer.")
    left(entered(opened(home), "About cheese."))
    terminal = entered(opened(home), "About bread.").type("/sessions cheese\n").sees("Enter for none.").type("1\n")
    terminal.sees("The first answer.").until(lambda: terminal.line == "You:")
    lines = left(terminal)
    assert any(line.startswith("1. About cheese") for line in lines)
    assert left(opened(home, "-c"))[1:3] == ["You: About bread.", "The second answer."]


def test_an_error_is_named_as_one_with_its_cure(home: Home) -> None:
    home.groq.answer(Status(401, message="Invalid API Key"))
    lines = left(entered(entered(opened(home), "/nope"), "Hello?"))
    assert 'Error: There is no command "/nope".' in lines
    assert any(line.startswith("Error: ") and "key" in line.lower() for line in lines if "nope" not in line)


def test_an_interrupt_is_told_and_the_next_prompt_comes(home: Home) -> None:
    home.groq.answer(Answer("It begins now. " + "It goes on and on. " * 400, pace=0.02))
    terminal = opened(home).type("go\n").sees("It begins now.").type(CTRL_C).sees("Interrupted.")
    terminal.until(lambda: terminal.line == "You:").type(CTRL_C).sees("Press Ctrl+C again")
    left(terminal.until(lambda: terminal.line == "You:"))


def test_tables_of_commands_are_sentences(home: Home) -> None:
    home.groq.answer("One.")
    terminal = entered(opened(home), "a")
    for line in ("/help", "/who", "/usage", "/config", "/tools", "/models groq", "/theme", "/context"):
        entered(terminal, line)
    lines = left(terminal)
    assert "/clear: Clear the screen; the conversation goes on." in lines
    assert any(re.match(r"model: groq:gpt-oss-120b\. key: key\. window: 131k\.", line) for line in lines)
    assert any(line.startswith("neutral, in use: ") for line in lines)


@pytest.mark.parametrize(
    ("args", "env", "setting"),
    [
        (("--plain",), {}, ""),
        ((), {"ACCESSIBLE": "yes"}, ""),
        ((), {}, "true"),
        (("--plain",), {"ACCESSIBLE": "0"}, ""),
    ],
)
def test_it_is_asked_for_by_an_option_a_variable_or_a_setting(
    home: Home, args: tuple[str, ...], env: dict[str, str], setting: str
) -> None:
    if setting:
        with (home.folder / "settings.toml").open("a") as file:
            file.write(f"[screen]\nplain = {setting}\n")
    left(opened(home, *args, env=env))


def test_the_variable_may_also_say_no(home: Home) -> None:
    (home.folder / "settings.toml").write_text("[screen]\nplain = true\n")
    assert not Config(home.env(ACCESSIBLE="0")).spoken
    assert Config(home.env()).spoken


def test_one_question_at_a_terminal_is_answered_in_words_and_exactly_in_a_pipe(home: Home) -> None:
    home.groq.answer(ANSWER, ANSWER)
    terminal = home.open(*OSS, "-p", "Tell me.", env=ACCESSIBLE, columns=160, rows=60)
    assert terminal.exit_code() == 0
    assert terminal.raw.replace(b"\r\n", b"\n").decode().split("\n")[: len(SAID)] == SAID
    assert home.run(*OSS, "-p", "Tell me.", env=ACCESSIBLE).stdout == ANSWER


def said(pieces: list[str]) -> list[str]:
    lines: list[str] = []
    markdown = SpokenMarkdown(lines.append)
    for piece in pieces:
        markdown.feed(piece)
        markdown.draw()
    markdown.finish()
    return lines


@pytest.mark.parametrize("seed", range(40))
def test_what_is_said_does_not_depend_on_how_it_came(seed: int) -> None:
    chance = random.Random(seed)
    pieces, at = [], 0
    while at < len(ANSWER):
        size = chance.randint(1, 12)
        pieces.append(ANSWER[at : at + size])
        at += size
    assert said(pieces) == SAID


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(
            [
                "word",
                " ",
                "\n",
                "\n\n",
                "|",
                "|--|",
                "**",
                "`",
                "```",
                "> ",
                "- ",
                "1. ",
                "#",
                "\x1b[31m",
                "\r",
                ". A",
                "    ",
                "[x]",
                "é",
            ]
        ),
        max_size=40,
    )
)
def test_no_text_at_all_brings_a_sign_that_a_terminal_obeys(pieces: list[str]) -> None:
    lines = said(pieces)
    assert not any(re.search(r"[\x00-\x08\x0a-\x1f\x7f]", line) for line in lines)
    words = re.findall(r"word|é", "".join(pieces))
    assert re.findall(r"word|é", "".join(lines)) == words, "and none of it is lost"


def test_a_row_is_a_sentence_with_or_without_headings() -> None:
    assert row_in_words(("a", "", "1.5 s"), ("name", "key", "time")) == "name: a. time: 1.5 s."
    assert row_in_words(("/help [command]", "Show it.")) == "/help [command]: Show it."
    assert row_in_words(("tools", "████▒···", "12%")) == "tools: 12%"
    assert row_in_words(()) == ""
    assert in_words("a → b · 2 turns carry over …") == "a to b, 2 turns carry over ..."


def test_pasted_lines_wait_for_an_enter_and_are_one_message(home: Home) -> None:
    home.groq.answer("Thanks.", "Bye.")
    terminal = opened(home).type("It rains.\n/clear\nlast").sees("2 lines came at once.")
    terminal.type("\n").sees("3 lines came at once. Enter alone sends them as one message, Ctrl+C drops them.")
    assert not home.groq.chats
    entered(terminal.until(lambda: terminal.line == "You:"), "")
    assert home.groq.chats[-1].body["messages"][-1]["content"] == "It rains.\n/clear\nlast"
    terminal.type("1\n2\n3\n4\n").sees("4 lines came at once.").type(CTRL_C).sees("Not sent: 4 lines.")
    terminal.until(lambda: terminal.line == "You:")
    entered(terminal, "typed")
    assert home.groq.chats[-1].body["messages"][-1]["content"] == "typed"
    left(terminal)


def test_pasted_lines_answer_no_question_and_run_nothing(home: Home) -> None:
    home.groq.answer(Answer(Call("run_command", {"command": "touch no.txt"})), "As you wish.", "Thanks.")
    terminal = opened(home).type("run it\n").sees("Your answer:").type("y\ny\n").sees("2 lines came at once.")
    terminal.type("\n").sees("Call 1, run_command, declined.").sees("Answer ends")
    terminal.until(lambda: terminal.line == "You:")
    terminal.type(CTRL_C).sees("Not sent: 2 lines.").type("!touch no.txt\n\n\n").sees("3 lines came at once.")
    terminal.type("\n").sees("Not run, since it came with other lines: !touch no.txt")
    left(terminal.until(lambda: terminal.line == "You:"))
    assert not (home.folder / "no.txt").exists()
