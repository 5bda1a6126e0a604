"""The command that writes the conversation again."""

from modules.chat.command import Ask, ChatContext, command
from modules.chat.commands.what_was_answered import is_number
from modules.chat.wording.phrases import count
from modules.daemon_thread import in_thread
from modules.errors import UsageError

ALL = "all"
MOST_TURNS = 50  # that are written unasked: of thousands the scrollback of a terminal would keep only the last


@command("/print [n|all]", complete=lambda chat, args: [(ALL, "the whole conversation, however long")])
async def print_again(chat: ChatContext, args: str) -> Ask | None:
    """Write the conversation again, rendered.

    It is drawn as it was, at the present width and in the present colours. "/print 3" writes the last three turns.
    Without a number it is the last fifty, and "/print all" writes all of them. Ctrl+C stops it.
    """
    word = args.strip().lower()
    if word not in ("", ALL) and not is_number(word):
        raise UsageError(f'"/print {args}" is not understood.', cure="It is /print, /print 3 or /print all.")
    conversation = chat.conversation
    if not conversation.path:
        raise UsageError("There is nothing to print.", cure="Ask something first.")
    from modules.chat.output.reprint import Reprint, turns_from_the_end  # it loads what draws
    from modules.chat.output.screen import TerminalScreen
    from modules.chat.pictures.shown_pictures import ShownPictures

    screen = chat.screen
    assert isinstance(screen, TerminalScreen)  # what runs a chat has no other
    path = conversation.tree.path
    most = int(word[:9]) if is_number(word) else MOST_TURNS
    start = 0 if word == ALL else turns_from_the_end(path, most)
    if start and not word:
        left = count(sum(node.is_question for node in path[:start]), "turn")
        screen.say(f"{left} before these are left out. /print all writes them too.\n")
    numbers = chat.code_numbers if chat.config.settings.answers.code_numbers else None

    pictures = ShownPictures(screen.canvas, chat.tooling.toolbox.result_files.keep)

    async def written() -> bool:
        reprint = await in_thread(
            lambda: Reprint(screen, conversation, chat.models, chat.previews, numbers, pictures, start)
        )
        await reprint.run()
        return True

    if not await chat.running.run(written()):
        screen.say("Stopped.")
    return None
