"""Markdown and plain words: who said what, and nothing that was said reaches into what others said."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from modules.llm.events import Usage
from modules.llm.message import Message, user
from modules.llm.parts import File, Opaque, Reasoning, Refusal, Text, ToolCall, ToolResult
from modules.session.conversation import Conversation
from modules.session.export.as_markdown import as_markdown
from modules.session.export.as_text import as_text
from modules.session.export.contained_markdown import blocks_of_code, contained
from modules.session.export.file_name import file_name
from modules.session.export.formats import FORMATS, exported
from tests.harness.any_conversation import conversations, markup, words
from tests.harness.cases import DOCUMENT, PICTURE
from tests.harness.store_helpers import MODEL, ORIGIN, OTHER

LAST = "The last word of all."
COMMONMARK = MarkdownIt("commonmark")


def a_conversation() -> Conversation:
    talk = Conversation(MODEL, "Be brief.")
    talk.append(user("How warm is it?", PICTURE, DOCUMENT, File("text/plain", "aGVsbG8=", "note.txt")))
    call = ToolCall("call_1", "weather", '{"city": "Zürich"}')
    talk.append(Message("assistant", (Reasoning("Hm."), Text("Let me look."), call), ORIGIN))
    talk.pay(MODEL, Usage(1, 2))
    talk.append(Message("tool", (ToolResult("call_1", (Text("no such city"),), is_error=True),)))
    talk.append(Message("assistant", (Refusal("No."), Opaque("search", "searched the web")), None, None, "interrupted"))
    talk.go_to(1)
    talk.append(replace(Message("assistant", (Text("Twelve."),)), origin=replace(ORIGIN, model="claude-old")))
    return talk


def test_markdown_says_who_said_what_and_folds_calls_and_reasoning() -> None:
    talk = a_conversation()
    text = re.sub(r" · \d{4}-\d\d-\d\d \d\d:\d\d", "", as_markdown(talk, tree=True))
    head, _, rest = text.partition("## You")
    assert head.startswith("# How warm is it?\n\n")
    assert talk.id in head
    assert "<summary>Instructions</summary>\n\n```\nBe brief.\n```\n\n</details>" in head
    assert "## You" + rest == (
        "## You\n\nHow warm is it?\n\n*picture: red.png, 72 bytes*\n\n*file: terms.pdf, 60 bytes*\n\n<details>\n"
        "<summary>file: note.txt, 6 bytes</summary>\n\n```\nhello\n```\n\n</details>\n\n## claude-old\n\nTwelve.\n\n"
        "---\n\n# Branch: after message 1, “How warm is it?”\n\n## anthropic:all-round\n\n<details>\n"
        "<summary>Reasoning</summary>\n\n```\nHm.\n```\n\n</details>\n\nLet me look.\n\n<details>\n"
        '<summary>Called weather: failed</summary>\n\n```json\n{"city": "Zürich"}\n```\n\n```\nno such city\n```\n\n'
        "</details>\n\n## A model · stopped before its end\n\nNo.\n\n*searched the web*\n"
    )


def test_without_tree_only_what_is_spoken_is_there() -> None:
    talk = a_conversation()
    for format in FORMATS:
        assert ("Let me look." in exported(talk, format)) == (format == "json")
        assert "Let me look." in exported(talk, format, tree=True)


def test_plain_words_leave_out_reasoning_and_what_tools_returned() -> None:
    text = re.sub(r", \d{4}-\d\d-\d\d \d\d:\d\d", "", as_text(a_conversation(), tree=True))
    assert 'Let me look.\n\n[called weather: {"city": "Zürich"}] failed\n\nA model:\n\nNo.\n\n' in text
    assert "[picture: red.png, 72 bytes]" in text
    assert "[stopped before its end]" in text
    assert "Hm." not in text
    assert "no such city" not in text


def test_each_branch_is_told_once_however_the_tree_is_grown() -> None:
    talk = Conversation(OTHER)
    for at in range(60):
        talk.go_to(at // 2)
        talk.append(user(f"word{at:02}."))
    talk.go_to(45)
    for format in ("md", "html", "txt"):
        text = exported(talk, format, tree=True)
        told = re.sub(r"Branch.*", "", text)
        assert [told.count(f"word{at:02}.") - (at == 0) * (told.count("word00.") - 1) for at in range(60)] == [1] * 60


def shown(source: str) -> list[str]:
    """The text of the paragraphs, code and HTML of a document, top level only."""
    return [token.content for token in COMMONMARK.parse(source) if token.level <= 1 and token.content]


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=words)
def test_what_somebody_said_ends_where_it_ends(text: str) -> None:
    document = f"{contained(text.replace(chr(13), chr(10)))}\n\n## Heading\n\n{LAST}\n"
    tokens = COMMONMARK.parse(document)
    assert shown(document)[-2:] == ["Heading", LAST]
    assert not any(token.type == "html_block" for token in tokens)
    inside = [child.type for token in tokens for child in token.children or ()]
    assert "html_inline" not in inside
    assert "image" not in inside


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(talk=conversations(), hostile=st.lists(markup, min_size=1, max_size=3))
def test_the_last_word_is_heard_whatever_was_said_before(talk: Conversation, hostile: list[str]) -> None:
    for text in hostile:
        talk.append(Message("assistant", (Reasoning(text), Text(text), ToolCall("call_9", text, text)), ORIGIN))
        talk.append(Message("tool", (ToolResult("call_9", (Text(text),)),)))
    talk.append(user(LAST))
    document = as_markdown(talk)
    assert shown(document)[-1] == LAST
    blocks = [token.content.strip() for token in COMMONMARK.parse(document) if token.type == "html_block"]
    assert {re.sub(r"(?s)<summary>.*", "<summary>", block) for block in blocks} <= {
        "<details>\n<summary>",
        "</details>",
    }
    assert len([b for b in blocks if b == "</details>"]) * 2 == len(blocks)
    assert not any(
        "<" in block.removeprefix("<details>\n<summary>").removesuffix("</summary>")
        for block in blocks
        if block != "</details>"
    )


@pytest.mark.parametrize("format", ["md", "txt", "html"])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(talk=conversations())
def test_a_terminal_obeys_nothing_of_it(format: str, talk: Conversation) -> None:
    text = exported(talk, format, tree=True)  # type: ignore[arg-type]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", text)
    assert text.endswith("\n")
    text.encode()


def test_what_is_whole_stays_as_it_was_said() -> None:
    for text in ("a `<b>` c", "```html\n<b>\n```", "1 < 2", "- a\n  ```\n  <i>\n  ```", "~~~\n```\n~~~", "x ![ y"):
        assert contained(text) == text


def test_blocks_of_code_are_found_without_their_fences() -> None:
    text = "a\n```python\nprint(1)\n\n```\n- b\n  ~~~\n  x\n  ~~~\n\n````\n```\n````\n```\nopen"
    assert blocks_of_code(text) == ["print(1)\n", "x", "```", "open"]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Über das Wetter: heute?", "Über-das-Wetter-heute.md"),
        ("../../etc/passwd", "etc-passwd.md"),
        ("", "A-conversation.md"),
        (" .. ", "conversation.md"),
        ("con", "conversation-con.md"),
        ("\x1b]0;x\x07 \u202e", "0-x.md"),
        ("漢" * 200, "漢" * 40 + ".md"),
        ("half \ud83d", "half.md"),
    ],
)
def test_a_file_is_named_after_the_title(title: str, name: str) -> None:
    talk = Conversation(MODEL)
    talk.title = title
    assert file_name(talk, "md") == name
