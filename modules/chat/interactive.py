"""The read-eval-print loop: a line is a command, one for the shell, a question for one other model, or a message."""

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from modules.chat.background.load_ahead import LATER_SECONDS, LoadAhead
from modules.chat.command import Ask, ChatContext, CommandLine, Options
from modules.chat.input.shell_line import ShellLine
from modules.chat.output.screen import TerminalScreen
from modules.chat.output.turn_signs import title_of
from modules.chat.program_name import as_started
from modules.chat.start.folder_settings import unasked
from modules.chat.start.settled import settle
from modules.chat.start.start_model import remember_model
from modules.daemon_thread import start_thread
from modules.errors import ParlanceError
from modules.llm.message import Message
from modules.llm.models import Model

if TYPE_CHECKING:
    from modules.chat.prompt.plain_prompt import PlainPrompt
    from modules.chat.prompt.prompt import Prompt
    from modules.chat.shown_turn import ShownTurn

# What a fault of ours may raise; it must not cost the conversation.
FAULTS = (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError)


class Interactive:
    """One person at one terminal."""

    def __init__(self, context: ChatContext, screen: TerminalScreen, prompt: "Prompt | PlainPrompt") -> None:
        self._context = context
        self._screen = screen
        self._prompt = prompt
        self._load_ahead = LoadAhead(context)
        self._remembered: Model | None = None
        context.running, context.confirm, context.ask = prompt.running, prompt.confirm, prompt.ask
        context.lend = prompt.lent
        prompt.from_clipboard = self._from_clipboard
        context.edit, prompt.given_up, context.choose = prompt.edited, self._stay, self._choose
        context.answer = prompt.answer
        context.secret = self._secret

    @cached_property
    def _turn(self) -> "ShownTurn":
        from modules.chat.shown_turn import ShownTurn  # with all that draws an answer: loaded while a person types

        return ShownTurn(self._context, self._screen, self._prompt)

    async def run(self, first: str = "", done: Callable[[], None] = lambda: None) -> None:
        """Act on lines until the person leaves; on a `first` one before, and what is to be `done` after that."""
        try:
            async with self._prompt.alive(self._load_ahead.soon):
                if first:
                    await self._act_on(first)
                    done()
                await self._prompt.running.run(self._fit())
                await self._prompt.running.run(self._ask_about_folder())
                if self._context.budget is not None:
                    self._turn.sum_up(LATER_SECONDS)
                while True:
                    self._offer_draft()
                    self._prompt.signs.title(title_of(self._context.conversation))
                    good = await self._act_on(await self._prompt.next())
                    self._screen.end_output(0 if good else 1)
                    self._settle()
                    self._say_warnings()
        except EOFError:
            return
        finally:
            if "_turn" in vars(self):
                self._turn.stop()

    def _settle(self) -> None:
        """Whatever was typed: the settings hold, and the model is known in the next run."""
        config, model = self._context.config, self._context.conversation.model
        settle(self._context.conversation, config.settings)
        if model is not self._remembered:
            self._remembered = model
            start_thread(remember_model, config=config, model=model)

    def give_back(self, message: Message) -> None:
        """Let a question that has no answer stand in the next prompt as it was asked."""
        self._turn.give_back(message)

    def _stay(self) -> None:
        """The line was cleared: what was to be edited stays as it is."""
        if self._context.edited is not None:
            from modules.chat.commands.branch_commands import stay

            stay(self._context)

    async def _from_clipboard(self) -> str:
        from modules.chat.commands.paste_command import from_clipboard  # only where it is wanted

        return await from_clipboard(self._context)

    async def _fit(self) -> None:
        """A conversation that goes on may have a model whose window it does not fit."""
        if self._context.conversation.head:
            from modules.chat.input.fit_question import fit_opened  # the first prompt need not wait for it

            await fit_opened(self._context)

    async def _ask_about_folder(self) -> None:
        """The folder may have settings that nobody has looked at."""
        folder = Path(os.path.realpath(os.getcwd()))
        if unasked(self._context.config, folder) is not None:
            from modules.chat.input.folder_question import ask_about_folder  # hardly ever

            await ask_about_folder(self._context, folder)

    async def _choose(self, options: Options) -> int | None:
        """Which of several answers the person takes."""
        self._prompt.hold_for_question()
        from modules.chat.prompt.plain_prompt import PlainPrompt  # the first prompt need not wait for these

        if isinstance(self._prompt, PlainPrompt):
            from modules.chat.dialogs import choice_plain

            return await choice_plain.choose(options, self._prompt, self._screen)
        from modules.chat.dialogs.choice_panel import ChoicePanel

        return await self._prompt.ask(ChoicePanel(options, self._screen.size))

    async def _secret(self, question: str) -> str | None:
        """A line that is not shown."""
        self._prompt.hold_for_question()
        from modules.chat.prompt.plain_prompt import PlainPrompt

        if isinstance(self._prompt, PlainPrompt):
            return await self._prompt.secret(question)
        from modules.chat.dialogs.secret_panel import SecretPanel

        return await self._prompt.ask(SecretPanel(question, self._screen.size))

    def _offer_draft(self) -> None:
        if self._context.draft:
            self._prompt.give_back(self._context.draft)
            self._context.draft = ""

    async def _act_on(self, line: str) -> bool:
        """Returns whether it came to a good end."""
        from modules.chat.input.line_meaning import meaning  # the first prompt need not wait for it

        try:
            match await meaning(self._context, line):
                case CommandLine() as command:
                    return await self._run_command(command)
                case ShellLine() as typed:
                    return await self._run_typed(typed)
                case Ask() as asked:
                    return await self._ask(asked)
                case None:
                    self._prompt.hold()
                    return True
                case other:
                    assert_never(other)
        except ParlanceError as error:
            self._prompt.hold(surprising=True)
            self._turn.complain(error)
        except FAULTS as error:
            self._prompt.hold(surprising=True)
            failed = f"Parlance itself failed: {type(error).__name__}: {error}."
            self._screen.error(ParlanceError(failed, cure="The conversation is kept."))
        return False

    async def _run_typed(self, line: ShellLine) -> bool:
        from modules.chat.shell.shell_command import run  # the first prompt need not wait for it

        good = await self._prompt.running.run(run(self._context, line)) or False
        if not good:
            self._prompt.hold(surprising=True)
        return good

    async def _run_command(self, command: CommandLine) -> bool:
        found = self._context.commands.get(command.name)
        asked = await self._prompt.running.run(found.run(self._context, command.args))
        return asked is None or await self._ask(asked)

    async def _ask(self, asked: Ask) -> bool:
        if not self._context.conversation.nodes:
            from modules.chat.input.prompt_files.folder_told import begin  # the first prompt need not wait for it

            if not await begin(self._context):
                self._prompt.hold()
                self._turn.give_back_unsent(asked)
                return False
        return await self._turn.run(asked)

    def _say_warnings(self) -> None:
        """What there is to know of the keeping and the tools, such as that nothing is being saved; each once."""
        if (journal := self._context.conversation.journal) is not None:
            for text in journal.news():
                self._screen.error(ParlanceError(as_started(text)))
        news = (*self._context.config.layers.news(), *self._context.tooling.news(), *self._load_ahead.news)
        for text in news:
            self._screen.say(text)
        self._load_ahead.news.clear()
