"""What came of a turn without the chat: told at once where that is wanted, the rest at its end."""

import shlex
from pathlib import Path
from typing import Any, assert_never

from modules.chat.headless.json_failure import failure
from modules.chat.headless.telling import complain, tell
from modules.chat.output.printed_answer import Printed
from modules.chat.wording.cures import Situation, of_ending_in_pipe
from modules.chat.wording.endings import Ending
from modules.chat.wording.fit_words import made_words
from modules.chat.wording.phrases import count
from modules.chat.wording.shell_advice import without_commands
from modules.errors import EXIT_ERROR
from modules.llm.citations import Footnotes
from modules.llm.events import (
    Cited,
    Finished,
    PictureMade,
    ProviderSearch,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from modules.llm.parts import Text
from modules.llm.web_searches import KIND
from modules.session.fitting.ways import Made, Making, Misfit
from modules.session.turns.ask import Notice, Retrying
from modules.session.turns.structured_answer import Checked
from modules.session.turns.tool_calls import ToolEnded, ToolProgress, ToolStarted
from modules.session.turns.turn import Paused, TurnEvent
from modules.tools.approval import Decision, Permission, Question

PAUSED = '-c -p "Go on." goes on.'


class Outcome:
    """What there is to tell of a turn: text at once, the rest at its end."""

    def __init__(self, out: Printed | None, *, saved: bool) -> None:
        self._out = out  # None for JSON
        self._saved = saved
        self.code = 0
        self.failed: dict[str, Any] | None = None
        self.finished: Finished | None = None
        self.broken = ""  # the state of an answer that did not come to its end
        self._said: list[str] = []  # of the newest answer that said something
        self._whole = True
        self.usage: Usage | None = None
        self.tools: list[dict[str, Any]] = []
        self.pictures: list[dict[str, Any]] = []  # that the model made
        self.searches: list[dict[str, Any]] = []  # that the provider ran by itself
        self.footnotes = Footnotes("[^{}]")
        self._searched: list[str] = []  # in words
        self.notices: list[str] = []
        self.checked: Checked | None = None  # what an answer came to that was to be JSON

    @property
    def text(self) -> str:
        """What the newest answer of this turn says, as far as it came."""
        return Text("".join(self._said)).text

    def break_off(self, state: str) -> None:
        """The turn did not come to its end; `state` is that of an answer of which a part has come."""
        self.broken = "failed" if self._whole else state

    def add(self, event: TurnEvent) -> None:
        if isinstance(event, TextDelta):
            self._said = [] if self._whole else self._said
            self._said.append(event.text)
            self._whole = False
        match event:
            case TextDelta(text) if text and self._out is not None:
                self._out.write(text)
            case ProviderSearch() | Cited():
                self._add_search(event)
            case Notice() | Made():
                text = event.text if isinstance(event, Notice) else made_words(event)
                self.notices.append(without_commands(text))
                self.tell(text)
            case Retrying(seconds, _, error):
                self.end_line()
                complain(error, f"Trying again in {seconds:.0f} s.")
            case Finished(usage=usage):
                self._whole = True
                if self._out is not None:
                    self._out.part()
                self.finished = event
                self.usage = self.usage + usage if self.usage and usage else usage or self.usage
            case Question(call=call, why=why):
                event.decision = Decision(reason=f"Nobody is there to ask; {_allowing(event)} allows it.")
                words = (f"{call.name} is not allowed.", why, f"{_allowing(event)} allows it.")
                self.tell(" ".join(filter(None, words)))
            case ToolEnded(call, result, took):
                arguments = call.parsed()
                given = call.arguments if arguments is None else arguments
                rounded = None if took is None else round(took, 3)
                self.tools.append({"name": call.name, "arguments": given, "error": result.is_error, "seconds": rounded})
            case Paused(text):
                self.fail("Paused", text, PAUSED if self._saved else "")
            case (
                TextDelta()
                | Misfit()
                | Making()
                | ReasoningDelta()
                | ToolCallDelta()
                | ToolStarted()
                | ToolProgress()
                | PictureMade()
            ):
                pass
            case _:
                assert_never(event)

    def add_picture(self, media_type: str, path: Path | None, words: str) -> None:
        """A picture that the model made, and the file that it was saved in."""
        if not self._whole:
            self._said.append("\n\n")
        self.pictures.append({"path": None if path is None else str(path), "media_type": media_type})
        self.tell(words)

    def _add_search(self, event: ProviderSearch | Cited) -> None:
        match event:
            case ProviderSearch(sources=None):
                pass
            case ProviderSearch(query, sources, failed):
                pages = [{"url": page.url, "title": page.title} for page in sources or ()]
                self.searches.append({"query": query, "sources": pages, "error": failed or None})
                found = failed or (count(len(pages), "page") if pages else "")
                self._searched.append(f"{KIND}: {query}{f' ({found})' if found else ''}")
            case Cited(url, title, late):
                mark = self.footnotes.mark(url, title)
                if self._out is not None and not late:
                    self._out.cite(mark)
            case _:
                assert_never(event)

    def end_notes(self) -> None:
        """The pages that the answer names, below it, and what was searched for it: nothing is said within an answer."""
        if self._out is not None and len(self.footnotes):
            self._out.notes(self.footnotes)
        for text in self._searched:
            self.tell(text)

    def check(self, checked: Checked) -> None:
        """Take note of what an answer came to that was to be JSON; one that is not as it was asked for is a failure."""
        self.checked = checked
        if checked.problem:
            self.fail("NotAsAsked", f"The answer does not fit the schema. {checked.problem}", "")

    def judge(self, ended: Ending | None, at: Situation) -> None:
        """Tell how the answer ended, where it is not whole."""
        if ended is not None and self.failed is None:
            self.fail(ended.kind, ended.words, of_ending_in_pipe(ended, at))

    def fail(self, kind: str, words: str, cure: str) -> None:
        """The answer is not what was asked for: exit code 1, with the reason on standard error and in JSON."""
        self.tell(f"{words} {cure}".rstrip())
        self.code, self.failed = EXIT_ERROR, failure(kind, words, cure)

    def end_line(self) -> None:
        """Let what comes next begin a line of its own."""
        if self._out is not None:
            self._out.end_line()

    def tell(self, text: str) -> None:
        """Say it on standard error, on a line of its own."""
        self.end_line()
        tell([text])


def _allowing(question: Question) -> str:
    """The argument that lets this call run."""
    tool, plan = question.tool, question.plan
    for one in (Permission(tool.name), Permission(tool.name, plan.line)):
        if one.covers(tool, plan):
            return f"--allow {shlex.quote(str(one))}"
    return "--yes"
