"""What the prompt offers while one types, asked the way prompt_toolkit asks, over a catalogue of the tests."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent, Completion
from prompt_toolkit.document import Document

from modules.chat.command import Ask, ChatContext, CommandRegistry, command
from modules.chat.commands.compact_commands import complete_compact
from modules.chat.input.completer import ChatCompleter, complete_models
from modules.chat.input.path_completion import complete_attachments, complete_paths
from modules.chat.input.ranking import rank
from modules.chat.looks.theme import Theme
from modules.chat.looks.themes import Themes
from modules.chat.wording.model_summary import columns, compact, describe
from modules.config import ROOT, Config
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.models import Model
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation
from tests.harness.tool_helpers import no_tools

CATALOGUE = ROOT / "tests" / "data" / "catalogue.yaml"


class Lines:
    """A screen that keeps what it is told."""

    theme: Theme | None = None

    def __init__(self) -> None:
        self.said: list[str] = []
        self.themes = Themes(lambda: ("auto", "auto"), None, lambda name: "")

    def say(self, text: str) -> None:
        self.said.append(text)

    def show(self, text: str) -> None: ...

    def quote(self, text: str) -> None: ...

    def table(self, rows: Sequence[Sequence[str]], headings: Sequence[str] = ()) -> None:
        self.said += ["  ".join(row) for row in rows]

    def to_clipboard(self, text: str, through: str = "") -> bool:
        return False

    def sample(self, theme: Theme, *, is_current: bool) -> None: ...

    def size(self) -> tuple[int, int]:
        return 80, 24

    def status(self, words: str, ending: str) -> None:
        """Nothing runs here."""

    def clear(self) -> None:
        self.said.clear()


@command("/model [NAME]", complete=complete_models)
async def switch(context: ChatContext, args: str) -> Ask | None:
    """Talk to another model."""
    return None


@command("/image PATH", complete=complete_paths)
async def image(context: ChatContext, args: str) -> Ask | None:
    """Attach an image.

    It goes with the next message.
    """
    return None


@command("/exit", aliases=("quit", "q"))
async def leave(context: ChatContext, args: str) -> Ask | None:
    """Leave."""
    return None


@pytest.fixture
def context(tmp_path: Path) -> ChatContext:
    config = Config({"ANTHROPIC_API_KEY": "sk-ant-test", "PARLANCE_HOME": str(tmp_path / "home")})
    models = load(CATALOGUE, None, config.get)
    conversation = Conversation(models.find(models.default).model)
    commands = CommandRegistry(switch, image, leave)
    return ChatContext(config, models, ServiceManager(config.key), conversation, commands, Lines(), no_tools())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, and home: a folder, files, and a hidden one."""
    home = tmp_path / "here"
    (home / "photos").mkdir(parents=True)
    for name in ("photo.png", "My notes.txt", ".secret"):
        (home / name).touch()
    (home / "photos" / "cat.png").touch()
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    return home


def completions(context: ChatContext, line: str, cursor: int | None = None) -> list[Completion]:
    return list(ChatCompleter(context).get_completions(Document(line, cursor), CompleteEvent(text_inserted=True)))


def offered(context: ChatContext, line: str) -> list[str]:
    """The lines that choosing would make."""
    return [line[: len(line) + found.start_position] + found.text for found in completions(context, line)]


def test_a_slash_offers_every_command_with_what_it_does(context: ChatContext) -> None:
    assert [(c.display_text, c.display_meta_text) for c in completions(context, "/")] == [
        ("/model", "Talk to another model."),
        ("/image", "Attach an image."),
        ("/exit", "Leave."),
    ]


def test_a_command_that_takes_arguments_is_followed_by_a_space(context: ChatContext) -> None:
    assert offered(context, "/mo") == ["/model "]
    assert offered(context, "/ex") == ["/exit"]


def test_a_command_is_found_by_strewn_letters_and_by_its_alias(context: ChatContext) -> None:
    assert offered(context, "/mdl") == ["/model "]
    assert [(c.text, c.display_text) for c in completions(context, "/q")] == [("/exit", "/exit (/q)")]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("l70", "groq:llama-3.3-70b-versatile"),
        ("son", "anthropic:claude-sonnet-5.5"),
        ("groq/llama", "groq:llama-3.3-70b-versatile"),
        ("GPT-OSS", "groq:gpt-oss-120b"),
        ("gpt-mini", "gpt-mini"),
        ("ollama:g3", "ollama:gemma3"),
    ],
)
def test_a_model_is_found_by_a_few_of_its_letters(context: ChatContext, typed: str, first: str) -> None:
    assert offered(context, f"/model {typed}")[0] == f"/model {first}"


