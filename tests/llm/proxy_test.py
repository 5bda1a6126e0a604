"""The networks of companies: proxies by variables, and what is said where one fails (rows F1, F4, F5, F8)."""

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from modules import errors
from modules.llm.network.proxies import proxy_for
from modules.session.recovery.retries import retry_delay
from tests.conftest import KEY, Wired, make_service
from tests.harness.cases import ENDPOINTS, NAMES
from tests.harness.home import Home
from tests.harness.mcp_home import Place
from tests.harness.network_servers import HttpProxy, PlainHttp, Saying, Socks5, answer
from tests.harness.terminal import CTRL_C
from tests.wire import WireServer
from tests.wire.facts import Dialect

every_endpoint = pytest.mark.parametrize("name", NAMES)

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
PAGE = b"<html><head><title>Access blocked by Example Corp</title></head><body>Category: AI</body></html>"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy of whoever runs the tests."""
    monkeypatch.setenv("PARLANCE_HOME", str(tmp_path))
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server(name: Dialect) -> Iterator[WireServer]:
    with WireServer(name, key=KEY.value) as serving:
        yield serving


async def ask(name: Dialect, origin: str, server: WireServer | None = None) -> str:
    """The answer of a provider whose address begins so."""
    path = {"openai": "/v1", "chat": "/v1"}.get(name, "")
    model = ENDPOINTS[name].full_model(origin + path)
    service = make_service(model.provider)
    try:
        return (await Wired(server, service, model).ask()).text  # type: ignore[arg-type]  # only its answers are used
    finally:
        await service.close()


async def failure(name: Dialect, origin: str) -> errors.ProviderError:
    with pytest.raises(errors.ProviderError) as caught:
        await ask(name, origin)
    return caught.value


# Each entry of NO_PROXY, an address that it takes out, and one that it leaves in. F1
EXCEPTIONS = [
    ("fd00::/8", "https://[fd12::3]/v1", "https://[fe80::3]/v1"),  # encode/httpx#3221
    ("fd12::3", "https://[fd12::3]:8443/v1", "https://[fd12::4]/v1"),
    ("[fd12::3]", "https://[fd12::3]/v1", "https://[fd12::4]/v1"),  # basicmachines-co/basic-memory#1541
    ("[fd12::3]:8443", "https://[fd12::3]:8443/v1", "https://[fd12::3]/v1"),
    ("10.0.0.0/8", "http://10.1.2.3:8000/v1", "http://11.1.2.3/v1"),
    ("10.1.2.3", "http://10.1.2.3/v1", "http://10.1.2.30/v1"),
    (".corp.test", "https://api.corp.test/v1", "https://apicorp.test/v1"),
    (".corp.test", "https://corp.test/v1", "https://corp.test.example/v1"),
    ("corp.test", "https://API.Corp.Test/v1", "https://mycorp.test/v1"),
    ("*.corp.test", "https://api.corp.test/v1", "https://api.corp.example/v1"),
    ("api.corp.test.", "https://api.corp.test/v1", "https://corp.test/v1"),
    ("api.corp.test:8443", "https://api.corp.test:8443/v1", "https://api.corp.test/v1"),
    ("api.corp.test:443", "https://api.corp.test/v1", "https://api.corp.test:8443/v1"),
    ("https://api.corp.test/", "https://api.corp.test/v1", "https://corp.test/v1"),
    ("192.168.*", "http://192.168.1.9/v1", "http://192.169.1.9/v1"),
]


@pytest.mark.parametrize(("entry", "out", "within"), EXCEPTIONS)
@pytest.mark.parametrize("around", ["{}", "localhost,{},::1/128", " , ,\t{}  other.test,,", "[::1] {}"])
def test_what_no_proxy_names_is_reached_without_one(
    monkeypatch: pytest.MonkeyPatch, entry: str, out: str, within: str, around: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.test:3128")
    monkeypatch.setenv("NO_PROXY", around.format(entry))
    assert proxy_for(out) is None
    assert proxy_for(within) is not None


def test_a_star_means_that_there_is_no_proxy_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    monkeypatch.setenv("no_proxy", "*")
    assert proxy_for("https://api.example/v1") is None


# Variables as they are set, a URL, and the variable that its proxy comes from; "" for none.
CHOICES = [
    ({"HTTPS_PROXY": "http://a.test:1"}, "https://x.test", "HTTPS_PROXY"),
    ({"HTTPS_PROXY": "http://a.test:1"}, "http://x.test", ""),
    ({"HTTPS_PROXY": "http://a.test:1", "https_proxy": "http://b.test:1"}, "https://x.test", "https_proxy"),
    ({"http_proxy": "a.test:1"}, "http://x.test", "http_proxy"),
    ({"HTTP_PROXY": "a.test:1", "ALL_PROXY": "b.test:1"}, "http://x.test", "HTTP_PROXY"),
    ({"HTTP_PROXY": "a.test:1", "ALL_PROXY": "b.test:1"}, "https://x.test", "ALL_PROXY"),
    ({"all_proxy": "b.test:1", "https_proxy": ""}, "https://x.test", ""),
    ({"HTTPS_PROXY": "  "}, "https://x.test", ""),
    # What is not used cannot be wrong: desktops set all of them.
    ({"HTTPS_PROXY": "http://a.test:1", "ALL_PROXY": "socks4://b.test"}, "https://x.test", "HTTPS_PROXY"),
    ({"ALL_PROXY": "nonsense"}, "http://127.0.0.1:1/v1", ""),
    ({"ALL_PROXY": "nonsense"}, "http://localhost:1/v1", ""),
    ({"ALL_PROXY": "nonsense"}, "http://[::1]:1/v1", ""),
]


@pytest.mark.parametrize(("variables", "url", "chosen"), CHOICES)
def test_the_variable_for_the_scheme_comes_before_the_one_for_all(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, chosen: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = proxy_for(url)
    assert (found.variable if found else "") == chosen


def test_a_proxy_may_stand_in_the_env_file_of_the_config_folder(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HTTPS_PROXY=http://proxy.test:3128\n")
    found = proxy_for("https://api.example/v1")
    assert found is not None
    assert found.variable == f"HTTPS_PROXY in {tmp_path / '.env'}"


@every_endpoint
@pytest.mark.parametrize("written", ["http://{}", "{}", "HTTP://{}/", "http://me:p%40ss@{}"])
async def test_a_request_goes_through_the_proxy(
    name: Dialect, server: WireServer, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    with HttpProxy(server.port) as proxy:
        monkeypatch.setenv("HTTP_PROXY", written.format(f"127.0.0.1:{proxy.port}"))
        monkeypatch.setenv("NO_PROXY", "localhost,::1/128,[::1],fd00::/8,.corp.test, ,host.test:80")
        assert await ask(name, "http://api.maker.test:8000", server) == f"Answer 1 from {name}."
        assert proxy.seen[0].startswith("POST http://api.maker.test:8000/")
        named = "Proxy-Authorization: Basic bWU6cEBzcw==" in proxy.heads[0]
        assert named is ("@" in written)


@every_endpoint
@pytest.mark.parametrize("kind", ["socks5", "socks5h", "socks"])  # the last as desktops write it: kimi-cli#404
async def test_a_socks_proxy_is_spoken_to(
    name: Dialect, server: WireServer, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    with Socks5(server.port, ("me", "p@ss")) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"{kind}://me:p%40ss@127.0.0.1:{proxy.port}/")
        assert await ask(name, "http://api.maker.test:8000", server) == f"Answer 1 from {name}."
        assert proxy.seen == [("api.maker.test", 8000)]


@every_endpoint
@pytest.mark.parametrize("kind", ["http", "socks5", "https"])
async def test_a_dead_proxy_is_named_and_not_the_provider(
    name: Dialect, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    with HttpProxy() as gone:
        pass
    monkeypatch.setenv("HTTPS_PROXY", f"{kind}://me:hunter2@127.0.0.1:{gone.port}")
    error = await failure(name, "https://api.maker.test")
    assert (
        error.message == f"The proxy 127.0.0.1:{gone.port} (HTTPS_PROXY) cannot be reached: it refused the connection."
    )
    assert "HTTPS_PROXY" in error.cure
    assert error.tries == 2
    assert "hunter2" not in str(error)


@every_endpoint
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("status", ["403 Forbidden", "407 Proxy Authentication Required"])
async def test_a_proxy_that_refuses_is_named(
    name: Dialect, monkeypatch: pytest.MonkeyPatch, scheme: str, status: str
) -> None:
    with HttpProxy(refusal=answer(PAGE, status, Content_Type="text/html")) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"http://me:hunter2@127.0.0.1:{proxy.port}")
        error = await failure(name, f"{scheme}://api.maker.test")
    assert f"proxy 127.0.0.1:{proxy.port} (ALL_PROXY)" in error.message
    assert status[:3] in error.message
    assert "hunter2" not in str(error)
    assert not error.retryable
    assert ("name and password" in error.cure) is status.startswith("407")
    assert "key" not in error.cure


@every_endpoint
async def test_the_page_of_a_filter_is_not_taken_for_the_provider(name: Dialect) -> None:
    with Saying(answer(PAGE, "403 Forbidden", Content_Type="text/html"), first=True) as site:
        error = await failure(name, f"http://127.0.0.1:{site.port}")
    assert "A proxy or a filter answered in the place of" in error.message
    assert "Access blocked by Example Corp" in error.message
    assert "key" not in error.cure


@every_endpoint
async def test_a_redirect_to_another_host_says_where_and_is_not_followed(name: Dialect) -> None:
    to = "https://portal.corp.test/login?from=api"
    with Saying(answer(b"", "302 Found", Location=to), first=True) as site:
        error = await failure(name, f"http://127.0.0.1:{site.port}")
        assert site.connections == 1
    assert "to portal.corp.test. Redirects are not followed." in error.message
    assert "proxy in between" in error.cure


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # httpcore lets go of it unclosed
async def test_a_socks_server_that_speaks_something_else_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with Saying(b"HTTP/1.1 400 Bad Request\r\n\r\n", hang_up=True) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{proxy.port}")
        error = await failure("chat", "https://api.maker.test")
    assert f"The proxy 127.0.0.1:{proxy.port} (ALL_PROXY)" in error.message
    del error  # and with it all that its traceback holds, within this test, whose filter it needs
    gc.collect()


WRONG = [
    ("HTTPS_PROXY", "http://127.0.0.1:99999", "http://127.0.0.1:99999"),
    ("HTTPS_PROXY", "foo", "foo"),
    ("https_proxy", "http://me:hunter2@proxy.test:port", "http://…@proxy.test:port"),
    ("ALL_PROXY", "socks4://127.0.0.1:1080", "socks4://127.0.0.1:1080"),
    ("ALL_PROXY", "http://", "http://"),
    ("HTTPS_PROXY", "http://proxy.test:0", "http://proxy.test:0"),
    ("SSL_CERT_FILE", "/no/such.pem", "/no/such.pem"),
    ("SSL_CERT_DIR", "/no/such/folder", "/no/such/folder"),
    ("REQUESTS_CA_BUNDLE", "/dev/null", "/dev/null"),
    ("SSL_CERT_FILE", "/etc/passwd", "/etc/passwd"),
]


@pytest.mark.parametrize(("variable", "value", "shown"), WRONG)
@pytest.mark.parametrize("model", ["openai:gpt-6.1-sol", "groq:gpt-oss-120b", "anthropic:sonnet", "deepseek:x"])
def test_a_variable_that_cannot_be_meant_is_named_with_its_value(
    home: Home, model: str, variable: str, value: str, shown: str
) -> None:
    home.overlay({"deepseek": {"key_variable": None}})
    done = home.run("-p", "Hi.", "-m", model, env={variable: value})
    assert done.returncode == 2
    assert f'{variable} is "{shown}"' in done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


async def test_an_mcp_server_is_not_reached_by_such_a_variable_either_and_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "foo")
    place = Place(tmp_path)
    place.write(web={"url": "https://mcp.maker.test/mcp"})
    async with place.running() as servers:
        assert await servers.tools() == []
        assert [one.trouble.startswith('HTTPS_PROXY is "foo"') for one in servers.status()] == [True]


def test_the_chat_names_such_a_variable_too_and_goes_on(home: Home) -> None:
    home.overlay({"groq": {"base_url": "https://api.maker.test"}})
    terminal = home.open("-m", "groq:gpt-oss-120b", env={"HTTPS_PROXY": "http://127.0.0.1:99999"})
    terminal.prompt().enter("Hi.")
    terminal.sees('HTTPS_PROXY is "http://127.0.0.1:99999"').prompt("Hi.")
    assert terminal.type(CTRL_C).leave() == 0


@pytest.mark.parametrize(
    ("kind", "words", "origin", "said", "cure"),
    [
        ("http", b"SSH-2.0-OpenSSH_9.6\r\n", "https://api.maker.test", "is no HTTP server", "Check the port in {}."),
        ("http", b"220 mail.test\r\n", "http://api.maker.test", "is no HTTP server", "Check the port in {}."),
        ("http", b"\x15\x03\x01\x00\x02\x02\x46", "https://api.maker.test", "speaks TLS", "Write https:// in {}."),
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "https://api.maker.test", "does not speak TLS", "http:// in {}"),
        ("https", b"", "http://api.maker.test", "does not speak TLS", "http:// in {}"),
        ("socks5", b"HTTP/1.1 400 Bad Request\r\n\r\n", "https://api.maker.test", "does not speak SOCKS", "port in {}"),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # httpcore lets go of it unclosed
async def test_a_proxy_of_another_kind_is_told_from_the_server_behind_it(
    monkeypatch: pytest.MonkeyPatch, kind: str, words: bytes, origin: str, said: str, cure: str
) -> None:
    """F5, C14, C16: what speaks is the proxy, so its variable is what to mend, and asking again does not help."""
    speaking = Saying(words) if words else Saying(answer(b"", "400 Bad Request"), first=True)
    with speaking as proxy:
        monkeypatch.setenv("ALL_PROXY", f"{kind}://127.0.0.1:{proxy.port}")
        found = await asyncio.gather(*(failure(name, origin) for name in ENDPOINTS))  # one of the six takes 10 s
    for error in found:
        assert error.message.startswith(f"The proxy 127.0.0.1:{proxy.port} (ALL_PROXY) {said}")
        assert cure.format("ALL_PROXY") in error.cure
        assert not error.retryable
    del error, found
    gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # httpcore lets go of it unclosed
async def test_a_server_without_tls_behind_a_proxy_is_not_taken_for_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with PlainHttp() as plain, HttpProxy(plain.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        error = await failure("chat", "https://api.maker.test")
    assert error.message.startswith(f"api.maker.test through the proxy 127.0.0.1:{proxy.port} (HTTPS_PROXY) does not")
    assert "models.yaml" in error.cure
    del error
    gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # httpcore lets go of it unclosed
async def test_silence_while_tls_is_set_up_is_told_as_that_and_not_as_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Saying(b"") as silent, HttpProxy(silent.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        found = await asyncio.gather(
            failure("chat", f"https://127.0.0.1:{silent.port}"), failure("chat", "https://api.maker.test")
        )
    assert [error.message for error in found] == [
        f"127.0.0.1:{silent.port} was silent for too long while TLS was set up.",
        "api.maker.test was silent for too long while TLS was set up through the proxy "
        f"127.0.0.1:{proxy.port} (HTTPS_PROXY).",
    ]
    assert all("Check the port" in error.cure for error in found)
    assert [retry_delay(error, 2) for error in found] == [None, None]
    del found
    gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # httpcore lets go of it unclosed
async def test_the_cure_for_a_socks_proxy_that_wants_a_name_keeps_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    with Socks5(1, ("me", "right")) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://me:wrong@127.0.0.1:{proxy.port}")
        error = await failure("chat", "https://api.maker.test")
    assert "socks5://name:password@host:port" in error.cure
    del error
    gc.collect()
