"""Pictures as they come in, from wherever: the real program with real files, and servers that look at what is sent."""

import base64
import json
import sqlite3
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from modules.config import ROOT
from modules.llm.parts import Image as Picture
from modules.llm.parts import Text
from modules.mcp.transport.content import output_of, resource_of
from modules.session.storage.codec import decode_message
from modules.tools.media.picture_limits import LIMITS
from tests.harness.home import Home
from tests.harness.sample_files import decoded, encoded, noise, picture, sent
from tests.wire import Answer, Call
from tests.wire.server import WireServer

CLAUDE = ("-m", "anthropic:claude-sonnet-5.5")
SEES = ("-m", "groq:qwen")
SIDE, ENCODED = 2000, 32_000_000 // 21


def attach(home: Home, name: str, data: bytes, *model: str) -> "subprocess.CompletedProcess[str]":
    (home.folder / name).write_bytes(data)
    return home.run("-p", "What is it?", "-a", name, *(model or CLAUDE))


def only(server: WireServer) -> tuple[str, Image.Image, int]:
    """The one picture of the one request."""
    (request,) = server.chats
    assert request.broken == []
    (found,) = sent(request)
    return found


def blobs(home: Home) -> list[bytes]:
    """The long values that the conversations of this machine hold."""
    (file,) = home.folder.rglob("conversations.db")
    with sqlite3.connect(file) as database:
        return [row[0] for row in database.execute("SELECT data FROM blob")]


