"""What comes of an answer, kept: while it grows, and once, however it ends."""

import asyncio

from msgspec.structs import replace

from modules.errors import ContextOverflow, EmptyAnswer, ProviderError
from modules.llm.base import ChatRequest, Reply
from modules.llm.conversion.replay import pieces_of_reasoning
from modules.llm.events import CUT
from modules.llm.history import Message, State, says_something
from modules.llm.models import Model
from modules.llm.parts import visible_text
from modules.llm.web_searches import has_searched
from modules.session.conversation import Conversation
from modules.session.turns.fitted_pictures import FittedPictures
from modules.text.invisible import SPACES_OF_NO_WIDTH

BLANKS = f" \t\r\n\u00a0{SPACES_OF_NO_WIDTH}"  # nobody sees these, alone
BEHIND_SECONDS = 0.5  # that what is kept of an answer may be behind what is shown of it


class PartialSaver:
    """Has the journal keep an answer while it arrives."""

    def __init__(self, conversation: Conversation, reply: Reply) -> None:
        self._conversation = conversation
        self._reply = reply
        self._head = conversation.head
        self._timer: asyncio.TimerHandle | None = None

    def more(self) -> None:
        """There is more of it; the journal gets it soon, also if nothing else comes."""
        if self._timer is None and self._conversation.journal is not None:
            self._timer = asyncio.get_running_loop().call_later(BEHIND_SECONDS, self._save)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _save(self) -> None:
        self._timer = None
        journal = self._conversation.journal
        if journal is not None and self._conversation.head == self._head:
            message = self._reply.message("incomplete")
            if message.text.strip() or message.images:
                journal.growing(self._conversation, message)


def _says_nothing(answer: Message) -> bool:
    return not answer.calls and not "".join(visible_text(answer.parts)).strip(BLANKS)


def _empty(answer: Message, model: Model) -> ProviderError:
    if answer.stop == "context_full" or _fills(answer, model):
        return ContextOverflow(f"The window of {model.full_name} is full: it had no room for an answer.")
    if answer.stop in CUT:
        return EmptyAnswer(f"{model.full_name} reached its limit before it said anything.")
    thought = " but reasoning" if pieces_of_reasoning(answer) else ""
    return EmptyAnswer(f"{model.full_name} sent an empty answer: nothing{thought} came.")


def _fills(answer: Message, model: Model) -> bool:
    """Whether all of the window was used, by the server's own count: some end with "length" then, or with no word."""
    usage, window = answer.usage, model.window
    return usage is not None and window is not None and usage.input + usage.output >= window


def keep(conversation: Conversation, reply: Reply, request: ChatRequest, state: State, fitted: FittedPictures) -> None:
    """Store the answer as far as it came, and freeze what it answers; of a cut one, only what can be read."""
    answer = fitted.put(reply.message(state))
    if answer.usage is not None:
        conversation.pay(request.model, answer.usage)
        from modules.session.counting.token_estimate import learn  # not before the first answer

        if not has_searched(answer.parts):
            learn(conversation, request, answer.usage)
    if state == "complete" and answer.state != "refused" and _says_nothing(answer):
        raise _empty(answer, request.model)
    if state != "complete" and not (answer.text.strip() or answer.images):
        return
    sent = reply.prepared.messages
    if request.ledger is not None and sent is not None and answer.state != "refused" and says_something(answer):
        if answer.origin is not None:
            answer = replace(answer, origin=replace(answer.origin, made_under=sent.reasoning_digest))
        request.ledger.commit(sent.pending)
        conversation.append(answer)
        conversation.ledger_changed(request.model)
    else:
        conversation.append(answer)
