"""From a prompt of one's own to what is asked: believed, filled, shown, with its files and its model."""

from modules.chat.command import Ask, ChatContext
from modules.chat.input.mcp_mentions import attach, named
from modules.chat.input.prompt_files.brought_files import attached
from modules.chat.input.prompt_files.inline_commands import text_of
from modules.errors import AmbiguousModel, BadKey, FileProblem, MissingKey, UnknownModel
from modules.llm.message import user
from modules.llm.models import Model
from modules.llm.parts import Attached
from modules.prompts.prompt import Prompt
from modules.prompts.prompt_shelf import Found
from modules.session.turns.one_turn import OneTurn
from modules.settings.typed_values import as_words

SHOWN_LINES = 12  # of a prompt as it is sent
ASKED_LINES = 40  # of a prompt of a folder, before it is believed


async def ask_of(chat: ChatContext, found: Found, typed: str, line: str) -> Ask | None:
    """What the prompt asks, with all that is attached; None where the person said No, and the line comes back.

    Raises FileProblem where it cannot be read, UsageError where something was not typed, UnknownModel.
    """
    if found.prompt is None:
        raise FileProblem(found.trouble)
    chat.draft = line  # until it is sent
    prompt = found.prompt
    if not await believed(chat, prompt):
        return None
    filled = prompt.filled(typed)
    model = model_of(chat, prompt)
    text = await text_of(chat, filled)
    own_files = None if text is None else await attached(chat, text, typed)
    if text is None or own_files is None:
        return None
    if not text:
        raise FileProblem(f"{prompt.path} says nothing.", cure="Write the prompt into it, below the front matter.")
    if (wanted := named(chat, text)) and not await chat.running.run(attach(chat, wanted)):
        return None
    turn = OneTurn(prompt.system, await _tools(chat, prompt), prompt.options)
    brought = tuple(one.part for one in own_files)
    files = [*chat.attachments, *brought]
    for note in filter(None, (one.said for one in own_files)):
        chat.screen.say(note)
    if filled.empty:
        chat.screen.say(f"Nothing was typed for {', '.join(filled.empty)}.")
    chat.draft = ""
    return Ask(user(text, *files), model, turn=turn, line=line, brought=brought)


async def believed(chat: ChatContext, prompt: Prompt) -> bool:
    """Whether it may be used: one of a folder only after a question that shows it, asked again when it has changed."""
    root = prompt.place.root
    if root is None:
        return True
    trust, kind = chat.config.folder_trust, f"prompt {prompt.place.shown}/{prompt.name}"
    if trust.answer(root, kind, prompt.content):
        return True
    lines = prompt.content.decode("utf-8-sig").splitlines()
    chat.screen.say(f"This folder's {prompt.place.shown} has a prompt {prompt.usage}:")
    chat.screen.quote("\n".join(lines[:ASKED_LINES]))
    if len(lines) > ASKED_LINES:
        chat.screen.say(f"… and {len(lines) - ASKED_LINES} more lines; /prompts {prompt.name} shows all.")
    if not await chat.confirm("Use it? It is asked again when the file changes."):
        return False
    try:
        trust.remember(root, kind, prompt.content, answer=True)
    except FileProblem as error:
        chat.screen.say(str(error))
    return True


def model_of(chat: ChatContext, prompt: Prompt) -> Model | None:
    """The model that it is for; None for the current one, which also answers where another program's file names one
    that is not known here, or whose key is not set: that is said.

    Raises UnknownModel or AmbiguousModel for a name in a prompt of one's own.
    """
    name = prompt.model.partition("#")[0]  # what follows is a level, in opencode
    if not name:
        return None
    own = prompt.place.maker == "parlance" and prompt.place.root is None
    known = chat.models.names(name) or chat.models.names(name.replace("/", ":", 1))
    current = chat.conversation.model.full_name
    try:
        if not known and not own:
            chat.screen.say(f'It is for "{name}", which is no model here. {current} answers.')
            return None
        choice = chat.models.find(name)
        chat.services.check_key(choice.model.provider)
    except (UnknownModel, AmbiguousModel, MissingKey, BadKey) as error:
        if own and isinstance(error, UnknownModel | AmbiguousModel):
            raise
        chat.screen.say(f"It is for {name}. {error.message} {current} answers.")
        return None
    return None if choice.model == chat.conversation.model else choice.model


async def _tools(chat: ChatContext, prompt: Prompt) -> tuple[str, ...] | None:
    """The tools of its turn, and what is wrong with their names."""
    if prompt.tools:
        await chat.tooling.toolbox.gather()
        for error in chat.tooling.toolbox.unknown(prompt.tools):
            chat.screen.say(f"{prompt.path}: {error}")
    return prompt.tools


def show_sent(chat: ChatContext, prompt: Prompt, asked: Ask) -> None:
    """What is sent, and what with it."""
    if asked.message is None:
        return
    model, text = asked.model, asked.message.text
    files = [part for part in asked.message.parts if isinstance(part, Attached)]
    told = [f"for {model.full_name}"] if model is not None else []
    told += ["with instructions of its own"] if prompt.system else []
    if prompt.tools is not None:
        told.append(f"with the tools {', '.join(prompt.tools)} only" if prompt.tools else "without tools")
    told += [f"with {name} {as_words(value)}" for name, value in prompt.options.items()]
    told += [f"with {', '.join(part.name for part in files)}"] if files else []
    where = f"{prompt.place.shown}/{prompt.name.replace(':', '/')}.md"
    chat.screen.say(f"/{prompt.name} ({where}) is sent{' ' if told else ''}{', '.join(told)}:")
    lines = text.splitlines()
    chat.screen.quote("\n".join(lines[:SHOWN_LINES]))
    if len(lines) > SHOWN_LINES:
        chat.screen.say(f"… and {len(lines) - SHOWN_LINES} more lines.")
