"""What was spent, and who said what: in this conversation, or in all of them."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from modules.chat.command import Ask, ChatContext, command
from modules.chat.wording.model_summary import compact
from modules.chat.wording.phrases import count, total
from modules.daemon_thread import in_thread
from modules.errors import UsageError
from modules.llm.history import is_cut
from modules.session.conversation import Conversation

if TYPE_CHECKING:
    from modules.session.spending import By, Sum

NEWEST_SHOWN = 31  # days, months or conversations in one table
WHO = ("model", "answers", "calls", "input", "cached", "output", "cost")


def complete_usage(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """What it can be summed up by."""
    from modules.session.spending import WAYS

    yield from ((way, f"by {way}") for way in WAYS)
    yield "--all", "over all conversations"


@command("/usage [by] [--all]", aliases=("cost", "tokens"), complete=complete_usage)
async def usage(chat: ChatContext, args: str) -> Ask | None:
    """Show tokens and cost, as a table with bars.

    "/usage" is about this conversation, by model; "/usage day" and "/usage month" are by time. "--all" counts all
    conversations that are saved, and "/usage session" shows the dearest of them.
    """
    from modules.chat.wording import spending_rows  # the first prompt need not wait for what sums up
    from modules.session.spending import of_conversation, summed

    by, of_all = _understood(args)
    if of_all:
        from modules.session.counting import prices

        store = chat.store
        if store is None:
            raise UsageError("Nothing is saved in this chat (--no-save).", cure="/usage shows this conversation.")
        await in_thread(prices.load)
        if chat.conversation.journal is not None:
            await chat.conversation.journal.settled()
        spendings = await in_thread(store.spendings)
    else:
        spendings = of_conversation(chat.conversation)
    cut = [] if of_all else uncounted(chat.conversation)
    if not spendings:
        chat.screen.say(_remark(cut) or "Nothing has been asked yet.")
        return None
    sums = summed(spendings, by)
    shown = sums[:NEWEST_SHOWN] if by in ("model", "session") else sums[-NEWEST_SHOWN:]
    partial = _partial(chat.conversation, cut, sums, by)
    rows = spending_rows.rows(shown, plain=chat.config.plain, partial=partial)
    total_row = spending_rows.sum_of_all(sums, partial=bool(cut))
    chat.screen.table([*rows, total_row], spending_rows.headings(by))
    if len(shown) < len(sums):
        chat.screen.say(f"{len(shown)} of {len(sums)} are shown. {_program()} usage prints all.")
    if cut:
        chat.screen.say(_remark(cut))
    return None


def _program() -> str:
    from modules.chat.program_name import this_program

    return this_program()


def _understood(args: str) -> "tuple[By, bool]":
    """By what, and whether over all conversations. Raises UsageError for other words."""
    from modules.session.spending import WAYS

    words = args.split()
    of_all = "--all" in words
    wanted = [word.removeprefix("--") for word in words if word != "--all" and word != "by"]
    by: By = "model"
    for word in wanted:
        found: By | None = next((way for way in WAYS if word in (way, f"{way}s")), None)
        if found is None:
            raise UsageError(f'"{word}" is not understood.', cure=f"It is one of {', '.join(WAYS)}, and --all.")
        by = found
    return by, of_all or by == "session"


def uncounted(conversation: Conversation) -> list[tuple[str, str]]:
    """Issuer and model of each answer that was stopped or cut: what it took in all, the provider did not say."""
    answers = [node.message for node in conversation.nodes if is_cut(node.message.state)]
    return [(answer.origin.issuer, answer.origin.model) for answer in answers if answer.origin is not None]


def _partial(conversation: Conversation, cut: Sequence[tuple[str, str]], sums: "Sequence[Sum]", by: "By") -> list[str]:
    """The keys of sums of which some was not counted to the end."""
    if by != "model":
        return [one.key for one in sums] if cut else []
    return [spent.model.full_name for spent in conversation.spent if (spent.model.issuer, spent.model.id) in cut]


def _remark(cut: Sequence[tuple[str, str]]) -> str:
    if not cut:
        return ""
    return f"{count(len(cut), 'answer')} stopped before the tokens were counted to the end."


@command("/who")
async def who(chat: ChatContext, args: str) -> Ask | None:
    """Show which models answered, and what each took.

    All branches count, as all of them were paid for.
    """
    from modules.session.spending import of_conversation, summed

    conversation = chat.conversation
    answers: dict[str, list[int]] = {}
    for node in conversation.nodes:
        if node.message.role == "assistant" and node.message.origin is not None:
            name = _name(conversation, node.message.origin.issuer, node.message.origin.model)
            counted = answers.setdefault(name, [0, 0])
            counted[0] += 1
            counted[1] += len(node.message.calls)
    if not answers:
        chat.screen.say("No model has answered yet.")
        return None
    sums = {one.key: one for one in summed(of_conversation(conversation), "model")}
    rows = []
    for name in dict.fromkeys([*answers, *sums]):
        said, calls = answers.get(name, (0, 0))
        one = sums.get(name)
        numbers = (one.usage.input, one.usage.cache_read, one.usage.output) if one else (0, 0, 0)
        cost = total([one.cost, *([None] if one.uncosted else [])]) if one else ""
        rows.append((name, str(said), str(calls), *map(compact, numbers), cost))
    chat.screen.table(rows, WHO)
    return None


def _name(conversation: Conversation, issuer: str, model: str) -> str:
    """The full name of the model that answered under this id, as it was called then; else the id alone."""
    for spent in conversation.spent:
        if (spent.model.issuer, spent.model.id) == (issuer, model):
            return spent.model.full_name
    return model
