"""PDF for models that read it and for those that do not: what is sent, what is refused, and what the cures lead to."""

import base64
import re

import psutil
import pytest

from modules.llm.parts import File, Text
from modules.tools.media.documents import text_of
from tests.conftest import Connect
from tests.harness.cases import DOCUMENT, LOOP, PICTURE, TOOLS, Case
from tests.harness.home import Home
from tests.harness.sample_files import pdf
from tests.wire import Answer, Call
from tests.wire.facts import Dialect

OSS = ("-m", "groq:gpt-oss-120b")
TERMS = pdf("Pay on time.", "", "Or else.")
CTRL_C = "\x03"


@pytest.fixture
def terms(home: Home) -> bytes:
    """A PDF in the person's folder."""
    (home.folder / "terms.pdf").write_bytes(TERMS)
    return base64.b64encode(TERMS)


class TestOnTheCommandLine:
    """B8."""

    def test_it_is_refused_before_anything_is_sent_and_the_cures_work(self, home: Home, terms: bytes) -> None:
        done = home.run("-p", "Sum it up.", "-a", "terms.pdf", *OSS)
        assert (done.stdout, done.returncode) == ("", 1)
        assert not home.groq.requests
        said = re.fullmatch(
            r"parlance: groq:gpt-oss-120b reads no PDF. -m (\S+) asks one that reads documents. "
            r"--attach-text FILE in the place of -a gives its text instead.\n",
            done.stderr,
        )
        assert said is not None, done.stderr
        assert home.run("-p", "Sum it up.", "-a", "terms.pdf", "-m", said[1]).returncode == 0
        assert terms in home.anthropic.chats[0].raw
        assert home.run("-p", "Sum it up.", "--attach-text", "terms.pdf", *OSS).returncode == 0
        assert len(home.groq.chats) == 1

    def test_nobody_is_named_who_has_no_key(self, home: Home, terms: bytes) -> None:
        del home.keys["ANTHROPIC_API_KEY"], home.keys["OPENAI_API_KEY"]
        done = home.run("-p", "Sum it up.", "-a", "terms.pdf", *OSS, "--json")
        assert "reads no PDF. --attach-text FILE" in done.stderr
        assert '"kind": "DocumentsUnsupported"' in done.stdout
        assert "claude" not in done.stderr

    def test_its_text_goes_page_by_page_and_that_is_said(self, home: Home, terms: bytes) -> None:
        done = home.run("-p", "Sum it up.", "--attach-text", "terms.pdf", *OSS)
        assert done.stderr == (
            "parlance: terms.pdf: the text of 3 pages; 1 page without text; no pictures, no layout.\n"
        )
        assert home.groq.chats[0].body["messages"][-1]["content"] == (
            "Sum it up.\n\n[file: terms.pdf]\n[page 1 of 3]\nPay on time.\n\n[page 2 of 3: no text]\n\n"
            "[page 3 of 3]\nOr else."
        )


class TestInTheChat:
    """B8."""

    def test_the_question_stays_and_the_text_takes_the_place_of_the_file(self, home: Home, terms: bytes) -> None:
        (home.folder / "papers").mkdir()
        (home.folder / "terms.pdf").rename(home.folder / "papers/my terms.pdf")
        terminal = home.open(*OSS, columns=200).prompt()
        terminal.enter("/attach papers/my terms.pdf").sees("gpt-oss-120b reads no PDF. /model anthropic:").prompt()
        terminal.enter("Sum it up.").sees("groq:gpt-oss-120b reads no PDF.").prompt("Sum it up.")
        assert not home.groq.requests
        terminal.type(CTRL_C).prompt().enter("/attach --text my terms.pdf").sees("the text of 3 pages").prompt()
        terminal.enter("Sum it up.").sees("Answer 1").prompt()
        content = home.groq.chats[0].body["messages"][-1]["content"]
        assert content.count("[file: my terms.pdf]") == 1
        assert "[page 3 of 3]\nOr else." in content
        assert "left out" not in content

    def test_the_question_stays_and_a_model_that_reads_gets_the_file(self, home: Home, terms: bytes) -> None:
        terminal = home.open(*OSS, columns=200).prompt()
        terminal.enter("/attach terms.pdf").sees("reads no PDF").prompt()
        terminal.enter("Sum it up.").sees("/retry anthropic:").prompt("Sum it up.")
        terminal.type(CTRL_C).prompt().enter("/model anthropic:claude-sonnet-5.5").sees("→").prompt()
        terminal.enter("Sum it up.").sees("Answer 1").prompt()
        assert terms in home.anthropic.chats[0].raw

    def test_another_model_that_reads_none_is_not_asked(self, home: Home, terms: bytes) -> None:
        terminal = home.open("-m", "anthropic:claude-sonnet-5.5", "-a", "terms.pdf", columns=200).prompt()
        terminal.enter("@groq:gpt-oss-120b Sum it up.").sees("groq:gpt-oss-120b reads no PDF.").prompt(
            "@groq:gpt-oss-120b Sum it up."
        )
        terminal.type(CTRL_C).prompt().enter("Sum it up.").sees("Answer 1").prompt()
        assert terms in home.anthropic.chats[0].raw
        terminal.enter("/retry groq:gpt-oss-120b").sees("reads no PDF.").sees("The answer before stays.").prompt()
        assert not home.groq.requests
        terminal.enter("/attach --text terms.pdf").sees("the text of 3 pages").prompt()
        terminal.enter("@groq:gpt-oss-120b And this?").sees("Answer 1 from groq").prompt()
        assert "Or else." in home.groq.chats[0].raw.decode()

    def test_ctrl_c_stops_the_reading_and_not_the_program(self, home: Home) -> None:
        slow = pdf(*["a) Tj " + "(abc) Tj 3 0 Td " * 400_000 + "(a"] * 20)
        (home.folder / "slow.pdf").write_bytes(slow)
        terminal = home.open(*OSS).prompt().enter("/attach --text slow.pdf")
        reading = psutil.Process(terminal.pid)
        terminal.until(lambda: bool(reading.children()), "the process that reads").type(CTRL_C)
        terminal.sees("Stopped: slow.pdf is not attached.").prompt().enter("Hi").sees("Answer 1").prompt()
        assert "slow.pdf" not in home.groq.chats[0].raw.decode()

    def test_tab_completes_the_path_after_the_option(self, home: Home, terms: bytes) -> None:
        terminal = home.open(*OSS).prompt()
        terminal.type("/attach --text ter\t").sees("--text terms.pdf").type("\t").prompt("/attach --text terms.pdf")
        assert "Attached" not in terminal.words, "completing is not entering"


