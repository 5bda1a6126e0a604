"""What the next answer needs, loaded while a person still reads or types: never before the first prompt is there."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any

from msgspec.structs import replace

from modules.chat.command import ChatContext
from modules.config import PACKAGE
from modules.errors import ParlanceError
from modules.llm.dialects import about
from modules.llm.history import Message
from modules.llm.models import Model
from modules.llm.service_manager import prepare
from modules.session.conversation import Conversation
from modules.session.counting import prices
from modules.session.node import Messages

MOMENT_SECONDS = 0.1  # the first keys are echoed before any import takes its share of the processor
SOON_SECONDS = 1.0  # so that two imports do not slow the echo of one key down
QUICKLY_SECONDS = 0.0005  # for which that import may hold up a key, where Python would let it for ten times as long
LATER_SECONDS = 2.0  # by then what the first answer needs is loaded, and nothing waits for a price
INDEX_SECONDS = 4.0  # by then nothing else is loaded any more
INDEX_REST_SECONDS = 0.1  # between two steps of the index, of about as long
DECODED_AT_ONCE = 50  # messages of a long conversation, which takes a millisecond or two
REST_SECONDS = 0.002
# Loaded while the first question is typed. Tools are only loaded: programs of others wait until they are needed.
NEEDED_BY_ANSWERS = (
    f"{PACKAGE}.chat.shown_turn",
    f"{PACKAGE}.chat.markdown.markdown_stream",
    f"{PACKAGE}.session.storage.writer",
    f"{PACKAGE}.tools.built_in",
    f"{PACKAGE}.chat.dialogs.approval_dialog",
    f"{PACKAGE}.chat.wording.cures",
    f"{PACKAGE}.session.recovery.silent_cut",
)
# The same where mcp.json names a server: its SDK takes most of a second, and no server is started by that.
NEEDED_BY_SERVERS = (f"{PACKAGE}.mcp.servers", f"{PACKAGE}.mcp.transport.connection")


class LoadAhead:
    """Loads in daemon threads; makes the service of a model that was chosen, in the background of the loop."""

    def __init__(self, context: ChatContext) -> None:
        self._context = context
        self._model: Model | None = None
        self._conversation: Conversation | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.news: list[str] = []  # to be said when nothing is being typed

    def soon(self) -> None:
        """Load once the prompt is on the screen and has had a moment to itself.

        After that only for another model, or another conversation.
        """
        conversation = self._context.conversation
        if self._conversation is not conversation:
            self._conversation = conversation
            _in_background(SOON_SECONDS, lambda: self._look_through(conversation))
        model = conversation.model
        if self._model is model:
            return
        if self._model is None:
            _in_background(MOMENT_SECONDS, lambda: _load(NEEDED_BY_ANSWERS))
            _in_background(SOON_SECONDS, self._load_for_servers)
            _in_background(LATER_SECONDS, prices.load)
            _in_background(INDEX_SECONDS, self._index)
            asyncio.get_running_loop().call_later(LATER_SECONDS, self._in_task, self._look_around)
        self._model = model
        warm_up = partial(self._context.services.warm_up, model)
        asyncio.get_running_loop().call_later(MOMENT_SECONDS, self._in_task, warm_up)

    def _look_through(self, conversation: Conversation) -> None:
        look_through(conversation)
        self._context.code_numbers.look_through(conversation)

    def _in_task(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = asyncio.ensure_future(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look_around(self) -> None:
        """Find servers of models on this machine, and say so where nothing else could answer."""
        context = self._context
        if not context.config.settings.models.discover:
            return
        servers = import_module(f"{PACKAGE}.chat.background.local_servers")
        found = await servers.look(context)
        networked = about(context.conversation.model.provider.dialect).networked
        if not found or networked or servers.has_any_key(context):
            return
        if context.ask is None:  # a line that is being typed would be torn
            self.news.append(servers.words(found))
        else:
            context.screen.say(servers.words(found))

    def _index(self) -> None:
        """Index what was said in earlier runs, so that no search waits for it. Who searches hears of troubles."""
        if self._context.store is not None:
            search = import_module(f"{PACKAGE}.session.search.search")
            path = self._context.store.path
            with suppress(ParlanceError, OSError):
                search.Search(path, path.with_name(search.FILE)).catch_up(pause=INDEX_REST_SECONDS, thorough=True)

    def _load_for_servers(self) -> None:
        file = self._context.config.mcp_file
        if (
            self._context.tooling.enabled
            and file.exists()
            and import_module(f"{PACKAGE}.mcp.configuration.mcp_json").any_enabled(file)
        ):
            before = sys.getswitchinterval()
            sys.setswitchinterval(QUICKLY_SECONDS)
            try:
                with suppress(ImportError):  # an extra that is not installed; the first server that is wanted says so
                    _load(NEEDED_BY_SERVERS)
            finally:
                sys.setswitchinterval(before)


class _Rested(Messages):
    """The messages, with a rest after some of them, so that no key waits for whoever looks through all."""

    def __iter__(self) -> Iterator[Message]:
        for at, message in enumerate(super().__iter__(), 1):
            yield message
            if at % DECODED_AT_ONCE == 0:
                time.sleep(REST_SECONDS)


def look_through(conversation: Conversation) -> None:
    """Look through a conversation that goes on, for the first request; hardly any of it stays decoded.

    What was sent to other models is left as it is until they are asked.
    """
    model = conversation.model
    messages = _Rested(conversation.nodes_read_by(model))
    if conversation.known_ledger(model).entries:
        from modules.session.turns.ask import request_for  # with all that asks

        with suppress(ParlanceError):
            prepare(replace(request_for(conversation, model), messages=messages))
    else:
        for _ in messages:  # what is remembered of each
            pass


def _in_background(seconds: float, work: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, threading.Thread(target=work, daemon=True).start)


def _load(names: tuple[str, ...]) -> None:
    for name in names:
        import_module(name)
