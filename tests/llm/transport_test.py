"""Failures below HTTP are told as what they are, and asked again only where that can help (rows C13, C14, C16, A18)."""

import asyncio
import gzip
import resource
import ssl
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import trustme

from modules import errors
from modules.llm.failures.transport_failures import transport
from modules.session.recovery.retries import retry_delay
from tests.conftest import KEY, Wired, make_service
from tests.harness.cases import ENDPOINTS, NAMES
from tests.harness.home import Home
from tests.harness.network_servers import Saying, TlsFront, answer
from tests.wire import WireServer
from tests.wire.facts import Dialect

every_endpoint = pytest.mark.parametrize("name", NAMES)

BANNERS = {
    b"SSH-2.0-OpenSSH_9.6\r\n": 'it says "SSH-2.0-OpenSSH_9.6"',
    b"220 mail.test ESMTP Postfix\r\n": 'it says "220 mail.test ESMTP Postfix"',
    b"* OK [CAPABILITY IMAP4rev1] ready\r\n": "CAPABILITY",
    b"+OK POP3 ready\r\n": "POP3",
    b"J\x00\x00\x00\x0a8.0.36\x00\x08\x00\x00\x00": "is no HTTP server.",
    b"-ERR unknown command 'POST'\r\n": "ERR unknown command",
    b"\x1b]0;owned\x07 hello\r\n\r\n": "is no HTTP server.",
}


async def failure(name: Dialect, origin: str) -> errors.ProviderError:
    model = ENDPOINTS[name].full_model(f"{origin}/v1")
    service = make_service(model.provider)
    try:
        with pytest.raises(errors.ProviderError) as caught:
            await Wired(None, service, model).ask()  # type: ignore[arg-type]  # there is no WireServer
    finally:
        await service.close()
    return caught.value


@every_endpoint
@pytest.mark.parametrize("banner", BANNERS)
async def test_a_server_that_speaks_no_http_is_told_by_what_it_says(name: Dialect, banner: bytes) -> None:
    """C14: also where it then waits for us, as most do."""
    with Saying(banner) as server:
        error = await failure(name, f"http://127.0.0.1:{server.port}")
        assert server.connections == 1
    assert f"127.0.0.1:{server.port} is no HTTP server" in error.message
    assert BANNERS[banner] in error.message
    assert "Check the port" in error.cure
    assert retry_delay(error, 1) is None


@pytest.mark.parametrize(
    "server",
    [
        lambda: Saying(answer(b"what?", "400 Bad Request"), first=False, hang_up=True),
        lambda: Saying(answer(b"what?", "400 Bad Request"), first=True),
    ],
    ids=["answers-at-once", "waits-for-a-whole-request"],
)
async def test_https_to_a_port_without_tls_is_said_to_be_that(server: Callable[[], Saying]) -> None:
    """C16. All side by side: what waits for a whole request is found out after ten seconds."""
    with server() as serving:
        url = f"https://127.0.0.1:{serving.port}"
        for error in await asyncio.gather(*(failure(name, url) for name in ENDPOINTS)):
            assert f"127.0.0.1:{serving.port} does not speak TLS" in error.message
            assert "http://" in error.cure
            assert retry_delay(error, 1) is None


@every_endpoint
async def test_http_to_a_port_for_tls_is_said_to_be_that(name: Dialect) -> None:
    """C16: where the server hangs up without a word, as many do."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(tls)
    with WireServer(name, key=KEY.value) as behind, TlsFront(behind.port, tls) as front:
        error = await failure(name, f"http://127.0.0.1:{front.port}")
        assert behind.requests == []
    assert f"127.0.0.1:{front.port} speaks TLS" in error.message
    assert "https://" in error.cure
    assert retry_delay(error, 1) is None


@every_endpoint
@pytest.mark.parametrize(
    "said",
    [
        answer(b"<html>The plain HTTP request was sent to HTTPS port</html>", "400 Bad Request"),  # nginx
        answer(b"Client sent an HTTP request to an HTTPS server.\n", "400 Bad Request"),  # Go
        b"\x15\x03\x01\x00\x02\x02\x46",  # an alert
    ],
    ids=["nginx", "go", "alert"],
)
async def test_a_port_for_tls_may_also_say_so_itself(name: Dialect, said: bytes) -> None:
    with Saying(said, first=True) as server:
        error = await failure(name, f"http://127.0.0.1:{server.port}")
    assert "speaks TLS" in error.message
    assert retry_delay(error, 1) is None


def test_a_server_of_this_machine_that_does_not_run_is_asked_once_and_the_cure_starts_it(home: Home) -> None:
    """C13."""
    with Saying(b"") as gone:
        pass
    home.overlay({"ollama": {"base_url": f"http://127.0.0.1:{gone.port}/v1"}})
    done = home.run("-p", "Hi.", "-m", "ollama:x")
    assert done.returncode == errors.EXIT_TEMPORARY
    assert f"127.0.0.1:{gone.port} refused the connection. Is it running? Start it with" in done.stderr
    assert "ollama serve" in done.stderr
    assert "again" not in done.stderr  # nothing was tried a second time
    assert "/models" not in done.stderr


async def test_a_refused_connection_elsewhere_is_tried_twice() -> None:
    """C13: 0.0.0.0 leads to this machine and is no name of it."""
    with Saying(b"") as gone:
        pass
    error = await failure("chat", f"http://0.0.0.0:{gone.port}")
    assert "refused the connection" in error.message
    assert retry_delay(error, 1) is not None
    assert retry_delay(error, 2) is None


def memory() -> int:
    """The most that this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@cache
