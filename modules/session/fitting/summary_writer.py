"""Asks a model for a summary, outside the conversation: in one request, or in levels where it cannot read all."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing

from msgspec import Struct

from modules.daemon_thread import in_thread
from modules.errors import ContextOverflow, ProviderError, SummaryFailed, UsageError
from modules.llm.base import ChatRequest, Reply
from modules.llm.events import CUT, TextDelta
from modules.llm.message import Message, user
from modules.llm.models import Model
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation
from modules.session.fitting.room import Counter, room_of
from modules.session.fitting.summary_words import FOCUS, JOINED, PART, SYSTEM, WHOLE
from modules.session.fitting.transcript import in_pieces
from modules.session.recovery.recovery import recover
from modules.session.recovery.retries import Retries
from modules.session.recovery.silent_cut import silent_cut

BESIDE_TOKENS = len(SYSTEM) // 3 + 300  # of a request, beside the transcript
LEAST_PIECE_TOKENS = 500
MOST_SHRINKINGS = 4  # of the pieces, where a provider says that they are too long
WORDS_SHARE = 0.6  # of a token, in prose: fewer words are asked for than there is room for
ANOTHER = "/compact --with MODEL asks another model."


class Writing(Struct, frozen=True):
    """How far a summary has come: `request` counts from 1, `of` is how many there will be, `words` are of this one."""

    request: int
    of: int
    words: int


Told = Callable[[Writing], None]


def piece_tokens(conversation: Conversation, writer: Model) -> int:
    """How many tokens of a conversation it can read at once. Raises UsageError where that is next to nothing."""
    there = room_of(conversation, writer)
    if there is None:
        return 10**9
    if there - BESIDE_TOKENS < LEAST_PIECE_TOKENS:
        raise UsageError(f"The window of {writer.full_name} is too small to write a summary in.", cure=ANOTHER)
    return there - BESIDE_TOKENS


class SummaryWriter:
    """Has `by` write one summary of about `length` tokens; `mark` stands in the lines that say who speaks.

    The conversation pays for each request, also for one that fails, and is not changed otherwise.
    """

    def __init__(
        self, conversation: Conversation, services: ServiceManager, by: Model, mark: str, length: int, told: Told
    ) -> None:
        self._conversation = conversation
        self._services = services
        self._by = by
        self._mark = mark
        self._words = max(50, int(length * WORDS_SHARE))
        self._told = told
        self._tokens = Counter(conversation, by).text
        self._request, self._of = 0, 1

    async def summary_of(self, turns: Sequence[Sequence[str]], focus: str) -> str:
        """The summary of these turns. Raises what the service raises, and SummaryFailed."""
        # Counting is work for a while where much was said, and a person is typing.
        whole: int = await in_thread(lambda: sum(self._tokens(text) for turn in turns for text in turn))
        shrunk = 0
        while True:
            most = min(piece_tokens(self._conversation, self._by), whole) >> shrunk
            try:
                return await self._in_levels(turns, max(most, LEAST_PIECE_TOKENS), focus)
            except ContextOverflow:
                shrunk += 1
                if shrunk > MOST_SHRINKINGS or most <= LEAST_PIECE_TOKENS:
                    raise

    async def _in_levels(self, turns: Sequence[Sequence[str]], most: int, focus: str) -> str:
        """Pieces one after the other, then the summaries of the pieces, until one is left."""
        pieces, last = await self._pieces(turns, most), WHOLE
        self._request, self._of = 0, len(pieces) + (len(pieces) > 1)
        while len(pieces) > 1:
            written = []
            for number, piece in enumerate(pieces, 1):
                summary = await self._asked(piece, PART, focus, number, len(pieces))
                written.append([f"[{self._mark} part {number}]\n{summary}"])
            joined = await self._pieces(written, most)
            if len(joined) >= len(pieces):
                raise SummaryFailed(
                    f"The summaries by {self._by.full_name} are as long as what they are of.", cure=ANOTHER
                )
            pieces, last = joined, JOINED
            self._of = self._request + len(pieces) + (len(pieces) > 1)
        return await self._asked(pieces[0], last, focus)

    async def _pieces(self, turns: Sequence[Sequence[str]], most: int) -> list[str]:
        pieces: list[str] = await in_thread(lambda: in_pieces(turns, most, self._tokens))
        return pieces

    async def _asked(self, text: str, closing: str, focus: str, number: int = 1, of: int = 1) -> str:
        self._request += 1
        wanted = FOCUS.format(focus=focus) if focus else ""
        end = closing.format(mark=self._mark, words=self._words, focus=wanted, number=number, of=of)
        return await self._answer(f"{text}\n\n{end}")

    async def _answer(self, question: str) -> str:
        """What the model answers, asked again as any question is where that helps."""
        conversation, retries = self._conversation, Retries()
        service = await self._services.service_for(self._by)
        while True:
            reader = conversation.reader(self._by)
            request = ChatRequest(
                model=reader,
                messages=(user(question),),
                system=SYSTEM.format(mark=self._mark),
                reasoning=reader.reasoning[0] if reader.reasoning else None,
                reasoning_shown=False,
            )
            reply = service.reply(request)
            words = 0
            try:
                async with aclosing(reply) as events:
                    self._told(Writing(self._request, self._of, words))
                    async for event in events:
                        if isinstance(event, TextDelta):
                            words += len(event.text.split())
                            self._told(Writing(self._request, self._of, words))
            except ProviderError as error:
                self._pay(reader, reply.message("incomplete"))
                if words:
                    raise
                if recover(conversation.learned, request, error):
                    continue
                if (delay := retries.delay(error)) is None:
                    raise
                await asyncio.sleep(delay)
                continue
            except asyncio.CancelledError:
                self._pay(reader, reply.message("interrupted"))
                raise
            return self._usable(request, reply)

    def _usable(self, request: ChatRequest, reply: Reply) -> str:
        """The text of an answer that is a summary."""
        answer, name = reply.message(), self._by.full_name
        self._pay(request.model, answer)
        if answer.state == "refused" or answer.stop == "refusal":
            raise SummaryFailed(f"{name} declined to write the summary.", cure=ANOTHER)
        if answer.stop in CUT:
            raise SummaryFailed(f"The summary by {name} was cut before its end ({answer.stop}).", cure=ANOTHER)
        if answer.calls:  # what it says beside a call is what it is about to do
            raise SummaryFailed(f"{name} called a tool, and wrote no summary.", cure=ANOTHER)
        if not answer.text.strip():
            raise SummaryFailed(f"{name} sent no summary: the answer is empty.", cure=ANOTHER)
        if lost := silent_cut(request, answer.usage):
            raise SummaryFailed(f"The summary would not be of all that was said. {lost}", cure=ANOTHER)
        return answer.text.strip()

    def _pay(self, model: Model, answer: Message) -> None:
        if answer.usage is not None:
            self._conversation.pay(model, answer.usage)
