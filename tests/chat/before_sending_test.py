"""Lines that seem to mean more than a message are asked about; dropped pictures are offered to be attached."""

import json
import unicodedata
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as some

from modules.chat.input.typed_paths import Unfinished, dropped, existing, files_in, unfinished
from modules.errors import FileProblem
from tests.harness.home import Home
from tests.harness.sample_files import picture, sent
from tests.harness.terminal import CTRL_C

VISION = ("-m", "anthropic:claude-haiku-4.5")


class TestALineThatSeemsToMeanMore:
    @pytest.mark.parametrize(
        ("line", "told"),
        [
            ("@foo are you there?", 'There is no model "foo".'),
            ("@sonet Why?", 'There is no model "sonet". Did you mean anthropic:claude-sonnet'),
            ("@src/none.py explain", 'There is no file "src/none.py".'),
            ("@haiku", '"@haiku" names a model and asks it nothing.'),
            ("@openai:gtp Why?", 'No model "gtp" of OpenAI is known.'),
        ],
    )
    def test_is_not_sent_unless_the_person_says_yes_and_comes_back_with_a_no(
        self, home: Home, line: str, told: str
    ) -> None:
        chat = home.open("-m", "groq:gpt-oss-20b", columns=120).prompt()
        chat.enter(line).sees(told).sees("y/N").type("\r").sees("Nothing was sent.").prompt(line)
        assert not home.groq.requests
        assert not home.openai.requests
        server = home.openai if "openai" in line else home.groq
        chat.type("\r").sees("y/N")
        chat.type("y\r").sees("Answer 1 from").prompt()
        assert line.rpartition(" ")[2] in json.dumps(server.chats[-1].body)

    @pytest.mark.parametrize(
        "line", ["me@foo.org is mine", "!!! hurry", "!= is what?", "what is @foo?", "a ! ls", "/usr/bin is full?"]
    )
    def test_is_sent_at_once_where_it_does_not(self, home: Home, line: str) -> None:
        chat = home.open("-m", "groq:gpt-oss-20b").prompt()
        chat.enter(line).sees("Answer 1 from groq.").prompt()
        assert line in json.dumps(home.groq.chats[-1].body)


class TestADroppedPicture:
    @pytest.mark.parametrize(
        ("name", "typed"),
        [
            ("My Shot 1.png", "{folder}/My\\ Shot\\ 1.png"),
            ("it's.png", "'{folder}/it'\\''s.png'"),
            ("a b.png", '"{folder}/a b.png"'),
            ("a b.png", "file://{folder}/a%20b.png"),
            ("a b.png", "file://localhost{folder}/a%20b.png"),
            ("a b.png", "{folder}/a b.png"),
            ("Shot at 3.04.05\u202fPM.png", "{folder}/Shot at 3.04.05 PM.png"),
            ("Shot at 3.04.05\u00a0PM.png", "{folder}/Shot\\ at\\ 3.04.05\\ PM.png"),
            (unicodedata.normalize("NFD", "Übersicht.png"), "{folder}/Übersicht.png"),
            ("Übersicht.png", unicodedata.normalize("NFD", "{folder}/Übersicht.png")),
        ],
    )
    @pytest.mark.parametrize("words", ["{0}", "{0} What is it?", "What is it? {0}", "{0} What is it?\nSay it."])
    def test_is_found_however_it_is_written(self, tmp_path: Path, name: str, typed: str, words: str) -> None:
        (tmp_path / name).write_bytes(picture(2, 2))
        found = dropped(words.format(typed.format(folder=tmp_path)))
        assert found is not None
        assert [path.name for path in found.paths] == [name]
        assert found.rest == words.replace("{0}", "").strip()

    def test_may_be_one_of_two(self, tmp_path: Path) -> None:
        for name in ("a b.png", "c.pdf"):
            (tmp_path / name).write_bytes(picture(2, 2))
        for line in (f"{tmp_path}/a\\ b.png {tmp_path}/c.pdf", f"'{tmp_path}/a b.png' '{tmp_path}/c.pdf' compare"):
            found = dropped(line)
            assert found is not None
            assert [path.name for path in found.paths] == ["a b.png", "c.pdf"]

    @pytest.mark.parametrize("line", ["Is {0}/none.png?", "{0}/none.png", "a.png", "x{0}/a.png", "{0}/a.png.txt"])
    def test_is_not_found_where_none_is_named(self, tmp_path: Path, line: str) -> None:
        (tmp_path / "a.png").write_bytes(picture(2, 2))
        assert dropped(line.format(tmp_path)) is None

    def test_is_offered_and_goes_with_the_rest_of_the_message(self, home: Home) -> None:
        (home.folder / "My Shot 1.png").write_bytes(picture(20, 20))
        chat = home.open(*VISION, columns=160).prompt()
        chat.paste(f"{home.folder}/My\\ Shot\\ 1.png").type(" What is it?").until(lambda: "What is it?" in chat.text)
        chat.type("\r").sees("Attach My Shot 1.png and send the rest?").type("y\r").sees("Answer 1 from").prompt()
        assert len(sent(home.anthropic.chats[-1])) == 1
        body = json.dumps(home.anthropic.chats[-1].body)
        assert "What is it?" in body
        assert "My\\\\ Shot" not in body

    def test_alone_is_attached_to_the_next_message_and_nothing_is_sent(self, home: Home) -> None:
        (home.folder / "a b.png").write_bytes(picture(20, 20))
        chat = home.open(*VISION, columns=160).prompt()
        chat.enter(f"'{home.folder}/a b.png'").sees("Attach a b.png?").type("y\r")
        chat.sees("Attached to the next message: a b.png.").prompt()
        assert not home.anthropic.requests

    def test_that_is_declined_comes_back_and_goes_as_text_when_it_is_entered_again(self, home: Home) -> None:
        (home.folder / "a.png").write_bytes(picture(20, 20))
        line = f"Who made {home.folder}/a.png"
        chat = home.open(*VISION, columns=160).prompt()
        chat.enter(line).sees("Attach a.png and send the rest?").type(CTRL_C)
        chat.sees("Nothing was sent. Enter sends it as it is.").prompt(line)
        assert not home.anthropic.requests
        chat.type("\r").sees("Answer 1 from").prompt()
        assert line in json.dumps(home.anthropic.chats[-1].body)


