"""Commands that move in the tree of what was said: back, forward, to another answer, to a place with a name."""

from modules.chat.command import Ask, ChatContext, command
from modules.chat.start.startup import close_calls
from modules.chat.wording.maker import maker
from modules.chat.wording.phrases import count
from modules.errors import UsageError
from modules.llm.message import user
from modules.llm.parts import Attached
from modules.session.node import Node
from modules.text.sanitize import clean

LONGEST_NAME_CHARS = 60
MOST_NAMES = 500


@command("/undo [n]", drastic=True)
async def undo(chat: ChatContext, args: str) -> Ask | None:
    """Take back the last question and its answer.

    With a number, that many. The question comes back to be edited, and /redo goes forward again. What is said now is a
    branch; nothing is lost.
    """
    question = nth_question(chat, args, "take back")
    taken = count(number_in(args), "question")
    chat.conversation.undo(number_in(args))
    _put_in_line(chat, question)
    chat.edited = None
    left = chat.conversation.turns
    more = f" ({taken})" if number_in(args) > 1 else ""
    chat.screen.say(f"Taken back{more}. {count(left, 'question')} before it. /redo goes forward again.")
    return None


@command("/redo")
async def redo(chat: ChatContext, args: str) -> Ask | None:
    """Go forward again, after /undo.

    It leads to where you were. Where something was said since, there is nothing to go forward to; /prev and /next step
    between the branches. After a restart it goes to the end of the branch that was spoken last.
    """
    conversation = chat.conversation
    if chat.edited is not None:
        stay(chat)
        return None
    before = conversation.head
    if not conversation.redo():
        other = "/prev goes to the answer before." if conversation.tree.fork() else "What was said last is the end."
        raise UsageError("There is nothing to go forward to.", cure=other)
    close_calls(conversation)
    path = conversation.tree.path
    back = next((node.message for node in path if node.id > before and node.is_question), None)
    if back is not None:
        chat.attachments[:] = [part for part in chat.attachments if part not in back.parts]
    chat.screen.say(f"Forward again. {count(conversation.turns, 'question')} up to here.")
    return None


@command("/edit [--editor] [n]")
async def edit(chat: ChatContext, args: str) -> Ask | None:
    """Change a question of yours and go on from there.

    It comes back into the line, with what was attached; with a number it is the n-th from the end. What you send then
    is a branch beside it, and nothing moves before that. "--editor", or "-e", opens it in $VISUAL or $EDITOR at once
    and sends what you save.
    """
    words = args.split()
    in_editor = bool({"-e", "--editor"} & set(words))
    question = nth_question(chat, " ".join(word for word in words if word not in ("-e", "--editor")), "edit")
    if in_editor:
        return await _edited(chat, question)
    chat.edited = question
    _put_in_line(chat, question)
    chat.screen.say(
        f"{which_question(chat, question)} is in the line. What you send now is a branch beside it; "
        "after Ctrl+C everything is as it was."
    )
    return None


async def _edited(chat: ChatContext, question: Node) -> Ask | None:
    """The question as the person saved it in the editor, to be sent; None where there is nothing to send."""
    from modules.chat.input.line_meaning import may_be_read

    if chat.edit is None:
        raise UsageError("No editor can be opened here.", cure="/edit brings the question into the line.")
    text = await chat.edit(question.message.text)
    if not text.strip() or text == question.message.text:
        chat.screen.say("Nothing was sent: the text is empty." if not text.strip() else "Nothing was changed or sent.")
        return None
    chat.edited = question
    attached = [part for part in question.message.parts if isinstance(part, Attached)]
    if not await may_be_read(chat, text, attached):
        chat.attachments[:0] = attached
        return None
    return Ask(user(text, *attached))


def stay(chat: ChatContext) -> None:
    """Give up an edit: the question stays as it is, and so does where the conversation stands."""
    if chat.edited is not None:
        parts = chat.edited.message.parts
        chat.attachments[:] = [part for part in chat.attachments if part not in parts]
        chat.screen.say(f"{which_question(chat, chat.edited)} stays as it is, and so does what follows it.")
        chat.edited = None


@command("/next")
async def next_answer(chat: ChatContext, args: str) -> Ask | None:
    """Go to the next answer to the same question.

    After /retry there are several. Where only the question was changed, as with /edit, it goes to the next of these.
    """
    _step(chat, 1)
    return None


@command("/prev")
async def previous_answer(chat: ChatContext, args: str) -> Ask | None:
    """Go to the answer before, to the same question.

    It goes to the end of what was said below that answer.
    """
    _step(chat, -1)
    return None


