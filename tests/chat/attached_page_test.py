"""Pages by their URLs, in the chat and on the command line: unasked, since a person typed them, by the same rules."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.harness.home import Home
from tests.harness.sample_files import picture, sent

MODEL = ("-m", "anthropic:claude-haiku-4.5")
PAGES = {
    "/page": ("text/html", b"<html><body><h1>Fish</h1><p>It <b>swims</b>.</p></body></html>"),
    "/shot": ("image/png", picture(12, 12)),
    "/song": ("audio/mpeg", b"ID3"),
}


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind, data = PAGES.get(self.path, ("text/plain", b""))
        self.send_response(200 if self.path in PAGES else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Tests say what there is to say."""


@pytest.fixture
def site(home: Home) -> Iterator[str]:
    """A site that this person's settings allow, since no test asks the network."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (home.folder / "settings.toml").write_text(
            '[tools]\nprivate_hosts = ["127.0.0.1"]\n[models]\nrefresh = false\n'
        )
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def body(home: Home) -> str:
    return json.dumps(home.anthropic.chats[-1].body)


def test_a_page_and_a_picture_are_attached_beside_a_file_without_a_question(home: Home, site: str) -> None:
    (home.folder / "notes.txt").write_text("my notes")
    chat = home.open(*MODEL, columns=160).prompt()
    chat.enter(f"/attach {site}/page notes.txt {site}/shot")
    chat.sees(f"Attached to the next message: notes.txt, {site}/page, {site}/shot.").prompt()
    chat.enter("What is it?").sees("Answer 1 from").prompt()
    assert "# Fish" in body(home)
    assert "It **swims**." in body(home)
    assert f"{site}/page" in body(home)
    assert "my notes" in body(home)
    assert len(sent(home.anthropic.chats[-1])) == 1


@pytest.mark.parametrize(("path", "told"), [("/none", "answered 404"), ("/song", "Only text, images and PDF")])
def test_what_cannot_be_read_is_an_error_in_words(home: Home, site: str, path: str, told: str) -> None:
    chat = home.open(*MODEL, columns=160).prompt()
    assert told in " ".join(chat.ask(f"/attach {site}{path}").split())
    done = home.run("-p", "What?", *MODEL, "-a", f"{site}{path}")
    assert done.returncode == 1
    assert told in done.stderr
    assert not home.anthropic.requests


def test_a_page_goes_with_a_question_on_the_command_line(home: Home, site: str) -> None:
    done = home.run("-p", "What is it?", *MODEL, "-a", f"{site}/page")
    assert done.returncode == 0, done.stderr
    assert "# Fish" in body(home)


def test_an_address_off_the_public_internet_is_refused_on_the_command_line_too(home: Home) -> None:
    done = home.run("-p", "What is it?", *MODEL, "-a", "http://127.0.0.1:9/x")
    assert done.returncode == 1
    assert "not on the public internet" in done.stderr
    assert not home.anthropic.requests
