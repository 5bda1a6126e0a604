"""What settings.toml may say, what it may not, and what child processes are given of the environment."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modules.config import ROOT, Config
from modules.errors import ConfigError
from modules.settings.declarations import GUARDS, RENAMED, Settings
from modules.settings.reading import parse
from modules.settings.table import all_settings, parts
from tests.harness.home import KEYS
from tests.harness.terminal import PATIENCE


def config(folder: Path, text: str | bytes, **variables: str) -> Config:
    (folder / "settings.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return Config({"PARLANCE_HOME": str(folder), **variables})


def later(folder: Path, text: str) -> None:
    """Write the file again, with another time than before on any file system."""
    path = folder / "settings.toml"
    before = path.stat().st_mtime_ns
    path.write_text(text)
    os.utime(path, ns=(before + 1_000_000, before + 1_000_000))


def test_without_a_file_the_usual_settings_hold(tmp_path: Path) -> None:
    assert Config({"PARLANCE_HOME": str(tmp_path)}).settings == Settings()


def test_what_a_file_says_holds_and_the_rest_is_as_usual(tmp_path: Path) -> None:
    tools = config(tmp_path, '\ufeff[tools]\non = ["calculate"]\nsteps = 3\n').settings.tools
    assert (tools.on, tools.steps) == (("calculate",), 3)
    assert tools.tokens == Settings().tools.tokens
    assert config(tmp_path, "[budget]\nturn = 0\n").settings.budget.turn == 0.0
    assert config(tmp_path, "[network]\ncontent_timeout = 60\n").settings.network.content_timeout == 60.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[tools]\nstep = 3", 'line 2: [tools] has no "step". Did you mean steps?'),
        ("\n[tools]\n\nsteps = -1", "line 4: [tools] steps is -1. It has to be a whole number, at least 0."),
        ('[tools]\non = "all"', 'line 2: [tools] on is "all". It has to be a list of texts.'),
        ("[tool]\n", 'line 1: There is no part "tool". Did you mean tools?'),
        ("[xyzzy]\n", 'line 1: There is no part "xyzzy". There are start, models, options'),
        ("tools = 3\n", "line 1: tools is a part with settings of its own, as in [tools]."),
        ("turn = 3\n", 'line 1: "turn" stands outside of its part. Did you mean budget.turn?'),
        ("[budget]\nday = inf", "line 2: [budget] day is inf. It has to be a number, at least 0."),
        ("[budget]\nday = nan", "line 2: [budget] day is nan. It has to be a number, at least 0."),
        ("[send]\nonly_near = 1", "line 2: [send] only_near is 1. It has to be true or false."),
        ("[send]\nnever_to = [\n'groq',\n3]", "line 2: [send] never_to is a list with something else in it."),
        ("[tools]\nsteps = 2026-11-29", "line 2: [tools] steps is a date or a time."),
        ("[tools.steps]\na = 1", "line 1: [tools] steps is a table."),
        ("tools.steps = -1", "line 1: [tools] steps is -1."),
        ("tools = {steps = -1}", "line 1: [tools] steps is -1."),
        ("[tools]\ndollars = -1", "line 2: [budget] turn is -1. It has to be a number, at least 0."),
        ("[tools", "TOML"),
        ("[tools]\nsteps = 3\nsteps = 4", "TOML"),
        ("a = " + "[" * 3000, "is not TOML"),
        ("a = " + "1" * 5000, "is not TOML"),
        (b"\xff\xfe", "cannot be read"),
        (b"#" * 300_000, "cannot be read"),
    ],
)
def test_a_mistake_that_could_lift_a_limit_is_refused_with_its_line_and_what_was_meant(
    tmp_path: Path, text: str | bytes, told: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        _ = config(tmp_path, text).settings
    assert str(tmp_path / "settings.toml") in raised.value.message
    assert told in raised.value.message
    assert raised.value.cure


def test_all_mistakes_of_a_file_stand_in_one_message(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        _ = config(tmp_path, '[screen]\nwith = 3\ntheme = 4\n[tools]\nsteps = -1\n[options]\nseed = "x"\n').settings
    lines = [line.rpartition("line ")[2].partition(":")[0] for line in raised.value.message.splitlines()]
    assert lines == ["2", "3", "5", "7"]


def test_a_mistake_that_limits_nothing_is_told_once_and_everything_else_holds(tmp_path: Path) -> None:
    given = config(tmp_path, "[screen]\nwith = 3\nwidth = 80\n[options]\ntemperature = 7\nseed = 3\n")
    assert (given.settings.screen.width, given.settings.options.seed) == (80, 3)
    assert given.settings.options.temperature is None
    first, second = given.layers.news()
    assert 'line 2: [screen] has no "with". Did you mean width?' in first
    assert "line 5: [options] temperature is 7. It has to be a number from 0 to 2. It is passed over." in second
    assert given.layers.news() == []


def test_a_long_value_is_not_told_as_it_may_be_a_key(tmp_path: Path) -> None:
    given = config(tmp_path, '[keys]\nstore = "sk-ant-0123456789012345678901234567890123"\nsk-0123456789 = 1\n')
    _ = given.settings
    assert "sk-ant" not in "".join(given.layers.news())


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_older_name_holds_and_is_told_once(tmp_path: Path, old: str, new: str) -> None:
    part, field = old.split(".")
    value = all_settings()[new].example
    given = config(tmp_path, f"[{part}]\n{field} = {value}\n")
    new_part, new_field = new.split(".")
    assert getattr(getattr(given.settings, new_part), new_field) == value
    assert given.layers.news() == [
        f"{tmp_path / 'settings.toml'}, line 2: {old} is called {new} now. It holds as before."
    ]
    assert given.layers.news() == []


def test_beside_its_new_name_an_older_one_does_not_count(tmp_path: Path) -> None:
    assert config(tmp_path, "[tools]\ndollars = 7\n[budget]\nturn = 3\n").settings.budget.turn == 3


def test_a_change_of_the_file_holds_at_once_and_a_spoiled_one_changes_nothing(tmp_path: Path) -> None:
    given = config(tmp_path, "[screen]\nwidth = 80\n")
    assert given.settings.screen.width == 80
    later(tmp_path, "[screen]\nwidth = 60\n")
    assert given.settings.screen.width == 60
    later(tmp_path, "[screen\nwidth = 40\n")
    assert given.settings.screen.width == 60
    (news,) = given.layers.news()
    assert "is not TOML" in news
    assert "What it said before holds." in news
    later(tmp_path, "[screen]\nwidth = 40\n")
    assert given.settings.screen.width == 40
    (tmp_path / "settings.toml").unlink()
    assert given.settings == Settings()


def test_each_layer_goes_before_the_one_below_and_says_where_a_value_comes_from(tmp_path: Path) -> None:
    given = config(tmp_path, "[screen]\nwidth = 80\n")
    layers = given.layers
    assert [layers.origin(name) for name in ("screen.width", "screen.theme")] == ["file", "usual"]
    layers.believe({"screen.width": 70})
    assert (given.settings.screen.width, layers.origin("screen.width")) == (70, "folder")
    layers.change("screen.width", 60)
    assert (given.settings.screen.width, layers.origin("screen.width")) == (60, "session")
    assert layers.reset("screen.width")
    assert not layers.reset("screen.width")
    assert given.settings.screen.width == 70


def test_every_part_and_setting_says_what_it_does_with_an_example_that_it_takes() -> None:
    assert parts().keys() >= GUARDS
    for one in all_settings().values():
        assert one.description.endswith("."), one.name
        reading = parse(_line_of(one.part, one.field, one.example), "x")
        assert (list(reading.values), reading.mistakes) == ([one.name], ()), one.name


def _line_of(part: str, field: str, example: object) -> str:
    import tomlkit

    return tomlkit.dumps({part: {field: example}})


def test_nothing_of_keys_addresses_rights_or_spending_may_stand_in_a_folders_file() -> None:
    allowed = {one.part for one in all_settings().values() if one.in_folder}
    assert allowed.isdisjoint(GUARDS | {"keys", "network", "search"})


def test_child_processes_get_the_way_to_programs_and_no_key(tmp_path: Path) -> None:
    secrets = {**KEYS, "AWS_SECRET_ACCESS_KEY": "s3cret", "GITHUB_TOKEN": "ghp-1", "ANTHROPIC_BASE_URL": "http://x"}
    config = Config({"PARLANCE_HOME": str(tmp_path), "PATH": "/bin", "LC_ALL": "C", "LD_PRELOAD": "x.so", **secrets})
    assert config.child_environment == {"PATH": "/bin", "LC_ALL": "C"}


def test_child_processes_get_what_the_settings_name(tmp_path: Path) -> None:
    given = config(tmp_path, '[tools]\nenvironment = ["GITHUB_TOKEN"]', PATH="/bin", GITHUB_TOKEN="ghp-1")
    assert given.child_environment == {"PATH": "/bin", "GITHUB_TOKEN": "ghp-1"}


FILE = '[options]\ntemperature = 0.2\nstop = ["END"]\n[tools.allow]\n"/tmp" = ["run_command"]\n'
PARSERS = """
import sys
from modules.config import Config
print(Config().settings.options.temperature, "tomllib" in sys.modules)
"""


def read_anew(folder: Path) -> str:
    env = {"PATH": os.environ["PATH"], "PARLANCE_HOME": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", PARSERS], env=env, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def aged(folder: Path) -> Path:
    """The file as if it had been written a while ago; what was changed just now is parsed each time."""
    kept = folder / "state" / "settings.cache"
    deadline = time.monotonic() + PATIENCE
    while read_anew(folder) and not kept.exists():
        assert time.monotonic() < deadline
    return kept


def test_a_file_that_has_not_changed_is_not_parsed_again(tmp_path: Path) -> None:
    config(tmp_path, FILE)
    kept = aged(tmp_path)
    assert read_anew(tmp_path) == "0.2 False"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert Config({"PARLANCE_HOME": str(tmp_path)}).settings == config(tmp_path, FILE).settings
    before = (tmp_path / "settings.toml").stat()
    (tmp_path / "settings.toml").write_text(FILE.replace("0.2", "0.3"))
    os.utime(tmp_path / "settings.toml", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert read_anew(tmp_path) == "0.3 True", "it has the same size and time, and was changed"


@pytest.mark.parametrize("damage", [b"", b"\xc1", b"{}", b"\x93" * 100_000])
def test_a_damaged_copy_of_the_file_costs_the_time_to_parse_it(tmp_path: Path, damage: bytes) -> None:
    config(tmp_path, FILE)
    aged(tmp_path).write_bytes(damage)
    assert read_anew(tmp_path) == "0.2 True"
