"""The built-in guide: what it knows, what it says about itself, and that it behaves like any other provider."""

import asyncio
import re
import subprocess
import sys

import pytest

from modules.config import ROOT
from modules.errors import FormatError
from modules.llm.base import ChatRequest, Reply, ToolSpec
from modules.llm.events import Finished, ReasoningDelta, TextDelta
from modules.llm.message import Message, Origin, user
from modules.llm.models import Model, Provider
from modules.llm.parts import Image, Text, ToolCall
from modules.llm.service_manager import ServiceManager
from modules.offline import guide
from modules.offline.answer import answer
from modules.offline.service import OfflineService

PROVIDER = Provider(name="offline", title="Offline", dialect="offline", base_url="offline:")
MODEL = Model(name="guide", id="guide", provider=PROVIDER)
CAT = Image("image/png", "iVBORw0KGgo=", "cat.png")

QUESTIONS = {
    "Does it work with a screen reader?": "accessibility",
    "Hello": "about",
    "hi there!": "about",
    "What is this?": "about",
    "Who are you?": "about",
    "Are you a language model?": "about",
    "thanks": "thanks",
    "how do I use this?": "topics",
    "How do I get started?": "topics",
    "Can you search the web?": "web search",
    "how do I set up searxng": "web search",
    "How do I run a shell command myself?": "attach",
    "How do I set a key?": "keys",
    "where do I put my API keys": "keys",
    "I have an Anthropic account, how do I log in?": "keys",
    "How can I switch models?": "switch",
    "how do I change to another model": "switch",
    "Can I ask another model just once?": "one turn",
    "what does @model do": "one turn",
    "Can I run this on my own machine without a key?": "local models",
    "does it work with Ollama?": "local models",
    "how do I connect llama.cpp": "local models",
    "LM Studio": "local models",
    "Which tools are there?": "tools",
    "how do I switch tools on": "tools",
    "turn off tools": "tools",
    "can a model read a file here": "tools",
    "how does it go on after a pause": "/continue",
    "how do i change a setting": "/set",
    "what is approval": "approval",
    "how do I run a tool without asking": "approval",
    "what does it ask permission for": "approval",
    "how do I add an MCP server": "mcp",
    "how do I write a tool of my own": "own tools",
    "can I add tools": "own tools",
    "how do I make a prompt of my own": "own prompts",
    "do custom commands of Claude Code work": "own prompts",
    "is AGENTS.md read": "folder instructions",
    "what are skills": "skills",
    "Which models are available?": "models",
    "What carries over when I switch?": "what carries over",
    "do tool calls survive a switch?": "what carries over",
    "will the new model remember?": "what carries over",
    "How do I send a picture?": "images",
    "Which keyboard shortcuts are there?": "keyboard",
    "How do I stop an answer?": "keyboard",
    "what does Ctrl+G do": "keyboard",
    "how do I type several lines": "keyboard",
    "Where is my history stored?": "files and folders",
    "where is the config folder": "files and folders",
    "Can I use it in a script?": "headless",
    "how do I pipe a file into it": "headless",
    "what does --json do": "headless",
    "How do I set the temperature?": "options",
    "can I get structured output that fits a schema": "structured answers",
    "Is my data private?": "privacy",
    "Are my keys safe?": "privacy",
    "I get an error": "trouble",
    "my key doesn't work": "trouble",
    "What did we talk about?": "recap",
    "Show me a long answer": "sample",
    "markdown demo": "sample",
    "Which commands are there?": "commands",
    "what does /help do": "/help",
    "what does /model do?": "/model",
    "what does /config do": "/config",
    "show me the raw request": "/wire",
    "explain /models": "/models",
    "How do I start a new conversation?": "/new",
    "how do I clear the screen": "/clear",
    "how can I set a system prompt": "/system",
    "help with retry": "/retry",
    "what does /undo do": "/undo",
    "how do I take back my question": "/undo",
    "can I hide the reasoning": "/reasoning",
    "how much did this cost": "/usage",
    "copy the answer to the clipboard": "/copy",
    "write code to a file": "/save",
    "print the conversation": "/print",
    "can I get a notification": "notifications",
    "can you draw pictures with sixel": "pictures",
    "list the tools please": "/tools",
    "is my mcp server running": "/mcp",
    "show me the whole output of a tool": "/tool",
    "how do I continue a paused turn": "/continue",
    "what does /attach do": "/attach",
    "how do I leave": "/exit",
    "what does the undo command do": "/undo",
    "help": "topics",
    "What can you do?": "topics",
}
BY_NAME = {
    "preface",
    "keys of one provider",
    "switch to one provider",
    "image attached",
    "no topic",
    "nothing yet",
    "tools off",
    "tool off",
}
NOT_OURS = [
    "What is the capital of France?",
    "Write a Python function that sorts a list of names.",
    "Who wrote Hamlet?",
    "Why is the sky blue?",
    "fix this error in my Python code: KeyError",
    "write me a long story about dragons",
    "qwertz",
    "",
    "???",
]


