"""The command that the exit line names is one that exists, however the program was started."""

import re
import subprocess
from pathlib import Path

import pytest

from modules.chat.program_name import own_name
from tests.harness.home import KEYS, Home


@pytest.mark.parametrize(
    ("started", "executable", "in_uv", "there", "name"),
    [
        ("main.py", "/env/bin/python", False, {"python": "/env/bin/python"}, "python main.py"),
        ("main.py", "/usr/bin/python3.12", False, {"python3": "/usr/bin/python3.12"}, "python3 main.py"),
        ("/a b/main.py", "/env/bin/python", False, {"python": "/usr/bin/python"}, "/env/bin/python '/a b/main.py'"),
        ("main.py", "/env/bin/python", True, {"python": "/env/bin/python"}, "uv run main.py"),
        ("/site/parlance/__main__.py", "/env/bin/python", False, {"python": "/env/bin/python"}, "python -m parlance"),
        ("/site/parlance/__main__.py", "/env/bin/python", True, {}, "uv run python -m parlance"),
        ("/env/bin/parlance", "/env/bin/python", True, {"parlance": "/env/bin/parlance"}, "uv run parlance"),
        ("/env/bin/parlance", "/env/bin/python", False, {"parlance": "/env/bin/parlance"}, "parlance"),
        ("/env/bin/parlance", "/env/bin/python", False, {}, "/env/bin/parlance"),
        ("/env/bin/parlance", "/env/bin/python", False, {"parlance": "/usr/bin/parlance"}, "/env/bin/parlance"),
    ],
)
def test_each_way_to_start_is_named_as_it_works_in_the_shell(
    started: str, executable: str, in_uv: bool, there: dict[str, str], name: str
) -> None:
    assert own_name(started, executable, in_uv=in_uv, which=there.get) == name


def test_what_the_exit_line_says_goes_on_when_it_is_typed(home: Home) -> None:
    chat = home.open("-m", "groq:gpt-oss-20b", columns=300, cold=True).prompt()
    chat.enter("Hello").sees("Answer 1 from groq.").prompt().leave()
    found = re.search(r"Continue with: (.*) -c, or -r", chat.text)
    assert found
    done = subprocess.run(
        ["sh", "-c", f"{found[1]} -c -p 'And now?'"],
        env=home.env(), cwd=home.folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    assert done.stdout == "Answer 2 from groq.\n"


class TestTheFirstScreen:
    def test_names_a_file_that_can_be_written_just_so(self, home: Home, tmp_path: Path) -> None:
        home.keys.clear()
        fresh = tmp_path / "fresh"
        fresh.mkdir()
        env = {
            "HOME": str(fresh),
            "PARLANCE_HOME": "",
            "XDG_CONFIG_HOME": "",
            "XDG_STATE_HOME": "",
            "XDG_DATA_HOME": "",
        }
        chat = home.open(columns=300, env=env).prompt()
        said = chat.ask("/model groq:gpt-oss-20b")
        found = re.search(r"put GROQ_API_KEY=... into (\S+), which is read again at once", said)
        assert found
        subprocess.run(["sh", "-c", f"echo GROQ_API_KEY={KEYS['GROQ_API_KEY']} >> {found[1]}"], check=True)
        chat.enter("/model groq:gpt-oss-20b").sees("→ groq:gpt-oss-20b").prompt()

    def test_of_a_script_names_no_command_of_the_chat(self, home: Home) -> None:
        home.keys.clear()
        done = home.run("-p", "Hello")
        assert done.returncode == 76
        assert "No key is set. Put ANTHROPIC_API_KEY" in done.stderr
        assert "/model" not in done.stderr


class TestABadKey:
    def test_of_one_provider_does_not_keep_the_program_from_starting_with_another(self, home: Home) -> None:
        home.keys["ANTHROPIC_API_KEY"] = "abc"
        chat = home.open(columns=200).prompt().sees("openai:gpt-6.1-sol").sees("it is too short, 3 characters.")
        chat.enter("Hello").sees("Answer 1 from openai.").prompt()
        assert "is not a usable key: it is too short, 3 characters" in chat.ask("/config")

    def test_alone_leaves_the_guide_and_says_what_is_wrong(self, home: Home) -> None:
        home.keys = {"GROQ_API_KEY": "x" * 3000}
        home.open(columns=200).prompt().sees("offline:guide").sees("it is too long, 3000 characters.")
        assert home.run("-p", "Hello").returncode == 76

    def test_that_was_asked_for_is_refused(self, home: Home) -> None:
        home.keys["ANTHROPIC_API_KEY"] = "abc"
        done = home.run("-p", "Hello", "-m", "anthropic:sonnet")
        assert done.returncode == 76
        assert "it is too short, 3 characters." in done.stderr
