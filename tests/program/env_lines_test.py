"""A line of a .env file that is set or taken out: all others stay, byte for byte, and the file reads as it should."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.config import ROOT, read_env
from modules.errors import ConfigError
from modules.keys.env_lines import remove_from, set_in, with_value, without
from tests.harness.terminal import PATIENCE

NAME, KEY = "GROQ_API_KEY", "gsk_0123456789abcdef"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "GROQ_API_KEY=K\n"),
        ("A=1", "A=1\nGROQ_API_KEY=K\n"),
        ("A=1\r\n", "A=1\r\nGROQ_API_KEY=K\r\n"),
        ("# a\n\n  GROQ_API_KEY = old  # mine\nB='x'\n", "# a\n\n  GROQ_API_KEY=K  # mine\nB='x'\n"),
        ("GROQ_API_KEY=old", "GROQ_API_KEY=K"),
        ('export GROQ_API_KEY="old"\r\nA=1\r\n', "export GROQ_API_KEY=K\r\nA=1\r\n"),
        ("GROQ_API_KEY='two\nlines'\nA=1\n", "GROQ_API_KEY=K\nA=1\n"),
        ("GROQ_API_KEY=old#1\nA=1\n", "GROQ_API_KEY=K\nA=1\n"),
        ("GROQ_API_KEY=1\nA=1\nGROQ_API_KEY=2\n", "A=1\nGROQ_API_KEY=K\n"),
        ("GROQ_API_KEY\nA=1\n", "GROQ_API_KEY=K\nA=1\n"),
        ("\ufeffGROQ_API_KEY=1\n", "\ufeffGROQ_API_KEY=K\n"),
        ("MY_GROQ_API_KEY=1\n#GROQ_API_KEY=2\n", "MY_GROQ_API_KEY=1\n#GROQ_API_KEY=2\nGROQ_API_KEY=K\n"),
    ],
)
def test_a_value_is_replaced_where_it_stands_or_added(before: str, after: str) -> None:
    assert with_value(before, NAME, "K") == after


def test_a_value_is_taken_out_wherever_it_stands() -> None:
    assert without("# a\n\nGROQ_API_KEY=1\nA=1\nexport GROQ_API_KEY='2'  # x\n", NAME) == "# a\n\nA=1\n"


LINES = st.lists(
    st.sampled_from(
        ["A=1", "# remark", "", "  ", "export B='x y'", 'C="a\\nb"', "D", f"{NAME}=old", f"{NAME}='q'  # r", "E=f # g"]
    ),
    max_size=8,
)


@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_whatever_stands_there_the_file_says_the_new_value_and_of_all_else_what_it_said(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], end: str, last: bool
) -> None:
    path = tmp_path_factory.mktemp("env") / ".env"
    path.write_bytes((end.join(lines) + (end if last else "")).encode())
    before = read_env(path)
    others = [line for line in path.read_bytes().splitlines() if NAME.encode() not in line]
    set_in(path, NAME, KEY)
    assert read_env(path) == {**before, NAME: KEY}
    assert [line for line in path.read_bytes().splitlines() if NAME.encode() not in line] == others
    remove_from(path, NAME)
    assert read_env(path) == {name: value for name, value in before.items() if name != NAME}


def test_what_is_no_env_file_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    for text in (b"A='open\n", b"\xff\xfe", b"no equals 'sign\n"):
        path.write_bytes(text)
        with pytest.raises(ConfigError) as raised:
            set_in(path, NAME, KEY)
        assert str(path) in raised.value.message
        assert KEY not in str(raised.value)
        assert path.read_bytes() == text


def test_what_is_no_file_is_an_error_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path, target = tmp_path / ".env", tmp_path / "target"
    target.write_text("A=1\n")
    path.symlink_to(target)
    with pytest.raises(OSError, match="it is a link"):
        set_in(path, NAME, KEY)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OSError, match="it is a pipe"):
        set_in(path, NAME, KEY)
    assert target.read_text() == "A=1\n"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".env", "target"]


TWENTY = """
import sys
from pathlib import Path
from modules.keys.env_lines import set_in

for number in range(20):
    set_in(Path(sys.argv[1]), f"{sys.argv[2]}_{number}", "value")
"""


def test_programs_that_keep_keys_at_once_lose_none_of_each_other(tmp_path: Path) -> None:
    file = tmp_path / "new" / ".env"
    names = ("ONE", "TWO", "THREE")
    running = [subprocess.Popen([sys.executable, "-c", TWENTY, str(file), name], cwd=ROOT) for name in names]
    assert [one.wait(PATIENCE) for one in running] == [0, 0, 0]
    assert set(read_env(file)) == {f"{name}_{number}" for name in names for number in range(20)}
    assert os.listdir(file.parent) == [".env"], "nothing is left behind"
