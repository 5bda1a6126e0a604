"""One TCP connection seen from the server: send, wait, and notice at once when the client goes."""

import asyncio
import socket
import struct


class ClientGone(Exception):
    """The client closed the connection while it was being answered."""


class HangUp(Exception):
    """We are to close the connection now, without another byte."""


class Line:
    """The server's end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Write and wait until the kernel has room again."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError as error:
            raise ClientGone from error
        if self.reader.at_eof():
            raise ClientGone

    async def finish(self, data: bytes) -> None:
        """Write the end of a response. A client that has gone by now has missed nothing."""
        self._writer.write(data)
        await self._writer.drain()

    async def wait(self, seconds: float) -> None:
        """Pause, but not one moment longer than the client stays."""
        if seconds <= 0:
            await asyncio.sleep(0)
            if self.reader.at_eof():
                raise ClientGone
            return
        try:
            # No SDK sends its next request before this answer has ended, so anything to read is the end.
            await asyncio.wait_for(self.reader.read(1), seconds)
        except TimeoutError:
            return
        except ConnectionError as error:
            raise ClientGone from error
        raise ClientGone

    def reset(self) -> None:
        """Drop the connection with a TCP reset."""
        sock: socket.socket = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort()

    def abort(self) -> None:
        """Drop the connection with all that is not sent yet."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """Close, after what was written is sent."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return
        finally:
            self.abort()  # where the waiting was cancelled