def test_whatever_is_offered_for_a_model_is_understood_as_that_model(context: ChatContext) -> None:
    for typed in ("", "g", "gpt-mini", "l", "llama-8b", "claude", "5"):
        for found in completions(context, f"/model {typed}"):
            model = context.models.find(found.text).model
            assert model.full_name in f"{found.text} {found.display_meta_text}"


def test_the_best_match_comes_first() -> None:
    ranks = [rank("son", text) for text in ("son", "sonnet", "claude-sonnet", "person", "solution", "s-o-x-x-n")]
    assert ranks == sorted(ranks, key=lambda found: found or (9, 9, 9))
    assert len({found and found[:2] for found in ranks}) == len(ranks)
    assert rank("son", "nos") is None


def test_models_that_a_provider_listed_itself_are_offered(context: ChatContext) -> None:
    groq = context.models.providers["groq"]
    context.models.learn(groq, [Model(name="new/thing-9b", id="new/thing-9b", provider=groq, known=False)])
    assert offered(context, "/model thing") == ["/model groq:new/thing-9b"]
    assert (
        completions(context, "/model thing")[0].display_meta_text == "abilities unknown · needs GROQ_API_KEY: /key groq"
    )


def test_an_at_sign_at_the_start_of_the_line_offers_models_followed_by_a_space(context: ChatContext) -> None:
    assert offered(context, "@haiku")[0] == "@anthropic:claude-haiku-5.5 "
    assert len(completions(context, "@")) == len(list(context.models))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        "ask @opus",
        " /mod",
        "and/or",
        "1 / 2",
        "a / ",
        "see http://x",
        "/nosuch ./",
        "/exit ",
        "@opus what",
        "hello\n/mod",
        "/model x\nson",
        "look at ./pho\nto",
    ],
)
def test_nothing_pops_up_over_a_message(context: ChatContext, folder: Path, line: str) -> None:
    assert completions(context, line) == []


def test_nothing_pops_up_inside_a_word_nor_in_the_first_of_several_lines(context: ChatContext) -> None:
    assert completions(context, "/model", cursor=3) == []
    assert completions(context, "/mod\nand more", cursor=4) == []


def test_a_command_that_takes_a_path_offers_files_and_folders(context: ChatContext, folder: Path) -> None:
    assert offered(context, "/image pho") == ["/image photo.png", "/image photos/"]
    assert offered(context, "/image photos/") == ["/image photos/cat.png"]
    assert offered(context, "/image My n") == ["/image My notes.txt"]
    assert [c.display_text for c in completions(context, "/image photos/")] == ["cat.png"]


def test_strewn_letters_find_a_file_only_where_none_begins_like_that(context: ChatContext, folder: Path) -> None:
    (folder / "phrase-one.txt").touch()
    assert offered(context, "/image pho") == ["/image photo.png", "/image photos/"]
    assert offered(context, "/image pone") == ["/image phrase-one.txt"]


def test_a_path_begun_in_a_message_goes_on_and_keeps_how_it_was_written(context: ChatContext, folder: Path) -> None:
    assert offered(context, "what is in ./pho") == ["what is in ./photo.png", "what is in ./photos/"]
    assert offered(context, "what is in ~/photos/c") == ["what is in ~/photos/cat.png"]
    assert offered(context, f"see {folder}/photos/c") == [f"see {folder}/photos/cat.png"]
    assert "see ../here/" in offered(context, "see ../h")


def test_a_hidden_file_is_offered_only_when_asked_for(context: ChatContext, folder: Path) -> None:
    assert offered(context, "/image ./") == ["/image ./My notes.txt", "/image ./photo.png", "/image ./photos/"]
    assert offered(context, "/image ./.s") == ["/image ./.secret"]


def test_a_foreign_file_name_is_shown_harmless_and_still_opens_the_file(context: ChatContext, folder: Path) -> None:
    (folder / "evil\x1b]0;title\x07.txt").touch()
    (folder / "evil\u202etxt.exe").touch()
    (folder / "evil\nline").touch()
    os.close(os.open(b"evil\xff", os.O_CREAT | os.O_WRONLY))
    found = completions(context, "/image evil")
    assert [c.display_text for c in found] == ["evil␛]0;title␇.txt", r"evil\u{202e}txt.exe"]
    assert all(Path(c.text).exists() for c in found)


