"""/key: a key is typed unseen, tried at its provider, kept where the person says, used at once, and taken out again."""

import os
import stat

import pytest

from tests.harness.home import Home
from tests.harness.keyrings import NONE, kept_in_ring, put_in_ring, ring
from tests.harness.questions import choose, yes
from tests.harness.terminal import CTRL_C, ESC, Terminal
from tests.wire import Status

KEY = "gsk_" + "a7Bc2D9e" * 6
OTHER = "gsk_" + "Zz8Yy7Xx" * 6
ANTHROPIC_KEY = "sk-ant-api03-" + "a7Bc2D9e" * 6
NOBODYS = "sk-" + "9f3a7Bc2" * 6
PLAIN = {"TERM": "dumb"}


@pytest.fixture
def bare(home: Home) -> Home:
    """A machine without any key; Groq's server takes KEY."""
    home.keys.clear()
    home.groq.key = KEY
    home.anthropic.key = ANTHROPIC_KEY
    return home


def on_disk(home: Home, key: str) -> list[str]:
    """The files below the home that hold the key, but for the keyring's own."""
    files = (path for path in home.folder.rglob("*") if path.is_file() and path.name != "ring.json")
    return [path.name for path in files if key.encode() in path.read_bytes()]


def asked(chat: Terminal, line: str = "/key", question: str = "API key") -> Terminal:
    """Enter the command, and wait for the line that is not shown."""
    chat.prompt().enter(line).sees(question)
    return chat.sees("Enter takes it")


class TestFromNothing:
    def test_a_key_is_taken_unseen_known_by_its_form_tried_kept_in_the_keyring_and_used_at_once(
        self, bare: Home
    ) -> None:
        env = ring(bare, "File")
        chat = bare.open(env=env, columns=100).prompt().sees("No key is set. /key takes one, tries it, and keeps it")
        asked(chat).sees("told by /key NAME").paste(KEY).sees(f"{len(KEY)} characters").type("\r")
        choose(chat, "Where is the key of Groq kept?", 1).sees("GROQ_API_KEY is in the keyring now. Groq lists 3 model")
        choose(chat, "Which model answers from now on?", 1).sees("offline:guide → groq:gpt-oss-120b").prompt()
        chat.enter("Hello").sees("Answer 1 from groq.").prompt()
        assert kept_in_ring(bare) == {"GROQ_API_KEY": KEY}
        assert chat.leave() == 0
        assert on_disk(bare, KEY) == []
        assert KEY.encode() not in chat.raw
        done = bare.run("-p", "Again?", env=env)  # the next run begins with it, and nothing else names it
        assert (done.stdout, done.stderr) == ("Answer 2 from groq.\n", "")

    def test_what_is_typed_by_hand_is_not_seen_either_and_can_be_mended(self, bare: Home) -> None:
        chat = bare.open(env=ring(bare, "File"), columns=100)
        asked(chat, "/key groq").sees("Groq gives keys at https://console.groq.com").type("nonsense").sees(
            "8 characters"
        )
        chat.type("\x15").until(lambda: "characters" not in chat.line, "an empty line")
        chat.type(f"{KEY}x\x7f\r")
        choose(chat, "Where is the key of Groq kept?", 1).sees("is in the keyring now")
        assert kept_in_ring(bare) == {"GROQ_API_KEY": KEY}
        assert KEY.encode() not in chat.raw

    def test_on_a_plain_terminal_the_line_is_not_echoed_and_the_questions_are_lines(self, bare: Home) -> None:
        chat = bare.open(env={**ring(bare, "File"), **PLAIN}, columns=200)
        asked(chat).type(f"{KEY}\r")
        choose(chat, "Where is the key of Groq kept?", 2).sees(f"GROQ_API_KEY is in {bare.folder / '.env'} now.")
        choose(chat, "Which model answers from now on?", 1).sees("→ groq:gpt-oss-120b").prompt()
        assert KEY.encode() not in chat.raw
        assert (bare.folder / ".env").read_text() == f"GROQ_API_KEY={KEY}\n"

    @pytest.mark.parametrize("key", [ESC, CTRL_C], ids=["Esc", "Ctrl+C"])
    @pytest.mark.parametrize("env", [{}, PLAIN], ids=["panel", "plain"])
    def test_whoever_leaves_has_given_nothing(self, bare: Home, key: str, env: dict[str, str]) -> None:
        chat = bare.open(env=env, columns=100)
        asked(chat).type("gsk_abc")
        chat.until(lambda: bool(env) or "7 characters" in chat.words, "what was typed")
        chat.type(key).prompt()
        assert not bare.groq.requests
        assert not (bare.folder / ".env").exists()


