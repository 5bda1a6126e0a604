"""What was typed behind a prompt, in the places that its file has for it: as each of three programs publishes it."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.errors import UsageError
from modules.prompts.filling import COMMAND, Command, filled

TYPED = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def text(body: str, typed: str, *names: str, codex: bool = False) -> str:
    return filled(body, typed, names=names, all_named=codex).text


@pytest.mark.parametrize(
    ("body", "typed", "sent"),
    [
        # codex, docs/prompts.md
        ("Fix issue #$ARGUMENTS by our standards.", "123 high", "Fix issue #123 high by our standards."),
        ("PR #$1 with priority $2, assign to $3", "456 high alice", "PR #456 with priority high, assign to alice"),
        ("Look at $1.", '"docs/My File.md"', "Look at docs/My File.md."),
        ("A price of $$1 and $1.", "5", "A price of $$1 and 5."),
        # Claude Code, which counts from 0 where a file does
        ("Migrate $0 from $1 to $2.", "Bar React Vue", "Migrate Bar from React to Vue."),
        ("Migrate $ARGUMENTS[0] to $ARGUMENTS[1].", "Bar Vue", "Migrate Bar to Vue."),
        ("All: $ARGUMENTS.", '"a b" c', 'All: "a b" c.'),
        (r"Costs \$1 and \$ARGUMENTS, $1.", "x", "Costs $1 and $ARGUMENTS, x."),
        # opencode: the last place takes the rest, and without a place it stands below
        ("File $1 with content: $2", "a.json some more words", "File a.json with content: some more words"),
        ("Run the tests.", "only the fast ones", "Run the tests.\n\nonly the fast ones"),
        ("Run the tests.", "", "Run the tests."),
        # ours: a name that nobody gave stays what it is
        ("echo $HOME for $1", "me", "echo $HOME for me"),
        ("On $BRANCH: $1", "BRANCH=main now", "On main: now"),
        ("It's $1", "don't do it", "It's don't do it"),
    ],
)  # fmt: skip
def test_each_place_is_filled_as_the_program_says_that_the_file_is_for(body: str, typed: str, sent: str) -> None:
    assert text(body, typed) == sent


def test_the_words_have_names_where_front_matter_gives_them_some() -> None:
    assert text("Fix $issue on $branch.", "123 main", "issue", "branch") == "Fix 123 on main."


def test_codex_wants_each_name_to_be_given() -> None:
    assert text("Review $USER on $BRANCH", 'USER="Alice B" BRANCH=main', codex=True) == "Review Alice B on main"
    with pytest.raises(UsageError, match="wants BRANCH") as error:
        filled("Review $USER on $BRANCH", "USER=Alice", all_named=True)
    assert "BRANCH=…" in error.value.cure
    assert text("literal $$USER and $USER", "USER=Bob", codex=True) == "literal $$USER and Bob"


def test_what_nothing_was_typed_for_is_told() -> None:
    assert filled("$1 and $2 and $3", "one").empty == ("$2", "$3")
    assert filled("about $ARGUMENTS", "").empty == ("$ARGUMENTS",)
    assert filled("nothing", "one").empty == ()


@given(TYPED)
def test_what_is_typed_is_never_looked_at_for_places_or_commands(typed: str) -> None:
    got = filled("<$ARGUMENTS>", typed)
    assert got.pieces == (f"<{typed.strip()}>",)
    assert got.commands == ()


@given(st.lists(TYPED.filter(lambda word: bool(word.strip())), min_size=1, max_size=3))
def test_a_word_in_quotes_comes_whole_into_its_place(words: list[str]) -> None:
    body = " | ".join(f"${at}" for at in range(1, len(words) + 1))
    assert "".join(map(str, filled(body, shlex.join(words)).pieces)) == " | ".join(words)


@given(TYPED, TYPED)
def test_nothing_that_was_typed_is_lost_and_no_body_fails(body: str, typed: str) -> None:
    got = filled(body, typed)
    if "$" not in body and not COMMAND.search(body):
        assert got.text == (body + (f"\n\n{typed.strip()}" if typed.strip() else "")).strip()


def test_a_command_is_a_piece_of_its_own_with_its_places_filled() -> None:
    got = filled("Changes:\n!`git diff $1`\nSum up.", "HEAD~1 !`rm -rf x`")
    assert got.commands == (Command("git diff HEAD~1 !`rm -rf x`"),)  # one line, and asked about as it stands
    assert got.with_outputs(["+a"]) == "Changes:\n+a\nSum up."
    assert filled("$ARGUMENTS", "!`rm -rf x`").commands == ()