def said(model: str, text: str, *parts: ToolCall) -> Message:
    return Message("assistant", (Text(text), *parts), Origin("openai-chat", "example.org", model))


def guide_said(text: str) -> Message:
    return Message("assistant", (Text(text),), Origin("offline", "offline:", "guide"))


def ask(*history: Message | str) -> str:
    """What the guide answers at the end of this history; strings are questions."""
    return answer(guide.load(), [user(each) if isinstance(each, str) else each for each in history]).text


def reply_to(*questions: str, reasoning_off: bool = False, pace: float = 0) -> Reply:
    messages = tuple(user(question) for question in questions)
    request = ChatRequest(MODEL, messages, reasoning="none" if reasoning_off else None)
    return OfflineService(PROVIDER, pace=pace).reply(request)


@pytest.mark.parametrize(("question", "topic"), QUESTIONS.items())
def test_a_natural_question_reaches_its_topic(question: str, topic: str) -> None:
    found = guide.load().find(question).section
    assert found is not None
    assert found.name == topic


def test_every_section_is_reached_by_a_question_or_used_by_name() -> None:
    known = guide.load()
    assert known.sections.keys() - known.commands == (set(QUESTIONS.values()) | BY_NAME) - known.commands.keys()


def test_every_command_of_the_table_is_told_and_no_section_is_about_another() -> None:
    known = guide.load()
    assert {name for name in known.sections if name.startswith("/")} == known.commands.keys()
    for name, told in known.commands.items():
        assert all(text in ask(f"What does {name} do?") for text in told)


def test_a_command_without_a_section_is_told_with_its_row() -> None:
    row = "| Command | What it does |\n|---|---|\n| /dance [slowly\\|fast] | Dance. |"
    known = guide.parse(f"## preface\nI am scripted.\n\n## commands\n<!-- commands -->\n{row}\n<!-- /commands -->\n")
    assert answer(known, [user("what does /dance do")]).text == "I am scripted.\n\n`/dance [slowly|fast]`\n\nDance."


@pytest.mark.parametrize("question", NOT_OURS)
def test_a_question_about_something_else_gets_the_topics_and_how_to_set_a_key(question: str) -> None:
    assert guide.load().find(question).section is None
    text = ask(question)
    assert "scripted" in text
    assert "GROQ_API_KEY" in text
    assert "images" in text


@pytest.mark.parametrize("question", ["What are you?", "are you an AI?", "Is this a real language model?"])
def test_it_says_that_it_is_scripted_when_asked(question: str) -> None:
    assert "scripted, not a language model" in " ".join(ask("hello", guide_said("..."), question).split())


@pytest.mark.parametrize("question", QUESTIONS)
def test_its_first_answer_of_a_conversation_says_that_it_is_scripted(question: str) -> None:
    assert "I am scripted" in ask(question)


def test_it_says_so_once_and_again_only_where_it_has_not_spoken_yet() -> None:
    assert "scripted" not in ask("what does /undo do", guide_said("..."), "and /retry?")
    assert "I am scripted" in ask("I am scripted?", said("gpt-6", "No."), "what did we talk about")


def test_no_answer_shows_a_placeholder_or_a_comment() -> None:
    for question in QUESTIONS:
        text = ask(question).replace("$1, $2", "").replace("$5", "")
        assert "<!--" not in text
        assert not re.search(r"\$[a-z]", text)