def bomb(side: int) -> bytes:
    """A PNG whose header promises more pixels than there is memory."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(1_000_000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body


def test_a_huge_picture_is_made_smaller_and_the_original_is_kept(home: Home) -> None:
    """B15. Anthropic takes 8000 px a side, and 2000 in a request of more than 20 pictures (claude-code#49720)."""
    data = picture(10_000, 4_000)
    done = attach(home, "map.png", data)
    assert done.returncode == 0
    assert "map.png: 10000 x 4000 px PNG, sent as a PNG of 2000 x 800 px." in done.stderr
    kind, image, _ = only(home.anthropic)
    assert (kind, image.size, image.format) == ("image/png", (2000, 800), "PNG")
    assert base64.b64encode(data) in blobs(home)
    home.run("-c", "-p", "And now?", *CLAUDE)
    first, second = home.anthropic.chats
    assert sent(second)[0][2] == sent(first)[0][2]


@pytest.mark.parametrize("data", [noise(1500, 1500), noise(4000, 3000, "JPEG", quality=95)], ids=["png", "jpeg"])
def test_what_does_not_pack_becomes_a_jpeg_that_the_strictest_takes(home: Home, data: bytes) -> None:
    """B15. Anthropic takes 5 MB of base64, Groq 4 MB in a whole request."""
    assert attach(home, "noise.png", data, *SEES).returncode == 0
    kind, image, length = only(home.groq)
    assert (kind, image.format) == ("image/jpeg", "JPEG")
    assert max(image.size) <= SIDE
    assert length <= ENCODED


def test_twenty_one_pictures_fit_into_one_request(home: Home) -> None:
    """B15. More than 20 pictures: none over 2000 px (opencode#12068), and 32 MB in all."""
    for number in range(21):
        (home.folder / f"{number}.jpg").write_bytes(noise(2100 + number, 1200, "JPEG", quality=92))
    names = [word for number in range(21) for word in ("-a", f"{number}.jpg")]
    assert home.run("-p", "Compare.", *names, *CLAUDE).returncode == 0
    (request,) = home.anthropic.chats
    pictures = sent(request)
    assert len(pictures) == 21
    assert max(max(image.size) for _, image, _ in pictures) <= SIDE
    assert len(request.raw) < 32_000_000


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_picture_that_all_take_goes_out_byte_for_byte(home: Home, form: str) -> None:
    data = noise(600, 400, form)
    done = attach(home, "small", data)
    assert (done.returncode, done.stderr) == (0, "")
    assert base64.b64encode(data) in home.anthropic.chats[0].raw
    assert len(blobs(home)) == 1


@pytest.mark.parametrize("form", ["GIF", "WEBP", "BMP", "TIFF", "ICO", "AVIF", "HEIF"])
def test_other_formats_become_one_that_every_target_takes(home: Home, form: str) -> None:
    """B15. xAI takes PNG and JPEG alone; Gemini no GIF, llama.cpp no WebP (ollama#17755)."""
    done = attach(home, "photo.jpg", picture(200, 100, form) if form != "ICO" else picture(64, 64, form))
    assert done.returncode == 0
    kind, image, _ = only(home.anthropic)
    assert kind in ("image/png", "image/jpeg")
    assert kind == f"image/{(image.format or '').lower()}"
    assert image.size == ((200, 100) if form != "ICO" else (64, 64))
    assert "sent as a" in done.stderr


def test_the_table_of_limits_leaves_png_and_jpeg() -> None:
    assert set.intersection(*(set(limit.types) for limit in LIMITS)) == {"image/png", "image/jpeg"}
    assert all(limit.source.startswith("https://") for limit in LIMITS)


def test_heic_without_its_package_is_refused_with_the_cure(home: Home) -> None:
    (home.folder / "missing").mkdir()
    (home.folder / "missing/pillow_heif.py").write_text("raise ImportError")
    (home.folder / "photo.heic").write_bytes(picture(200, 100, "HEIF"))
    done = home.run("-p", "Hm?", "-a", "photo.heic", *CLAUDE, env={"PYTHONPATH": str(home.folder / "missing")})
    assert done.returncode == 1
    assert "photo.heic is HEIC, and what reads that is not installed." in done.stderr
    assert "python -m pip install -e" in done.stderr
    assert "[heic]" in done.stderr
    assert not home.anthropic.requests


def test_of_an_animation_the_first_frame_is_sent(home: Home) -> None:
    frames = [Image.new("RGB", (60, 40), color) for color in ("red", "lime", "blue")]
    done = attach(home, "dance.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert "dance.gif: the first frame of a 60 x 40 px GIF, sent as a PNG" in done.stderr
    assert only(home.anthropic)[1].convert("RGB").getpixel((30, 20)) == (255, 0, 0)


def test_a_picture_that_is_made_smaller_is_turned_as_its_camera_says(home: Home) -> None:
    image, exif = Image.new("RGB", (4000, 2000), "white"), Image.Exif()
    ImageDraw.Draw(image).rectangle((0, 0, 1000, 2000), fill="red")  # its left is up, once it is turned
    exif[0x0112], exif[0x010F] = 6, "A camera"
    attach(home, "photo.jpg", encoded(image, "JPEG", exif=exif))
    _, turned, _ = only(home.anthropic)
    assert turned.size == (1000, 2000)
    red, green, _ = turned.convert("RGB").resize((1, 4)).getpixel((0, 0))  # type: ignore[misc]  # three bands
    assert red > 200 > 100 > green
    assert not turned.getexif()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixels_can_be_made_smaller(home: Home, mode: str) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    colors: dict[str, int | tuple[int, ...]] = {"LA": (9, 4), "RGBA": (9, 8, 7, 4), "CMYK": (9, 8, 7, 6)}
    colors |= {"I;16": 40_000, "1": 1}
    attach(home, "x", encoded(Image.new(mode, (3000, 30), colors.get(mode, 90)), form))
    _, image, _ = only(home.anthropic)
    assert image.size == (2000, 20)
    if mode == "I;16":
        assert image.getpixel((5, 5)) == 40_000 // 256


WHOLE = noise(300, 200)
BROKEN = {
    "cut": WHOLE[: len(WHOLE) // 2],
    "flipped": WHOLE[:50_000] + b"\0\0\0\0" + WHOLE[50_004:],
    "a signature alone": WHOLE[:8],
    "a cut JPEG": noise(300, 200, "JPEG")[:9000],
    "a cut WebP": noise(300, 200, "WEBP")[:9000],
    "a cut GIF": noise(300, 200, "GIF")[:9000],
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_damaged_picture_is_refused_and_nothing_is_sent(home: Home, data: bytes) -> None:
    """B15. Sent, it would have every later question refused (claude-code#56016)."""
    done = attach(home, "bad.png", data)
    assert done.returncode == 1
    assert done.stderr.startswith("parlance: bad.png is damaged or cut short: it cannot be read to its end. ")
    assert not home.anthropic.requests


def test_more_pixels_than_memory_are_refused_without_taking_it(tmp_path: Path) -> None:
    wrapped = b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(bomb(50_000)), 22) + bomb(50_000)
    for number, data in enumerate((bomb(50_000), bomb(11_000), wrapped)):
        (tmp_path / str(number)).write_bytes(data)
    code = """
import pathlib, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (400_000_000, 400_000_000))
sys.path.insert(0, sys.argv[1])
from modules.errors import FileProblem
from modules.tools.media.media import media_of
for path in sorted(pathlib.Path(sys.argv[2]).iterdir()):
    try:
        print(media_of(path.read_bytes(), "bomb.png"))
    except FileProblem as problem:
        print(problem)
"""
    argv = [sys.executable, "-W", "error", "-c", code, str(ROOT), str(tmp_path)]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said == ["bomb.png has more than 100 million pixels. Make it smaller first."] * 3


class TestATool:
    """B15: what a tool returns goes through the same check."""

    def ask(self, home: Home) -> str:
        """Have the model look at picture.png; its result's words."""
        home.anthropic.answer(Answer(Call("read_file", {"path": "picture.png"})), Answer("I see."))
        done = home.run("-p", "Look.", "--tools", "read_file", "--yes", *CLAUDE)
        assert (done.returncode, done.stdout) == (0, "I see.\n")
        assert home.anthropic.chats[1].broken == []
        (result,) = home.anthropic.chats[1].body["messages"][-1]["content"]
        return json.dumps(result)

    def test_that_reads_a_huge_one_gives_a_smaller_one_and_says_so(self, home: Home) -> None:
        (home.folder / "picture.png").write_bytes(picture(10_000, 5000))
        assert "10000 x 5000 px PNG, sent as a PNG of 2000 x 1000 px" in self.ask(home)
        ((_, image, _),) = sent(home.anthropic.chats[1])
        assert image.size == (2000, 1000)

    def test_that_reads_a_damaged_one_says_why_in_its_place(self, home: Home) -> None:
        (home.folder / "picture.png").write_bytes(BROKEN["cut"])
        assert "picture.png is damaged or cut short" in self.ask(home)
        assert sent(home.anthropic.chats[1]) == []

    def test_of_a_server_tells_the_model_at_what_size_it_is_shown(self) -> None:
        data = base64.b64encode(picture(4000, 3000, "WEBP")).decode()
        note, shown = output_of({"content": [{"type": "image", "data": data, "mimeType": "image/png"}]}).parts
        assert note == Text("[4000 x 3000 px WEBP, sent as a PNG of 2000 x 1500 px]")
        assert isinstance(shown, Picture)
        assert (shown.media_type, decoded(shown.base64).size, shown.original) == ("image/png", (2000, 1500), data)
        (held,) = resource_of({"contents": [{"uri": "file:///a.webp", "blob": data}]})
        assert isinstance(held, Picture)
        assert held.name == "file:///a.webp"

    def test_of_a_server_with_a_damaged_one_is_a_note(self) -> None:
        data = base64.b64encode(BROKEN["a cut JPEG"]).decode()
        assert output_of({"content": [{"type": "image", "data": data, "mimeType": "image/jpeg"}]}).parts == (
            Text("[image/jpeg, left out: The picture is damaged or cut short: it cannot be read to its end]"),
        )


class TestAttach:
    def test_keeps_the_same_file_once(self, home: Home) -> None:
        (home.folder / "my photo.png").write_bytes(picture(20, 10))
        terminal = home.open(*CLAUDE).prompt()
        terminal.enter("/attach my photo.png").sees("Attached to the next message: my photo.png.").prompt()
        terminal.enter(r"/attach my\ photo.png").sees("my photo.png was attached already.").prompt()
        terminal.enter("What is it?").sees("Answer 1").prompt()
        assert only(home.anthropic)[1].size == (20, 10)
        home.run("-p", "Hm?", "-a", "my photo.png", "-a", "./my photo.png", *SEES)
        assert only(home.groq)[1].size == (20, 10)

    def test_says_what_was_done_to_a_picture_and_refuses_a_damaged_one(self, home: Home) -> None:
        (home.folder / "a.webp").write_bytes(picture(3000, 1500, "WEBP"))
        (home.folder / "b.png").write_bytes(BROKEN["cut"])
        terminal = home.open(*CLAUDE).prompt()
        terminal.enter("/attach a.webp").sees("a.webp: 3000 x 1500 px WEBP, sent as a PNG of 2000 x 1000 px.").prompt()
        terminal.enter("/attach b.png").sees("b.png is damaged or cut short").prompt()
        terminal.enter("What is it?").sees("Answer 1").prompt()
        assert only(home.anthropic)[1].size == (2000, 1000)


def test_a_picture_that_was_saved_before_originals_were_is_read() -> None:
    body = {"role": "user", "parts": [{"type": "image", "media_type": "image/png", "base64": "AAAA", "name": "x.png"}]}
    message = decode_message(json.dumps(body).encode(), None, lambda sha, before: "")
    assert message.images == (Picture("image/png", "AAAA", "x.png"),)
