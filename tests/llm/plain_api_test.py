"""A provider with an API of its own and no SDK: lines of JSON over plain httpx, and what every failure means."""

import json
import socket
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import httpx
import httpx2
import pytest

from modules import errors
from modules.config import Key
from modules.errors import ProviderError
from modules.llm.base import ChatRequest, Draft, PreparedRequest
from modules.llm.drafts.wire_draft import WireDraft
from modules.llm.events import StreamEvent, TextDelta, Usage
from modules.llm.failures import error_mapping
from modules.llm.http.http_client import http_errors
from modules.llm.http.http_service import HttpService
from modules.llm.http.plain_client import PlainClient
from modules.llm.message import Message, State, user
from modules.llm.models import Model, Provider
from modules.llm.parts import Text
from tests.conftest import KEY
from tests.harness.network_servers import CHUNK, Listener, answer, read_head

NDJSON = "application/x-ndjson"
LINES: tuple[dict[str, Any], ...] = (
    {"model": "tiny", "message": {"role": "assistant", "content": "One "}, "done": False},
    {"model": "tiny", "message": {"role": "assistant", "content": "zwei 漢字."}, "done": False},
    {"model": "tiny", "message": {"content": ""}, "done": True, "done_reason": "stop", "prompt_eval_count": 9},
)


class LinesDraft(WireDraft):
    """As much of Ollama's /api/chat as text needs."""

    def words(self, event: Any) -> TextDelta | None:
        if event.get("done") or not (text := event["message"]["content"]).isascii():
            return None
        self._shown.append(text)
        return TextDelta(text)

    def add(self, event: Any) -> Sequence[StreamEvent]:
        events = list(self._say(event["message"]["content"]))
        self._note_model(event.get("model"))
        if not event.get("done"):
            return events
        self._note_stop(event.get("done_reason"))
        self._note_usage(Usage(input=event.get("prompt_eval_count", 0), output=0))
        return [*events, *self.finish()]

    @property
    def has_content(self) -> bool:
        return bool(self._shown)

    def finish(self) -> Sequence[StreamEvent]:
        self._finished(*(self._stop or ("end_turn", "")))
        return ()

    def _message(self, state: State) -> Message:
        return Message("assistant", (Text("".join(self._shown)),), self.origin, None, state)


class LinesService(HttpService):
    http = httpx
    own_path = "/api"
    path = "/chat"
    models_path = "/tags"
    foreign_errors = http_errors(httpx)

    def __init__(self, provider: Provider, key: Key | None = None, idle_timeout: float = 5.0) -> None:
        super().__init__(provider, key, idle_timeout)
        self.headers = {"Authorization": f"Bearer {key.value}"} if key else {}
        self.client = PlainClient(self.http, provider, idle_timeout)

    def draft(self, request: ChatRequest) -> Draft:
        return LinesDraft(request, "lines", self.key)

    def prepare(self, request: ChatRequest) -> PreparedRequest:
        messages = [{"role": message.role, "content": message.text} for message in request.messages]
        return PreparedRequest(request, {"model": request.model.id, "messages": messages})

    async def models(self) -> list[Model]:
        return [Model(name=entry["id"], id=entry["id"], provider=self.provider) for entry in await self.listed()]


class NewerLinesService(LinesService):
    http = httpx2
    foreign_errors = http_errors(httpx2)