def test_the_guide_speaks_plainly() -> None:
    text = (ROOT / "modules/offline/guide.md").read_text(encoding="utf-8")
    assert not re.search("[\U0001f000-\U0001faff\u2600-\u27bf]", text)
    assert "!" not in re.sub(r"`[^`]*`", "", text.replace("<!--", ""))  # `!cmd` is typed so


def test_a_key_question_that_names_a_provider_gets_its_variable_and_page() -> None:
    text = ask("How do I set a key for Groq?")
    assert "GROQ_API_KEY" in text
    assert "https://console.groq.com/keys" in text
    assert "OPENAI_API_KEY" not in text


def test_a_family_of_models_stands_for_its_provider() -> None:
    assert "ANTHROPIC_API_KEY" in ask("how do I set a key for claude")


def test_a_key_question_about_a_local_server_says_that_none_is_needed() -> None:
    assert "needs no key" in ask("which key for ollama")


def test_a_follow_up_goes_on_from_the_question_before() -> None:
    about_keys = ask("how do I set a key for openai?", guide_said("..."), "and groq?", guide_said("..."), "and xAI?")
    assert "XAI_API_KEY" in about_keys
    assert "GROQ_API_KEY" not in about_keys
    about_switching = ask("how do I switch models?", guide_said("..."), "and to groq?")
    assert "/model groq:" in about_switching
    assert "GROQ_API_KEY" not in about_switching


def test_a_provider_after_another_topic_is_a_question_about_its_key() -> None:
    assert "GROQ_API_KEY" in ask("what does /undo do", guide_said("..."), "and groq?")


def test_a_provider_alone_with_nothing_before_it_is_a_question_about_its_key() -> None:
    assert "MISTRAL_API_KEY" in ask("mistral")


def test_the_recap_lists_the_turns_and_who_answered() -> None:
    call = ToolCall("call_1", "clock", "{}")
    text = ask(
        "Why is the sky\n`blue`?",
        said("llama-3.3-70b", "Because."),
        user("What is on this?", CAT),
        said("claude-opus-5-5", "Let me see.", call),
        "Never answered",
        "what did we talk about",
    )
    assert "1. `Why is the sky 'blue'?`, answered by llama-3.3-70b." in text
    assert "2. `What is on this?` with 1 image, answered by claude-opus-5-5 with 1 tool call." in text
    assert "3. `Never answered`, not answered." in text
    assert "what did we talk about" not in text


def test_the_recap_of_a_new_conversation_says_that_there_is_nothing_yet() -> None:
    assert "Nothing yet" in ask("what did we talk about?")


def test_a_command_is_shown_with_its_usage() -> None:
    assert "`/reasoning [level|show|hide]`" in ask("what does /reasoning do")


def test_it_says_that_it_cannot_see_an_image_and_answers_what_else_was_asked() -> None:
    alone = ask(user("What is this picture?", CAT))
    assert "cannot see" in alone
    both = ask(user("what does /undo do", CAT))
    assert "cannot see" in both
    assert "Take back the last question and its answer." in both


async def test_an_image_is_not_refused() -> None:
    reply = OfflineService(PROVIDER, pace=0).reply(ChatRequest(MODEL, (user("Look.", CAT),)))
    assert [event async for event in reply]
    assert "cannot see" in reply.message().text


def test_the_long_answer_has_everything_that_models_write() -> None:
    text = ask("show me a long answer")
    assert len(text.split()) > 500
    for sign in ("\n# ", "\n## ", "\n### ", "\n- ", "\n1. ", "\n|", "```python", "\n> ", "\n---", "**", "[link]("):
        assert sign in text


def test_the_reasoning_names_the_words_as_they_were_typed_and_the_topic() -> None:
    thought = answer(guide.load(), [user("Where do I put my keys for Groq?")]).thought
    assert thought == '"keys", "groq": this leads to the topic "keys".'


def test_a_pasted_book_does_not_hold_up_the_program() -> None:
    assert "scripted" in ask("colourless green ideas sleep furiously " * 100_000)


