"""What was answered, by the words of a command: the last answer, an earlier one, or a block of code by its number."""

from collections.abc import Iterator
from typing import NamedTuple

from modules.chat.command import ChatContext
from modules.daemon_thread import in_thread
from modules.errors import UsageError
from modules.session.conversation import Conversation
from modules.session.turns.continuation import whole_answers

CODE, ANSWER = "code", "answer"
OFFERED = 9  # blocks, and answers, that completion names


class Answered(NamedTuple):
    """A text, what it is as the subject of a sentence, and the language of a block that names one."""

    text: str
    what: str
    language: str = ""
    number: int = 0  # of a block


async def answered(chat: ChatContext, words: list[str]) -> Answered | None:
    """The last answer for no words, a block for "code" or a number, an answer for "answer 2"; None for other words.

    Blocks are counted from the first, as they are drawn, and answers from the last. Raises UsageError where there is
    none of that number.
    """
    match [word.lower() for word in words]:
        case []:
            return Answered(_answer(chat, 1), "The answer")
        case ["answer"]:
            return Answered(_answer(chat, 1), "The answer")
        case ["answer", number] if is_number(number):
            return Answered(_answer(chat, int(number[:9])), "The answer")
        case ["code"]:
            return await _block(chat, 0)
        case [number] | ["code", number] if is_number(number):
            return await _block(chat, int(number[:9]))
    return None


def is_number(word: str) -> bool:
    """Whether a word is a number from 1 on."""
    return word.isascii() and word.isdigit() and int(word[:9]) > 0


def complete_answered(chat: ChatContext) -> Iterator[tuple[str, str]]:
    """What there is: the last block, the last blocks by their numbers, the last answers."""
    from modules.session.export.wording import short  # where somebody completes, and not before

    yield CODE, "the last block of code, without its fence"
    for number, block in chat.code_numbers.latest(chat.conversation, OFFERED):
        language = f"{block.language}: " if block.language else ""
        yield str(number), short(f"{language}{block.text.strip()}")
    for number, text in enumerate(answers_of(chat.conversation)[:OFFERED], 1):
        yield f"{ANSWER} {number}", short(text)


def answers_of(conversation: Conversation) -> list[str]:
    """What was answered on the spoken path, the last first; one that was gone on with is one answer."""
    texts = [text for _, text in whole_answers(conversation.messages)]
    return [text for text in reversed(texts) if text.strip()]


def _answer(chat: ChatContext, number: int) -> str:
    texts = answers_of(chat.conversation)
    if not texts:
        raise UsageError("There is no answer yet.", cure="Ask something first.")
    if number > len(texts):
        raise UsageError(
            f"There is no answer {number}: the last is 1, the first {len(texts)}.", cure="Give another number."
        )
    return texts[number - 1]


async def _block(chat: ChatContext, number: int) -> Answered:
    """The block of that number; 0 is the last one."""
    conversation, numbers = chat.conversation, chat.code_numbers
    count: int = await in_thread(lambda: numbers.before(conversation, len(conversation.tree.path)))
    if not count:
        raise UsageError("There is no block of code yet.", cure="/copy copies the last answer.")
    found = numbers.find(conversation, number or count)
    if found is None:
        raise UsageError(
            f"There is no block of code {number}: the last is {count}.",
            cure='Answers are counted from the last, as in "/copy answer 2".',
        )
    return Answered(found.text, f"Block {number or count}", found.language, number or count)
