"""Certificates: the system's and those that a person names are trusted by all clients alike (rows F2, F3)."""

import ssl
import sys
from pathlib import Path

import pytest
import trustme

from modules import errors
from modules.llm.network.certificates import trusted
from tests.conftest import KEY, Wired, make_service
from tests.harness.cases import ENDPOINTS, NAMES
from tests.harness.network_servers import HttpProxy, TlsFront
from tests.wire import WireServer
from tests.wire.facts import Dialect

every_endpoint = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PARLANCE_HOME", str(tmp_path))
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "HTTPS_PROXY", "https_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return made


def certified(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


async def ask(server: WireServer, origin: str) -> str:
    path = server.base_url.removeprefix(server.origin)
    model = ENDPOINTS[server.dialect].full_model(origin + path)
    service = make_service(model.provider)
    try:
        return (await Wired(server, service, model).ask()).text
    finally:
        await service.close()


@every_endpoint
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
async def test_an_authority_of_ones_own_is_trusted_on_this_machine(
    name: Dialect, variable: str, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))
    tls = certified(authority, "localhost")
    with WireServer(name, key=KEY.value) as server, TlsFront(server.port, tls) as front:
        assert await ask(server, f"https://localhost:{front.port}") == f"Answer 1 from {name}."


def test_what_the_system_trusts_is_trusted() -> None:
    """F2: a company puts its authority there; all clients get this one context."""
    of_the_system = ssl.create_default_context().get_ca_certs()
    if not of_the_system or sys.platform in ("darwin", "win32"):
        pytest.skip("here the store is no file that this Python reads")
    ours = trusted().get_ca_certs()
    assert all(one in ours for one in of_the_system)


@every_endpoint
async def test_a_proxy_that_looks_inside_is_trusted_where_its_authority_is(
    name: Dialect, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    tls = certified(authority, "api.maker.test")
    with (
        WireServer(name, key=KEY.value) as server,
        TlsFront(server.port, tls) as front,
        HttpProxy(front.port) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert await ask(server, "https://api.maker.test") == f"Answer 1 from {name}."
        assert proxy.seen == ["CONNECT api.maker.test:443 HTTP/1.1"]


@every_endpoint
async def test_without_its_authority_a_certificate_is_not_trusted_and_the_cure_fits(
    name: Dialect, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tls = certified(authority, "localhost")
    with WireServer(name, key=KEY.value) as server, TlsFront(server.port, tls) as front:
        with pytest.raises(errors.ConnectionFailed, match="could not prove who it is") as caught:
            await ask(server, f"https://localhost:{front.port}")
        assert "point SSL_CERT_FILE" in caught.value.cure
        other = tmp_path / "other.pem"
        trustme.CA().cert_pem.write_to_path(str(other))
        monkeypatch.setenv("SSL_CERT_FILE", str(other))
        with pytest.raises(errors.ConnectionFailed) as caught:
            await ask(server, f"https://localhost:{front.port}")
        assert f'SSL_CERT_FILE names "{other}", which does not vouch for it' in caught.value.cure
        assert not caught.value.retryable
        assert server.connections == 0


async def test_a_certificate_for_another_name_is_said_to_be_that(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    tls = certified(authority, "other.test")
    with WireServer("chat", key=KEY.value) as server, TlsFront(server.port, tls) as front:
        with pytest.raises(errors.ConnectionFailed) as caught:
            await ask(server, f"https://localhost:{front.port}")
        assert "is for another name" in caught.value.cure