async def test_reasoning_comes_first_then_text_in_small_pieces_and_finished_last() -> None:
    reply = reply_to("what does /undo do")
    events = [event async for event in reply]
    kinds = [type(event) for event in events]
    thoughts, texts = kinds.count(ReasoningDelta), kinds.count(TextDelta)
    assert thoughts > 1
    assert texts > 10
    assert kinds == [ReasoningDelta] * thoughts + [TextDelta] * texts + [Finished]
    assert all(len(event.text.split()) == 1 for event in events if isinstance(event, ReasoningDelta | TextDelta))


async def test_the_message_is_what_was_streamed_with_its_outcome() -> None:
    reply = reply_to("markdown demo")
    text = "".join([event.text async for event in reply if isinstance(event, TextDelta)])
    message = reply.message()
    assert message.text == text == ask("markdown demo")
    assert message.origin == Origin("offline", PROVIDER.issuer_of("guide"), "guide")
    assert (message.state, message.stop) == ("complete", "end_turn")


async def test_usage_counts_what_was_read_and_said() -> None:
    short, long = reply_to("hello"), reply_to("hello", "and the whole markdown demo")
    for reply in (short, long):
        async for _ in reply:
            pass
    first, second = short.message().usage, long.message().usage
    assert first is not None
    assert second is not None
    assert 0 < first.reasoning < first.output < second.output
    assert 0 < first.input < second.input


async def test_it_does_not_think_aloud_when_reasoning_is_off() -> None:
    reply = reply_to("hello", reasoning_off=True)
    assert not [event async for event in reply if isinstance(event, ReasoningDelta)]
    assert reply.message().text


async def test_cancelling_stops_at_once_and_keeps_the_partial_text() -> None:
    reply = reply_to("markdown demo", reasoning_off=True, pace=0.001)
    seen: list[str] = []
    begun = asyncio.Event()

    async def read() -> None:
        async for event in reply:
            assert isinstance(event, TextDelta)
            seen.append(event.text)
            if len(seen) == 5:
                begun.set()

    reading = asyncio.create_task(read())
    await begun.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(reading, 0.1)
    message = reply.message("interrupted")
    assert message.state == "interrupted"
    assert message.text == "".join(seen)
    assert message.text.startswith("I am the built-in guide")
    assert len(seen) < 20


async def test_cancelling_does_not_wait_for_the_next_word() -> None:
    reply = reply_to("hello", pace=3600)

    async def read() -> None:
        await anext(aiter(reply))

    reading = asyncio.create_task(read())
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(reading, 0.1)


async def test_the_service_manager_hands_it_out_without_a_key() -> None:
    manager = ServiceManager(lambda variable: None)
    service = await manager.service_for(MODEL)
    assert isinstance(service, OfflineService)
    reply = service.reply(ChatRequest(MODEL, (user("hello"),), reasoning="none"))
    assert await anext(aiter(reply)) == TextDelta("Hello. ")
    assert [model.full_name for model in await service.models()] == ["offline:guide"]
    await manager.close()


async def test_tools_are_taken_and_left_alone() -> None:
    tools = (ToolSpec("clock", "Tells the time.", {"type": "object"}),)
    reply = OfflineService(PROVIDER, pace=0).reply(ChatRequest(MODEL, (user("hello"),), tools=tools))
    assert isinstance([event async for event in reply][-1], Finished)
    assert not reply.message().calls


def test_a_request_with_nothing_to_answer_is_refused_as_everywhere() -> None:
    with pytest.raises(FormatError):
        OfflineService(PROVIDER).reply(ChatRequest(MODEL, ()))


def test_it_never_connects_and_loads_no_sdk() -> None:
    program = """
import asyncio, sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        raise RuntimeError(f"asked the network: {event}")

sys.addaudithook(watch)
from modules.llm.base import ChatRequest
from modules.llm.message import user
from modules.llm.models import Model, Provider
from modules.offline.service import OfflineService

async def main():
    provider = Provider(name="offline", title="Offline", dialect="offline", base_url="offline:")
    request = ChatRequest(Model(name="guide", id="guide", provider=provider), (user("hello"),))
    async for event in OfflineService(provider, pace=0).reply(request):
        pass
    print(type(event).__name__, sorted({"anthropic", "groq", "openai", "httpx", "httpx2"} & set(sys.modules)))

asyncio.run(main())
"""
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("Finished []\n", "")
