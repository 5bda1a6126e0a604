"""What a failure below HTTP means, and what only a proxy, a filter or the wrong port answers: who failed, and why."""

import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from modules import errors
from modules.llm.failures.error_report import short
from modules.llm.models import Provider
from modules.llm.network.certificates import named
from modules.llm.network.first_bytes import WORDS, NotHttp
from modules.llm.network.proxies import Proxy, proxy_for

RETRY = "Ask again."
BROKEN = {"ConnectError", "ReadError", "WriteError", "RemoteProtocolError", "CloseError", "ConnectionError"}
UNREACHABLE = {"APIConnectionError", "NetworkError", "OSError"}
# Servers' words for http:// at a port for TLS: nginx, Go, Apache, and others after them.
TLS_WANTED = re.compile(
    r"plain HTTP request was sent to HTTPS|HTTP request to an HTTPS|speaking plain HTTP to an SSL", re.I
)
CLIENT_WANTED = re.compile(r"ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA)|BAD_CERTIFICATE")  # of OpenSSL
HUNG_UP = re.compile(r"disconnect|closed", re.I)  # what h11 says of an end that came too early
BLOCKED = (403, 451, 511)  # with a page of HTML: no API answers so, and filters do
WAITING = "SSLWantReadError"  # no failure, but where it was waited for more when something else failed: within TLS
WITHIN = {"BrokenResourceError", "EndOfStream", WAITING}  # a connection that was there failed while TLS was set up
WRONG_NAME, WRONG_TIME = (62, 64), (9, 10)  # OpenSSL's X509_V_ERR codes


def transport(error: BaseException, provider: Provider) -> errors.ProviderError:
    """Our error for a failure below HTTP; the truth is somewhere in the chain of causes."""
    chain = list(_chain(error))
    names = {kind.__name__ for link in chain for kind in type(link).__mro__}
    for link in chain:
        if isinstance(link, errors.ProviderError):  # one of ours, on its way through an SDK
            return link
        if isinstance(link, NotHttp):
            return _not_http(link, provider)
        if isinstance(link, ssl.SSLError) and not isinstance(link, ssl.SSLWantReadError):
            return _tls(link, provider)
    proxy = proxy_for(provider.base_url)
    if proxy is not None and any(type(link).__module__.startswith("socksio") for link in chain):
        return errors.ProtocolError(
            f"{_named(proxy)} does not speak SOCKS as it should.",
            cure=f"Check the port in {proxy.variable}; an HTTP proxy is written http://host:port.",
        )
    if "ProxyError" in names:
        return _refused_by(proxy, next(str(link) for link in chain if "ProxyError" in type(link).__name__), provider)
    if proxy is not None and names & {"ConnectError", "ConnectTimeout"} and not names & WITHIN:
        return errors.ConnectionFailed(
            f"{_named(proxy)} cannot be reached: {_reason(chain)}.",
            cure=f"Check {proxy.variable}, or name {_host(provider)} in NO_PROXY.",
            tries=2,
        )
    return _straight(chain, names, error, provider)


def in_between(status: int, body: Any, headers: Mapping[str, str], provider: Provider) -> errors.ProviderError | None:
    """Our error for an answer that is not the API's but that of a proxy, a filter, or a port for TLS; else None."""
    said = body if isinstance(body, str) else ""
    if status == 400 and provider.base_url.lower().startswith("http:") and TLS_WANTED.search(said):
        return _wants_tls(f"{provider.host} {WORDS['tls']}.", provider)
    proxy = proxy_for(provider.base_url)
    if status == 407:
        return _refused_by(proxy, "407 Proxy Authentication Required", provider)
    if status in BLOCKED and (said.lstrip()[:1] == "<" or "html" in headers.get("content-type", "")):
        sender = f"{_named(proxy)} or a filter" if proxy else "A proxy or a filter"
        return errors.ConnectionFailed(
            f"{sender} answered in the place of {provider.host} ({status}): {short(said) or 'an empty page'}.",
            cure=f"Try another network, or ask whoever runs this one to let {_host(provider)} through.",
            retryable=False,
        )
    there = urlsplit(headers.get("location", "")).netloc.rpartition("@")[2] if 300 <= status < 400 else ""
    if there and there != provider.host:  # a page to sign in to a network, or one that says what is blocked
        return errors.ProtocolError(
            f"{provider.host} sends elsewhere ({status}), to {short(there)}. Redirects are not followed.",
            cure=f"Check {provider.address_source}, and {between(provider)}.",
        )
    return None


def between(provider: Provider) -> str:
    """What stands between here and the provider, for cures."""
    proxy = proxy_for(provider.base_url)
    return f"the proxy {proxy.place} ({proxy.variable})" if proxy else "any proxy in between"


def _not_http(found: NotHttp, provider: Provider) -> errors.ProviderError:
    proxy = proxy_for(provider.base_url)
    if proxy is not None and not found.behind:  # nothing else was spoken to
        where, message = proxy.variable, f"{_named(proxy)} {found.words}."
    else:
        where = provider.address_source
        message = f"{provider.host}{_through(provider)} {found.words}." if proxy else f"{found}."
    match found.spoken:
        case "tls":
            cure = f"Write https:// in {where}."
        case "no tls":
            cure = f"If it speaks plain HTTP, write http:// in {where}; else check the port there."
        case "other":
            cure = f"Check the port in {where}."
    return errors.ProtocolError(message, cure=cure)


def _wants_tls(message: str, provider: Provider) -> errors.ProviderError:
    return errors.ProtocolError(message, cure=f"Write https:// in {provider.address_source}.")


