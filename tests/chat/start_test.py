"""How a run begins: which model, whose keys, and how little is loaded for it."""

import re

import pytest

from tests.harness.home import Home

SDKS = {"anthropic", "openai", "groq", "pydantic", "httpx", "httpx2", "mcp"}
SCREENS = {"rich", "pygments", "markdown_it"}
BRACKETED_PASTE = b"\x1b[?2004h"  # the first thing that the prompt asks of a terminal


def started(home: Home, *args: str, **env: str) -> str:
    """The model that a run with these arguments begins with."""
    chat = home.open(*args, columns=200, env=env, cold=True).prompt()
    greeting = chat.rows[0].split(" · ")[1]
    chat.sees(f"commands > {greeting}")  # and the bar at the bottom says the same
    chat.close()
    return greeting


class TestTheFirstModel:
    def test_is_the_one_asked_for(self, home: Home) -> None:
        assert started(home, "-m", "groq:qwen", PARLANCE_MODEL="openai:gpt-6-luna") == "groq:qwen3.8-27b"

    def test_is_else_the_one_in_the_variable(self, home: Home) -> None:
        assert started(home, PARLANCE_MODEL="openai:gpt-6-luna") == "openai:gpt-6-luna"

    def test_is_else_the_persons_own_default(self, home: Home) -> None:
        home.overlay({"groq": {"base_url": home.groq.base_url}}, default="groq:gpt-oss-20b")
        assert started(home) == "groq:gpt-oss-20b"

    def test_is_else_the_shipped_default(self, home: Home) -> None:
        assert started(home) == "anthropic:claude-sonnet-5.5"

    def test_is_else_the_first_whose_key_is_set(self, home: Home) -> None:
        del home.keys["ANTHROPIC_API_KEY"]
        assert started(home) == "openai:gpt-6.1-sol"
        del home.keys["OPENAI_API_KEY"]
        assert started(home) == "groq:gpt-oss-120b"

    def test_is_else_the_guide_and_one_line_offers_to_take_a_key(self, home: Home) -> None:
        home.keys.clear()
        chat = home.open(columns=200, cold=True).prompt()
        chat.sees("offline:guide").sees("No key is set. /key takes one, tries it, and keeps it")
        assert chat.leave() == 0

    @pytest.mark.parametrize("way", ["-m", "PARLANCE_MODEL"])
    def test_that_does_not_exist_is_not_replaced_by_another(self, home: Home, way: str) -> None:
        name = "gtp-6.1-sol"
        done = home.run("-p", "hello", *(["-m", name] if way == "-m" else []), env={"PARLANCE_MODEL": name})
        assert done.returncode == 2
        assert "openai:gpt-6.1-sol" in done.stderr
        assert not any(server.requests for server in home.servers.values())

    def test_without_its_key_is_refused_by_name_when_it_was_asked_for(self, home: Home) -> None:
        del home.keys["OPENAI_API_KEY"]
        chat = home.open("-m", "openai:gpt-6.1-sol", cold=True).sees("OPENAI_API_KEY is not set")
        assert chat.exit_code() == 76


