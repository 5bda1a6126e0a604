"""The first bytes of an answer: whether this is HTTP at all, and TLS where it should be.

The libraries wait for the end of a first line block that a mail server never sends, and of a server that hangs up
they say only that. So the first bytes are looked at here; where none come, one more connection finds out why.
"""

import re
import ssl
from collections.abc import Mapping
from typing import Any, Literal

PROBE_SECONDS = 3.0
TUNNEL_SECONDS = 30.0  # for a proxy to say whether it lets a connection through; an answer may take longer
TALK = b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
HTTP = b"HTTP/"
TLS_RECORD = (b"\x15\x03", b"\x16\x03")  # an alert, a handshake: the answer of TLS to what is none
# OpenSSL's words for bytes that are not TLS; which of them comes depends on what the bytes look like.
NO_TLS = ("WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "HTTP_REQUEST")


MOST_SHOWN_BYTES = 60  # of what is no HTTP

Spoken = Literal["tls", "no tls", "other"]
WORDS: Mapping[Spoken, str] = {
    "tls": "speaks TLS, which http:// is not",
    "no tls": "does not speak TLS, which https:// is",
    "other": "is no HTTP server",
}


class NotHttp(ConnectionError):
    """`place` is host and port, `spoken` what is spoken there: TLS, something without it, or what `said` begins.

    `behind` where `place` is a proxy that had let the connection through: then what is behind it speaks so.
    """

    def __init__(self, place: str, spoken: Spoken, said: bytes = b"", *, behind: bool = False) -> None:
        words = re.sub(r"\s+", " ", said[:MOST_SHOWN_BYTES].decode("ascii", "replace")).strip()
        quoted = f': it says "{words}"' if words and words.isprintable() else ""
        self.spoken, self.behind, self.words = spoken, behind, f"{WORDS[spoken]}{quoted}"
        super().__init__(f"{place} {self.words}")


class LookingBackend:
    """A network backend of httpcore whose connections look at the first bytes.

    `direct` where there is no proxy on the way, `tunnels` where there is one that only passes on what it cannot read.
    """

    def __init__(self, inner: Any, direct: bool, tunnels: bool) -> None:
        self._inner = inner
        self._direct = direct
        self._patience = TUNNEL_SECONDS if tunnels else None

    async def connect_tcp(self, host: str, port: int, **options: Any) -> "LookingStream":
        stream = await self._inner.connect_tcp(host, port, **options)
        return LookingStream(stream, self._inner, (host, port), self._direct, patience=self._patience)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class LookingStream:
    """One connection. Raises NotHttp in place of waiting for what will never come."""

    def __init__(
        self,
        inner: Any,
        backend: Any,
        address: tuple[str, int],
        direct: bool,
        *,
        tls: bool = False,
        behind: bool = False,
        patience: float | None = None,
    ) -> None:
        self._inner = inner
        self._backend = backend
        self._address = address
        self._direct = direct
        self._tls = tls
        self._behind = behind
        self._patience = patience
        self._begun = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._begun:
            data: bytes = await self._inner.read(max_bytes, timeout)
            return data
        self._begun = True
        timeout = timeout if self._patience is None else min(self._patience, timeout or self._patience)
        try:
            data = await self._inner.read(max_bytes, timeout)
        except Exception as error:  # httpcore's and httpcore2's classes share their names only; raised again
            if "Timeout" not in type(error).__name__ and await self._is_tls():
                raise self._found("tls") from error
            raise
        if data[:2] in TLS_RECORD or (not data and await self._is_tls()):
            raise self._found("tls")
        if data[: len(HTTP)] != HTTP[: len(data)]:
            raise self._found("other", data)
        return data

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "LookingStream":
        behind = self._behind or (self._begun and not self._direct)  # the proxy has answered
        try:
            stream = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        except Exception as error:  # of either library, as above; raised again
            self._behind = behind
            if any(word in str(error) for word in NO_TLS) or (
                "CERTIFICATE" not in str(error) and await self._is_plain()
            ):
                raise self._found("no tls") from error
            raise
        patience = None if behind else self._patience
        return LookingStream(
            stream, self._backend, self._address, self._direct, tls=True, behind=behind, patience=patience
        )

    def _found(self, spoken: Spoken, said: bytes = b"") -> NotHttp:
        host, port = self._address
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return NotHttp(place, spoken, said, behind=self._behind)

    async def _is_tls(self) -> bool:
        """Whether a server that hung up without a byte speaks TLS. Nothing is sent to it but the greeting of TLS."""
        if self._tls or self._behind:
            return False
        anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anyone.check_hostname = False
        anyone.verify_mode = ssl.CERT_NONE
        return await self._probe(anyone)

    async def _is_plain(self) -> bool:
        """Whether a server that did not answer TLS speaks HTTP without it. Nothing is sent to it that matters."""
        return not self._behind and await self._probe(None)

    async def _probe(self, tls: ssl.SSLContext | None) -> bool:
        stream = None
        try:
            stream = await self._backend.connect_tcp(*self._address, timeout=PROBE_SECONDS)
            if tls is not None:
                stream = await stream.start_tls(tls, self._address[0], PROBE_SECONDS)
                return True
            await stream.write(TALK, PROBE_SECONDS)
            return bool((await stream.read(64, PROBE_SECONDS)).startswith(HTTP))
        except Exception:  # each library has errors of its own, and any of them means no
            return False
        finally:
            if stream is not None:
                await stream.aclose()
