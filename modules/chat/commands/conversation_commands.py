"""Commands about what is being said: begin anew, instruct, attach."""

from msgspec.structs import replace

from modules.chat.command import Ask, ChatContext, command
from modules.chat.input.path_completion import complete_attachments
from modules.errors import UsageError
from modules.llm.message import user
from modules.session.conversation import Conversation


@command("/system [text]")
async def system(chat: ChatContext, args: str) -> Ask | None:
    """Show or set the instructions for every model.

    They hold from the next message on. "/system -" removes them. /instructions shows what the folder tells beside them.
    """
    from modules.prompts.told import told_in  # the first prompt need not wait for it

    conversation = chat.conversation
    told = told_in(conversation.instructions)
    if not args:
        chat.screen.say(told.own or "There are no instructions. /system TEXT sets them.")
        if told.folder or told.skills:
            chat.screen.say("Beside them models are told what the folder says; /instructions shows that.")
        return None
    conversation.instruct(replace(told, own="" if args == "-" else args).text)
    chat.screen.say("Instructions removed." if args == "-" else "Instructions set.")
    return None


@command("/attach [--text] [files]", aliases=("image",), complete=complete_attachments)
async def attach(chat: ChatContext, args: str) -> Ask | None:
    """Attach pictures, PDF, text or a web page.

    They go with the next message. A pattern such as *.png stands for all files that fit, a folder for the list of its
    files; a page is fetched from the public internet alone. "--text" attaches only the text of a PDF, for models that
    read none. "/attach -" takes all of them off again.
    """
    if args == "-":
        chat.attachments.clear()
        if chat.unanswered is not None:
            chat.unanswered = user(chat.unanswered.text)
    elif args == "--text":
        raise UsageError("There is no path.", cure="/attach --text FILE attaches the text of a PDF.")
    elif args:
        from modules.chat.input.attach_files import attach_to  # reads pictures and PDF: only where there are some

        await attach_to(chat, args)
    names = [part.name for part in chat.attachments]
    chat.screen.say(f"Attached to the next message: {', '.join(names)}." if names else "Nothing is attached.")
    return None


@command("/new", drastic=True)
async def new(chat: ChatContext, args: str) -> Ask | None:
    """Begin a new conversation.

    The model and the instructions stay, and so does a question that was given back without an answer.
    """
    old = chat.conversation
    if chat.store is not None:
        chat.store.leave(old)
    chat.conversation = Conversation(
        old.model, old.instructions, journal=old.journal, learned=old.learned, weights=old.weights, folder=old.folder
    )
    chat.conversation.previous, chat.conversation.reasoning = old.previous, old.reasoning
    chat.conversation.reasoning_said, chat.conversation.reasoning_settled = old.reasoning_said, old.reasoning_settled
    chat.edited = None
    if chat.unanswered is None:
        chat.attachments.clear()
    else:
        chat.draft = chat.unanswered.text
    chat.screen.say(f"A new conversation with {old.model.full_name}.")
    return None
