"""Where keys and settings come from, and where they do not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from modules.config import ROOT, Config
from modules.errors import BadKey, ConfigError

SECRET = "gsk-0123456789abcdef"


def config(home: Path, env: str | bytes | None = None, **variables: str) -> Config:
    if env is not None:
        (home / ".env").write_bytes(env if isinstance(env, bytes) else env.encode())
    return Config({"PARLANCE_HOME": str(home), **variables})


def test_a_key_comes_from_the_environment(tmp_path: Path) -> None:
    key = config(tmp_path, X_KEY=SECRET).key("X_KEY")
    assert key is not None
    assert (key.value, key.source) == (SECRET, "X_KEY in the environment")


def test_a_key_comes_from_the_env_file_of_the_config_folder(tmp_path: Path) -> None:
    key = config(tmp_path, f"X_KEY={SECRET}\n").key("X_KEY")
    assert key is not None
    assert (key.value, key.source) == (SECRET, f"X_KEY in {tmp_path / '.env'}")


def test_the_environment_wins_over_the_env_file(tmp_path: Path) -> None:
    assert config(tmp_path, "X_URL=from-file", X_URL="from-environment").get("X_URL") == "from-environment"


def test_a_blank_in_the_environment_does_not_hide_the_env_file(tmp_path: Path) -> None:
    assert config(tmp_path, "X_URL=from-file", X_URL=" ").get("X_URL") == "from-file"


def test_what_is_set_nowhere_is_blank_or_the_default(tmp_path: Path) -> None:
    settings = config(tmp_path, "X_BLANK=\nX_NAME\n")
    assert settings.key("X_KEY") is None
    assert (settings.get("X_BLANK"), settings.get("X_NAME"), settings.get("X_KEY", "else")) == ("", "", "else")
    assert (settings.has_key("X_KEY"), settings.has_key(None)) == (False, True)


def test_an_env_file_in_the_current_folder_is_not_read(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    (elsewhere / ".env").write_text(f"X_KEY={SECRET}\n")
    code = "from modules.config import Config; c = Config(); print(repr(c.get('X_KEY')), c.env_files)"
    environment = {**os.environ, "PARLANCE_HOME": str(home), "PYTHONPATH": str(ROOT)}
    environment.pop("X_KEY", None)
    run = subprocess.run([sys.executable, "-c", code], cwd=elsewhere, env=environment, capture_output=True, text=True)
    assert run.stdout.startswith("''"), run.stderr
    assert str(elsewhere) not in run.stdout


def test_quotes_and_blanks_around_a_key_are_taken_away(tmp_path: Path) -> None:
    for text in (f" {SECRET} ", f'"{SECRET}"', f"'{SECRET}'", f"{SECRET}\r\n"):
        key = config(tmp_path, X_KEY=text).key("X_KEY")
        assert key is not None
        assert key.value == SECRET


@pytest.mark.parametrize(
    "text",
    [
        "gsk-secret part",
        "gsk-secret\npart",
        "gsk-secret\r\npart",
        "gsk-secret\tpart",
        "gsk-secret\x00part",
        "gsk-secret\u200bpart",
        "gsk-secret-pärt",
        "gsk-secret…",
        "gsk",
        '""',
        "secret" * 1000,
    ],
)
def test_a_key_that_no_server_could_take_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadKey) as caught:
        config(tmp_path, X_KEY=text).key("X_KEY")
    assert "X_KEY in the environment" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "gsk" not in str(caught.value)


def test_a_key_does_not_show_itself(tmp_path: Path) -> None:
    key = config(tmp_path, X_KEY=SECRET).key("X_KEY")
    for shown in (repr(key), str(key), f"{key}", f"{[key]}"):
        assert SECRET not in shown
        assert SECRET[:-4] not in shown


def test_values_are_not_filled_in_from_other_variables(tmp_path: Path) -> None:
    assert config(tmp_path, "A=1\nB=${A}\nC=$HOME\n").get("B") == "${A}"


def test_an_env_file_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    settings = config(tmp_path)
    assert not settings.has_key("X_KEY")
    (tmp_path / ".env").write_text(f"X_KEY={SECRET}\n")
    assert settings.has_key("X_KEY")
    (tmp_path / ".env").write_text(f"X_KEY=2{SECRET}\n")
    assert settings.get("X_KEY") == f"2{SECRET}"
    (tmp_path / ".env").unlink()
    assert not settings.has_key("X_KEY")


def test_an_env_file_spoiled_meanwhile_is_told_where_a_key_is_needed_and_nowhere_else(tmp_path: Path) -> None:
    settings = config(tmp_path, f"X_KEY={SECRET}\n", Y_KEY=SECRET)
    assert settings.has_key("X_KEY")
    (tmp_path / ".env").write_text(f'X_KEY="{SECRET}\n')
    assert settings.has_key("X_KEY")
    assert settings.key("Y_KEY") is not None
    with pytest.raises(ConfigError, match="not NAME=value"):
        settings.key("X_KEY")
    (tmp_path / ".env").write_text(f"X_KEY={SECRET}\n")
    assert settings.key("X_KEY") is not None


def test_a_file_of_growing_values_does_not_grow(tmp_path: Path) -> None:
    lines = "A0=" + "x" * 100 + "\n" + "".join(f"A{n}=${{A{n - 1}}}${{A{n - 1}}}\n" for n in range(1, 40))
    assert config(tmp_path, lines).get("A39") == "${A38}${A38}"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_byte_order_mark_and_any_line_end_are_fine(tmp_path: Path, newline: str) -> None:
    settings = config(tmp_path, newline.join(["\ufeffX_KEY=" + SECRET, "# note", "export X_URL='u'", ""]))
    assert (settings.get("X_KEY"), settings.get("X_URL")) == (SECRET, "u")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_an_env_file_in_another_encoding_is_refused_without_its_contents(tmp_path: Path, encoding: str) -> None:
    settings = config(tmp_path, f"X_KEY={SECRET}ä\n".encode(encoding))
    with pytest.raises(ConfigError) as caught:
        settings.get("X_KEY")
    assert str(tmp_path / ".env") in str(caught.value)
    assert "UTF-8" in str(caught.value)
    assert SECRET[4:] not in str(caught.value)


def test_utf_16_without_its_mark_is_refused_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not UTF-8"):
        config(tmp_path, f"X_KEY={SECRET}\n".encode("utf-16-le")).get("X_KEY")


@pytest.mark.parametrize("line", [f'X_KEY="{SECRET}', f"X KEY={SECRET}", f"{SECRET} {SECRET}"])
def test_a_line_that_cannot_be_read_is_told_with_its_number_and_not_shown(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, f"A=1\n# note\n{line}\nB=2\n").get("X_KEY")
    assert str(caught.value).startswith(f"{tmp_path / '.env'}:3: this is not NAME=value.")
    assert SECRET[4:] not in str(caught.value)


def test_the_last_of_two_values_counts(tmp_path: Path) -> None:
    assert config(tmp_path, "A=1\nA='2' # note\n").get("A") == "2"


def test_an_env_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1")
    (tmp_path / ".env").chmod(0)
    if os.access(tmp_path / ".env", os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(ConfigError, match="cannot be read"):
        config(tmp_path).get("A")


def test_an_env_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="larger than 64 kB"):
        config(tmp_path, "#" * 70_000).get("X")


def test_an_env_file_is_not_read_for_what_the_environment_has(tmp_path: Path) -> None:
    assert config(tmp_path, b"\xff\xfe", X_KEY="1234").get("X_KEY") == "1234"


def test_programs_that_tools_run_get_what_is_usual_and_what_the_settings_name_and_no_key(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[tools]\nenvironment = ["DEPLOY_TARGET"]\n')
    usual = {"PATH": "/usr/bin", "HOME": "/root", "LC_ALL": "C.UTF-8", "DEPLOY_TARGET": "here"}
    others = {"ANTHROPIC_API_KEY": SECRET, "GITHUB_TOKEN": SECRET, "LD_PRELOAD": "/tmp/x.so", "AWS_PROFILE": "work"}
    assert config(tmp_path, f"X_KEY={SECRET}\n", **usual, **others).child_environment == usual


def test_a_home_of_ones_own_holds_all_folders(tmp_path: Path) -> None:
    settings = config(tmp_path)
    assert settings.folder == tmp_path
    assert settings.user_models == tmp_path / "models.yaml"
    assert settings.state_folder == tmp_path / "state"


def test_without_a_home_the_systems_folders_are_used() -> None:
    settings = Config({})
    assert settings.folder.name == settings.state_folder.name == "parlance"


def test_a_private_folder_is_for_this_user_only(tmp_path: Path) -> None:
    folder = config(tmp_path).private(tmp_path / "a" / "b")
    assert folder.is_dir()
    assert os.name == "nt" or folder.stat().st_mode & 0o077 == 0


def test_the_shipped_catalogue_is_found() -> None:
    assert Config({}).shipped_models.is_file()


@pytest.mark.parametrize(
    ("variables", "plain", "color"),
    [
        ({"TERM": "xterm-256color"}, False, True),
        ({"TERM": "dumb"}, True, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, False, True),
    ],
)
def test_the_terminals_wishes_are_read(variables: dict[str, str], plain: bool, color: bool) -> None:
    settings = Config(variables)
    assert (settings.plain, settings.color) == (plain and os.name != "nt", color)
