"""One turn on the screen: the answer, the questions before calls, and where it found no end what there is of it."""

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from modules.chat.background.model_list_refresh import ListRefresh
from modules.chat.command import Ask, ChatContext
from modules.chat.dialogs.approver import Approver
from modules.chat.input.budget_question import may_spend, sum_up
from modules.chat.output.code_numbers import DrawnNumbers
from modules.chat.output.footer import footer
from modules.chat.output.screen import TerminalScreen
from modules.chat.output.spoken_turn import SpokenCalls
from modules.chat.output.tool_lines import ToolLines
from modules.chat.output.turn_renderer import TurnRenderer, show
from modules.chat.output.turn_signs import TurnSigns
from modules.chat.wording.phrases import GO_ON
from modules.errors import ParlanceError
from modules.llm.events import Finished
from modules.llm.message import Message
from modules.llm.models import Model
from modules.llm.parts import Attached
from modules.session.fitting.ways import Misfit
from modules.session.node import Node
from modules.session.turns.one_turn import held
from modules.session.turns.turn import run_turn, unanswered_results
from modules.tools.approval import Decision, Permission, Question

if TYPE_CHECKING:
    from modules.chat.prompt.plain_prompt import PlainPrompt
    from modules.chat.prompt.prompt import Prompt
    from modules.chat.wording.cures import Situation


