"""Pictures and documents by the rules that makers have published: the examples are those of their own pages."""

import base64

import pytest

from modules.llm.models import Model, Provider
from modules.llm.parts import File, Image
from modules.llm.tokens.attachments import document_tokens, pages, picture_tokens
from modules.llm.tokens.picture_size import picture_size
from tests.harness.cases import PDF
from tests.harness.sample_files import noise, pdf, picture


def at(id: str) -> Model:
    provider = Provider(name="any", title="Any", dialect="openai-chat", base_url="http://127.0.0.1/v1")
    return Model(name=id, id=id, provider=provider)


def image(width: int, height: int) -> Image:
    return Image("image/png", base64.b64encode(picture(width, height)).decode())


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP"])
@pytest.mark.parametrize("size", [(1, 1), (640, 480), (3000, 17)])
def test_the_size_stands_in_the_head_of_the_file(form: str, size: tuple[int, int]) -> None:
    assert picture_size(base64.b64encode(picture(*size, form=form)).decode()) == size


@pytest.mark.parametrize("how", [{"lossless": True}, {"exact": True, "exif": b"Exif\0\0MM\0*"}, {"quality": 10}])
def test_all_kinds_of_webp_say_their_size(how: dict[str, object]) -> None:
    assert picture_size(base64.b64encode(noise(31, 77, form="WEBP", **how)).decode()) == (31, 77)


def test_a_jpeg_says_its_size_behind_a_long_profile() -> None:
    file = picture(123, 45, form="JPEG", icc_profile=bytes(200_000))
    assert picture_size(base64.b64encode(file).decode()) == (123, 45)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_file_that_ends_early_or_is_another_has_no_size(form: str) -> None:
    whole = picture(50, 50, form=form)
    for end in range(0, len(whole), 5):
        assert picture_size(base64.b64encode(whole[:end]).decode()) in (None, (50, 50))
    assert picture_size("") is picture_size("no base64 at all!") is picture_size("AAAA" * 20) is None


@pytest.mark.parametrize(
    ("id", "width", "height", "tokens"),
    [
        ("claude-sonnet-4-5", 1000, 1000, 36 * 36),  # platform.claude.com: a token for 28 by 28 pixels
        ("claude-sonnet-4-5", 4000, 4000, 1568),
        ("claude-opus-4-8", 2000, 1500, 72 * 54),
        ("claude-opus-5-5", 6000, 6000, 4784),
        ("gpt-4o", 1024, 1024, 765),  # developers.openai.com/api/docs/guides/images-vision
        ("gpt-4o", 2048, 4096, 1105),
        ("gpt-4.1-mini", 1024, 1024, round(1024 * 1.62)),
        ("gpt-5", 1024, 1024, 70 + 4 * 140),
        ("gpt-5-mini", 1024, 1024, 1229),  # measured, as the rest of the small ones
        ("gpt-5.4-mini", 768, 1024, 922),
        ("google/gemini-2.5-flash", 300, 300, 258),  # ai.google.dev/gemini-api/docs/image-understanding
        ("gemini-2.5-flash", 960, 540, 6 * 258),
        ("gemini-3-flash", 960, 540, 1120),
        ("grok-4", 448, 448, 512),
        ("somebody/else", 280, 280, 100),
    ],
)
def test_a_picture_takes_what_the_page_says(id: str, width: int, height: int, tokens: int) -> None:
    assert picture_tokens(image(width, height), at(id)) == tokens


def test_a_picture_without_a_size_takes_what_is_usual() -> None:
    assert picture_tokens(Image("image/heic", "AAAA"), at("gpt-4o")) == 765


def test_a_document_takes_its_pages() -> None:
    three = File("application/pdf", base64.b64encode(pdf("One", "Two", "Three")).decode())
    assert pages(three) == 3
    assert document_tokens(three, at("gemini-2.5-pro")) == 3 * 258
    assert document_tokens(three, at("claude-opus-5-5")) == pytest.approx(7000, rel=0.1)


def test_a_document_that_does_not_name_its_pages_has_one_for_each_fifty_kilobytes() -> None:
    assert pages(File("application/pdf", PDF)) == 1
    assert pages(File("application/pdf", base64.b64encode(b"%PDF-1.7" + bytes(500_000)).decode())) == 10
    said = b"%PDF-1.7 1 0 obj << /Linearized 1 /L 9 /N 42 >>" + bytes(100)
    assert pages(File("application/pdf", base64.b64encode(said).decode())) == 42
