"""Front matter: strict YAML where it is that, and else each line as it stands, as other programs' files have it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modules.prompts.front_matter import _quick, front_matter

FILE = Path("prompt.md")


def values(head: str) -> dict[str, Any]:
    return front_matter(FILE, f"---\n{head}\n---\nbody\n").values


def test_a_file_without_front_matter_is_all_body() -> None:
    assert front_matter(FILE, "Just text.\n---\nmore").body == "Just text.\n---\nmore"
    assert front_matter(FILE, "---\nno end").body == "---\nno end"
    assert front_matter(FILE, "---\n---\nText.").body == "Text."


def test_lists_mappings_and_texts_over_lines_are_read_as_yaml() -> None:
    head = "description: >\n  Two\n  lines\ntools: [read_file, calculate]\n"
    head += "options:\n  temperature: 0.2\nsystem: |\n  Be\n  brief.\n"
    read = front_matter(FILE, f"---\n{head}---\nbody")
    assert read.trouble == ""
    assert read.text("description") == "Two lines"
    assert read.names("tools") == ("read_file", "calculate")
    assert read.values["options"] == {"temperature": 0.2}
    assert read.values["system"] == "Be\nbrief."


@pytest.mark.parametrize(
    ("head", "name", "value"),
    [
        # The first is from Claude Code's documentation, and no YAML; the others are what people write.
        ("argument-hint: [pr-number] [priority] [assignee]", "argument-hint", "[pr-number] [priority] [assignee]"),
        ("description: Review: with context", "description", "Review: with context"),
        ("allowed-tools: *", "allowed-tools", "*"),
        ("description: @file is read", "description", "@file is read"),
        ('description: "Review a PR" # quickly', "description", "Review a PR"),
        ("description: 'It''s'", "description", "It's"),
    ],
)
def test_what_other_programs_let_pass_is_read_as_it_stands(head: str, name: str, value: str) -> None:
    assert values(f"model: opus\n{head}")[name] == value
    assert values(f"model: opus\n{head}")["model"] == "opus"


def test_a_hint_that_is_no_yaml_spoils_nothing_beside_it() -> None:
    head = "argument-hint: [file] [what]\noptions:\n  temperature: 0.2\nsystem: |\n  Be\n  brief.\ntools: [calculate]"
    read = front_matter(FILE, f"---\n{head}\n---\nbody")
    assert "not YAML" in read.trouble
    assert read.values["argument-hint"] == "[file] [what]"
    assert read.values["options"] == {"temperature": 0.2}
    assert read.values["system"] == "Be\nbrief."
    assert read.names("tools") == ("calculate",)


def test_nothing_in_it_can_grow_or_run() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: !!python/object/apply:os.system [id]"
    read = front_matter(FILE, f"---\n{bomb}\n---\nbody")
    assert "not read" in read.trouble
    assert all(isinstance(value, str) for value in read.values.values())


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_can_be_read_and_its_body_is_kept(text: str) -> None:
    assert front_matter(FILE, text).body is not None
    body = text.replace("\r\n", "\n")
    assert front_matter(FILE, f"---\na: b\n---\n{text}").body == body


NAMES = st.sampled_from(["a", "model", "models", "description"])
VALUES = st.text(st.sampled_from("aZ9 .,;/()$'?!@&+=-:#"), max_size=20)


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=3))
def test_a_line_that_is_read_without_a_parser_says_what_yaml_says(pairs: dict[str, str]) -> None:
    head = "\n".join(f"{name}: {value}" for name, value in pairs.items())
    for name in pairs:
        if quick := _quick(head, name):
            assert yaml.load(f"{name}: {quick}", Loader=yaml.BaseLoader) == {name: quick}
