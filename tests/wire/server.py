"""The loopback server: records every request, refuses what breaks the rules, plays the scripted answers."""

import asyncio
import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from tests.wire import counting, render_anthropic, render_chat, render_gemini, render_ollama, render_responses
from tests.wire.answers import Answer, Status, Text
from tests.wire.catalogue import listing, showing
from tests.wire.errors import error_response, refused, unauthorized, unknown_model, unknown_route
from tests.wire.event_steps import Finish, Send, Step, steps
from tests.wire.facts import Dialect, ModelFacts, facts_for
from tests.wire.http11 import Request, head, read_request, whole
from tests.wire.player import perform, play_head_fault
from tests.wire.rulebook import broken_rules
from tests.wire.sse import Context, dumps, new_id
from tests.wire.tcp import ClientGone, HangUp, Line
from tests.wire.windows import Window, Windows, tokens_in

__all__ = ["Request", "WireServer"]

# Dialect: (what the SDK gets as base_url, path of a generation, path of the models listing).
_PATHS: dict[Dialect, tuple[str, str, str]] = {
    "anthropic": ("", "/v1/messages", "/v1/models"),
    "openai": ("/v1", "/v1/responses", "/v1/models"),
    "groq": ("", "/openai/v1/chat/completions", "/openai/v1/models"),
    "chat": ("/v1", "/v1/chat/completions", "/v1/models"),
    "gemini": ("", "/v1beta/models/*:streamGenerateContent", "/v1beta/models"),
    "ollama": ("", "/api/chat", "/api/tags"),
}
_KEY_HEADERS: dict[Dialect, str] = {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}
RENDER = {
    "anthropic": render_anthropic.render,
    "openai": render_responses.render,
    "groq": render_chat.render,
    "chat": render_chat.render,
    "gemini": render_gemini.render,
    "ollama": render_ollama.render,
}