class TestWhoseItIs:
    def test_is_asked_where_several_could_have_made_it(self, bare: Home) -> None:
        chat = bare.open(env=ring(bare, NONE), columns=100)
        asked(chat).paste(NOBODYS).sees("characters").type("\r").sees("Whose key is it?")
        chat.sees("DeepSeek").type(ESC).sees("No key was taken.").prompt()
        assert not any(server.requests for server in bare.servers.values())

    def test_of_another_maker_is_sent_to_nobody_without_a_yes(self, bare: Home) -> None:
        chat = bare.open(env=ring(bare, NONE), columns=100)
        asked(chat, "/key anthropic").paste(KEY).sees("characters").type("\r").sees("It looks like a key of Groq.")
        yes(chat, "Send it to Anthropic all the same?", "n").sees("No key was taken.").prompt()
        assert not bare.anthropic.requests

    def test_is_none_of_a_provider_that_needs_none_or_is_not_there(self, bare: Home) -> None:
        chat = bare.open(columns=100)
        assert "Ollama needs no key." in chat.ask("/key ollama")
        assert "There is no provider of that name." in chat.ask("/key nobody")


class TestATry:
    def test_that_the_provider_refuses_keeps_nothing(self, bare: Home) -> None:
        chat = bare.open(env=ring(bare, "File"), columns=100)
        asked(chat).paste(OTHER).sees("characters").type("\r")
        chat.sees("Groq refused the key.").sees("It was not kept.").prompt()
        assert kept_in_ring(bare) == {}
        assert on_disk(bare, OTHER) == []
        assert OTHER.encode() not in chat.raw

    @pytest.mark.parametrize(("answer", "kept"), [("y", True), ("", False)])
    def test_that_fails_for_another_reason_leaves_it_to_the_person(self, bare: Home, answer: str, kept: bool) -> None:
        bare.groq.no_list = Status(503, message="Down for a while.")
        chat = bare.open(env=ring(bare, NONE), columns=100)
        asked(chat).paste(KEY).sees("characters").type("\r").sees("It could not be tried.")
        yes(chat, "Keep it untried?", answer)
        if kept:
            choose(chat, "Shall a file keep the key of Groq?", 1).sees("GROQ_API_KEY is in")
        else:
            chat.sees("The key was not kept.").prompt()
        assert bool(on_disk(bare, KEY)) is kept

    def test_where_the_list_of_models_is_open_to_all_asks_for_what_a_key_opens(self, bare: Home) -> None:
        bare.overlay({"groq": {"base_url": bare.groq.base_url, "key_path": "/key"}})
        bare.groq.pages["/openai/v1/key"] = {"data": {}}
        chat = bare.open(env=ring(bare, NONE), columns=100)
        asked(chat).paste(KEY).sees("characters").type("\r")
        choose(chat, "Shall a file keep the key of Groq?", 2).sees("The key was not kept.").prompt()
        assert [request.path for request in bare.groq.requests] == ["/openai/v1/key", "/openai/v1/models"]


