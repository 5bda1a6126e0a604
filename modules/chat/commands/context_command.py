"""The command that shows what fills the window of a model, and what would not fit into another's."""

from collections.abc import Iterator

from modules.chat.command import Ask, ChatContext, command
from modules.chat.input.completer import complete_models, every_model
from modules.daemon_thread import in_thread
from modules.errors import UsageError
from modules.llm.models import Model

ALL, EXACT = "--all", "--exact"
SHOWN = 10  # things by name


def complete_context(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """A model, and the options."""
    head, space, typed = args.rpartition(" ")
    if not head or head == EXACT:
        yield from ((head + space + name, description) for name, description in complete_models(chat, typed))
    if not head:
        yield ALL, "each model with a key: how full, and what would have to go"
        yield EXACT, "ask the provider, where it counts for free"


@command("/context [model] [--all]", aliases=("window",), complete=complete_context)
async def context(chat: ChatContext, args: str) -> Ask | None:
    """Show what fills the window of the model.

    It is what a question asked now would send, and the largest things in it with what takes each out. With a model it
    is about that one. Tokens are estimated, as "about" says, until an answer of the provider has counted some.
    "--all" has a line for each model with a key: how full its window would be, and what would have to go.
    "--exact" asks the provider, where it counts for free.
    """
    from modules.chat.input.prompt_files.folder_told import settle  # the first prompt need not wait for it

    model, option = _understood(chat, args)
    await settle(chat)
    if option == ALL:
        await _show_all(chat)
    else:
        await _show_one(chat, model)
        if option == EXACT:
            await _count(chat, model)
    return None


def _understood(chat: ChatContext, args: str) -> tuple[Model, str]:
    """The model and the option. Raises UsageError, or UnknownModel."""
    words = args.split()
    options = [word for word in words if word.startswith("--")]
    names = [word for word in words if word not in options]
    wrong = next((word for word in options if word not in (ALL, EXACT)), "")
    if wrong or len(options) > 1 or len(names) > 1 or (names and ALL in options):
        raise UsageError(f'"{args}" is not understood.', cure="It is /context [MODEL] [--exact], or /context --all.")
    if not names:
        return chat.conversation.model, "".join(options)
    choice = chat.models.find(names[0])
    if choice.note:
        chat.screen.say(choice.note)
    return choice.model, "".join(options)


async def _show_one(chat: ChatContext, model: Model) -> None:
    from modules.chat.output.context_report import bars, headline, largest  # what the first prompt can do without
    from modules.session.fitting.relief import Relief, Reliefs
    from modules.session.fitting.window_use import Thing, WindowUse, window_use
    from modules.session.turns.turn import offered

    conversation, columns = chat.conversation, chat.screen.size()[0]
    tools = await offered(conversation, model, chat.tooling)
    sources = {tool.name: tool.source for tool in chat.tooling.toolbox}
    keep = chat.config.settings.compact.keep

    def looked() -> tuple[WindowUse, list[tuple[Thing, Relief | None]]]:
        use, reliefs = window_use(conversation, model, tools, sources), Reliefs(conversation, model, tools, keep=keep)
        return use, [(thing, reliefs.of(thing)) for thing in use.largest(SHOWN)]

    use, named = await in_thread(looked)  # a long conversation takes a second or more
    chat.screen.say(headline(use))
    chat.screen.show("\n".join(bars(use, columns, plain=chat.config.plain)))
    if not named:
        return
    chat.screen.say("The largest, and what takes each out:")
    chat.screen.table(largest(named, use, columns))
    compacts = any(relief is not None and relief.way in ("trim", "summarise", "unpin") for _, relief in named)
    if compacts and model != conversation.model:
        chat.screen.say(f"/compact is about the current model: /model {model.full_name} first.")


async def _show_all(chat: ChatContext) -> None:
    from modules.chat.output.context_report import model_rows
    from modules.session.fitting.every_window import every_window
    from modules.session.turns.turn import offered

    conversation = chat.conversation
    there = [one for one in every_model(chat.models) if chat.config.has_key(one.provider.key_variable)]
    if conversation.model not in there:
        there.append(conversation.model)
    tools = await offered(conversation, conversation.model, chat.tooling)
    found = await in_thread(lambda: every_window(conversation, there, tools))
    chat.screen.table(model_rows(found, conversation.model.full_name))
    chat.screen.say("* answers now. /context MODEL shows what fills one of them.")


async def _count(chat: ChatContext, model: Model) -> None:
    """Ask the endpoint, and say how far off the estimate was."""
    from modules.session.fitting.window_use import window_use
    from modules.session.switching.switch import scratch_request
    from modules.session.turns.turn import offered

    conversation = chat.conversation

    async def counted() -> tuple[int | None, int]:
        tools = await offered(conversation, model, chat.tooling)
        service = await chat.services.service_for(model)
        exact = await service.count_tokens(scratch_request(conversation, model, tools))
        use = await in_thread(lambda: window_use(conversation, model, tools))
        return exact, use.total

    answer = await chat.running.run(counted())
    if answer is None:
        chat.screen.say("Stopped. Nothing was counted.")
        return
    exact, estimate = answer
    if exact is None:
        chat.screen.say(f"{model.provider.title} has no free count, so the figures are estimates.")
        return
    off = 100 * (estimate - exact) / exact if exact else 0.0
    how = "exactly that" if estimate == exact else f"{estimate:,}, {abs(off):.1f}% {'more' if off > 0 else 'less'}"
    chat.screen.say(f"{model.provider.title} counts {exact:,} tokens. The estimate was {how}.")
