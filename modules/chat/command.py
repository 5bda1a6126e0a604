"""What a slash command is: its declaration, the registry that finds it, and what it may touch."""

import difflib
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field

from modules.chat.looks.theme import Theme
from modules.chat.looks.themes import Themes
from modules.chat.output.code_numbers import CodeNumbers
from modules.chat.terminal.interrupts import Running
from modules.config import Config
from modules.errors import UnknownCommand
from modules.llm.message import Message
from modules.llm.models import Model, ModelRegistry
from modules.llm.parts import Attached
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation
from modules.session.node import Node
from modules.session.storage.store import Store
from modules.session.turns.tooling import Tooling

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from modules.chat.terminal.panel import Panel
    from modules.prompts.prompt_shelf import PromptShelf
    from modules.session.budget import Budget
    from modules.session.fitting.policy import Fitting
    from modules.session.turns.one_turn import OneTurn


class Screen(Protocol):
    """Where a command's words go; all of it is cleaned before it is shown."""

    themes: Themes

    @property
    def theme(self) -> Theme | None:
        """How things look; None where there are no colours."""

    def say(self, text: str) -> None:
        """A line of the program's own, quietly."""

    def show(self, text: str) -> None:
        """A text of someone else's, its lines as they are."""

    def quote(self, text: str) -> None:
        """A text of someone else's beside a bar, wrapped between words."""

    def table(self, rows: Sequence[Sequence[str]], headings: Sequence[str] = ()) -> None:
        """Rows in columns; what has no room beside the others goes on below them, and nothing is cut."""

    def sample(self, theme: Theme, *, is_current: bool) -> None:
        """A theme in a row: how it looks, and what it is for."""

    def size(self) -> tuple[int, int]:
        """Columns and rows."""

    def status(self, words: str, ending: str) -> None:
        """Say in one row what runs, where there is a place for it; both "" when it has ended."""

    def clear(self) -> None:
        """An empty screen; the scrollback stays."""

    def to_clipboard(self, text: str, through: str = "") -> bool:
        """Ask the terminal, `through` tmux or screen, to take text into its clipboard; False where it cannot be."""


class Ask(Struct, frozen=True):
    """What a command may return: a message that the program sends now, to `model` or else to the current one.

    Without a message the model goes on from what tools came to, or answers the question at the end again. `instead_of`
    is where the conversation stood, for a question that was answered already: without a new answer it stands there
    again. With `compared` the words that differ from the answer there are shown. `turn` is what holds for this turn
    only. Where there is no answer the message comes back into the line, or where there is one the `line` that made it,
    without the files that it `brought` by itself.
    """

    message: Message | None
    model: Model | None = None
    instead_of: int | None = None
    compared: bool = False
    turn: "OneTurn | None" = None
    line: str = ""
    brought: tuple[Attached, ...] = ()


class Options(Struct, frozen=True):
    """A question with several answers, of which the first is the usual one; `none` says what taking none of them is."""

    question: str
    answers: tuple[str, ...]
    none: str


async def nobody(question: str) -> bool:
    """The answer where there is nobody to ask."""
    return False


async def nothing(options: Options) -> int | None:
    """The same for a question with several answers."""
    return None


async def no_secret(question: str) -> str | None:
    """The same for a line that is not shown."""
    return None


def no_summaries() -> "Fitting":
    """What is done about a full window where there is nobody who could write a summary."""
    from modules.session.fitting.policy import Fitting  # the first prompt need not wait for it

    return Fitting(lambda conversation, model: None)


class ChatContext(Struct):
    """What a command may touch."""

    config: Config
    models: ModelRegistry
    services: ServiceManager
    conversation: Conversation
    commands: "CommandRegistry"
    screen: Screen
    tooling: Tooling
    attachments: list[Attached] = []
    draft: str = ""  # what the line is to hold next
    unanswered: Message | None = None  # the question that was given back, until something is asked
    edited: Node | None = None  # the question beside which the next message begins a branch
    edited_in_vain: Node | None = None  # the same for the unanswered one, where it was an edit
    previews: dict[str, str] = {}  # what calls of this run were to do, by their ids, such as a diff
    saves: bool = True  # what is typed, too, is there in the next run
    store: Store | None = None  # where the conversations are kept; None where nothing is saved
    running: Running = field(default_factory=Running)  # what Ctrl+C stops; a command runs in it what takes long
    as_it_is: str = ""  # a line whose files are not to be attached: entered again, it is sent as it stands
    confirm: Callable[[str], Awaitable[bool | None]] = nobody  # a question with No as its default; None for no answer
    choose: Callable[[Options], Awaitable[int | None]] = nothing  # which of several answers; None for none of them
    secret: Callable[[str], Awaitable[str | None]] = no_secret  # a line that is not shown; None for none
    fitting: "Callable[[], Fitting]" = no_summaries  # what is done where a window is too small
    code_numbers: CodeNumbers = field(default_factory=CodeNumbers)  # of the blocks of code, as they are drawn
    edit: Callable[[str], Awaitable[str]] | None = None  # opens a text in the editor; None where the terminal cannot
    lend: "Callable[[], AbstractAsyncContextManager[None]] | None" = None  # gives the terminal to a command for a while
    answer: Callable[[str], Awaitable[str]] | None = None  # a line that answers a question; None where panels ask
    ask: "Callable[[Panel[Any]], Awaitable[Any]] | None" = None  # shows a panel; None where the terminal cannot
    budget: "Budget | None" = None  # what was spent of the limits of the settings
    prompts: "PromptShelf | None" = None  # those of one's own, once they were wanted


