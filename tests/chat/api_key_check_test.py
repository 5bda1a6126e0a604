"""Keys in what is typed, pasted or piped (G): asked before a model is told one, refused where nobody can be asked."""

import base64
import hashlib
import json
import random
import string
import uuid
from pathlib import Path

import pytest

from modules.llm.key_forms import owners
from tests.harness.home import KEYS, Home
from tests.harness.terminal import CTRL_C, CTRL_D, UP, Terminal

OSS = ("-m", "groq:gpt-oss-120b")
DRAWN = random.Random(11)


def drawn(count: int, of: str = string.ascii_letters + string.digits) -> str:
    return "".join(DRAWN.choices(of, k=count - 3)) + "4aZ"


CLAUDE_KEY = f"sk-ant-api03-{drawn(93, string.ascii_letters + string.digits + '-_')}AA"
LIKE_KEYS = [
    ("Anthropic", CLAUDE_KEY),
    ("Anthropic", f"sk-ant-oat01-{drawn(80)}"),
    ("Anthropic", "sk-ant-api03-AbCdEf0123456789"),
    ("Anthropic", "sk-ant-api03-abcdefghijklmnopqrstuvwxyz"),
    ("OpenAI", f"sk-proj-{drawn(60)}-_{drawn(60)}"),
    ("OpenAI", f"sk-svcacct-{drawn(100)}"),
    ("OpenAI", f"sk-{drawn(20)}T3BlbkFJ{drawn(20)}"),
    ("a model provider", f"sk-{drawn(48)}"),
    ("a model provider", f"sk-{hashlib.md5(b'deepseek').hexdigest()}"),
    ("a model provider", f"sk-kimi-{drawn(60)}"),
    ("Groq", f"gsk_{drawn(52)}"),
    ("Google", f"AIzaSy{drawn(33)}"),
    ("xAI", f"xai-{drawn(80)}"),
    ("OpenRouter", f"sk-or-v1-{hashlib.sha256(b'router').hexdigest()}"),
    ("Hugging Face", f"hf_{drawn(34)}"),
    ("GitHub", f"ghp_{drawn(36)}"),
    ("Perplexity", f"pplx-{drawn(48)}"),
    ("NVIDIA", f"nvapi-{drawn(64)}"),
]


@pytest.mark.parametrize(("whose", "key"), LIKE_KEYS, ids=[key[:12] for _, key in LIKE_KEYS])
@pytest.mark.parametrize("around", ["{}", "KEY={}", 'Is "{}" valid?', "curl -H 'x-api-key: {}' …", "a\n{}\nb", "({})."])
def test_a_key_is_known_by_its_form_wherever_it_stands(whose: str, key: str, around: str) -> None:
    assert list(owners(around.format(key))) == [whose]


def test_a_private_key_is_known() -> None:
    assert list(owners(f"-----BEGIN OPENSSH PRIVATE KEY-----\n{drawn(60)}\n-----END OPENSSH PRIVATE KEY-----")) == [""]


@pytest.mark.parametrize(
    "text",
    [
        "sk-ant-api03-xxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-ant-api03-...",
        "sk-ant-api03-…",
        "sk-proj-the-name-of-a-long-project-of-mine",
        "sk-proj-your-key-here-123456",
        "OPENAI_API_KEY=sk-<your key>",
        "gsk_your_key_goes_here_1",
        "AIza followed by 35 characters",
        "AKIAIOSFODNN7EXAMPLE",
        "a risk-proj-0123456789abcdef and a task-ant-api03-0123456789abcdef",
        "sk-learn-pipelines-and-transformers-2",
        "sk-btn sk-btn--primary sk-button-primary-large-hover-state-2",
        "sk-SK is Slovak, sk-3 is no road",
        "https://example.org/sk-0123456789abcdef0123456789abcdef",
        "xai-org/grok-1 and hf_hub_download and npm_config_registry_of_everything_1",
        "-----BEGIN PRIVATE KEY----- is how such a file begins",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
        hashlib.sha256(b"a").hexdigest(),
        hashlib.sha1(b"a").hexdigest(),
        str(uuid.UUID(int=DRAWN.getrandbits(128))),
    ],
)
def test_what_is_no_key_is_not_taken_for_one(text: str) -> None:
    assert list(owners(text)) == []


def test_encoded_data_is_not_taken_for_a_key() -> None:
    for _ in range(20):
        data = DRAWN.randbytes(30_000)
        for text in (base64.b64encode(data), base64.urlsafe_b64encode(data), data.hex().encode()):
            assert list(owners(text.decode())) == []


def asked(terminal: Terminal) -> Terminal:
    """Wait until the question can be answered; what is typed before it is no answer."""
    return terminal.until(lambda: terminal.line.endswith("y/N"), "the question")


