"""What stands between a program and its provider: proxies, TLS, and servers that are no such thing at all."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

CHUNK = 65536


class Listener:
    """A server on 127.0.0.1, a thread for each connection; subclasses say how to `converse`."""

    def __init__(self) -> None:
        self.connections = 0
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in (self._listening, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def converse(self, client: socket.socket) -> None:
        raise NotImplementedError

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), client:
            self.converse(client)


class Saying(Listener):
    """Says `words` and then listens, or hangs up; with `first` it waits to be spoken to."""

    def __init__(self, words: bytes, *, first: bool = False, hang_up: bool = False) -> None:
        super().__init__()
        self._words = words
        self._first = first
        self._hang_up = hang_up

    def converse(self, client: socket.socket) -> None:
        if self._first:
            read_head(client)
        client.sendall(self._words)
        while not self._hang_up and client.recv(CHUNK):
            pass


class PlainHttp(Listener):
    """Answers whatever comes first with 400, as nginx does at a port without TLS; before that it says nothing."""

    def converse(self, client: socket.socket) -> None:
        client.recv(CHUNK)
        client.sendall(answer(b"", "400 Bad Request"))
        while client.recv(CHUNK):
            pass


class TlsFront(Listener):
    """TLS in front of a server of this machine."""

    def __init__(self, port: int, tls: ssl.SSLContext) -> None:
        super().__init__()
        self._behind = port
        self._tls = tls

    def converse(self, client: socket.socket) -> None:
        with self._tls.wrap_socket(client, server_side=True) as secure:
            self._open.append(secure)
            relay(secure, self._behind)


class HttpProxy(Listener):
    """An HTTP proxy that leads everywhere to the same port, or answers `refusal`; `seen` are its request lines."""

    def __init__(self, port: int = 0, refusal: bytes = b"") -> None:
        super().__init__()
        self._behind = port
        self._refusal = refusal
        self.seen: list[str] = []
        self.heads: list[str] = []

    def converse(self, client: socket.socket) -> None:
        head = read_head(client)
        line, _, rest = head.partition(b"\r\n")
        self.seen.append(line.decode())
        self.heads.append(head.decode("latin-1"))
        if self._refusal:
            client.sendall(self._refusal)
        elif line.startswith(b"CONNECT "):
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            relay(client, self._behind)
        else:
            method, url, version = line.split(b" ")
            path = b"/" + url.split(b"/", 3)[3]
            relay(client, self._behind, b" ".join((method, path, version)) + b"\r\n" + rest)


class Socks5(Listener):
    """A SOCKS5 proxy that leads everywhere to the same port; `seen` are the names and ports that were asked for."""

    def __init__(self, port: int, auth: tuple[str, str] | None = None) -> None:
        super().__init__()
        self._behind = port
        self._auth = auth
        self.seen: list[tuple[str, int]] = []

    def converse(self, client: socket.socket) -> None:
        _, count = exactly(client, 2)
        exactly(client, count)
        client.sendall(b"\x05\x02" if self._auth else b"\x05\x00")
        if self._auth:
            given = []
            exactly(client, 1)
            for _ in range(2):
                given.append(exactly(client, exactly(client, 1)[0]).decode())
            client.sendall(b"\x01\x00" if tuple(given) == self._auth else b"\x01\x01")
        _, _, _, kind = exactly(client, 4)
        host = exactly(client, exactly(client, 1)[0]).decode() if kind == 3 else socket.inet_ntoa(exactly(client, 4))
        self.seen.append((host, int.from_bytes(exactly(client, 2), "big")))
        client.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        relay(client, self._behind)


def answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """A whole HTTP response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read_head(client: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data and (more := client.recv(CHUNK)):
        data += more
    return data


def exactly(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = client.recv(count - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def relay(client: socket.socket, port: int, first: bytes = b"") -> None:
    """Pass on what either side says until both have ended."""
    with socket.create_connection(("127.0.0.1", port)) as behind:
        behind.sendall(first)
        back = threading.Thread(target=_pump, args=(behind.recv, client), daemon=True)
        back.start()
        _pump(client.recv, behind)
        back.join()


def _pump(receive: Callable[[int], bytes], to: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := receive(CHUNK):
            to.sendall(data)
    with contextlib.suppress(OSError):
        to.shutdown(socket.SHUT_RDWR)