REFUSED = {
    "encrypted": (pdf("Secret.", password="hush"), "x.pdf is encrypted. Save a copy of it without a password"),
    "scanned": (pdf("", ""), "x.pdf holds no text: its pages are pictures or blank. Attach it as it is"),
    "empty": (pdf(), "x.pdf has no pages."),
    "cut": (TERMS[: len(TERMS) // 3], "x.pdf is damaged: it cannot be read as a PDF."),
    "nothing but a name": (b"%PDF-1.7 ...", "x.pdf is damaged: it cannot be read as a PDF."),
    "a picture": (base64.b64decode(PICTURE.base64), "x.pdf is a picture and has no text. Attach it as it is."),
}


@pytest.mark.parametrize(("data", "words"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_text_to_give_says_why(home: Home, data: bytes, words: str) -> None:
    (home.folder / "x.pdf").write_bytes(data)
    done = home.run("-p", "Hm?", "--attach-text", "x.pdf", *OSS)
    assert done.returncode == 1
    assert words in done.stderr
    assert not home.groq.requests


async def test_a_page_that_unpacks_to_more_than_it_may_is_read_as_none_and_nothing_else_suffers() -> None:
    data = pdf("Before.", "a) Tj " + "(a) Tj " * 20_000_000 + "(a", "After.")
    extract = await text_of(data, "x.pdf", {})
    assert extract.text == "[page 1 of 3]\nBefore.\n\n[page 2 of 3: it cannot be read]\n\n[page 3 of 3]\nAfter."


@pytest.mark.parametrize("name", ["anthropic", "openai", "chat"])
async def test_a_document_of_a_tool_is_given_to_a_model_that_reads_it(connect: Connect, name: Dialect) -> None:
    """B14: over Chat Completions it stands in the message after the results, as pictures do."""
    wired = await connect(name)
    results = [(Text("see"), DOCUMENT, PICTURE), (File("text/plain", "SGVsbG8=", "note.txt"),)]
    await wired.play(Case(LOOP[:2], tools=TOOLS, results=results))
    assert wired.last.broken == []
    sent = wired.last.raw.decode()
    assert sent.count(DOCUMENT.base64) == 1
    assert "left out" not in sent
    assert r"[file: note.txt]\nHello" in sent
    if name == "chat":
        *_, first, second, below = wired.last.body["messages"]
        assert first["content"] == "see\n[file: terms.pdf, below]\n[image: red.png, below]"
        assert second["content"] == "[file: note.txt]\nHello"
        assert [piece["type"] for piece in below["content"]] == ["text", "file", "image_url"]
        assert below["content"][0]["text"] == "[The files that the tools above returned:]"


def test_a_document_of_a_tool_is_named_to_a_model_that_reads_none(home: Home, terms: bytes) -> None:
    """B14."""
    home.groq.answer(Answer(Call("read_file", {"path": "terms.pdf"})), Answer("I cannot."))
    done = home.run("-p", "Look.", "--tools", "read_file", "--yes", *OSS)
    assert done.returncode == 0
    assert "[file: terms.pdf, left out: gpt-oss-120b takes no documents]" in home.groq.chats[1].raw.decode()