class TestInTheChat:
    def test_a_key_is_asked_about_and_on_a_no_nothing_is_sent_and_the_text_stays(self, home: Home) -> None:
        line = f"Is {CLAUDE_KEY} good?"
        terminal = home.open(*OSS, columns=200).prompt()
        terminal.enter(line).sees("what looks like a key of Anthropic").sees("Send it all the same? y/N")
        asked(terminal).type("\r").sees("Nothing was sent.").prompt(line)
        assert not home.groq.requests
        terminal.type(CTRL_C).prompt().enter("Hello").sees("Answer 1").prompt()
        terminal.type(UP).type(UP).prompt(line).type(CTRL_C).prompt()  # in this run it is not lost
        assert terminal.leave() == 0
        kept = b"".join(path.read_bytes() for path in home.folder.rglob("*") if path.is_file())
        assert CLAUDE_KEY.encode() not in kept

    @pytest.mark.parametrize("key", [CTRL_C, CTRL_D, "n\r", "what?\r"], ids=["Ctrl+C", "Ctrl+D", "n", "else"])
    def test_only_a_yes_is_a_yes(self, home: Home, key: str) -> None:
        terminal = home.open(*OSS, columns=200).prompt()
        asked(terminal.enter(CLAUDE_KEY)).type(key).sees("Nothing was sent.").prompt(CLAUDE_KEY)
        assert not home.groq.requests

    def test_on_a_yes_it_is_sent(self, home: Home) -> None:
        terminal = home.open(*OSS, columns=200).prompt()
        asked(terminal.enter(CLAUDE_KEY)).type("y\r").sees("Answer 1 from groq.").prompt()
        assert CLAUDE_KEY in home.groq.chats[0].raw.decode()

    def test_a_paste_and_a_question_for_another_model_and_instructions_are_asked_about_too(self, home: Home) -> None:
        terminal = home.open(*OSS, columns=200).prompt()
        terminal.paste(f"one\n{CLAUDE_KEY}\ntwo").sees("two").type("\r")
        asked(terminal).type("\r").sees("Nothing was sent")
        terminal.type(CTRL_C).prompt()
        for line in (f"@openai:gpt-6.1-sol {CLAUDE_KEY}", f"/sys {CLAUDE_KEY}"):
            asked(terminal.enter(line)).type("\r").prompt(line).type(CTRL_C).prompt()
        terminal.enter("/system").sees("There are no instructions").prompt()
        assert not home.groq.requests
        assert not home.openai.requests

    def test_ones_own_key_is_known_whatever_it_looks_like_and_in_a_file_too(self, home: Home) -> None:
        (home.folder / "env.txt").write_text(f"export GROQ={KEYS['GROQ_API_KEY']}\n")
        terminal = home.open(*OSS, columns=120).prompt()
        asked(terminal.enter(KEYS["OPENAI_API_KEY"]).sees("This holds your OPENAI_API_KEY.")).type("\r")
        terminal.prompt(KEYS["OPENAI_API_KEY"]).type(CTRL_C).prompt()
        terminal.enter("/attach env.txt").sees("Attached").prompt()
        asked(terminal.enter("Look.").sees("This holds your GROQ_API_KEY.")).type("\r").prompt("Look.")
        assert not home.groq.requests


class TestInAPipe:
    def test_a_key_is_refused_and_nothing_is_sent(self, home: Home) -> None:
        done = home.run("-p", f"Is {CLAUDE_KEY} good?", *OSS)
        assert (done.stdout, done.returncode) == ("", 2)
        assert "Not sent: this holds what looks like a key of Anthropic." in done.stderr
        assert CLAUDE_KEY not in done.stderr
        assert not home.groq.requests
        assert json.loads(home.run("-p", CLAUDE_KEY, *OSS, "--json").stdout)["error"]["kind"] == "UsageError"
        assert home.run("-p", "Hm?", "-s", CLAUDE_KEY, *OSS).returncode == 2

    def test_a_key_is_sent_as_the_advice_says(self, home: Home) -> None:
        done = home.run("-p", CLAUDE_KEY, "--send-keys", *OSS)
        assert (done.stderr, done.returncode) == ("", 0)

    def test_what_is_piped_in_may_hold_keys_but_not_ones_own(self, home: Home, tmp_path: Path) -> None:
        assert home.run("-p", "Review.", *OSS, given=f"+KEY = '{CLAUDE_KEY}'\n").returncode == 0
        done = home.run("-p", "Review.", *OSS, given=f"+KEY = '{KEYS['OPENAI_API_KEY']}'\n")
        assert done.returncode == 2
        assert "your OPENAI_API_KEY" in done.stderr
        (tmp_path / "notes.txt").write_text(KEYS["GROQ_API_KEY"])
        assert home.run("-p", "Look.", *OSS, "-a", str(tmp_path / "notes.txt")).returncode == 2
        assert len(home.groq.chats) == 1