def _tls(error: ssl.SSLError, provider: Provider) -> errors.ProviderError:
    if CLIENT_WANTED.search(str(error)):
        return errors.ProtocolError(
            f"{provider.host} wants a certificate of whoever asks{_through(provider)}, and this program has none.",
            cure=f"Ask whoever runs it for an address without, and put that into {provider.address_source}.",
        )
    if isinstance(error, ssl.SSLCertVerificationError) or "certificate" in str(error).lower():
        reason = getattr(error, "verify_message", "") or str(error)
        return errors.ConnectionFailed(
            f"{provider.host} could not prove who it is{_through(provider)}: {short(reason)}.",
            cure=_cure_of_trust(getattr(error, "verify_code", 0), provider),
            retryable=False,
        )
    return errors.ConnectionFailed(
        f"{provider.host} broke off while TLS was set up{_through(provider)}: {short(str(error))}.",
        cure=f"Check the port in {provider.address_source}, and {between(provider)}.",
        tries=2,
    )


def _cure_of_trust(code: int, provider: Provider) -> str:
    if code in WRONG_NAME:
        return f"Check {provider.address_source}: the certificate there is for another name."
    if code in WRONG_TIME:
        return "Check the clock of this machine; else the certificate must be renewed there."
    if also := named():
        variable, path = also[0]
        return f'{variable} names "{path}", which does not vouch for it, nor does the system.'
    return "If your company or you made its certificate, point SSL_CERT_FILE at the one that vouches for it."


def _refused_by(proxy: Proxy | None, answer: str, provider: Provider) -> errors.ProviderError:
    """`answer` is a status with its words, or what went wrong with a SOCKS server."""
    host = _host(provider)
    if answer.startswith("407") or re.search("auth|username", answer, re.I):
        variable, kind = (proxy.variable, urlsplit(proxy.url).scheme) if proxy else ("HTTPS_PROXY", "http")
        cure = f"Put a name and password that it takes into {variable}, as in {kind}://name:password@host:port."
    else:
        cure = f"Ask whoever runs it to let {host} through, or name {host} in NO_PROXY."
    sender = _named(proxy) if proxy else "A proxy on the way"
    return errors.ConnectionFailed(
        f"{sender} did not let the request to {host} through: {short(answer)}.",
        cure=cure,
        retryable=answer[:1] == "5",
        tries=2,
    )


def _straight(
    chain: list[BaseException], names: set[str], error: BaseException, provider: Provider
) -> errors.ProviderError:
    """What is left where no proxy is to blame."""
    host = provider.host
    if lookup := next((link for link in chain if isinstance(link, socket.gaierror)), None):
        again = lookup.errno == socket.EAI_AGAIN
        return errors.ConnectionFailed(
            f"The host {host} cannot be found.",
            cure=f"Check the network and {provider.address_source}.",
            retryable=again,
        )
    if any(isinstance(link, ConnectionRefusedError) for link in chain):
        # One on this machine that does not run will not run in a second.
        tries, cure = (1, _start(provider)) if provider.is_local else (2, RETRY)
        return errors.ConnectionFailed(f"{host} refused the connection.", cure=cure, tries=tries)
    if WAITING in names and "ConnectTimeout" in names:
        return errors.ConnectionFailed(
            f"{host} was silent for too long while TLS was set up{_through(provider)}.",
            cure=f"Check the port in {provider.address_source}, and {between(provider)}.",
            tries=2,
        )
    if any("Timeout" in name for name in names):
        return errors.TimedOut(f"{host} was silent for too long{_through(provider)}.", cure=RETRY)
    broken = (link for link in chain if type(link).__name__ == "RemoteProtocolError" and not HUNG_UP.search(str(link)))
    if found := next(broken, None):
        return errors.ProtocolError(
            f"{host}{_through(provider)} answers in HTTP that cannot be read: {short(str(found).partition(':')[0])}.",
            cure=f"Check {provider.address_source}, and {between(provider)}.",
        )
    if names & BROKEN:
        return errors.ConnectionFailed(f"The connection to {host}{_through(provider)} broke.", cure=RETRY)
    if names & UNREACHABLE:
        return errors.ConnectionFailed(f"{host} cannot be reached: {short(str(chain[-1]))}.", cure=RETRY)
    return errors.ProtocolError(
        f"{host} or its SDK did something unexpected ({type(error).__name__}: {short(str(error))}).", cure=RETRY
    )


def _start(provider: Provider) -> str:
    """How to start a server on this machine: the first thing that its note says."""
    how = provider.note.partition(";")[0].rstrip(". ")
    words = f"Is it running? {how}." if how else "Is the server running?"
    return f"{words} {provider.address_source} names its address." if provider.usual_path is not None else words


def _reason(chain: list[BaseException]) -> str:
    for link in chain:
        if isinstance(link, socket.gaierror):
            return "there is no such host"
        if isinstance(link, ConnectionRefusedError):
            return "it refused the connection"
        if isinstance(link, TimeoutError):
            return "it did not answer"
    return short(next((str(link) for link in reversed(chain) if str(link)), "the connection broke")).rstrip(".")


def _through(provider: Provider) -> str:
    proxy = proxy_for(provider.base_url)
    return f" through the proxy {proxy.place} ({proxy.variable})" if proxy else ""


def _named(proxy: Proxy) -> str:
    return f"The proxy {proxy.place} ({proxy.variable})"


def _host(provider: Provider) -> str:
    return provider.host.rpartition(":")[0] if re.search(r":\d+$", provider.host) else provider.host


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__