class WireServer:
    """One provider's API on 127.0.0.1, in a thread with a loop of its own.

    `key` None accepts any; `models` None knows every model; `rules` False refuses nothing; `facts` overrides
    what the model ids suggest; `default` answers when nothing is queued; `idle_close` closes a
    kept-alive connection after so many idle seconds; `limit` is how much it reads, without end where it is None.
    """

    def __init__(
        self,
        dialect: Dialect,
        *,
        key: str | None = "test-key",
        models: Iterable[str] | None = None,
        rules: bool = True,
        facts: ModelFacts | None = None,
        issuer: str | None = None,
        reasoning_field: str | None = "reasoning_content",
        idle_close: float | None = None,
        default: Answer | None = None,
        limit: Windows | None = None,
        port: int = 0,
    ) -> None:
        self.dialect: Dialect = dialect
        self.key = key
        self.models = None if models is None else list(models)
        self.no_list: Status | None = None  # what is answered in the place of the list of models
        self.window = 131_072  # what Ollama says of a model, and what else it does
        self.shown: dict[str, Any] = {}
        self.pages: dict[str, Any] = {}  # what else there is to GET, as JSON, by path
        self.limit = limit
        self.counts: counting.Counter = ""
        self.rules = rules
        self.requests: list[Request] = []
        self.connections = 0
        self.disconnected_at: list[float] = []
        self._facts = facts
        self._issuer = issuer
        self._reasoning_field = "reasoning" if dialect == "groq" else reasoning_field
        self._idle_close = idle_close
        self._default = default
        self.port = port
        self._script: deque[Answer | Status] = deque()
        self._answered = 0
        self._failure: Exception | None = None
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=f"wire-{dialect}", daemon=True)

    def __enter__(self) -> "WireServer":
        self._thread.start()
        self._ready.wait()
        if self._failure:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._failure and kind is None:
            raise self._failure

    @property
    def origin(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What this dialect's SDK takes as `base_url`."""
        return self.origin + _PATHS[self.dialect][0]

    @property
    def chats(self) -> list[Request]:
        """The generation requests, in order of arrival, refused ones included."""
        path = _PATHS[self.dialect][1]
        return [r for r in list(self.requests) if fnmatchcase(r.path, path) and r.method == "POST"]

    def answer(self, *answers: Answer | Status | str) -> "WireServer":
        """Queue answers. When the queue is empty, a default one is given."""
        self._script.extend(Answer(Text(item)) if isinstance(item, str) else item for item in answers)
        return self

    def forget(self) -> None:
        """Let go of the requests that were recorded and of the answers that nobody has asked for."""
        self.requests.clear()
        self._script.clear()

    def wait_for(self, count: int, timeout: float = 25.0) -> list[Request]:
        """Block until so many generation requests were recorded, and give them."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.chats) >= count, timeout):
                raise TimeoutError(f"{len(self.chats)} of {count} requests after {timeout} s")
        return self.chats

    def wait_for_disconnect(self, count: int = 1, timeout: float = 5.0) -> float:
        """Block until the client closed so many streams before their end, and give the time of the last."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.disconnected_at) >= count, timeout):
                raise TimeoutError(f"no disconnect after {timeout} s")
        return self.disconnected_at[-1]

    def facts(self, model: str) -> ModelFacts:
        """Give what this server holds true of a model."""
        facts = self._facts or facts_for(self.dialect, model)
        if self._issuer:
            facts = replace(facts, issuer=self._issuer)
        if self.dialect == "chat" and not self._facts:
            facts = replace(facts, reasoning_field=self._reasoning_field)
        return facts

    # The server's own thread from here on.

    def _run(self) -> None:
        try:
            with contextlib.closing(self._loop):
                self._loop.run_until_complete(self._serve())
        except OSError as error:  # the port is taken
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        with socket.create_server(("127.0.0.1", self.port), backlog=100) as listening:
            listening.setblocking(False)
            self.port = listening.getsockname()[1]
            self._ready.set()
            # With asyncio.start_server a connection is nobody's for three turns of the loop, and could be left open.
            self._loop.add_reader(listening, self._accept, listening)
            await self._stop.wait()
            self._loop.remove_reader(listening)
        await asyncio.sleep(0)  # whoever was let in a moment ago has begun, so it will close what it has opened
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, listening: socket.socket) -> None:
        try:
            client, _ = listening.accept()
        except (BlockingIOError, ConnectionError):  # it has gone again
            return
        self.connections += 1
        task = asyncio.create_task(self._serve_one(client, self.connections))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve_one(self, client: socket.socket, number: int) -> None:
        client.setblocking(False)
        line = Line(*await asyncio.open_connection(sock=client, limit=2**20))
        try:
            await self._converse(line, number)
        except asyncio.CancelledError:
            line.abort()  # the server stops: what was not sent by now never will be
        except (ClientGone, HangUp, ConnectionError):
            pass
        except Exception as error:
            self._failure = error
        finally:
            await line.close()

    async def _converse(self, line: Line, number: int) -> None:
        while True:
            try:
                request = await asyncio.wait_for(read_request(line.reader, number), self._idle_close)
            except TimeoutError:
                return
            if request is None:
                return
            reply = self._reply_to(request)
            with self._changed:
                self.requests.append(request)
                self._changed.notify_all()
            if isinstance(reply, Status):
                headers, body = error_response(self.dialect, reply)
                await line.send(whole(reply.status, headers, body))
            elif isinstance(reply, bytes):
                await line.send(whole(200, {"content-type": "application/json"}, reply))
            else:
                await self._play(reply, request, line)

    def _reply_to(self, request: Request) -> Answer | Status | bytes:
        _, chat_path, models_path = _PATHS[self.dialect]
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.dialect in _KEY_HEADERS:
            given = given or request.headers.get(_KEY_HEADERS[self.dialect], "")
        if self.key is not None and given != self.key:
            return unauthorized(self.dialect, bool(given))
        if request.method == "GET" and request.path in self.pages:
            return dumps(self.pages[request.path])
        if request.method == "GET" and request.path.startswith(models_path):
            return self._list_models(request.path[len(models_path) :].strip("/"))
        if self.dialect == "ollama" and (request.method, request.path) == ("POST", "/api/show"):
            return self._show(str(request.body.get("model", "")))
        if (counted := counting.reply(self.dialect, self.counts, request)) is not None:
            return counted
        if request.method != "POST" or not fnmatchcase(request.path, chat_path):
            return unknown_route(self.dialect, request.method, request.path)
        if not isinstance(request.body, dict):
            return Status(400, kind="invalid_request_error", message="The request body is not a JSON object.")
        model = self._model(request)
        if self.models is not None and model not in self.models:
            return unknown_model(self.dialect, model)
        return self._generation(request, model)

    def _generation(self, request: Request, model: str) -> Answer | Status:
        betas = frozenset(request.headers.get("anthropic-beta", "").split(","))
        request.broken = broken_rules(self.dialect, request.body, replace(self.facts(model), betas=betas))
        if self.rules and request.broken:
            return refused(self.dialect, request.broken)
        if (limit := self._limit(model)) is not None:
            request.tokens = tokens_in(request.body)
            if (too_long := limit.reply(self.dialect, request.tokens)) is not None:
                return too_long
        self._answered += 1
        if self._script:
            return self._script.popleft()
        return self._default or Answer(Text(f"Answer {self._answered} from {self.dialect}."))

    def _limit(self, model: str) -> Window | None:
        return self.limit if self.limit is None or isinstance(self.limit, Window) else self.limit.get(model)

    def _model(self, request: Request) -> str:
        """The model that is asked; one API has it in the path."""
        in_path = request.path.rpartition("/")[2].rpartition(":")[0]
        return unquote(in_path) if self.dialect == "gemini" else str(request.body.get("model", ""))

    def _list_models(self, wanted: str) -> Status | bytes:
        if self.no_list is not None:
            return self.no_list
        if wanted and self.models is not None and wanted not in self.models:
            return unknown_model(self.dialect, wanted)
        return dumps(listing(self.dialect, self.models, wanted))

    def _show(self, model: str) -> Status | bytes:
        if self.models is not None and model not in self.models:
            return unknown_model(self.dialect, model)
        return dumps({**showing(self.facts(model), self.window), **self.shown})

    async def _play(self, answer: Answer, request: Request, line: Line) -> None:
        name = "request-id" if self.dialect == "anthropic" else "x-request-id"
        headers = {
            "content-type": "application/x-ndjson" if self.dialect == "ollama" else "text/event-stream; charset=utf-8",
            name: new_id("req_01", 22),
            **answer.headers,
        }
        in_one = request.body.get("stream") is False and answer.body is None
        if in_one:
            headers["content-type"] = "application/json"
        start = head(answer.status, {**headers, "transfer-encoding": "chunked"})
        if answer.body is not None:
            plan: Iterable[Step] = (Send(answer.body), Finish())
        else:
            facts = self.facts(self._model(request))
            body = {"model": self._model(request), **request.body}
            limit = self._limit(self._model(request))
            read = limit.reads(request.tokens) if limit else len(request.raw) // 4
            context = Context(self.dialect, facts, body, read, self._reasoning_field)
            plan = (
                (Send(dumps(render_chat.whole(answer, context))), Finish())
                if in_one
                else steps(answer, RENDER[self.dialect](answer, context), self.dialect)
            )
        try:
            if not answer.fault or not await play_head_fault(answer.fault, self.dialect, line):
                await perform(start, plan, line)
        except ClientGone:
            with self._changed:
                self.disconnected_at.append(time.monotonic())
                self._changed.notify_all()
            raise