def _step(chat: ChatContext, by: int) -> None:
    tree = chat.conversation.tree
    if (fork := tree.fork()) is None:
        raise UsageError("There is no other answer.", cure="/retry asks for one, and both stay.")
    place, siblings = tree.place(fork.id), tree.siblings(fork.id)
    what = _what(fork)
    if not 0 < place.number + by <= place.of:
        end, cure = ("last", "/prev goes to the one before") if by > 0 else ("first", "/next goes to the one after")
        raise UsageError(f"This is {what.lower()} {place.number} of {place.of}, the {end} one.", cure=f"{cure}.")
    node = tree[siblings[place.number + by - 1]]
    chat.conversation.go_to(tree.newest_below(node.id))
    chat.edited = None
    waiting = close_calls(chat.conversation)
    by_whom = maker(node.message, chat.models)
    chat.screen.say(f"{_what(node)} {place.number + by} of {place.of}{f', from {by_whom}' if by_whom else ''}.")
    from modules.chat.output.resume_preview import preview_of  # with what draws calls

    for text in preview_of(chat.conversation, node, chat.screen.size()[0]):
        chat.screen.say(text)
    if waiting:
        chat.screen.say(waiting)


def _what(node: Node) -> str:
    return "Answer" if node.message.role == "assistant" else "Question" if node.is_question else "Branch"


@command("/branch [-d] [name]", complete=lambda chat, args: _complete_names(chat, args))
async def branch(chat: ChatContext, args: str) -> Ask | None:
    """Name where you stand, or go to such a place.

    A name that is there already leads to its place, from which /redo goes on to the newest end; any other names where
    you stand now. Without a name it lists the places with a name and the ends of all branches. "-d NAME" takes a name
    away, and nothing else.
    """
    conversation = chat.conversation
    if not args:
        from modules.chat.output.branch_list import branches  # the first prompt need not wait for it

        chat.screen.table(
            branches(conversation, chat.models), ("", "Name", "Questions", "When", "From", "Last question")
        )
        return None
    taking_away = args.split()[0] == "-d"
    name = _name_of(args.partition(" ")[2] if taking_away else args)
    known = conversation.branch_names.get(name)
    if taking_away:
        if known is None:
            raise UsageError(f'There is no branch "{name}".', cure="/branch lists them.")
        conversation.unname(name)
        chat.screen.say(f'The name "{name}" is gone. What was said stays.')
    elif known is not None:
        conversation.go_to(known)
        chat.edited = None
        waiting = close_calls(conversation)
        follows = " /redo goes on to the newest end below it." if conversation.tree.newest_below(known) != known else ""
        chat.screen.say(f'At "{name}": {count(conversation.turns, "question")} up to here.{follows}')
        if waiting:
            chat.screen.say(waiting)
    else:
        _name_here(chat, name)
    return None


def _name_of(text: str) -> str:
    """The name as it is kept: in one line, without what could change a terminal."""
    name = " ".join(clean(text).split())
    if not name or name.startswith("-"):
        raise UsageError("A branch needs a name.", cure="/branch NAME names where you stand; /branch lists the names.")
    if len(name) > LONGEST_NAME_CHARS:
        raise UsageError(f"A name has at most {LONGEST_NAME_CHARS} characters.", cure="Take a shorter one.")
    return name


def _name_here(chat: ChatContext, name: str) -> None:
    conversation = chat.conversation
    if not conversation.head:
        raise UsageError("Nothing is said here yet.", cure="Ask something first.")
    if len(conversation.branch_names) >= MOST_NAMES:
        raise UsageError(f"There are {MOST_NAMES} names already.", cure="/branch -d NAME takes one away.")
    conversation.name_here(name)
    chat.screen.say(f'This place is "{name}". /branch {name} comes back to it.')


def _complete_names(chat: ChatContext, args: str) -> list[tuple[str, str]]:
    head = "-d " if args.startswith("-d ") else ""
    return [(head + name, "a place in this conversation") for name in chat.conversation.branch_names]


# What /undo, /edit and /pin share.


def number_in(args: str) -> int:
    return int(args) if args else 1


def nth_question(chat: ChatContext, args: str, purpose: str) -> Node:
    """The n-th last question. Raises UsageError where there is none."""
    if args and not (args.isascii() and args.isdecimal() and 0 < len(args) < 10 and int(args) > 0):
        raise UsageError(f'"{args}" is no number of questions.', cure=f"1 is the last question: what to {purpose}.")
    turns = chat.conversation.turns
    if (question := chat.conversation.tree.question(number_in(args))) is not None:
        return question
    if not turns:
        raise UsageError(f"There is nothing to {purpose}.", cure="Ask something first.")
    there = "There is only one question" if turns == 1 else f"There are only {turns} questions"
    raise UsageError(
        f"{there} here.", cure=f"It is a number from 1 to {turns}." if turns > 1 else "Leave the number out."
    )


def _put_in_line(chat: ChatContext, question: Node) -> None:
    chat.draft, chat.unanswered = question.message.text, None
    chat.attachments[:] = [part for part in question.message.parts if isinstance(part, Attached)]


def which_question(chat: ChatContext, question: Node) -> str:
    """The question by its number."""
    numbers = [node.id for node in chat.conversation.tree.path if node.is_question]
    return f"Question {numbers.index(question.id) + 1} of {len(numbers)}" if question.id in numbers else "The question"
