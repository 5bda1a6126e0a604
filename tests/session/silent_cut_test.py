"""A server that keeps fewer tokens than it is sent (D4): noticed, and never where it may have read everything."""

import base64
import random
import string

import pytest

from modules.config import ROOT
from modules.llm.base import ChatRequest
from modules.llm.events import Usage
from modules.llm.message import Message, user
from modules.llm.models import Model, Provider
from modules.llm.parts import File, Image, Reasoning, Text, ToolCall, ToolResult
from modules.session.recovery.silent_cut import silent_cut
from tests.harness.many_providers import Stage
from tests.wire import Answer
from tests.wire import Usage as TokensRead

PROSE = (ROOT / "tests/data/prose_sample.txt").read_text("utf-8")
CODE = (ROOT / "tests/data/code_sample.txt").read_text("utf-8")
LONG_WORDS = "Donaudampfschifffahrtsgesellschaft Rechtsschutzversicherungsgesellschaften Verkehrsinfrastruktur "
SHUFFLED = random.Random(7)


def at(name: str = "ollama") -> Model:
    provider = Provider(name=name, title=name, dialect="openai-chat", base_url="http://127.0.0.1:11434/v1")
    return Model(name="llama", id="llama", provider=provider)


def said(*messages: Message | str, read: int, cached: int = 0, name: str = "ollama", system: str = "") -> str:
    told = tuple(user(one) if isinstance(one, str) else one for one in messages)
    return silent_cut(ChatRequest(at(name), told, system), Usage(input=read, cache_read=cached))


def letters(count: int, of: str) -> str:
    return "".join(SHUFFLED.choices(of, k=count))


async def test_a_person_is_told_once() -> None:
    """D4: Ollama keeps 2,048 tokens and says nothing of it (ollama#8099)."""
    async with Stage() as stage:
        x = stage.add("X", "chat")
        await stage.say(x, PROSE[:20_000] * 2, Answer("So.", usage=TokensRead(2_048, 1)))
        assert [text for text in stage.recovered if "has read 2,048 tokens" in text] == stage.recovered != []
        await stage.say(x, "And?", Answer("So.", usage=TokensRead(2_048, 1)))
        assert stage.recovered == []


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (PROSE[:20_000] * 4 + PROSE[:8_000], 2_048),  # D4: 88 kB
        (PROSE[:20_000] * 2, 2_048),
        (PROSE[:20_000] * 2, 4_096),
        (PROSE[:20_000] * 8, 16_386),  # ollama#17427: half of num_ctx, and two
        (CODE * 4, 1_026),
        (letters(88_000, "的一是不了人我在有他这中大来上国"), 2_048),
        (letters(88_000, string.ascii_letters + string.digits + "+/"), 2_048),
        (PROSE[:20_000], 30),  # the history is dropped and the last question alone is read
    ],
)
def test_far_fewer_tokens_than_were_sent_are_told(text: str, read: int) -> None:
    words = said(text, read=read)
    assert f"has read {read:,} tokens of about {len(text) // 4:,} that were sent" in words
    assert "num_ctx" in words


@pytest.mark.parametrize(
    ("text", "a_token"),  # characters to a token, as tokenizers have it for such text, or worse
    [
        (PROSE * 3, 5.0),
        (CODE * 4, 5.5),
        (LONG_WORDS * 300, 6.0),
        (letters(60_000, "的一是不了人我在有他这中大来上国"), 1.8),
        (letters(60_000, "がぎぐげござじずぜぞ日本語"), 1.5),
        (letters(60_000, "กขฃคฅฆงจฉชซ"), 4.0),
        (letters(60_000, string.ascii_letters + string.digits + "+/"), 2.5),
        (letters(60_000, string.hexdigits), 2.5),
        (" " * 200_000 + "x", 1_000.0),
        ("\n    \t" * 50_000, 60.0),
        ("-" * 200_000, 60.0),
        ("| --- " * 5_000 + "=-" * 40_000, 20.0),
        ("0" * 100_000, 3.0),
    ],
)
def test_text_that_takes_few_tokens_is_no_cut(text: str, a_token: float) -> None:
    assert said(text, read=int(len(text) / a_token)) == ""


def test_a_server_that_does_not_count_is_not_suspected() -> None:
    """ollama#5370 counts 0 where the prompt was cached."""
    assert said(PROSE * 4, read=0) == ""
    assert silent_cut(ChatRequest(at(), (user(PROSE * 4),)), None) == ""


def test_what_a_cache_served_was_read() -> None:
    assert said(PROSE * 2, read=10, cached=len(PROSE) // 2) == ""
    assert said(PROSE * 2, read=len(PROSE) // 2, cached=len(PROSE) // 2 - 10) == ""


def test_a_short_question_fits_everywhere() -> None:
    assert said(PROSE[:5_000], read=1) == ""


def test_pictures_and_documents_and_reasoning_are_no_text() -> None:
    data = base64.b64encode(PROSE.encode() * 9).decode()
    thought = Message("assistant", (Reasoning(PROSE * 9), Text("So.")))
    shown = user("Look.", Image("image/png", data), File("application/pdf", data))
    assert said(shown, thought, "And?", read=40) == ""


def test_what_was_refused_is_not_sent() -> None:
    refused = Message("assistant", (Text("I would"),), state="refused")
    assert said(PROSE * 2, refused, "And?", read=40) == ""


def test_text_files_instructions_calls_and_results_are_sent() -> None:
    file = File("text/plain", base64.b64encode(PROSE[:9_000].encode()).decode(), "notes.txt")
    call = Message("assistant", (ToolCall("call_1", "write", PROSE[:9_000]),))
    result = Message("tool", (ToolResult("call_1", (Text(PROSE[:9_000]),)),))
    assert said(user("Read.", file), read=900)
    assert said("Hm?", read=900, system=PROSE[:9_000])
    assert said("Write.", call, read=900)
    assert said("Look.", Message("assistant", (ToolCall("call_1", "look", "{}"),)), result, read=900)


@pytest.mark.parametrize(
    ("name", "setting"), [("llamacpp", "--ctx-size"), ("lmstudio", "context length"), ("attic", "context setting")]
)
def test_the_setting_of_the_server_is_named(name: str, setting: str) -> None:
    assert setting in said(PROSE[:20_000], read=2_048, name=name)