def bomb(kind: str) -> bytes:
    """128 MB, packed."""
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | (16 if kind == "gzip" else 0))
    piece = b"data: " + b"x" * 999_994
    return b"".join(packer.compress(piece) for _ in range(128)) + packer.flush()


@pytest.mark.parametrize("name", ["anthropic", "groq", "gemini", "ollama"])  # each way to an HTTP client, once
@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "500 Internal Server Error"])
@pytest.mark.parametrize("kind", ["gzip", "deflate", "br"])
async def test_what_unfolds_to_any_size_is_not_unfolded(name: Dialect, status: str, kind: str, tmp_path: Path) -> None:
    """A18."""
    packed = bomb(kind)
    before = memory()
    with Saying(answer(packed, status, Content_Type="text/event-stream", Content_Encoding=kind), first=True) as server:
        error = await failure(name, f"http://127.0.0.1:{server.port}")
    assert error.message
    assert memory() - before < 64


@every_endpoint
@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, lambda data: zlib.compress(data)[2:-4]])
async def test_a_packed_refusal_is_read_all_the_same(name: Dialect, pack: object) -> None:
    body = pack(b'{"error": {"message": "Too long a name.", "type": "invalid_request_error"}}')  # type: ignore[operator]
    kind = "gzip" if body[:2] == b"\x1f\x8b" else "deflate"
    packed = answer(body, "400 Bad Request", Content_Type="application/json", Content_Encoding=kind)
    with Saying(packed, first=True) as server:
        error = await failure(name, f"http://127.0.0.1:{server.port}")
    assert "Too long a name." in error.message


@every_endpoint
@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"HTTP/1.1 abc OK\r\n\r\n", "illegal status line"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nxx", "bad Content-Length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", "illegal chunk header"),
    ],
)
async def test_broken_http_is_told_as_that_and_asked_for_once(name: Dialect, said: bytes, words: str) -> None:
    """C14: the same bytes would come again."""
    with Saying(said, first=True) as server:
        error = await failure(name, f"http://127.0.0.1:{server.port}")
        assert server.connections == 1
    assert f"127.0.0.1:{server.port} answers in HTTP that cannot be read: {words}." in error.message
    assert retry_delay(error, 1) is None


@every_endpoint
async def test_a_server_that_wants_a_certificate_of_ours_is_told_as_that(name: Dialect) -> None:
    """C16: nobody's trust is at fault, and no certificate of a company mends it."""
    alert = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required (_ssl.c:2580)")
    error = transport(alert, ENDPOINTS[name].full_model("https://api.maker.test/v1").provider)
    assert "wants a certificate of whoever asks" in error.message
    assert not error.retryable


def test_a_key_that_is_missed_where_no_variable_is_named_has_a_cure_that_can_be_done(home: Home) -> None:
    with Saying(answer(b"{}", "401 Unauthorized"), first=True) as server:
        attic = {
            "title": "Attic",
            "dialect": "openai-chat",
            "base_url": f"http://127.0.0.1:{server.port}/v1",
            "models": {"m": {}},
        }
        home.overlay({"attic": attic})
        done = home.run("-p", "Hi.", "-m", "attic:m")
    assert done.returncode == errors.EXIT_AUTHENTICATION
    assert "Name its key_variable in models.yaml, and set that." in done.stderr
