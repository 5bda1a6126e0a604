"""Commands about the program itself: help, usage, the screen, the way out."""

from collections.abc import Iterator

from modules.chat.abilities import compact
from modules.chat.command import Ask, ChatContext, Command, command
from modules.chat.words import dollars

KEYS = (
    ("Enter", "sends"),
    ("Ctrl+J, Alt+Enter", "a new line"),
    ("Ctrl+C", "stops the answer; clears the line; twice on an empty line leaves"),
    ("Esc", "stops the answer"),
    ("Ctrl+G, Ctrl+X Ctrl+E", "edits the line in $VISUAL or $EDITOR"),
    ("Up, Ctrl+R", "what was typed before, and searching it"),
    ("Tab", "completes commands, models and paths"),
    ("Ctrl+D", "leaves"),
)


def command_names(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    return ((command.name, command.summary) for command in chat.commands)


@command("/help [command]", aliases=("?",), complete=command_names)
async def show_help(chat: ChatContext, args: str) -> Ask | None:
    """Show the commands and keys, or one in full."""
    if args:
        _explain(chat, chat.commands.get(args.split()[0]))
        return None
    chat.screen.table([(command.usage, command.summary) for command in chat.commands])
    chat.screen.say("")
    chat.screen.table([("@model question", "Ask another model for one turn only."), *KEYS])
    return None


def _explain(chat: ChatContext, command: Command) -> None:
    chat.screen.say(command.usage)
    chat.screen.say(command.help)
    if command.aliases:
        chat.screen.say("Also: " + ", ".join("/" + alias for alias in command.aliases))


@command("/usage", aliases=("cost", "tokens"))
async def usage(chat: ChatContext, args: str) -> Ask | None:
    """Show tokens and cost, by model."""
    conversation = chat.conversation
    if not conversation.spent:
        chat.screen.say("Nothing has been asked yet.")
        return None
    rows: list[tuple[str, ...]] = [("model", "requests", "input", "cached", "output", "reasoning", "cost")]
    for name in dict.fromkeys(spent.model.full_name for spent in conversation.spent):
        own = [spent for spent in conversation.spent if spent.model.full_name == name]
        tokens = own[0].usage
        for spent in own[1:]:
            tokens = tokens + spent.usage
        costs = [spent.cost for spent in own]
        cost = None if None in costs else sum(cost for cost in costs if cost is not None)
        counts = (tokens.input, tokens.cache_read, tokens.output, tokens.reasoning)
        rows.append((name, str(len(own)), *(compact(count) for count in counts), dollars(cost)))
    rows.append(("all", str(len(conversation.spent)), "", "", "", "", dollars(conversation.cost())))
    chat.screen.table(rows)
    return None


@command("/clear", aliases=("cls",))
async def clear(chat: ChatContext, args: str) -> Ask | None:
    """Clear the screen; the conversation goes on.

    /new begins another conversation.
    """
    chat.screen.clear()
    return None


@command("/exit", aliases=("quit", "q"))
async def leave(chat: ChatContext, args: str) -> Ask | None:
    """Leave, as Ctrl+D does."""
    raise EOFError