class Answering(Listener):
    """Reads a request and says these pieces, each on its own, and hangs up."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__()
        self._pieces = pieces
        self.heads: list[bytes] = []

    def converse(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self.heads.append(read_head(client))
        for piece in self._pieces:
            client.sendall(piece)
        client.shutdown(socket.SHUT_WR)
        while client.recv(CHUNK):
            pass


def good(*pieces: bytes, kind: str = NDJSON) -> tuple[bytes, ...]:
    return (f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode(), *pieces)


def lines(*values: Any, **options: Any) -> bytes:
    return b"".join(json.dumps(value, **options).encode() + b"\n" for value in values)


def model_at(port: int) -> Model:
    address = f"http://127.0.0.1:{port}"
    provider = Provider(name="lines", title="Lines", dialect="lines", base_url=address, key_variable="LINES_KEY")
    return Model(name="tiny", id="tiny", provider=provider)


async def asked(*pieces: bytes, kind: type[LinesService] = LinesService) -> tuple[str, Message]:
    """What was shown of this answer, and the message that it became."""
    with Answering(*pieces) as server:
        model = model_at(server.port)
        service = kind(model.provider, KEY)
        try:
            reply = service.reply(ChatRequest(model, (user("Count."),)))
            shown = [event.text async for event in reply if isinstance(event, TextDelta)]
            assert server.heads[0].startswith(b"POST /api/chat HTTP/1.1")
            assert f"authorization: bearer {KEY.value}".encode() in server.heads[0].lower()
            return "".join(shown), reply.message()
        finally:
            await service.close()


async def refused(*pieces: bytes, kind: type[LinesService] = LinesService) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await asked(*pieces, kind=kind)
    assert "unexpected" not in caught.value.message
    assert caught.value.cure
    return caught.value


WHOLE = lines(*LINES, ensure_ascii=False)
BODIES: dict[str, tuple[bytes, ...]] = {
    "as it is": (WHOLE,),
    "byte by byte": tuple(WHOLE[at : at + 1] for at in range(len(WHOLE))),
    "no last line end": (WHOLE.rstrip(),),
    "returns": (WHOLE.replace(b"\n", b"\r\n"),),
    "blank lines and pings": (b"\n\n", WHOLE.replace(b"\n", b"\n\n: ping\n\n")),
    "a mark at the start": (b"\xef\xbb\xbf", WHOLE),
    "escaped": (lines(*LINES),),
}


@pytest.mark.parametrize("kind", [NDJSON, "application/jsonl; charset=utf-8", "application/json", "text/plain", ""])
@pytest.mark.parametrize("body", BODIES.values(), ids=[name.replace(" ", "-") for name in BODIES])
async def test_lines_of_json_are_an_answer_however_they_come(body: tuple[bytes, ...], kind: str) -> None:
    shown, message = await asked(*good(*body, kind=kind))
    assert shown == message.text == "One zwei 漢字."
    assert message.stop == "end_turn"
    assert message.usage is not None
    assert message.usage.input == 9


async def test_the_newer_library_is_as_good() -> None:
    assert (await asked(*good(WHOLE), kind=NewerLinesService))[0] == "One zwei 漢字."


async def test_a_character_that_a_server_cut_in_two_is_whole() -> None:
    halves = [{"message": {"content": half}} for half in ("\ud83c", "\udf89")]
    assert (await asked(*good(lines(*halves, LINES[-1]))))[0] == "🎉"


@pytest.mark.parametrize("kind", [NDJSON, "application/json"])
@pytest.mark.parametrize("rest", [b"", b'{"model":"tiny","mess'])
async def test_lines_that_end_before_the_last_one_are_a_cut_answer(rest: bytes, kind: str) -> None:
    assert type(await refused(*good(lines(*LINES[:2]), rest, kind=kind))) is errors.AnswerIncomplete


@pytest.mark.parametrize("kind", [NDJSON, "application/json"])
@pytest.mark.parametrize("before", [0, 2])
async def test_an_error_in_a_line_is_told_in_its_words(before: int, kind: str) -> None:
    said = await refused(*good(lines(*LINES[:before], {"error": "an error was encountered while running"}), kind=kind))
    assert "an error was encountered while running" in said.message
    if before or kind == NDJSON:
        assert type(said) is errors.ServerFailed


async def test_an_error_over_many_lines_is_told_too() -> None:
    said = await refused(*good(json.dumps({"error": {"message": "Out of memory."}}, indent=2).encode()))
    assert "Out of memory." in said.message


async def test_a_line_without_end_is_refused() -> None:
    assert "8 MB" in (await refused(*good(b'{"a":"', *[b"x" * 2**20] * 9))).message


async def test_a_page_in_the_place_of_lines_is_no_answer() -> None:
    assert type(await refused(*good(b"<html><title>Sign in</title></html>"))) is errors.ProtocolError


STATUSES = {
    400: (errors.RequestRefused, 1),
    401: (errors.AuthenticationFailed, 76),
    403: (errors.PermissionDenied, 76),
    404: (errors.ModelUnavailable, 77),
    429: (errors.RateLimited, 75),
    500: (errors.ServerFailed, 75),
    503: (errors.Overloaded, 75),
}
WORDS = {404: "model 'tiny' not found"}  # ollama/ollama, server/routes.go


@pytest.mark.parametrize("kind", [LinesService, NewerLinesService])
@pytest.mark.parametrize("status", STATUSES)
async def test_a_status_means_what_it_means_with_an_sdk(status: int, kind: type[LinesService]) -> None:
    body = json.dumps({"error": WORDS.get(status, "no")}).encode()
    ours = await refused(answer(body, f"{status} No", Retry_After="7"), kind=kind)
    assert (type(ours), ours.exit_code) == STATUSES[status]
    assert (ours.status, ours.retry_after) == (status, 7)


async def test_where_nobody_listens_the_connection_was_refused() -> None:
    with Answering() as server:
        port = server.port
    service = LinesService(model_at(port).provider)
    with pytest.raises(errors.ConnectionFailed, match="refused the connection"):
        await service.models()
    await service.close()


async def test_the_list_of_models_is_read_where_the_api_has_it() -> None:
    tags = {"models": [{"name": "llama3.1:8b", "model": "llama3.1:8b"}]}
    with Answering(answer(json.dumps(tags).encode())) as server:
        service = LinesService(model_at(server.port).provider, KEY)
        assert [model.id for model in await service.models()] == ["llama3.1:8b"]
        assert server.heads[0].startswith(b"GET /api/tags HTTP/1.1")
        await service.close()


class ResponseError(Exception):
    """As ollama 0.6.3 has it in _types.py; -1 is what it says of an error within a stream."""

    def __init__(self, error: str, status_code: int = -1) -> None:
        super().__init__(error)
        self.error = error
        self.status_code = status_code


class APIError(Exception):
    """As google-genai 3.6.1 has it in errors.py."""

    def __init__(self, code: int, details: dict[str, Any], http: ModuleType = httpx) -> None:
        super().__init__(f"{code} {details}")
        self.code = code
        self.details = details
        self.status = details["error"]["status"]
        self.message = details["error"]["message"]
        self.response = http.Response(200)


def google(code: int, status: str, message: str) -> APIError:
    return APIError(code, {"error": {"code": code, "message": message, "status": status}})


def plain(status: int, **said: Any) -> httpx.HTTPStatusError:
    response = httpx.Response(status, request=httpx.Request("POST", "http://127.0.0.1"), **said)
    return httpx.HTTPStatusError("Client error", request=response.request, response=response)


UNREAD = plain(429, stream=httpx.ByteStream(b"never read"))
RAISED: list[tuple[Exception, type[ProviderError], int, str]] = [
    (ResponseError("model 'x' not found", 404), errors.ModelUnavailable, 77, "model 'x' not found"),
    (ResponseError("unauthorized", 401), errors.AuthenticationFailed, 76, "unauthorized"),
    (ResponseError("llama runner process has terminated"), errors.ServerFailed, 75, "runner process"),
    (google(404, "NOT_FOUND", "models/x is not found for API version v1beta"), errors.ModelUnavailable, 77, "models/x"),
    (google(503, "UNAVAILABLE", "The model is overloaded."), errors.Overloaded, 75, "overloaded"),
    (google(429, "RESOURCE_EXHAUSTED", "Please retry in 7s."), errors.RateLimited, 75, "retry"),
    (plain(401, json={"error": "no key"}), errors.AuthenticationFailed, 76, "no key"),
    (plain(404), errors.EndpointNotFound, 77, "no such API"),
    (UNREAD, errors.RateLimited, 75, "limits the rate"),
    (httpx.ConnectError("All connection attempts failed"), errors.ConnectionFailed, 75, "broke"),
    (httpx.ReadTimeout(""), errors.TimedOut, 75, "silent"),
    (httpx.PoolTimeout(""), errors.TimedOut, 75, "silent"),
]


@pytest.mark.parametrize(("error", "kind", "code", "words"), RAISED, ids=lambda value: str(value)[:30])
def test_errors_of_other_libraries_are_read_by_what_they_hold(
    error: Exception, kind: type[ProviderError], code: int, words: str
) -> None:
    ours = error_mapping.translate(error, model_at(9).provider, None, KEY)
    assert (type(ours), ours.exit_code) == (kind, code)
    assert words in ours.message
    assert "unexpected" not in ours.message
