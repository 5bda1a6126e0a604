"""Answers that are not whole (A5, A6, A22): what the chat and `-p` say of them, and with what exit code."""

import json
import signal
from typing import get_args

import pytest

from modules.chat.wording.endings import ENDINGS, calls_as_text, ending
from modules.llm.events import Finished, StopReason
from modules.llm.message import Message, user
from modules.llm.parts import Text, ToolCall
from tests.harness.home import Home
from tests.wire import Answer, Call, Fault, Reasoning, Refusal


def test_each_reason_to_stop_is_a_whole_answer_or_has_words() -> None:
    assert set(ENDINGS) == set(get_args(StopReason))


MODELS = {
    "anthropic": ("-m", "anthropic:claude-sonnet-5.5"),
    "openai": ("-m", "openai:gpt-6.1-sol"),
    "groq": ("-m", "groq:gpt-oss-120b"),
    "ollama": ("-m", "ollama:llama3.1"),
}
CASES = [
    ("anthropic", "max_tokens", Answer("Half an", stop="max_tokens"), "output limit"),
    ("openai", "max_tokens", Answer("Half an", stop="max_tokens"), "output limit"),
    ("groq", "max_tokens", Answer("Half an", stop="max_tokens"), "output limit"),
    ("ollama", "max_tokens", Answer("Half an", stop="max_tokens"), "output limit"),
    ("anthropic", "window", Answer("Half an", stop="model_context_window_exceeded"), "context window is full"),
    ("anthropic", "paused", Answer("Half an", stop="pause_turn"), "paused"),
    ("anthropic", "refusal", Answer("I would", stop="refusal"), "declined"),
    ("openai", "refusal", Answer(Refusal("I can't help with that.")), "declined"),
    ("groq", "filter", Answer("I would", stop="refusal"), "answer"),
    ("anthropic", "unknown", Answer("Half an", stop="sun_spots"), "not known here"),
    ("groq", "unknown", Answer("Half an", stop="sun_spots"), "not known here"),
    ("ollama", "aborted", Answer("Half an", stop="insufficient_system_resource"), "answer"),
    ("anthropic", "reasoning alone", Answer(Reasoning("Hm.")), "empty"),
    ("openai", "reasoning alone", Answer(Reasoning("Hm.")), "empty"),
    ("groq", "reasoning alone", Answer(Reasoning("Hm.")), "empty"),
    ("ollama", "nothing", Answer(""), "empty"),
    ("ollama", "blanks", Answer(" \n "), "empty"),
    ("ollama", "blanks of no width", Answer("\u200b\ufeff"), "empty"),
    ("groq", "a call without tools", Answer("I look.", Call("read_file", {"path": "a"})), "read_file"),
]
every_case = pytest.mark.parametrize(
    ("provider", "answer", "said"), [(p, a, s) for p, _, a, s in CASES], ids=[f"{p}-{kind}" for p, kind, _, _ in CASES]
)


@every_case
def test_an_answer_that_is_not_whole_is_told_on_standard_error_and_in_the_exit_code(
    home: Home, provider: str, answer: Answer, said: str
) -> None:
    home.servers[provider].answer(answer)
    done = home.run("-p", "Hm?", *MODELS[provider])
    assert done.returncode == 1
    assert all(line.startswith("parlance: ") for line in done.stderr.splitlines())
    assert said in done.stderr.splitlines()[-1]
    assert "/" not in done.stderr, "no command of the chat is advised"


@every_case
def test_an_answer_that_is_not_whole_is_told_in_json(home: Home, provider: str, answer: Answer, said: str) -> None:
    home.servers[provider].answer(answer)
    done = home.run("-p", "Hm?", *MODELS[provider], "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert said in told["error"]["message"]
    assert told["error"]["message"] in done.stderr
    assert set(told["error"]) == {"kind", "message", "cure", "retry_after"}


@every_case
def test_an_answer_that_is_not_whole_is_marked_in_the_chat(
    home: Home, provider: str, answer: Answer, said: str
) -> None:
    home.servers[provider].answer(answer)
    terminal = home.open(*MODELS[provider]).prompt()
    terminal.enter("Hm?").sees(said)
    assert len(home.servers[provider].chats) == 1, "nothing is asked again by itself"


def test_a_cut_answer_goes_on_as_the_advice_says_in_a_pipe_and_in_the_chat(home: Home) -> None:
    home.groq.answer(Answer("Half an", stop="max_tokens"), Answer("answer."), Answer("And", stop="max_tokens"), "more.")
    done = home.run("-p", "Hm?", *MODELS["groq"])
    assert '-c -p "Go on." asks for the rest.' in done.stderr
    assert home.run("-c", "-p", "Go on.").stdout == "answer.\n"
    terminal = home.open("-r", home.ids()[0]).prompt().enter("More?").sees("/continue asks for the rest").prompt()
    terminal.enter("/continue").sees("more.").prompt()
    assert [message["role"] for message in home.groq.chats[-1].body["messages"]] == ["user", "assistant"] * 3 + ["user"]


def test_a_cut_answer_that_is_not_saved_is_not_said_to_go_on(home: Home) -> None:
    home.groq.answer(Answer("Half an", stop="max_tokens"))
    assert "-c" not in home.run("-p", "Hm?", *MODELS["groq"], "--no-save").stderr.split()


def test_a_turn_that_pauses_after_its_calls_is_not_said_to_have_left_them(home: Home) -> None:
    (home.folder / "settings.toml").write_text("[tools]\nsteps = 1\n")
    home.groq.answer(Answer(Call("calculate", {"expression": "1+1"})), Answer(Call("calculate", {"expression": "2+2"})))
    terminal = home.open(*MODELS["groq"]).prompt().enter("Sum.").sees("/continue goes on, with any model.").prompt()
    assert "not run" not in terminal.text
    done = home.run("-p", "Sum.", *MODELS["groq"], "--tools", "all", "--json")
    assert json.loads(done.stdout)["error"]["kind"] == "Paused"
    assert done.stderr.endswith('The model was asked 1 times in this turn. -c -p "Go on." goes on.\n')
    assert home.run("-c", "-p", "Go on.").stdout == "Answer 3 from groq.\n"


def test_long_results_are_cut_on_standard_error_without_a_command_that_shows_them(home: Home) -> None:
    (home.folder / "many.txt").write_text("\n".join(f"line {n}" for n in range(40)))
    home.groq.answer(Answer(Call("read_file", {"path": "many.txt"})), "So.")
    done = home.run("-p", "Read.", *MODELS["groq"], "--yes")
    assert done.returncode == 0
    assert "more lines" in done.stderr
    assert "/tool" not in done.stderr


def test_an_interrupted_question_says_so_in_json(home: Home) -> None:
    home.groq.answer(Answer(fault=Fault.slow_headers(30)))
    running = home.start("-p", "Count", *MODELS["groq"], "--json")
    home.groq.wait_for(1)
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=10)
    assert running.returncode == 130
    assert json.loads(out)["error"]["kind"] == "Interrupted"


