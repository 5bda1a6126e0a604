"""How an answer leaves without the chat: as text, as JSON or as its first block of code, printed or into a file."""

import errno
import os
import sys
from pathlib import Path
from typing import Literal

from msgspec import Struct

from modules.chat.headless import event_lines
from modules.chat.headless.json_failure import json_line
from modules.chat.headless.json_form import as_json
from modules.chat.headless.outcome import Outcome
from modules.chat.terminal.streams import diagnose
from modules.errors import ParlanceError, UsageError
from modules.own_files import refuse_other
from modules.session.conversation import Conversation
from modules.session.counting import prices
from modules.text.sanitize import clean

Form = Literal["text", "json", "events", "code", "data"]  # "data": the JSON that fits a schema


class Delivery(Struct, frozen=True):
    """`to` is the file that --output names, None for standard output; `umask` is for a new one."""

    form: Form = "text"
    to: Path | None = None
    umask: int = -1

    @property
    def at_once(self) -> bool:
        """Whether text is printed as it comes."""
        return self.form == "text" and self.to is None

    def check(self) -> None:
        """Raise UsageError where the file could not be written: before anything is sent."""
        if self.to is None:
            return
        try:
            refuse_other(self.to, os.stat(self.to).st_mode)
        except OSError as error:
            if error.errno != errno.ENOENT:
                problem = f"{self.to} cannot be written: {error.strerror}."
                raise UsageError(problem, cure="Give --output a file; > and | lead to anything else.") from error
        folder = Path(os.path.realpath(self.to)).parent
        if not folder.is_dir():
            raise UsageError(f"There is no folder {folder}.", cure="Make it, or give another name to --output.")
        if not os.access(folder, os.W_OK):
            raise UsageError(f"{folder} is not yours to write in.", cure="Give --output a file in a folder that is.")

    def deliver(self, conversation: Conversation, outcome: Outcome) -> None:
        """Give out what came. An answer that is not whole is printed: then the file stays as it was."""
        match self.form:
            case "events":
                event_lines.end(_whole(conversation, outcome))
            case "json":
                self._give(json_line(_whole(conversation, outcome)), outcome)
            case "code":
                self._give(_first_block(outcome), outcome)
            case "data":
                self._give_data(outcome)
            case "text":
                if not self.at_once:
                    self._give(_with_notes(outcome), outcome)
        sys.stdout.flush()

    def _give_data(self, outcome: Outcome) -> None:
        """The value and nothing else; what is no such JSON goes to standard error, where nothing takes it for one."""
        if outcome.checked is not None and not outcome.checked.problem:
            self._give(json_line(outcome.checked.value), outcome)
            return
        if self.to is not None:
            outcome.tell(f"{self.to} stays as it was: there is no such JSON.")
        if outcome.text:
            diagnose(clean(outcome.text))

    def _give(self, text: str, outcome: Outcome) -> None:
        if not text:
            return
        text = text if text.endswith("\n") else f"{text}\n"
        if self.to is None or (outcome.code and self.form != "json"):
            sys.stdout.write(text)
            if self.to is not None:
                outcome.tell(f"{self.to} stays as it was: the answer is not whole.")
            return
        from modules.session.export.new_file import written  # only where a file is wanted

        try:
            written(self.to, text, umask=self.umask, over=True)
        except ParlanceError as error:  # the answer was paid for
            sys.stdout.write(text)
            outcome.fail(type(error).__name__, error.message, error.cure)


def _whole(conversation: Conversation, outcome: Outcome) -> dict[str, object]:
    if conversation.cost() is None:
        prices.load()
    return as_json(conversation, outcome)


def _with_notes(outcome: Outcome) -> str:
    """The text, and below it the pages that it names."""
    notes = "\n".join(map(str, outcome.footnotes.since(0)))
    return f"{outcome.text.rstrip()}\n\n{notes}" if notes and outcome.text else outcome.text


def _first_block(outcome: Outcome) -> str:
    """The first block of code of the answer, without its fence."""
    from modules.session.export.contained_markdown import blocks_of_code  # a parser, loaded when it is needed

    blocks = blocks_of_code(outcome.text)
    if not blocks and outcome.code == 0:
        outcome.fail("NoCode", "The answer has no block of code.", "Without -x all of it is printed.")
    return blocks[0] if blocks else ""
