"""A prompt of one's own without the chat: `parlance -t name`, where nobody is there to be asked."""

from collections.abc import Callable, Iterable, Sequence

from modules.chat.command import Ask, ChatContext, CommandRegistry
from modules.chat.input.prompt_files.prompt_line import shelf_of
from modules.chat.input.prompt_files.prompt_sending import ask_of
from modules.chat.looks.theme import Theme
from modules.chat.looks.themes import Themes
from modules.config import Config
from modules.daemon_thread import in_thread
from modules.errors import FileProblem, UsageError
from modules.llm.models import ModelRegistry
from modules.llm.parts import Attached
from modules.llm.service_manager import ServiceManager
from modules.prompts.prompt_shelf import Found
from modules.session.conversation import Conversation
from modules.session.turns.tooling import Tooling


async def prompted(
    config: Config,
    models: ModelRegistry,
    services: ServiceManager,
    conversation: Conversation,
    tooling: Tooling,
    name: str,
    typed: str,
    attachments: Sequence[Attached],
    tell: Callable[[Iterable[str]], None],
) -> Ask:
    """What the prompt of this name asks, with what is typed behind it, and with what is attached.

    `tell` says what a person should know. Raises UsageError where there is no such prompt, or where it wants somebody
    to agree, and FileProblem where it cannot be used.
    """
    chat = ChatContext(
        config, models, services, conversation, CommandRegistry(), _Notices(tell), tooling, list(attachments)
    )
    found: Found | None = await in_thread(shelf_of(chat).find, typed=name.removeprefix("/"))
    if found is None:
        names = await in_thread(shelf_of(chat).near, typed=name)
        hint = f"Did you mean {' or '.join(names)}?" if names else f"Prompts are in {config.folder / 'prompts'}."
        raise UsageError(f'There is no prompt "{name}".', cure=hint)
    asked = await ask_of(chat, found, typed, "")
    if asked is None:
        raise UsageError(
            f'The prompt "{name}" was not sent: nobody is there to agree.',
            cure="Use it in the chat first; its commands run with --allow run_command.",
        )
    if asked.message is None:
        raise FileProblem(f"{found.path} says nothing.")
    return asked


class _Notices:
    """A screen on which only words of the program's own are shown."""

    def __init__(self, tell: Callable[[Iterable[str]], None]) -> None:
        self._tell = tell
        self.theme: Theme | None = None
        self.themes = Themes(lambda: ("auto", "auto"), None, lambda name: "")

    def say(self, text: str) -> None:
        self._tell([text])

    def show(self, text: str) -> None:
        self._tell(text.splitlines())

    def quote(self, text: str) -> None:
        self._tell(text.splitlines())

    def table(self, rows: Sequence[Sequence[str]], headings: Sequence[str] = ()) -> None:
        """Nothing here is one."""

    def sample(self, theme: Theme, *, is_current: bool) -> None:
        """Nothing is drawn."""

    def size(self) -> tuple[int, int]:
        return 80, 24

    def status(self, words: str, ending: str) -> None:
        """Nothing is drawn."""

    def clear(self) -> None:
        """Nothing is drawn."""

    def to_clipboard(self, text: str, through: str = "") -> bool:
        return False