class ShownTurn:
    """Runs turns on the screen, one after the other."""

    def __init__(self, context: ChatContext, screen: TerminalScreen, prompt: "Prompt | PlainPrompt") -> None:
        self._context = context
        self._screen = screen
        self._prompt = prompt
        self._lists = ListRefresh(context)
        self._summing: asyncio.Task[None] | None = None
        context.tooling.over_budget = self._pauses

    def stop(self) -> None:
        """Nothing goes on in the background any more."""
        if self._summing is not None:
            self._summing.cancel()
        self._lists.stop()

    async def run(self, asked: Ask) -> bool:
        """Run one turn on the screen, and leave the question in the next prompt where it found no answer.

        Returns whether it came to its end.
        """
        self._lists.stop()
        if self._context.budget is not None and not await may_spend(self._context, self._context.budget):
            self.give_back_unsent(asked)
            return False
        self._context.unanswered = None
        edited, self._context.edited, self._context.edited_in_vain = self._context.edited, None, None
        asked = self._branched(asked, edited)
        try:
            anew = asked.message is not None and not asked.message.continues
            with held(self._context.conversation, self._context.tooling, asked.turn, anew=anew):
                return await self._run(asked)
        finally:
            if asked.instead_of is not None and self._has_no_answer(asked):  # whatever happened
                self._context.conversation.go_to(asked.instead_of)
                self._context.edited = self._context.edited_in_vain = edited if asked.message is not None else None
            self.sum_up()

    def sum_up(self, seconds: float = 0.0) -> None:
        """Know before long what all conversations have spent, those in other windows too, where a limit needs it."""
        if (budget := self._context.budget) is not None:
            self._summing = asyncio.ensure_future(sum_up(budget, self._context.conversation, seconds))

    def _pauses(self) -> str:
        """Why a turn with many requests is not to go on by itself."""
        budget, conversation = self._context.budget, self._context.conversation
        return str(use) if budget is not None and (use := budget.over(conversation)) else ""

    def _branched(self, asked: Ask, edited: Node | None) -> Ask:
        """Step back to before the question that this takes the place of, where one is edited."""
        conversation = self._context.conversation
        if edited is None or asked.message is None or asked.message.continues or edited not in conversation.tree.path:
            return asked
        place = conversation.head
        conversation.tree.go_back(edited.parent)
        conversation.changed()
        self._screen.say("This begins a branch beside the other. /prev and /next step between them.")
        return replace(asked, instead_of=place)

    async def _run(self, asked: Ask) -> bool:
        context = self._context
        conversation = context.conversation
        model = asked.model or conversation.model
        tooling = self._context.tooling
        from modules.chat.pictures.shown_pictures import ShownPictures  # the first prompt need not wait for it

        pictures = ShownPictures(self._screen.canvas, lambda *file: tooling.toolbox.result_files.keep(*file))
        lines = SpokenCalls if self._screen.spoken else ToolLines
        tools = lines(self._screen, conversation, previews=context.previews, pictures=pictures)
        numbered = context.config.settings.answers.code_numbers
        numbers = DrawnNumbers(conversation, context.code_numbers) if numbered else None
        answer = TurnRenderer(self._screen, model.name, tools, lambda: tooling.awaited, numbers)
        approver = Approver(self._screen, tooling, self._decide, self._prompt.stop, self._keep)
        signs = TurnSigns(
            self._prompt.signs, conversation, model.full_name, lambda: context.config.settings.notify.after
        )
        self._screen.write("\n")
        spent, began = len(conversation.spent), time.monotonic()
        events = run_turn(conversation, context.services, asked.message, model, tooling, context.fitting())
        try:
            finished = await self._prompt.running.run(show(events, answer, partial(self._decided, approver, signs)))
        except ParlanceError as error:
            signs.end(failed=True)
            self._prompt.hold(surprising=True)
            self.complain(error, asked)
            self._tell_kept(asked, "", "The answer is incomplete; what came is kept.")
            return False
        except BaseException:  # however it ends, the title and the progress of the terminal say no more that it runs
            signs.end(stopped=True)
            raise
        signs.end(stopped=not finished)
        if not finished:
            self._prompt.hold(surprising=True)
            self._tell_kept(asked, "Interrupted. ", f"What came from {model.full_name} is kept.")
            return False
        seconds, calls = time.monotonic() - began - approver.seconds, answer.tools.ended
        tree = conversation.tree
        place = tree.place(fork.id) if (fork := tree.fork(of_answer=True)) is not None else None
        taken = [one for one in conversation.spent[spent:] if one not in answer.beside]
        below = footer(model, answer.finished, taken, seconds, calls, place)
        self._screen.say(f"Answer ends: {below}." if self._screen.spoken else below)
        if asked.compared and asked.instead_of is not None:
            self._show_difference(asked.instead_of)
        if answer.paused or self._tell_ending(asked, answer.finished):
            self._prompt.hold(surprising=True)
        self._screen.write("\n")
        from modules.chat.often_used import OftenUsed  # the first prompt need not wait for it

        OftenUsed(context).used(model)
        self._lists.after_answer(model)
        return True

    async def _decided(self, approver: Approver, signs: TurnSigns, question: Question | Misfit) -> None:
        """Put a question to the person and set the answer in it."""
        with signs.asking():
            if isinstance(question, Question):
                await approver.answer(question)
                return
            from modules.chat.input.fit_question import ask_how  # only where it is needed

            await ask_how(self._context, question, "go on as it is" if question.why == "filling" else "send nothing")

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

    def _keep(self, permission: Permission) -> str:
        """Let a permission last in this folder; the words that say so."""
        from modules.chat.dialogs.lasting_permissions import keep  # only where it is wanted

        return keep(self._context.config, self._context.tooling, permission)

    def _tell_ending(self, asked: Ask, finished: Finished | None) -> bool:
        """How the answer ended, where it is not whole, and what to do about it; whether there was something to tell."""
        from modules.chat.wording.cures import of_ending_in_chat
        from modules.chat.wording.endings import ending

        conversation = self._context.conversation
        tools = self._context.tooling.specs(conversation.reader(asked.model or conversation.model))
        ended = ending(finished, conversation.messages, tools)
        if ended is not None:
            self._screen.say(f"{ended.words} {of_ending_in_chat(ended, self._situation(asked))}")
        return ended is not None

    def complain(self, error: ParlanceError, asked: Ask | None = None) -> None:
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
        before = conversation.turns - (left in ("part", "results", "before"))
        able = tuple(map(conversation.reader, others(chat.models, model, chat.config)))
        return Situation(conversation.reader(model), left, before > 0, chat.saves, able)

    def _tell_kept(self, asked: Ask, why: str, came: str) -> None:
        """After a turn that did not come to its end: what there is of it, and how it goes on."""
        conversation = self._context.conversation
        model = asked.model or conversation.model
        if self._has_no_answer(asked):
            if why:
                self._screen.say(f"{why}{model.full_name} had not answered yet.\n")
            self.give_back_unsent(asked)
        elif unanswered_results(conversation):
            self._screen.say(f"{why}The results are kept. {GO_ON}\n")
        else:
            self._screen.say(f"{why}{came}\n")

    def _has_no_answer(self, asked: Ask) -> bool:
        """Whether nothing came of what was asked, not even a part of an answer."""
        conversation = self._context.conversation
        if asked.message is not None:
            return asked.message not in conversation
        return asked.instead_of is not None and conversation.asked is not None

    def give_back_unsent(self, asked: Ask) -> None:
        if asked.message is None:  # it was answered before, and that answer still stands
            self._screen.say("The answer before stays.\n")
        elif asked.message.continues:
            self._screen.say("What is there of the answer stays. /continue asks for the rest again.\n")
        elif asked.line:
            files = [part for part in asked.message.parts if isinstance(part, Attached) and part not in asked.brought]
            self._context.draft = asked.line
            self._context.attachments[:0] = files
        else:
            self.give_back(asked.message, asked.model)

    def _show_difference(self, before: int) -> None:
        """The answer that stood at `before` and the new one, with the words that differ."""
        from modules.chat.output.word_diff import difference  # only where it is wanted

        tree = self._context.conversation.tree
        old, new = tree.answer_at(before), tree.answer_at(tree.head)
        text = difference(old, new, self._screen.size()[0], self._screen.theme)
        self._screen.say("The answer before and this one:")
        self._screen.write(text)

    def give_back(self, message: Message, model: Model | None = None) -> None:
        """Let a question that has no answer stand in the next prompt as it was asked, with what was attached to it."""
        self._context.draft = f"@{model.full_name} {message.text}" if model else message.text
        self._context.unanswered = message
        self._context.attachments[:0] = [part for part in message.parts if isinstance(part, Attached)]
