"""A picture from the clipboard, by Ctrl+V and /paste: each program is asked as it wants to be, and none is believed."""

import base64
import os
from pathlib import Path

import pytest

from tests.harness.home import Home
from tests.harness.sample_files import noise, picture, sent
from tests.harness.terminal import CTRL_C, Terminal

MODEL = ("-m", "anthropic:claude-haiku-4.5")
CTRL_V = "\x16"
WAYLAND = {"WAYLAND_DISPLAY": "wayland-0"}
X11 = {"DISPLAY": ":0"}
OFFERS = """case "$*" in
*--list-types*) printf "text/html\\nimage/png\\n";;
*"-t image/png"*) cat "$HOME/held";;
*) exit 1;;
esac"""
X_OFFERS = OFFERS.replace("--list-types", "TARGETS")


@pytest.fixture
def bin(home: Home) -> Path:
    """A folder for programs that is all of the PATH but for what the programs themselves need."""
    folder = home.folder / "bin"
    folder.mkdir()
    for name in ("cat", "sleep", "head", "env", "sh", "yes", "git"):
        found = next(path for one in os.defpath.split(":") if (path := Path(one or "/bin", name)).exists())
        (folder / name).symlink_to(found)
    return folder


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def opened(home: Home, folder: Path, *args: str, **env: str) -> Terminal:
    return home.open(*(args or MODEL), columns=140, env={"PATH": str(folder), **env}).prompt()


WAYS = {
    "wl-paste": ("wl-paste", OFFERS, WAYLAND),
    "xclip": ("xclip", X_OFFERS, X11),
    "xclip-through-ssh": ("xclip", X_OFFERS, {"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "a b"}),
    "powershell": ("powershell.exe", 'printf "image "; cat "$HOME/held64"', {}),
}


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("how", [CTRL_V, "/paste\r"])
def test_each_program_gives_the_picture_that_the_next_message_has(home: Home, bin: Path, way: str, how: str) -> None:
    (home.folder / "held").write_bytes(picture(20, 10))
    (home.folder / "held64").write_bytes(base64.b64encode(picture(20, 10)))
    name, script, env = WAYS[way]
    program(bin, name, script)
    chat = opened(home, bin, **env).type(how).sees("Attached to the next message: pasted.png.").prompt()
    assert not home.anthropic.requests
    chat.enter("What is it?").sees("Answer 1 from").prompt()
    assert [one[1].size for one in sent(home.anthropic.chats[-1])] == [(20, 10)]


def test_on_a_mac_it_is_asked_of_pngpaste_or_of_a_script(home: Home, bin: Path) -> None:
    (home.folder / "held").write_text("«data PNGf" + picture(20, 10).hex().upper() + "»")
    program(bin, "osascript", 'cat "$HOME/held"')
    program(bin, "pbpaste", "exit 0")
    chat = opened(home, bin).type(CTRL_V).sees("Attached to the next message: pasted.png.").prompt()
    (home.folder / "png").write_bytes(picture(9, 9))
    program(bin, "pngpaste", 'cat "$HOME/png"')
    chat.type(CTRL_V).sees("pasted.png, pasted-2.png.").prompt()


def test_a_large_one_is_made_to_fit_and_that_is_said(home: Home, bin: Path) -> None:
    (home.folder / "held").write_bytes(noise(3000, 2500))
    program(bin, "wl-paste", OFFERS)
    opened(home, bin, **WAYLAND).type(CTRL_V).sees("pasted.png: ").sees("Attached to the next message: pasted.png.")


def test_text_comes_into_the_line_and_is_not_sent(home: Home, bin: Path) -> None:
    program(bin, "wl-paste", 'case "$*" in *--list-types*) echo text/plain;; *) printf "!touch ran\\033[1m\\n";; esac')
    chat = opened(home, bin, **WAYLAND).type(f"a{CTRL_V}").sees("a!touch ran")
    chat.sees("1 control character left out of the paste.")
    chat.type(f"{CTRL_C}").prompt().type("/paste\r").sees("The clipboard holds text: it is in the line.")
    assert not home.anthropic.requests
    assert not (home.folder / "ran").exists()


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("sleep 60", "The clipboard cannot be read: wl-paste did not answer within 5 seconds."),
        ("exit 1", "The clipboard is empty, or holds no picture and no text."),
        (OFFERS.replace('cat "$HOME/held"', "yes | head -c 100000000"), "it holds more than 50 MB"),
        (OFFERS.replace('cat "$HOME/held"', "echo words"), "What the clipboard gives as a picture is none."),
        (OFFERS.replace('cat "$HOME/held"', 'cat "$HOME/cut"'), "pasted.png"),
    ],
)
def test_what_goes_wrong_is_told_and_the_line_stays(home: Home, bin: Path, script: str, told: str) -> None:
    (home.folder / "cut").write_bytes(picture(20, 20)[:60])
    program(bin, "wl-paste", script)
    chat = opened(home, bin, **WAYLAND).type(f"typed{CTRL_V}").sees(told).prompt("typed")
    assert "Attached" not in chat.text


@pytest.mark.parametrize(
    ("env", "told"),
    [
        (WAYLAND, "Reading the clipboard needs wl-paste. Install the package wl-clipboard."),
        (X11, "Reading the clipboard needs xclip. Install the package xclip."),
        ({}, "There is no clipboard here: neither Wayland nor X11."),
        ({"SSH_CONNECTION": "a b"}, "This runs over SSH, and the clipboard is on the machine that you sit at."),
    ],
)
def test_where_there_is_no_way_the_cure_is_named_and_the_terminal_is_not_asked(
    home: Home, bin: Path, env: dict[str, str], told: str
) -> None:
    chat = opened(home, bin, **env).type("/paste\r").sees(told).prompt()
    assert b"\x1b]52;" not in chat.raw