def test_a_large_folder_offers_two_hundred_names_and_does_not_keep_one_waiting(
    context: ChatContext, folder: Path
) -> None:
    for number in range(1000):
        (folder / "photos" / f"{number:04}").touch()
    begun = time.monotonic()
    assert len(completions(context, "/image photos/")) == 200
    assert time.monotonic() - begun < 1


def test_a_folder_that_cannot_be_read_offers_nothing(context: ChatContext, folder: Path) -> None:
    assert completions(context, "/image nowhere/x") == []
    assert completions(context, "/image photo.png/") == []
    assert completions(context, "/image a\0b/") == []


def test_a_model_is_described_in_one_line(context: ChatContext) -> None:
    def line(name: str, has_key: bool = True) -> str:
        return describe(context.models.find(name).model, has_key)

    assert line("claude-sonnet-5.5") == "1M window · $2/$10 per 1M · tools, images, PDF, reasoning · key set"
    assert line("llama-3.3-70b-versatile", False) == (
        "enterprise customers only since 16 August 2026 · 131k window · $0.59/$0.79 per 1M · tools"
        " · needs GROQ_API_KEY: /key groq"
    )
    assert line("gpt-6-luna") == "1M window · $0.10/$0.50 per 1M up to 272k · tools, images, PDF, reasoning · key set"
    assert line("gpt-oss-20b") == "131k window · $0.075/$0.30 per 1M · tools, reasoning · key set"
    assert line("ollama:gemma3") == "images · no key needed"
    assert line("offline:guide") == "free · tools · no key needed"
    assert line("groq:whatever") == "abilities unknown · key set"


def test_a_model_that_takes_nothing_but_text_says_so(context: ChatContext) -> None:
    plain = replace(context.models.find("ollama:gemma3").model, vision=False)
    assert columns(plain, True) == ("ollama:gemma3", "", "", "text only", "no key needed")


def test_a_price_that_holds_for_short_prompts_only_is_marked_in_tables(context: ChatContext) -> None:
    luna = context.models.find("gpt-6-luna").model
    assert columns(luna, False)[1:3] == ("1M", "$0.10/$0.50+")


def test_token_counts_are_short_and_never_more_than_there_are() -> None:
    counts = (0, 999, 8192, 131_072, 999_999, 1_000_000, 1_048_576, 1_599_999, 2_000_000)
    assert [compact(n) for n in counts] == ["0", "999", "8k", "131k", "999k", "1M", "1M", "1.5M", "2M"]


def test_compact_offers_its_options_and_models_behind_the_one_for_them(context: ChatContext) -> None:
    def offers(args: str) -> list[str]:
        return [text for text, _ in complete_compact(context, args)]

    assert offers("") == ["--with ", "--from ", "--edit", "--trim", "--undo"]
    assert offers("depths --edit --") == [f"depths --edit {one}" for one in ("--with ", "--from ", "--trim", "--undo")]
    assert "depths --with groq:gpt-oss-120b" in offers("depths --with gpt")
    assert offers("depths") == []


def test_the_completer_brings_no_renderer_into_the_start_of_the_program() -> None:
    script = "import sys, modules.chat.input.completer; print({'rich', 'pygments', 'httpx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("line", "there"),
    [
        ("/image My no", "/image My notes.txt"),
        ("Look at ./My\\ no", "Look at ./My\\ notes.txt"),
        ('Look at "./My no', 'Look at "./My notes.txt"'),
        ("Look at './My no", "Look at './My notes.txt'"),
        ("Look at ./pho", "Look at ./photos/"),
    ],
)
def test_a_path_with_blanks_is_completed_as_it_was_begun(
    context: ChatContext, folder: Path, line: str, there: str
) -> None:
    assert there in offered(context, line)


@pytest.mark.parametrize(
    ("args", "there"),
    [
        ("photo.png My", "photo.png My\\ notes.txt"),
        ("photo.png My\\ no", "photo.png My\\ notes.txt"),
        ('photo.png "My no', 'photo.png "My notes.txt"'),
        ("'My no", "'My notes.txt'"),
        ("'My notes.txt' pho", "'My notes.txt' photo.png"),
        ("--text My", "--text My notes.txt"),
    ],
)
def test_each_of_several_files_is_completed(context: ChatContext, folder: Path, args: str, there: str) -> None:
    assert there in [text for text, _ in complete_attachments(context, args)]