def test_a_call_that_was_written_as_text_is_told(home: Home) -> None:
    """A16."""
    text = 'I look.\n<tool_call>\n{"name": "read_file", "arguments": {"path": "a"}}\n</tool_call>'
    home.groq.answer(text, text)
    done = home.run("-p", "Read a.", *MODELS["groq"], "--tools", "read_file")
    assert (done.returncode, done.stdout) == (1, f"{text}\n")
    assert "looks like a call of read_file that the server did not read" in done.stderr
    terminal = home.open(*MODELS["groq"]).prompt().enter("Read a.")
    terminal.sees("looks like a call of read_file that the server did not read").prompt()


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>\n{"name": "look", "arguments": {"at": "a"}}\n</tool_call>',
        "<tool_call>\n<function=look>\n<parameter=at>\na\n</parameter>\n</function>\n</tool_call>",
        "<tool_call>look\n<arg_key>at</arg_key>\n<arg_value>a</arg_value>\n</tool_call>",
        '[TOOL_CALLS][{"name": "look", "arguments": {"at": "a"}}]',
        '[TOOL_CALLS]look{"at": "a"}',
        '<|python_tag|>{"name": "look", "parameters": {"at": "a"}}',
        '<function=look>{"at": "a"}</function>',
        '<function_calls>\n<invoke name="look">\n<parameter name="at">a</parameter>\n</invoke>\n</function_calls>',
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>look\n```json\n{}\n```<｜tool▁call▁end｜>",
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.look:0<|tool_call_argument_begin|>{}",
        '<|channel|>commentary to=functions.look <|constrain|>json<|message|>{"at": "a"}',
        '<｜DSML｜function_calls>\n<｜DSML｜invoke name="look">\n</｜DSML｜invoke>\n</｜DSML｜function_calls>',
        '<minimax:tool_call>\n<invoke name="look">\n</invoke>\n</minimax:tool_call>',
        '{"name": "look", "parameters": {"at": "a"}}',
        '```json\n{"name": "look", "arguments": {"at": "a"}}\n```',
        '{"type": "function", "function": {"name": "look", "arguments": "{}"}}',
    ],
)
def test_calls_in_the_forms_of_models_are_known_as_text(text: str) -> None:
    assert "look" in calls_as_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "Look at <b>this</b> function: look(at).",
        'Models write `<tool_call>{"name": "look"}</tool_call>` for it.',
        'So:\n\n```xml\n<invoke name="look">\n```\n\nThat is all.',
        'The file holds {"name": "look", "arguments": {}} and more.',
        '{"name": "look", "version": 1}',
        "look",
    ],
)
def test_words_about_calls_are_no_calls(text: str) -> None:
    assert calls_as_text(text) == []


ENDS: list[tuple[StopReason, str, str, str]] = [
    ("aborted", "insufficient_system_resource", "Aborted", '"insufficient_system_resource"'),
    ("refusal", "content_filter: RECITATION", "Filtered", "filter"),
    ("refusal", "", "Refused", "declined"),
    ("unknown", "sun_spots", "UnknownEnd", '"sun_spots"'),
    ("unknown", "", "UnknownEnd", "did not say why"),
    ("max_tokens", "model_length", "OutputLimit", '"model_length"'),
    ("tool_use", "", "CallMissing", "no call came"),
]


@pytest.mark.parametrize(("stop", "word", "kind", "said"), ENDS)
def test_an_end_is_told_in_the_words_of_the_server(stop: StopReason, word: str, kind: str, said: str) -> None:
    told = ending(Finished(stop, None, "", word), [user("Hm?"), Message("assistant", (Text("Half"),))])
    assert told is not None
    assert told.kind == kind
    assert said in told.words


def test_a_long_word_of_a_server_is_cut() -> None:
    told = ending(Finished("unknown", None, "", "w" * 10_000), [])
    assert told is not None
    assert len(told.words) < 300


def test_a_whole_answer_needs_no_word() -> None:
    said = [user("Hm?"), Message("assistant", (Text("Whole."),))]
    assert ending(Finished("end_turn", None, ""), said) is None
    assert ending(None, said) is None


def test_calls_that_nobody_ran_are_named() -> None:
    calls = tuple(ToolCall(f"call_{n}", name, "{}") for n, name in enumerate("aabcde"))
    told = ending(Finished("tool_use", None, ""), [Message("assistant", calls)])
    assert told is not None
    assert told.words.endswith(": a, b, c and 2 more.")