class TestTheKeyring:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("Failing", "The keyring failed (RuntimeError)."),
            (NONE, "This system has no keyring that could be used."),
            ("Hanging", "The keyring has not answered for 3 seconds."),
        ],
    )
    def test_that_is_of_no_use_is_told_and_the_file_is_offered(self, bare: Home, name: str, said: str) -> None:
        chat = bare.open(env=ring(bare, name), columns=100)
        asked(chat).paste(KEY).sees("characters").type("\r")
        if name != NONE:  # of those it only shows when something is put there
            choose(chat, "Where is the key of Groq kept?", 1)
        choose(chat.sees(said), "Shall a file keep the key of Groq?", 1).sees(
            f"GROQ_API_KEY is in {bare.folder / '.env'} now."
        )
        assert on_disk(bare, KEY) == [".env"]
        assert KEY.encode() not in chat.raw

    @pytest.mark.parametrize("name", ["Locked", "Forgetting"])
    def test_that_does_not_keep_it_is_not_believed(self, bare: Home, name: str) -> None:
        chat = bare.open(env=ring(bare, name), columns=100)
        asked(chat).paste(KEY).sees("characters").type("\r")
        choose(chat, "Where is the key of Groq kept?", 1)
        choose(chat, "Shall a file keep the key of Groq?", 2).sees("The key was not kept.").prompt()
        assert not (bare.folder / "state" / "keyring.json").exists()

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("Hanging", "The keyring has not answered for 3 seconds."),
            ("Failing", "The keyring failed (RuntimeError)."),
            (NONE, "This system has no keyring that could be used."),
        ],
    )
    def test_that_does_not_give_it_is_an_error_with_a_cure_when_a_model_is_asked_and_never_before(
        self, bare: Home, name: str, why: str
    ) -> None:
        put_in_ring(bare, "GROQ_API_KEY", KEY)
        env = ring(bare, name)
        chat = bare.open(env=env, columns=100).prompt().sees("groq:gpt-oss-120b")
        chat.enter("Hello").sees(f"GROQ_API_KEY is in the keyring. {why}").sees("/key takes the key anew.")
        chat.prompt("Hello")
        done = bare.run("-p", "Hello", env=env)
        assert done.returncode == 76
        assert why in done.stderr
        assert "/key" not in done.stderr
        assert str(bare.folder / ".env") in done.stderr

    def test_is_not_loaded_before_the_first_prompt(self, bare: Home) -> None:
        put_in_ring(bare, "GROQ_API_KEY", KEY)
        chat = bare.open(env=ring(bare, "File"), python=("-X", "importtime"), rows=50)
        chat.until(lambda: b"\x1b[?2004h" in chat.raw, "the prompt")
        assert b"keyring.backend" not in chat.raw[: chat.raw.index(b"\x1b[?2004h")]
        chat.until(lambda: b"keyring.backend" in chat.raw, "the keyring, when the model's service is made")

    def test_comes_last_and_one_that_lost_the_key_says_so(self, bare: Home) -> None:
        put_in_ring(bare, "GROQ_API_KEY", OTHER)
        (bare.folder / ".env").write_text(f"GROQ_API_KEY={KEY}\n")
        env = ring(bare, "File")
        assert bare.run("-p", "Hm?", env=env).stdout == "Answer 1 from groq.\n"
        (bare.folder / ".env").unlink()
        (bare.folder / "ring.json").unlink()
        assert "The keyring holds no GROQ_API_KEY any more." in bare.run("-p", "Hm?", env=env).stderr


class TestTheFile:
    def test_keeps_every_other_line_and_is_for_one_user_alone(self, bare: Home) -> None:
        file = bare.folder / ".env"
        file.write_text(f"# mine\nexport GROQ_API_KEY='{OTHER}'  # the old one\nX = \"a b\"\n")
        file.chmod(0o644)
        (bare.folder / "settings.toml").write_text(
            '[models]\nrefresh = false\ndiscover = false\n[keys]\nstore = "file"\n'
        )
        chat = bare.open("-m", "offline:guide", columns=100)
        asked(chat).paste(KEY).sees("characters").type("\r").sees(f"GROQ_API_KEY is in {file} now.")
        choose(chat, "Which model answers from now on?", 1).prompt()
        chat.enter("Hello").sees("Answer 1 from groq.").prompt()
        assert file.read_text() == f'# mine\nexport GROQ_API_KEY={KEY}  # the old one\nX = "a b"\n'
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert [path.name for path in bare.folder.glob(".env*")] == [".env"]

    @pytest.mark.parametrize("kind", ["link", "pipe", "no .env"])
    def test_that_is_something_else_is_an_error_and_stays_as_it_is(self, bare: Home, kind: str) -> None:
        file, elsewhere = bare.folder / ".env", bare.folder / "elsewhere"
        elsewhere.write_text("A=1\n")
        chat = bare.open(env=ring(bare, NONE), columns=100).prompt()
        if kind == "link":
            file.symlink_to(elsewhere)
        elif kind == "pipe":
            os.mkfifo(file)
        else:
            file.write_text("this is no 'line\n")
        asked(chat).paste(KEY).sees("characters").type("\r")
        choose(chat, "Shall a file keep the key of Groq?", 1)
        chat.sees({"link": "it is a link", "pipe": "it is a pipe", "no .env": "is not NAME=value"}[kind]).prompt()
        assert elsewhere.read_text() == "A=1\n"
        assert on_disk(bare, KEY) == []
        assert file.is_symlink() or not file.is_file() or file.read_text() == "this is no 'line\n"


class TestWhatComesFirst:
    def test_in_the_environment_is_told(self, bare: Home) -> None:
        chat = bare.open("-m", "offline:guide", env={**ring(bare, "File"), "GROQ_API_KEY": OTHER}, columns=100)
        asked(chat).paste(KEY).sees("characters").type("\r")
        choose(chat, "Where is the key of Groq kept?", 1)
        chat.sees("The environment holds another GROQ_API_KEY, which comes first: unset it there.")

    def test_in_the_file_is_told_and_taken_out_on_a_yes(self, bare: Home) -> None:
        (bare.folder / ".env").write_text(f"A=1\nGROQ_API_KEY={OTHER}\n")
        chat = bare.open("-m", "offline:guide", env=ring(bare, "File"), columns=100)
        asked(chat).paste(KEY).sees("characters").type("\r")
        choose(chat, "Where is the key of Groq kept?", 1).sees("holds another GROQ_API_KEY, which comes first.")
        yes(chat, "Take that one out?")
        choose(chat, "Which model answers from now on?", 1).prompt().enter("Hello").sees("Answer 1 from groq.")
        assert (bare.folder / ".env").read_text() == "A=1\n"


