"""From the bytes of a body to the events of an answer: server-sent events, JSON lines, or one JSON value."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from modules.errors import ProtocolError, ProviderError, ServerFailed
from modules.llm.drafts.wire_draft import ODD_SHAPE, WireDraft
from modules.llm.events import StreamEvent
from modules.llm.failures import error_mapping
from modules.llm.http import sse
from modules.llm.http.json_lines import DECLARED, JsonLines
from modules.llm.models import Provider

DONE = (sse.DONE, b'"[DONE]"', b"DONE")
SHOWN_BYTES = 65536  # of a body that is no answer; the error quotes its beginning


class StreamReader:
    """Feeds a draft with what comes. After the answer's end there may be more of it, and nothing can spoil it."""

    def __init__(self, provider: Provider, content_type: str, draft: WireDraft) -> None:
        self._provider = provider
        self._content_type = content_type
        self._draft = draft
        self._parser: sse.SseParser | JsonLines | None = JsonLines() if DECLARED.search(content_type) else None
        self._opening = b""
        self._blank = 0
        self._seen = False
        self._head: list[bytes] = []
        self._size = 0
        self.is_json = "json" in content_type and self._parser is None

    def feed(self, chunk: bytes) -> Iterator[StreamEvent]:
        """The events that this chunk completes. Raises what the provider says, and ProtocolError."""
        if not self._seen and self._size < SHOWN_BYTES:
            self._head.append(chunk)
            self._size += len(chunk)
        draft, words, decode = self._draft, self._draft.words, sse.decode_fast
        for data in self._split(chunk):
            if draft.finished is None and type(data) is bytes:
                try:  # the way of nearly every event
                    more = words(decode(data))
                except (*sse.NOT_DECODED, *ODD_SHAPE):
                    more = None
                if more is not None:
                    self._seen = True
                    if more.text:  # else it is half a character, of which the rest comes next
                        yield more
                    continue
            yield from self._take(data)

    def close(self) -> Iterator[StreamEvent]:
        """The body has ended. What had no line end is read where it can be."""
        for data in self._parser.close() if self._parser is not None else ():
            for piece in [data] if sse.is_json(data) else data.split(b"\n"):
                if piece.strip() in DONE or sse.is_json(piece):  # else it is half an event
                    yield from self._take(piece)
        if self._draft.finished is None:
            yield from self._draft.ended(marked=False)

    def failure(self) -> ProviderError | None:
        """The error for a body that held no event at all, or nothing of this API; None where it was cut."""
        if self.is_json or "html" in self._content_type:
            if self._seen and not self._draft.untouched:
                return None
            return error_mapping.not_a_stream(self._provider, self._content_type, b"".join(self._head))
        return None if self._seen else error_mapping.no_events(self._provider, self._content_type)

    def _split(self, chunk: bytes) -> list[bytes]:
        """The events that this chunk completes. What begins like JSON is lines of it, whatever it is called."""
        if self._parser is None:
            chunk = self._opening + chunk
            start = chunk.removeprefix(sse.BYTE_ORDER_MARK).lstrip()
            if not start or sse.BYTE_ORDER_MARK.startswith(start):
                self._opening = start
                self._blank += len(chunk)
                if self._blank > sse.MAX_EVENT:
                    raise ProtocolError(sse.TOO_LARGE, cure="Use another model.")
                return []
            self._parser = JsonLines() if start[:1] in (b"{", b"[") else sse.SseParser()
        return self._parser.feed(chunk)

    def _take(self, data: bytes) -> Sequence[StreamEvent]:
        self._seen = True
        if data.strip() in DONE:
            return () if self._draft.finished is not None else self._draft.ended(marked=True)
        name = data.name if isinstance(data, sse.Named) else ""
        if self._draft.finished is None:
            return self._read(data, name)
        with suppress(ProviderError):  # the answer is whole by now
            return self._read(data, name)
        return ()

    def _read(self, data: bytes, name: str) -> Sequence[StreamEvent]:
        try:
            values = (sse.decode(data),) if b"\n" not in data else sse.values(data)
        except ProtocolError:
            if name == "error":
                return self._draft.read({"error": {"message": data.decode(errors="replace")}}, name)
            raise
        events: list[StreamEvent] = []
        for value in values:
            try:
                events.extend(self._draft.read(value, name))
            except ServerFailed:  # of a kind that the body does not name
                if not self.is_json or not self._draft.untouched:
                    raise
                raise error_mapping.not_a_stream(self._provider, self._content_type, data) from None
        return events
