"""Whatever stands in a settings.toml: an error with its line, or settings that hold; what is saved is read back."""

from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modules.config import Config
from modules.errors import ConfigError, UsageError
from modules.settings.checking import taken
from modules.settings.declarations import GUARDS, Settings
from modules.settings.saving import save
from modules.settings.table import Setting, all_settings, value_of
from modules.settings.typed_values import as_words, from_words

FEW = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = sorted(all_settings())
ONE = st.sampled_from(NAMES).map(lambda name: all_settings()[name])
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)
SCALARS = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), TEXT, st.datetimes(), st.dates(), st.times()
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))


def of(folder: Path) -> Config:
    return Config({"PARLANCE_HOME": str(folder)})


def held(folder: Path) -> Settings | None:
    """What holds; None where the file is refused, in words and with a cure."""
    config = of(folder)
    try:
        return config.settings
    except ConfigError:
        with pytest.raises(ConfigError, match=r"settings\.toml") as raised:
            _ = config.settings
        assert raised.value.cure
        return None


@FEW
@given(data=st.binary(max_size=200) | TEXT.map(str.encode))
def test_any_bytes_are_read_or_refused_in_words(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "settings.toml").write_bytes(data)
    held(tmp_path)


@FEW
@given(one=ONE, value=VALUES)
def test_any_value_in_the_place_of_any_setting_holds_or_is_told_with_its_line(
    tmp_path: Path, one: Setting, value: Any
) -> None:
    (tmp_path / "settings.toml").write_text(f"# first\n{tomlkit.dumps({one.part: {one.field: value}})}", "utf-8")
    config = of(tmp_path)
    if taken(one, value) is None and one.part in GUARDS:
        with pytest.raises(ConfigError, match=r"line \d"):
            _ = config.settings
        return
    now = config.settings
    if taken(one, value) is None:
        assert "line " in config.layers.news()[0]
        assert value_of(now, one) == one.default


@FEW
@given(st.data(), ONE)
def test_what_is_saved_is_read_back_and_comments_stay(tmp_path: Path, data: st.DataObject, one: Setting) -> None:
    file = tmp_path / "settings.toml"
    comments = data.draw(st.lists(TEXT.map(lambda text: f"# {text}"), max_size=3))
    file.write_text("\n".join([*comments, "[screen] # here", "width = 80 # columns", ""]), "utf-8")
    example = taken(one, one.example)
    assert example is not None
    for value in (example[0], one.default):
        save(file, {one.name: value})
        assert value_of(of(tmp_path).settings, one) == value
        assert file.read_text("utf-8").startswith("\n".join([*comments, "[screen] # here"]))
    if one.name != "screen.width":
        assert "width = 80 # columns" in file.read_text("utf-8")


@FEW
@given(st.data(), ONE, st.text(max_size=20))
def test_what_is_typed_is_a_value_or_refused_in_words(data: st.DataObject, one: Setting, typed: str) -> None:
    for text in (typed, as_words(one.example)):
        try:
            value = from_words(one, text, one.default)
        except UsageError:
            continue
        assert taken(one, value) is not None