Run = Callable[[ChatContext, str], Coroutine[Any, Any, Ask | None]]
Complete = Callable[[ChatContext, str], Iterable[tuple[str, str]]]


class Command(Struct, frozen=True):
    """One command. `usage` is its name and arguments as help shows them; `help` says what it does.

    `complete` yields (text, description) for what was typed of its arguments. One that leaves, or takes away what is on
    the screen or has been said, is `drastic`: nothing but its whole name runs it, and no mere likeness leads to it.
    """

    usage: str
    run: Run
    aliases: tuple[str, ...] = ()
    complete: Complete | None = None
    drastic: bool = False

    @property
    def name(self) -> str:
        return self.usage.split()[0].removeprefix("/")

    @property
    def summary(self) -> str:
        """The first sentence of the help."""
        return self.help.partition("\n")[0]

    @property
    def help(self) -> str:
        """All of it. A line that does not end a sentence goes on in the next; where it is wrapped is the screen's."""
        lines = (line.strip() for line in (self.run.__doc__ or "").strip().splitlines())
        return re.sub(r"(?<=[^.\n])\n(?=.)", " ", "\n".join(lines))


def command(
    usage: str, *, aliases: tuple[str, ...] = (), complete: Complete | None = None, drastic: bool = False
) -> Callable[[Run], Command]:
    """Declare a command: the function is what it does, its docstring is the help."""
    return lambda run: Command(usage, run, aliases, complete, drastic)


class CommandRegistry:
    """The commands, in the order that help shows them."""

    def __init__(self, *commands: Command) -> None:
        self._commands = list(commands)
        self._by_name = {name: command for command in commands for name in (command.name, *command.aliases)}
        self._more: Callable[[], Iterable[Command]] | None = None

    def with_more(self, more: Callable[[], Iterable[Command]]) -> "CommandRegistry":
        """These and, once somebody looks beyond them, those that `more` gives. None of them hides one of these."""
        registry = CommandRegistry(*self._commands)
        registry._more = more
        return registry

    def __iter__(self) -> Iterator[Command]:
        self._take_more()
        return iter(self._commands)

    @property
    def names(self) -> Iterable[str]:
        """Every name, aliases among them."""
        return self._by_name

    def _take_more(self) -> None:
        more, self._more = self._more, None
        for command in more() if more is not None else ():
            if command.name not in self._by_name:
                self._commands.append(command)
                self._by_name[command.name] = command

    def get(self, name: str, others: Iterable[str] = ()) -> Command:
        """The command of that name, alias, or unambiguous beginning.

        Raises UnknownCommand with the nearest names, of which `others` are prompts.
        """
        name = name.removeprefix("/").lower()
        if found := self._by_name.get(name):
            return found
        begun = self._begun_with(name)
        if not begun and self._more is not None:
            self._take_more()
            return self.get(name, others)
        if len(begun) == 1 and not (only := self._by_name[next(iter(begun))]).drastic:
            return only
        from modules.chat.known_elsewhere import instead_of  # wanted by a mistake alone

        near = [*(sorted(begun) or self._near(name)), *difflib.get_close_matches(name, others, n=2, cutoff=0.5)]
        cure = f"{instead_of(name, near)} To send it as a message, put a space before it."
        raise UnknownCommand(f'There is no command "/{name}".', cure=cure)

    def _begun_with(self, name: str) -> set[str]:
        return {self._by_name[known].name for known in self._by_name if name and known.startswith(name)}

    def _near(self, name: str) -> list[str]:
        """Names that were perhaps meant; one that cannot be taken back only where its letters were just mixed up."""
        near = difflib.get_close_matches(name, self._by_name, n=5, cutoff=0.5)
        near.sort(key=lambda word: sorted(word) != sorted(name))
        return [word for word in near if not self._by_name[word].drastic or sorted(word) == sorted(name)][:3]


class CommandLine(Struct, frozen=True):
    """A command as it was typed: the name without its slash, and what stands behind it."""

    name: str
    args: str


COMMAND_LINE = re.compile(r"/([A-Za-z?][\w-]*)(?:\s+(.*))?", re.S)
ASK_LINE = re.compile(r"@(\S+)\s+(\S.*)", re.S)


def parse_command(line: str) -> CommandLine | None:
    """The command in a line; None for a message, such as one that begins with a path."""
    if line.strip().lower() in ("exit", "quit"):
        return CommandLine("exit", "")
    found = COMMAND_LINE.fullmatch(line.rstrip())
    return CommandLine(found[1], (found[2] or "").strip()) if found else None


PROMPT_LINE = re.compile(r"/([A-Za-z0-9_][\w.:/-]*)(?:\s+(.*))?", re.S)


def parse_prompt(line: str, commands: CommandRegistry) -> CommandLine | None:
    """What may be a prompt of one's own; None for a command by its whole name, and for what is a message."""
    found = PROMPT_LINE.fullmatch(line.rstrip())
    if found is None or found[1].lower() in commands.names:
        return None
    return CommandLine(found[1], (found[2] or "").strip())


def parse_ask(line: str, models: ModelRegistry) -> tuple[Model, str, str] | None:
    """The model that `@model question` asks for one turn, the question, and a note on how it was found.

    None for a message. Raises UnknownModel where the word after @ can only be meant as a model.
    """
    found = ASK_LINE.fullmatch(line.strip())
    if not found:
        return None
    word = found[1]
    provider, colon, _ = word.partition(":")
    catalogued = models.names(word) or models.names(word.replace("/", ":", 1))
    if not (colon and provider.lower() in models.providers) and not catalogued:
        return None
    choice = models.find(word)
    return choice.model, found[2], choice.note