class TestTakingOut:
    def test_happens_wherever_a_key_is_but_in_the_environment(self, bare: Home) -> None:
        put_in_ring(bare, "GROQ_API_KEY", KEY)
        (bare.folder / ".env").write_text(f"A=1\nGROQ_API_KEY={KEY}\nB=2\n")
        chat = bare.open("-m", "offline:guide", env={**ring(bare, "File"), "GROQ_API_KEY": OTHER}, columns=200).prompt()
        chat.enter("/key --remove groq").sees(
            "GROQ_API_KEY is set in the environment, which only your shell can change"
        )
        yes(chat, f"Take GROQ_API_KEY out of {bare.folder / '.env'}?")
        yes(chat, "Take GROQ_API_KEY out of the keyring?").sees("GROQ_API_KEY is not in the keyring any more.").prompt()
        assert (bare.folder / ".env").read_text() == "A=1\nB=2\n"
        assert kept_in_ring(bare) == {}
        assert "GROQ_API_KEY" not in (bare.folder / "state" / "keyring.json").read_text()
        assert "MISTRAL_API_KEY is not set." in chat.ask("/key --remove mistral")

    def test_asks_which_and_on_a_no_nothing_goes(self, bare: Home) -> None:
        (bare.folder / ".env").write_text(f"GROQ_API_KEY={KEY}\nXAI_API_KEY=xai-0123456789\n")
        chat = bare.open("-m", "offline:guide", columns=100).prompt().enter("/key --remove")
        choose(chat, "Which key goes?", 2)
        yes(chat, "Take XAI_API_KEY out of", "n").sees("XAI_API_KEY stays in").prompt()
        assert "XAI_API_KEY" in (bare.folder / ".env").read_text()

    def test_from_a_keyring_that_is_gone_only_forgets_it(self, bare: Home) -> None:
        put_in_ring(bare, "GROQ_API_KEY", KEY)
        chat = bare.open("-m", "offline:guide", env=ring(bare, NONE), columns=100).prompt().enter("/key --remove groq")
        yes(chat, "Take GROQ_API_KEY out of the keyring?").sees("This system has no keyring that could be used.")
        yes(chat, "Forget that the key is there?").sees("is not in the keyring any more.").prompt()
        assert "GROQ_API_KEY is not set." in chat.ask("/key --remove groq")


class TestInTheLine:
    def test_a_key_is_not_repeated_not_written_down_and_the_way_is_told(self, bare: Home) -> None:
        strange = "mykey0123456789abcdef"  # of a form that nobody knows
        chat = bare.open(columns=120).prompt()
        said = " ".join(chat.ask(f"/key {strange}").split())
        assert said.count(strange) == 1  # as it was typed
        assert "/key alone asks for it, and shows nothing of it." in said
        chat.enter(KEY).sees("Send it all the same?")
        yes(chat, "Send it all the same?", "").sees("Nothing was sent. /key takes a key, unseen, and keeps it.")
        assert on_disk(bare, strange) == []
        assert on_disk(bare, KEY) == []

    def test_an_answer_that_a_key_was_refused_names_the_command(self, bare: Home) -> None:
        (bare.folder / ".env").write_text(f"GROQ_API_KEY={OTHER}\n")
        chat = bare.open("-m", "groq:gpt-oss-120b", columns=100).prompt()
        chat.enter("Hello").sees("Groq refused the key.").sees("/key groq takes another").prompt("Hello")
        chat.close()
        chat = bare.open("-m", "groq:gpt-oss-120b", env={"GROQ_API_KEY": OTHER}, columns=100).prompt()
        chat.enter("Hello").sees("in the environment").prompt("Hello")
        assert "/key groq" not in chat.text  # what it kept would not be used


def test_a_provider_that_nothing_is_sent_to_is_not_said_to_be_asked(bare: Home) -> None:
    settings = bare.folder / "settings.toml"
    settings.write_text(settings.read_text() + '[send]\nnever_to = ["groq"]\n')
    chat = asked(bare.open()).type(KEY).type("\r").sees("Nothing is sent to Groq").prompt()
    assert "Asking" not in chat.text
    assert not bare.groq.requests
    assert on_disk(bare, KEY) == []
