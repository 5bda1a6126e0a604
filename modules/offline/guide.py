"""What the guide knows and how it finds it: the sections of guide.md, matched to a question by their words.

A section's word counts one where the question has it, a phrase counts its words where they stand together, and what
is typed as a command, with its slash or "@", counts three. The highest sum wins, the earlier section on a tie. Where
fewer than one in three of the words that mean something are known, nothing matches.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from msgspec import Struct

FOLDER = Path(__file__).resolve().parent
COMMAND_WEIGHT = 3
KNOWN_SHARE = 3
LONGEST_QUESTION_CHARS = 1000  # looked at; more than that is a pasted text
FAMILIES = {"claude": "anthropic", "gpt": "openai", "chatgpt": "openai", "grok": "xai", "google": "gemini"}
STOP_WORDS = (
    "a about all also am an and any are as at be been between but by can could did difference do does doing "
    "explain for from get give had has have how i if in into is it its let like m may me my of on one or out "
    "please re s should show so some t tell than that the their them then there these they this those to too try "
    "up us want was way we were what when where which while who why will with work would you your"
)

Words = tuple[str, ...]


class Section(Struct, frozen=True):
    """One answer, and the phrases that lead to it; a phrase may be a single word."""

    name: str
    phrases: tuple[Words, ...]
    text: str


class ProviderRow(Struct, frozen=True):
    """A row of the provider table; `variable` is empty where no key is needed."""

    name: str
    title: str
    variable: str
    page: str


class Found(Struct, frozen=True):
    """Where a question leads: the section, if any, the providers it names, and the words that decided."""

    section: Section | None
    providers: tuple[ProviderRow, ...]
    words: Words


class Guide(Struct, frozen=True):
    """guide.md, read. `commands` maps a command such as "/undo" to its usage and its summary."""

    sections: dict[str, Section]
    commands: dict[str, tuple[str, str]]
    providers: tuple[ProviderRow, ...]
    sample: str

    def find(self, question: str) -> Found:
        """The section that the question's words lead to, by the rule at the top of this file."""
        typed = _typed(question[:LONGEST_QUESTION_CHARS])
        asked = [_singular(word) for word in typed]
        named = {word: provider for provider in self.providers for word in _naming(asked, provider)}
        providers = tuple(provider for provider in self.providers if provider in named.values())
        best, best_score, best_words = None, 0, frozenset[str]()
        for section in self.sections.values():
            hits = [phrase for phrase in section.phrases if _within(phrase, asked)]
            score = sum(COMMAND_WEIGHT if phrase[0][0] in "/@" else len(phrase) for phrase in hits)
            known = frozenset(word for phrase in hits for word in phrase) | named.keys()
            if score > best_score and _enough(known, asked):
                best, best_score, best_words = section, score, known
        if best is None and not _enough(frozenset(named), asked):
            return Found(None, (), ())
        decided = best_words or frozenset(named)
        words = [word for word, meant in zip(typed, asked, strict=True) if meant in decided]
        deciding = [word for word in words if _singular(word) not in _STOPS] or words
        return Found(best, providers, tuple(dict.fromkeys(deciding)))


@cache
def load() -> Guide:
    """The guide as it is packaged, read on first use."""
    return parse(_read("guide.md"), _read("sample.md"))


def parse(text: str, sample: str = "") -> Guide:
    """A guide from its Markdown: `## name`, an optional comment with words, the answer.

    A command of the table that has no section is told with what stands there.
    """
    sections = {}
    for piece in re.split(r"(?m)^## ", text)[1:]:
        name, _, body = piece.partition("\n")
        found = re.search(r"<!-- words: (.*?) -->", body)
        phrases = [tuple(words_of(phrase)) for phrase in found[1].split(",")] if found else []
        answer = re.sub(r"<!--.*?-->\n?", "", body).strip()
        sections[name] = Section(name, (*phrases, (name,)) if name.startswith("/") else tuple(phrases), answer)
    commands = {usage.split()[0]: (usage, summary) for usage, summary in _table(text, "commands")}
    for name in commands:
        sections.setdefault(name, Section(name, ((name,),), ""))
    providers = tuple(
        ProviderRow(name, title, "" if variable == "none" else variable, page)
        for name, title, variable, page in _table(text, "providers")
    )
    return Guide(sections, commands, providers, sample.strip())


def words_of(text: str) -> list[str]:
    """The words of a text in lower case and in the singular; a command keeps its slash."""
    return [_singular(word) for word in _typed(text)]


def _typed(text: str) -> list[str]:
    return re.findall(r"(?<![\w/])/[a-z]+|@|[^\W_]+", text.lower())


def _singular(word: str) -> str:
    plural = len(word) > 3 and word.endswith("s") and not word.endswith("ss") and not word.startswith("/")
    return word[:-1] if plural else word


def _within(phrase: Words, asked: list[str]) -> bool:
    return any(tuple(asked[start : start + len(phrase)]) == phrase for start in range(len(asked)))


def _enough(known: frozenset[str], asked: list[str]) -> bool:
    meaning = [word for word in asked if word not in _STOPS]
    return bool(known) and sum(word in known for word in meaning) * KNOWN_SHARE >= len(meaning)


def _naming(asked: list[str], provider: ProviderRow) -> Iterator[str]:
    for name in (provider.name, provider.title, *(word for word, of in FAMILIES.items() if of == provider.name)):
        phrase = tuple(words_of(name))
        if _within(phrase, asked):
            yield from phrase


def _table(text: str, marker: str) -> Iterator[list[str]]:
    """The rows between two markers, without the head; a bar inside a cell is written "\\|"."""
    inside = text.partition(f"<!-- {marker} -->")[2].partition(f"<!-- /{marker} -->")[0]
    rows = [line.strip()[1:-1] for line in inside.splitlines() if line.startswith("|")]
    for row in rows[2:]:
        yield [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)]


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


_STOPS = frozenset(words_of(STOP_WORDS))
