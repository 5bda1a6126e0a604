"""The read-eval-print loop: a line is a command, a question for one other model, or a message."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from modules.chat.command import Ask, ChatContext, parse_ask, parse_command
from modules.chat.dialogs.approver import Approver
from modules.chat.model_list_refresh import ListRefresh
from modules.chat.output.footer import footer
from modules.chat.output.screen import TerminalScreen
from modules.chat.output.tool_lines import ToolLines
from modules.chat.output.turn_renderer import TurnRenderer, show
from modules.chat.wording.phrases import GO_ON, overflow
from modules.config import PACKAGE
from modules.errors import ParlanceError
from modules.llm.events import Finished
from modules.llm.message import Message, user
from modules.llm.models import Model
from modules.llm.parts import Attached
from modules.session import prices
from modules.session.switch import handover
from modules.session.turn import run_turn, unanswered_results
from modules.tools.approval import Decision, Question

if TYPE_CHECKING:
    from modules.chat.prompt.plain_prompt import PlainPrompt
    from modules.chat.prompt.prompt import Prompt
    from modules.chat.wording.cures import Situation

MOMENT_SECONDS = 0.1  # the first keys are echoed before any import takes its share of the processor
SOON_SECONDS = 1.0  # so that two imports do not slow the echo of one key down
QUICKLY_SECONDS = 0.0005  # for which that import may hold up a key, where Python would let it for ten times as long
LATER_SECONDS = 2.0  # by then what the first answer needs is loaded, and nothing waits for a price
# Loaded while the first question is typed. Tools are only loaded: programs of others wait until they are needed.
AHEAD = (
    f"{PACKAGE}.chat.markdown.markdown_stream",
    f"{PACKAGE}.session.storage.writer",
    f"{PACKAGE}.tools.built_in",
    f"{PACKAGE}.chat.dialogs.approval_dialog",
    f"{PACKAGE}.chat.wording.cures",
    f"{PACKAGE}.session.silent_cut",
)
# The same where mcp.json names a server: its SDK takes most of a second, and no server is started by that.
FOR_SERVERS = (f"{PACKAGE}.mcp.servers", f"{PACKAGE}.mcp.transport.connection")


class Interactive:
    """One person at one terminal."""

    def __init__(self, context: ChatContext, screen: TerminalScreen, prompt: "Prompt | PlainPrompt") -> None:
        self._context = context
        self._screen = screen
        self._prompt = prompt
        self._warming: set[asyncio.Task[None]] = set()
        self._warmed: Model | None = None
        self._lists = ListRefresh(context)
        context.running, context.confirm, context.ask = prompt.running, prompt.confirm, prompt.ask

    async def run(self) -> None:
        """Act on lines until the person leaves."""
        try:
            async with self._prompt.alive(self._warm_up_soon):
                while True:
                    self._offer_draft()
                    await self._handle(await self._prompt.next())
                    self._tell_news()
        except EOFError:
            return
        finally:
            self._lists.stop()

    def _offer_draft(self) -> None:
        if self._context.draft:
            self._prompt.give_back(self._context.draft)
            self._context.draft = ""

    async def _handle(self, line: str) -> None:
        try:
            from modules.chat.input.before_sending import meant  # the first prompt need not wait for it

            line = await meant(self._context, line)
            if not line or not await self._may_send(line):
                self._prompt.hold()
                return
            if command := parse_command(line):
                name, args = command
                asked = await self._prompt.running.run(self._context.commands.get(name).run(self._context, args))
                if asked is not None:
                    await self._ask(asked)
            elif aside := parse_ask(line, self._context.models):
                model, question, note = aside
                self._context.services.check_key(model.provider)
                if note:
                    self._screen.say(note)
                await self._ask(Ask(user(question, *self._take_attachments()), model))
            elif await self._resources_of(line):
                await self._ask(Ask(user(line, *self._take_attachments())))
        except ParlanceError as error:
            self._prompt.hold(surprising=True)
            self._complain(error)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError) as error:
            # A fault of ours must not cost the conversation; it is shown as what it is.
            self._prompt.hold(surprising=True)
            self._screen.error(
                ParlanceError(
                    f"Parlance itself failed: {type(error).__name__}: {error}.", cure="The conversation is kept."
                )
            )

    async def _may_send(self, line: str) -> bool:
        """Ask before a line with a key in it goes to a model; on a No it comes back."""
        chat = self._context
        command = parse_command(line)
        if command is not None and chat.commands.get(command[0]).name != "system":  # no other is read by models
            return True
        from modules.chat.input.api_key_check import found_in, keys_of, own_in_files

        own = keys_of(chat.config, chat.models.providers.values())
        found = found_in(line, own) + ([] if command else list(own_in_files(chat.attachments, own)))
        if not found:
            return True
        self._screen.say(f"This holds {' and '.join(dict.fromkeys(found))}. A model would read it.")
        if await self._prompt.confirm("Send it all the same?"):
            return True
        self._screen.say("Nothing was sent.")
        chat.draft = line
        return False

    async def _resources_of(self, line: str) -> bool:
        """Attach what the line names of servers; where that fails or is stopped, the line comes back."""
        from modules.chat.input.mcp_mentions import attach, named

        if not (wanted := named(self._context, line)):
            return True
        self._context.draft = line
        done = bool(await self._prompt.running.run(attach(self._context, wanted)))
        self._context.draft = "" if done else line
        return done

    def _tell_news(self) -> None:
        """That nothing is being saved, for one, is said once."""
        if (journal := self._context.conversation.journal) is not None:
            for text in journal.news():
                self._screen.error(ParlanceError(text))
        for text in self._context.tooling.news():
            self._screen.say(text)

    def _take_attachments(self) -> list[Attached]:
        taken = list(self._context.attachments)
        self._context.attachments.clear()
        return taken

    async def _ask(self, asked: Ask) -> None:
        """Run one turn on the screen, and leave the question in the next prompt where it found no answer."""
        self._lists.stop()
        self._context.unanswered = None
        conversation = self._context.conversation
        model = asked.model or conversation.model
        if asked.model and (warning := overflow(handover(conversation, model))):
            self._screen.say(warning)
        tooling = self._context.tooling
        tools = ToolLines(self._screen, conversation, previews=self._context.previews)
        answer = TurnRenderer(self._screen, model.name, tools, lambda: tooling.awaited)
        approver = Approver(self._screen, tooling, self._decide, self._prompt.stop)
        self._screen.write("\n")
        spent, began = len(conversation.spent), time.monotonic()
        events = run_turn(conversation, self._context.services, asked.message, model, tooling)
        try:
            finished = await self._prompt.running.run(show(events, answer, approver.answer))
        except ParlanceError as error:
            self._prompt.hold(surprising=True)
            self._complain(error, asked)
            self._tell_kept(asked, "", "The answer is incomplete; what came is kept.")
            return
        if not finished:
            self._prompt.hold(surprising=True)
            self._tell_kept(asked, "Interrupted. ", f"What came from {model.full_name} is kept.")
            return
        seconds, calls = time.monotonic() - began - approver.seconds, answer.tools.ended
        self._screen.say(footer(model, answer.finished, conversation.spent[spent:], seconds, calls))
        if answer.paused or self._tell_ending(asked, answer.finished):
            self._prompt.hold(surprising=True)
        self._screen.write("\n")
        self._lists.after_answer(model)

    async def _decide(self, question: Question) -> Decision | None:
        """What the person says to a call."""
        folder = self._context.tooling.toolbox.context.folder
        self._prompt.hold_for_question()
        from modules.chat.prompt.plain_prompt import PlainPrompt  # the first prompt need not wait for these

        if isinstance(self._prompt, PlainPrompt):
            from modules.chat.dialogs import approval_plain

            return await approval_plain.ask(question, folder, self._prompt, self._screen)
        from modules.chat.dialogs.approval_dialog import QuestionPanel

        return await self._prompt.ask(QuestionPanel(question, folder, self._screen.size))

    def _tell_ending(self, asked: Ask, finished: Finished | None) -> bool:
        """How the answer ended, where it is not whole, and what to do about it; whether there was something to tell."""
        from modules.chat.wording.cures import of_ending_in_chat
        from modules.chat.wording.endings import ending

        ended = ending(finished, self._context.conversation.messages, self._context.tooling.specs)
        if ended is not None:
            self._screen.say(f"{ended.words} {of_ending_in_chat(ended, self._situation(asked))}")
        return ended is not None

    def _complain(self, error: ParlanceError, asked: Ask | None = None) -> None:
        """An error with what to do about it; `asked` is the turn that failed, where one did."""
        from modules.chat.wording.cures import Situation, in_chat

        at = Situation(self._context.conversation.model) if asked is None else self._situation(asked)
        self._screen.error(error, in_chat(error, at))

    def _situation(self, asked: Ask) -> "Situation":
        """Where the person stands after a turn, for what can be done about it."""
        from modules.chat.wording.cures import Situation, others, what_is_left

        chat, conversation = self._context, self._context.conversation
        model = asked.model or conversation.model
        left = what_is_left(conversation, asked.message, instead=asked.instead_of is not None)
        before = conversation.turns - (left in ("part", "results"))
        able = tuple(map(conversation.reader, others(chat.models, model, chat.config.has_key)))
        return Situation(conversation.reader(model), left, before > 0, chat.saves, able)

    def _tell_kept(self, asked: Ask, why: str, came: str) -> None:
        """After a turn that did not come to its end: what there is of it, and how it goes on."""
        conversation = self._context.conversation
        model = asked.model or conversation.model
        if asked.message is not None and asked.message not in conversation:
            if why:
                self._screen.say(f"{why}{model.full_name} had not answered yet.\n")
            self._give_back(asked)
        elif unanswered_results(conversation):
            self._screen.say(f"{why}The results are kept. {GO_ON}\n")
        else:
            self._screen.say(f"{why}{came}\n")

    def _give_back(self, asked: Ask) -> None:
        if asked.message is None:
            return
        if asked.instead_of is not None:  # it was answered before, and that answer still stands
            self._context.conversation.go_to(asked.instead_of)
            self._screen.say("The answer before stays.\n")
            return
        self.give_back(asked.message, asked.model)

    def give_back(self, message: Message, model: Model | None = None) -> None:
        """Let a question that has no answer stand in the next prompt as it was asked, with what was attached to it."""
        self._context.draft = f"@{model.full_name} {message.text}" if model else message.text
        self._context.unanswered = message
        self._context.attachments[:0] = [part for part in message.parts if isinstance(part, Attached)]

    def _warm_up_soon(self) -> None:
        """Once the prompt is on the screen, and has had a moment to itself: load what the next answer needs."""
        model = self._context.conversation.model
        if self._warmed is not model:
            if self._warmed is None:
                _in_background(MOMENT_SECONDS, _load_ahead)
                _in_background(SOON_SECONDS, partial(_load_for_servers, self._context))
                _in_background(LATER_SECONDS, prices.load)
            self._warmed = model
            asyncio.get_running_loop().call_later(MOMENT_SECONDS, self._warm_up, model)

    def _warm_up(self, model: Model) -> None:
        task = asyncio.ensure_future(self._context.services.warm_up(model))
        self._warming.add(task)
        task.add_done_callback(self._warming.discard)


def _in_background(seconds: float, work: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, threading.Thread(target=work, daemon=True).start)


def _load_ahead() -> None:
    for name in AHEAD:
        import_module(name)


def _load_for_servers(context: ChatContext) -> None:
    file = context.config.mcp_file
    if (
        context.tooling.enabled
        and file.exists()
        and import_module(f"{PACKAGE}.mcp.configuration.mcp_json").any_enabled(file)
    ):
        before = sys.getswitchinterval()
        sys.setswitchinterval(QUICKLY_SECONDS)
        try:
            for name in FOR_SERVERS:
                import_module(name)
        finally:
            sys.setswitchinterval(before)
