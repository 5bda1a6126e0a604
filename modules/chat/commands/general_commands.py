"""Commands about the program itself: help, settings, the screen, the way out."""

from collections.abc import Iterator

from modules.chat.command import Ask, ChatContext, Command, command
from modules.chat.prompt.bound_keys import bound_keys, rows
from modules.chat.prompt.key_actions import ACTIONS
from modules.chat.prompt.prompt_keys import KEYS
from modules.config import Config
from modules.errors import BadKey
from modules.llm.models import Provider

LINES = (  # that are no commands, and do more than to be sent
    ("@model question", "Ask another model for one turn only."),
    ("… @path …", "Attach a file, lines of it as in @a.py:1-9, or the list of a folder, as in @src/."),
    ("!command", "Run it in your shell. Behind !! its output goes with the next message."),
)


def command_names(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    yield from ((command.name, command.summary) for command in chat.commands)
    yield "keys", "The keys, and what they can be bound to."


@command("/help [command]", aliases=("?",), complete=command_names)
async def show_help(chat: ChatContext, args: str) -> Ask | None:
    """Show the commands and keys, or one in full.

    "/help keys" lists the keys, with the names of actions that other keys can be bound to in the settings.
    """
    bound = bound_keys(chat.config.settings.keys.bind)
    if args == "keys":
        chat.screen.table([*KEYS, *rows(bound)])
        chat.screen.say('\nIn settings.toml, under [keys], bind = {"f4" = "NAME"} binds a key to one of these:')
        chat.screen.table([*((action.name, action.about) for action in ACTIONS), ("/a command", "runs it")])
        for problem in bound.problems:
            chat.screen.say(problem)
        return None
    if args:
        _explain(chat, chat.commands.get(args.split()[0]))
        return None
    chat.screen.table([(command.usage, command.summary) for command in chat.commands])
    chat.screen.say("")
    chat.screen.table([*LINES, *KEYS, *rows(bound)])
    return None


def _explain(chat: ChatContext, command: Command) -> None:
    chat.screen.say(command.usage)
    chat.screen.say(command.help)
    if command.aliases:
        chat.screen.say("Also: " + ", ".join("/" + alias for alias in command.aliases))


@command("/config")
async def show_config(chat: ChatContext, args: str) -> Ask | None:
    """Show paths and keys, and what was learned.

    Keys themselves are never shown.
    """
    config = chat.config
    rows = [("config folder", str(config.folder))]
    rows += [(".env", f"{path} ({'read' if path.is_file() else 'not there'})") for path in config.env_files]
    settings = config.folder / "settings.toml"
    rows += [("settings.toml", f"{settings} ({'read' if settings.is_file() else 'not there'})")]
    rows += [("models.yaml", f"{config.user_models} ({'read' if config.user_models.is_file() else 'not there'})")]
    rows += [("state folder", str(config.state_folder)), ("data folder", str(config.data_folder))]
    rows += await _told(chat)
    chat.screen.table(rows)
    chat.screen.say("")
    chat.screen.table([(one.name, _key_status(config, one)) for one in chat.models.providers.values()])
    if learned := [(name, "; ".join(facts.words())) for name, facts in chat.conversation.learned.known()]:
        chat.screen.say("\nLearned of models (/models NAME --forget forgets it):")
        chat.screen.table(learned)
    return None


async def _told(chat: ChatContext) -> list[tuple[str, str]]:
    """What the folder tells models, where it has something to tell."""
    from modules.chat.input.prompt_files.folder_told import settle, told_words  # the first prompt need not wait for it

    told = await settle(chat)
    words = " and ".join(told_words(told))
    return [("told to models", f"{words}; /instructions shows it")] if words else []


def _key_status(config: Config, provider: Provider) -> str:
    if provider.key_variable is None:
        return "needs no key"
    try:
        if not config.is_unread(provider.key_variable):
            config.key(provider.key_variable)
    except BadKey as error:
        return error.message.rstrip(".")
    if source := next(config.sources(provider.key_variable), ""):
        return f"{provider.key_variable} set in {source}"
    return f"{provider.key_variable} not set" + (f": {provider.key_page}" if provider.key_page else "")


@command("/clear", aliases=("cls",), drastic=True)
async def clear(chat: ChatContext, args: str) -> Ask | None:
    """Clear the screen; the conversation goes on.

    /new begins another conversation.
    """
    chat.screen.clear()
    return None


@command("/exit", aliases=("quit", "q"), drastic=True)
async def leave(chat: ChatContext, args: str) -> Ask | None:
    """Leave, as Ctrl+D does."""
    raise EOFError
