"""A conversation written once more, as it was drawn: at the width, in the colours and with the numbers of now."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from modules.chat.output.answer_pieces import reasoning_piece, text_piece
from modules.chat.output.code_numbers import CodeNumbers
from modules.chat.output.screen import TerminalScreen
from modules.chat.output.tool_lines import ToolLines, calling
from modules.chat.wording.maker import maker
from modules.chat.wording.model_summary import compact
from modules.chat.wording.phrases import about_tokens
from modules.llm.message import Message, interrupted_result
from modules.llm.models import Model
from modules.llm.parts import Attached, Image, Reasoning, Refusal, Text, ToolCall, ToolResult
from modules.session.conversation import Conversation
from modules.session.node import Node
from modules.session.turns.continuation import why_cut

if TYPE_CHECKING:
    from modules.chat.pictures.shown_pictures import ShownPictures

PER_TOKEN_CHARS = 4  # about


class Reprint:
    """Writes messages of the spoken path, one after the other, from `start` on."""

    def __init__(
        self,
        screen: TerminalScreen,
        conversation: Conversation,
        models: Iterable[Model],
        previews: dict[str, str],
        numbers: CodeNumbers | None,
        pictures: "ShownPictures",
        start: int,
    ) -> None:
        self._screen = screen
        self._models = list(models)
        self._path: Sequence[Node] = list(conversation.tree.path)
        self._start = start
        self._tools = ToolLines(screen, conversation, previews=previews, pictures=pictures)
        self._calls = sum(len(node.message.calls) for node in calling(self._path[:start]))
        self._numbered = numbers is not None
        self._blocks = numbers.before(conversation, start) if numbers is not None else 0
        self._last = ""  # the kind that was written last

    async def run(self) -> None:
        """Write all of it; between two messages others have their turn, such as the keys."""
        path = self._path
        for at in range(self._start, len(path)):
            message = path[at].message
            match message.role:
                case "user" if not message.continues:
                    self._question(message)
                case "system":
                    self._screen.say(f"Instructions from here on: {message.text}")
                case "assistant":
                    results = path[at + 1].message.results if at + 1 < len(path) else ()
                    for result in results:
                        await self._tools.prepare(result)
                    for picture in message.images:
                        await self._tools.prepare_made(picture)
                    goes_on = at + 1 < len(path) and path[at + 1].role == "tool"
                    self._answer(message, {one.call_id: one for one in results}, goes_on=goes_on)
            await asyncio.sleep(0)

    def _question(self, message: Message) -> None:
        names = [f"[{part.name}]" for part in message.parts if isinstance(part, Attached)]
        text = "\n".join([*names, message.text])
        if self._screen.plain:
            self._screen.show(f"> {text}")
        else:
            self._screen.echo(text)
        self._screen.write("\n")
        self._last = ""

    def _answer(self, message: Message, results: dict[str, ToolResult], *, goes_on: bool) -> None:
        reasoning = text = ""
        for part in message.parts:
            match part:
                case Text(words) | Refusal(words):
                    reasoning = self._thought(reasoning)
                    text += words
                case Reasoning(words):
                    text = self._said(text)
                    reasoning += words
                case Image():
                    reasoning, text = self._thought(reasoning), self._said(text)
                    self._begin("calls")
                    self._tools.write_made(part)
                case ToolCall():
                    reasoning, text = self._thought(reasoning), self._said(text)
                    self._call(part, results.get(part.id) or interrupted_result(part))
        self._thought(reasoning)
        self._said(text)
        if why := why_cut(message):
            self._screen.say(f"This answer is not complete: {why}.")
        if not goes_on:
            self._screen.say(self._by(message))
            self._screen.write("\n")

    def _thought(self, text: str) -> str:
        if text and self._screen.reasoning != "hidden":
            self._begin("reasoning")
            if self._screen.reasoning == "full":
                piece = reasoning_piece(self._screen)
                piece.feed(text)
                piece.finish()
            else:
                self._screen.say(f"thought, {about_tokens(len(text) // PER_TOKEN_CHARS)}")
        return ""

    def _said(self, text: str) -> str:
        if text.strip():
            self._begin("text")
            before, last = self._blocks, 0

            def number(nth: int) -> int:
                nonlocal last
                last = max(last, nth)
                return before + nth if self._numbered else 0

            piece = text_piece(self._screen, number)
            piece.feed(text)
            piece.finish()
            self._blocks = before + last
        return ""

    def _call(self, call: ToolCall, result: ToolResult) -> None:
        self._begin("calls")
        self._calls += 1
        self._tools.write(call, result, self._calls)

    def _begin(self, kind: str) -> None:
        if self._last and (kind, self._last) != ("calls", "calls"):
            self._screen.write("\n")
        self._last = kind

    def _by(self, message: Message) -> str:
        parts = [maker(message, self._models) or "a model"]
        if message.usage is not None:
            parts.append(f"{compact(message.usage.input)} in, {compact(message.usage.output)} out")
        return " · ".join(parts)


def turns_from_the_end(path: Sequence[Node], turns: int) -> int:
    """Where the last so many turns of a path begin."""
    start = len(path)
    for at in range(len(path) - 1, -1, -1):
        if path[at].is_question:
            start, turns = at, turns - 1
            if not turns:
                return start
    return 0