class TestNamesOfFiles:
    def test_several_are_read_as_a_shell_writes_them_each_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("a.png", "b c.png", "d.txt"):
            (tmp_path / name).write_text("x")
        monkeypatch.chdir(tmp_path)
        names = [path.name for path in files_in("a.png 'b c.png' b\\ c.png *.txt a.png")]
        assert names == ["a.png", "b c.png", "d.txt"]
        assert [path.name for path in files_in("b c.png")] == ["b c.png"]

    def test_a_pattern_that_nothing_matches_is_told_as_one(self, tmp_path: Path) -> None:
        with pytest.raises(FileProblem, match="No file matches"):
            files_in(f"{tmp_path}/*.png")

    @pytest.mark.parametrize("text", ["file://elsewhere/etc/passwd", "\0", "~nobody/x", "file://[", "", "'"])
    def test_what_names_nothing_here_is_nothing(self, text: str) -> None:
        assert existing(text) is None

    def test_two_that_are_attached_go_together_and_the_same_once(self, home: Home) -> None:
        for name in ("one.txt", "two.txt"):
            (home.folder / name).write_text(f"this is {name}")
        chat = home.open("-m", "groq:gpt-oss-20b").prompt()
        chat.enter("/attach one.txt two.txt").sees("Attached to the next message: one.txt, two.txt.").prompt()
        chat.enter("/attach *.txt").sees("two.txt was attached already.").prompt()
        chat.enter("Hm?").sees("Answer 1 from groq.").prompt()
        body = json.dumps(home.groq.chats[-1].body)
        assert body.count("this is one.txt") == body.count("this is two.txt") == 1

    def test_more_than_ten_are_asked_about(self, home: Home) -> None:
        for number in range(12):
            (home.folder / f"{number:02}.log").write_text(f"line {number}")
        chat = home.open("-m", "groq:gpt-oss-20b").prompt()
        chat.enter("/attach *.log").sees("Attach 12 files?").type("\r").sees("Nothing is attached.").prompt()
        chat.enter("/attach *.log").sees("Attach 12 files?").type("y\r")
        chat.sees("11.log.").prompt()

    def test_that_do_not_exist_are_told_and_those_before_stay(self, home: Home) -> None:
        (home.folder / "one.txt").write_text("one")
        chat = home.open("-m", "groq:gpt-oss-20b", columns=200).prompt()
        assert "none.txt cannot be read" in chat.ask("/attach one.txt none.txt")
        chat.enter("Hm?").sees("Answer 1 from groq.").prompt()
        assert "[file: one.txt]" in json.dumps(home.groq.chats[-1].body)


def test_a_page_is_attached_by_its_url_without_a_question(home: Home) -> None:
    address = home.groq.base_url.partition("/openai")[0]
    host = address.partition("://")[2].partition(":")[0]
    (home.folder / "settings.toml").write_text(f'[tools]\nprivate_hosts = ["{host}"]\n[models]\nrefresh = false\n')
    chat = home.open("-m", "groq:gpt-oss-20b", columns=160).prompt()
    chat.enter(f"/attach {address}/page.txt").until(lambda: len(home.groq.requests) == 1, "the request").prompt()
    assert home.groq.requests[0].path == "/page.txt"


def test_a_page_off_the_public_internet_is_refused_as_the_tool_refuses_it(home: Home) -> None:
    chat = home.open("-m", "groq:gpt-oss-20b", columns=160).prompt()
    assert "Nothing was attached." in chat.ask("/attach http://127.0.0.1:9/x")


SHELLISH = some.text(
    some.sampled_from("/~ab'\"\\ .png*[?]{}:%\u202f\0\n") | some.characters(codec="utf-8"), max_size=60
)


@given(SHELLISH)
def test_any_text_can_be_looked_at_for_paths(text: str) -> None:
    existing(text)
    dropped(text)
    dropped(f"{text} /no/such.png")
    with suppress(FileProblem):
        files_in(text)
    word = unfinished(text)
    assert text.startswith(word.head)


NAMES = some.text(some.sampled_from("ab '\"\\.$*"), min_size=1, max_size=12)


@given(NAMES.filter(lambda name: name.strip() == name and name not in (".", "..")), some.sampled_from(["", "'", '"']))
def test_a_completed_name_is_read_back_as_that_name(name: str, quote: str) -> None:
    with TemporaryDirectory() as folder:
        for one in (name, "x.png"):
            (Path(folder) / one).touch()
        line = Unfinished(f"{folder}/x.png ", "", quote).written(f"{folder}/{name}", whole=True)
        assert files_in(line)[-1] == Path(folder) / name