class TestAKey:
    def test_is_found_in_the_environment_first_then_beside_the_program_then_in_the_config_folder(
        self, home: Home
    ) -> None:
        right, wrong = home.keys.pop("GROQ_API_KEY"), "gsk-not-this-one-1234"
        own, beside = home.folder / ".env", home.own_program() / ".env"
        own.write_text(f"GROQ_API_KEY={right}\n")
        assert home.run("-p", "Hm?", "-m", "groq:gpt-oss-20b").stdout == "Answer 1 from groq.\n"
        beside.write_text(f"GROQ_API_KEY='{right}'  # mine\n")
        own.write_text(f"GROQ_API_KEY={wrong}\n")
        assert home.run("-p", "Hm?", "-m", "groq:gpt-oss-20b").stdout == "Answer 2 from groq.\n"
        beside.write_text(f"GROQ_API_KEY={wrong}\n")
        done = home.run("-p", "Hm?", "-m", "groq:gpt-oss-20b", env={"GROQ_API_KEY": right})
        assert done.stdout == "Answer 3 from groq.\n"

    def test_or_address_in_the_env_file_of_the_current_folder_is_not_read(self, home: Home) -> None:
        elsewhere = home.folder / "somebody-elses-project"
        elsewhere.mkdir()
        (elsewhere / ".env").write_text("OPENAI_API_KEY=sk-theirs-0123456789\nGROQ_BASE_URL=http://127.0.0.1:9\n")
        (elsewhere / "models.yaml").write_text("providers: {groq: {base_url: 'http://127.0.0.1:9'}}\n")
        del home.keys["OPENAI_API_KEY"]
        listed = home.run("--list-models", cwd=elsewhere)
        assert "needs OPENAI_API_KEY: /key openai" in listed.stdout
        done = home.run("-p", "Hm?", "-m", "groq:gpt-oss-20b", cwd=elsewhere)
        assert done.stdout == "Answer 1 from groq.\n"

    def test_that_is_missing_is_told_with_the_cure_and_seen_once_it_is_written_down(self, home: Home) -> None:
        key = home.keys.pop("GROQ_API_KEY")
        chat = home.open("-m", "openai:gpt-6.1-sol", columns=300, cold=True).prompt()
        said = chat.ask("/model gpt-oss").splitlines()[1:]
        assert said[0].startswith("Groq needs a key and GROQ_API_KEY is not set.")
        assert str(home.folder / ".env") in said[1]
        assert said[2] == "Still on openai:gpt-6.1-sol."
        (home.folder / ".env").write_text(f"GROQ_API_KEY={key}\n")
        chat.enter("/model gpt-oss").sees("→ groq:gpt-oss-120b").prompt()
        chat.enter("Hello").sees("Answer 1 from groq.").prompt()

    def test_and_where_it_goes_is_shown_by_config_without_its_value(self, home: Home) -> None:
        del home.keys["OPENAI_API_KEY"]
        chat = home.open(columns=120, rows=40, cold=True).prompt()
        said = chat.ask("/config")
        assert f"config folder  {home.folder}" in said
        assert f"{home.folder / '.env'} (not there)" in said
        assert f"{home.folder / 'models.yaml'} (read)" in said
        assert f"{home.folder / 'state'}" in said
        assert "ANTHROPIC_API_KEY set in the environment" in said
        assert "OPENAI_API_KEY not set: https://platform.openai.com/api-keys" in said
        assert not [key for key in home.keys.values() if key in said]

    def test_that_no_header_can_carry_is_refused_before_anything_is_sent_and_never_shown(self, home: Home) -> None:
        done = home.run("-p", "Hm?", "-m", "groq:gpt-oss-20b", env={"GROQ_API_KEY": "gsk-two\nlines-0123"})
        assert done.returncode == 76
        assert "GROQ_API_KEY in the environment is not a usable key" in done.stderr
        assert "lines-0123" not in done.stderr
        assert not home.groq.requests


def loaded(log: bytes | str) -> set[str]:
    text = log if isinstance(log, str) else log.decode(errors="replace")
    return {name.partition(".")[0] for name in re.findall(r"import time:[^\n]*\|\s+([\w.]+)", text)}


class TestWhatIsLoaded:
    def test_for_the_version_is_no_sdk_and_no_screen(self, home: Home) -> None:
        done = home.run("--version", python=("-X", "importtime"))
        names = loaded(done.stderr)
        assert "argparse" in names
        assert not names & {*SDKS, *SCREENS, "prompt_toolkit", "yaml", "msgspec"}

    def test_before_the_first_prompt_is_no_sdk_and_no_renderer(self, home: Home) -> None:
        chat = home.open("-m", "groq:gpt-oss-120b", python=("-X", "importtime"), rows=50)
        chat.until(lambda: BRACKETED_PASTE in chat.raw, "the prompt, which what is loaded after it scrolls away")
        names = loaded(chat.raw[: chat.raw.index(BRACKETED_PASTE)])
        assert "prompt_toolkit" in names
        assert not names & {*SDKS, *SCREENS}
        chat.until(
            lambda: b"groq._client" in chat.raw and b"markdown_it" in chat.raw, "what is loaded in the background"
        )

    def test_for_a_list_of_models_is_no_sdk(self, home: Home) -> None:
        done = home.run("--list-models", python=("-X", "importtime"))
        assert not loaded(done.stderr) & {*SDKS, *SCREENS, "prompt_toolkit"}
