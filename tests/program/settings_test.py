"""What settings.toml may say, what it may not, and what child processes are given of the environment."""

from pathlib import Path

import pytest

from modules.config import Config
from modules.errors import ConfigError
from modules.settings.declarations import Settings
from modules.settings.reading import read
from tests.harness.home import KEYS


def settings(folder: Path, text: str | bytes) -> Settings:
    path = folder / "settings.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path)


def test_without_a_file_the_usual_settings_hold(tmp_path: Path) -> None:
    assert read(tmp_path / "settings.toml") == Settings()


def test_what_a_file_says_holds_and_the_rest_is_as_usual(tmp_path: Path) -> None:
    tools = settings(tmp_path, '\ufeff[tools]\non = ["calculate"]\nsteps = 3\n').tools
    assert (tools.on, tools.steps) == (("calculate",), 3)
    assert tools.tokens == Settings().tools.tokens
    assert settings(tmp_path, "[budget]\nturn = 0\n").budget.turn == 0.0
    assert settings(tmp_path, "[network]\ncontent_timeout = 60\n").network.content_timeout == 60.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[tools]\nstep = 3", "step"),
        ("[tools]\nsteps = -1", "$.tools.steps"),
        ('[tools]\non = "all"', "$.tools.on"),
        ("[tool]\n", "tool"),
        ("[network]\ncontent_timeout = -1", "$.network.content_timeout"),
        ("[tools", "TOML"),
        ("[tools]\nsteps = 3\nsteps = 4", "TOML"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_place(tmp_path: Path, text: str | bytes, told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        settings(tmp_path, text)
    assert str(tmp_path / "settings.toml") in raised.value.message
    assert told in raised.value.message
    assert raised.value.cure


def test_child_processes_get_the_way_to_programs_and_no_key(tmp_path: Path) -> None:
    secrets = {**KEYS, "AWS_SECRET_ACCESS_KEY": "s3cret", "GITHUB_TOKEN": "ghp-1", "ANTHROPIC_BASE_URL": "http://x"}
    config = Config({"PARLANCE_HOME": str(tmp_path), "PATH": "/bin", "LC_ALL": "C", "LD_PRELOAD": "x.so", **secrets})
    assert config.child_environment == {"PATH": "/bin", "LC_ALL": "C"}


def test_child_processes_get_what_the_settings_name(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[tools]\nenvironment = ["GITHUB_TOKEN"]')
    config = Config({"PARLANCE_HOME": str(tmp_path), "PATH": "/bin", "GITHUB_TOKEN": "ghp-1"})
    assert config.child_environment == {"PATH": "/bin", "GITHUB_TOKEN": "ghp-1"}
