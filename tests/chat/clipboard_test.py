"""Copying the last answer: each program is given what it reads, and the words say what is known (T10)."""

import base64
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.harness.home import Home
from tests.harness.terminal import Terminal
from tests.wire import Answer

TEXT = "Grüße, 世界"
LONG = "x" * 3000


@pytest.fixture
def bin(tmp_path: Path) -> Path:
    """A folder for programs that comes first on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def answered(home: Home, folder: Path, text: str = TEXT, **env: str) -> Terminal:
    home.groq.answer(Answer(text))
    path = f"{folder}:{os.environ.get('PATH', os.defpath)}"
    chat = home.open("-m", "groq:gpt-oss-20b", columns=120, env={"PATH": path, **env}).prompt()
    return chat.enter("Hello").sees(text[:20]).prompt()


def copied_by_terminal(raw: bytes) -> str:
    found = re.search(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", raw)
    assert found
    return base64.b64decode(found[1]).decode()


@pytest.mark.parametrize(
    ("name", "env", "sent"),
    [
        ("wl-copy", {"WAYLAND_DISPLAY": "wayland-0"}, TEXT.encode()),
        ("xclip", {"DISPLAY": ":0"}, TEXT.encode()),
        ("pbcopy", {"LANG": "C"}, TEXT.encode()),
        ("clip.exe", {}, TEXT.encode("utf-16")),
    ],
)
def test_each_program_is_given_the_bytes_that_it_reads(
    home: Home, bin: Path, name: str, env: dict[str, str], sent: bytes
) -> None:
    program(bin, name, f'cat > "{bin}/got"; printf %s "$LC_ALL" > "{bin}/locale"')
    chat = answered(home, bin, **env)
    chat.enter("/copy").sees(f"Copied {len(TEXT)} characters with {name}.").prompt()
    assert (bin / "got").read_bytes() == sent
    assert ((bin / "locale").read_text() == "en_US.UTF-8") == (name == "pbcopy")


def test_a_program_that_hangs_is_given_up_and_the_terminal_is_asked(home: Home, bin: Path) -> None:
    program(bin, "wl-copy", "exec sleep 600")
    chat = answered(home, bin, WAYLAND_DISPLAY="wayland-0")
    chat.enter("/copy").sees(f"Asked the terminal to copy {len(TEXT)} characters; not every terminal does.").prompt()
    assert copied_by_terminal(chat.raw) == TEXT


def test_from_another_machine_only_the_terminal_is_asked(home: Home, bin: Path) -> None:
    program(bin, "wl-copy", f'cat > "{bin}/got"')
    chat = answered(home, bin, WAYLAND_DISPLAY="wayland-0", SSH_CONNECTION="10.0.0.1 22 10.0.0.2 22")
    chat.enter("/copy").sees("Asked the terminal to copy").prompt()
    assert not (bin / "got").exists()
    assert copied_by_terminal(chat.raw) == TEXT


def test_an_answer_that_no_terminal_takes_is_said_to_be_too_long(home: Home, bin: Path) -> None:
    chat = answered(home, bin, "word " * 20_000, SSH_TTY="/dev/pts/1")
    chat.enter("/copy").sees("The answer is too long to be copied through the terminal.")


def test_in_gnu_screen_the_request_is_passed_on_in_pieces(home: Home, bin: Path) -> None:
    chat = answered(home, bin, LONG, STY="1234.pts-0.host")
    chat.enter("/copy").sees("Asked the terminal to copy 3000 characters").prompt()
    pieces = re.findall(rb"\x1bP(.*?)\x1b\\", chat.raw, re.S)
    assert max(map(len, pieces)) <= 768
    assert copied_by_terminal(b"".join(pieces)) == LONG


def test_in_a_tmux_that_is_too_old_the_request_is_passed_on_and_its_own_buffer_is_filled(home: Home, bin: Path) -> None:
    program(bin, "tmux", f'[ "$2" = -w ] && exit 1; [ "$1" = load-buffer ] && cat > "{bin}/buffer"')
    chat = answered(home, bin, TMUX="/tmp/tmux-0/default,1,0")
    chat.enter("/copy").sees("Asked the terminal to copy").prompt()
    assert (bin / "buffer").read_text() == TEXT
    passed = re.search(rb"\x1bPtmux;(.*?)\x1b\\", chat.raw.replace(b"\x1b\x1b", b"\0"), re.S)
    assert passed
    assert copied_by_terminal(passed[1].replace(b"\0", b"\x1b")) == TEXT


def test_in_tmux_that_was_joined_from_another_machine_no_program_of_this_one_is_used(home: Home, bin: Path) -> None:
    told = 'echo "SSH_CONNECTION=10.0.0.1 22 10.0.0.2 22"'
    program(bin, "tmux", f'[ "$1" = show-environment ] && {{ {told}; exit; }}; cat > "{bin}/buffer"')
    program(bin, "wl-copy", f'cat > "{bin}/got"')
    chat = answered(home, bin, TMUX="/tmp/tmux-0/default,1,0", WAYLAND_DISPLAY="wayland-0")
    chat.enter("/copy").sees("Asked the terminal, through tmux, to copy").prompt()
    assert (bin / "buffer").read_text() == TEXT
    assert not (bin / "got").exists()


@pytest.mark.skipif(not shutil.which("tmux"), reason="there is no tmux")
def test_in_a_real_tmux_as_it_comes_the_answer_is_in_its_buffer(home: Home, bin: Path) -> None:
    socket = str(home.folder / "tmux")
    tmux = ("tmux", "-S", socket, "-f", "/dev/null")
    subprocess.run([*tmux, "new-session", "-d", "-x", "80", "-y", "24", "sleep 600"], check=True)
    try:
        server = subprocess.run([*tmux, "display", "-p", "#{pid}"], capture_output=True, text=True, check=True)
        chat = answered(home, bin, TMUX=f"{socket},{server.stdout.strip()},0")
        chat.enter("/copy").sees("Asked the terminal, through tmux, to copy").sees(
            "its prefix and ] paste it."
        ).prompt()
        held = subprocess.run([*tmux, "show-buffer"], capture_output=True, check=True)
        assert held.stdout.decode() == TEXT
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)
