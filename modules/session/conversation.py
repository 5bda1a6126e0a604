"""A conversation: a tree of messages of which one path is spoken, the model that answers next, and what it all cost."""

import os
import time
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

from modules.llm.catalogue.learned_facts import LearnedFacts
from modules.llm.conversion.replay import LeftOut
from modules.llm.events import Usage
from modules.llm.generation.answer_schema import AnswerSchema
from modules.llm.history import Message
from modules.llm.ledger.ledger import Ledger
from modules.llm.models import Level, Model
from modules.llm.parts import Text
from modules.llm.tokens.learned_weights import LearnedWeights
from modules.llm.tool_spec import ToolChoice, ToolSpec
from modules.session.counting.prices import Costs, Spent
from modules.session.journal import Journal
from modules.session.message_tree import MessageTree
from modules.session.node import Messages, Node
from modules.session.reader_ledgers import LedgerKeys, new_ledger
from modules.session.spoken_path import NO_INSTRUCTIONS, SpokenPath
from modules.session.views.view import Reading, View, holding, ledger_name
from modules.settings.declarations import OptionSettings

if TYPE_CHECKING:
    from modules.session.counting.path_estimate import PathEstimate
    from modules.session.readings import Readings


class Conversation(SpokenPath):
    """What is said, and to whom. Nothing is ever deleted: undo moves the head, and the next message starts a branch.

    `model` answers next and `previous` is what `/model -` goes back to; `reasoning` is None for a model's own default.
    `ledgers` hold, for each kind of reader, what it was sent; `tools` are those that were declared last. `learned` is
    what models turned out to be, and `weights` how many tokens text takes at each. `title` is "" where none was given,
    `folder` is where it was last spoken in, "" where that is not known, and `one_shot` says that it was asked with -p;
    `source` is where it was imported from. `branch_names` are the names that messages were given. `views` are what
    models are given in place of a part of it, those that were undone too; `pins` are questions that stay word for word,
    each with its answer. `announced` is what a person was told that a model is not shown, `cut_in_silence` names the
    models of which it was said that their server reads less than it is sent. `options` are the person's, and
    `answer_schema` is what answers must fit: neither is kept with the conversation. `options_told` is what was said of
    options that a model is not sent, by its name.
    """

    def __init__(
        self,
        model: Model,
        system: str = "",
        *,
        id: str = "",
        journal: "Journal[Conversation] | None" = None,
        learned: LearnedFacts | None = None,
        weights: LearnedWeights | None = None,
        folder: str = "",
    ) -> None:
        super().__init__(MessageTree(), system)
        self.id = id or os.urandom(8).hex()
        self.title = ""
        self.folder = folder
        self.one_shot = False
        self.source = ""
        self.branch_names: dict[str, int] = {}
        self.views: list[View] = []
        self.pins: set[int] = set()
        self.model = model
        self.previous: Model | None = None
        self.reasoning: Level | None = None
        self.reasoning_said = False  # in this run, by the person
        self.reasoning_settled: Level | None = None  # what the settings gave it
        self.reasoning_shown = True
        self.spent: list[Spent] = []
        self._costs = Costs()
        self.ledgers: dict[str, Ledger] = {}
        self.tools: tuple[ToolSpec, ...] = ()
        self.learned = learned or LearnedFacts()
        self.weights = weights or LearnedWeights()
        self.announced: dict[str, LeftOut] = {}
        self.cut_in_silence: set[str] = set()
        self.options = OptionSettings()
        self.answer_schema: AnswerSchema | None = None
        self.options_told: dict[str, str] = {}
        self.lent: dict[str, str] = {}  # instructions that held for one turn, and those that hold again after it
        self._keys = LedgerKeys()
        self.journal = journal

    def instruct(self, text: str) -> None:
        """Give other instructions, "" for none. Those that something was said under stay as they were, above it."""
        path = self.tree.path
        if path and path[-1].role == "system":  # nobody has read it yet
            self.go_to(path[-1].parent)
        if not self.head:
            self.system = text
            self.changed()
        elif text != self.instructions:
            self.append(Message("system", (Text(text or NO_INSTRUCTIONS),)))

    def append(self, message: Message) -> None:
        """Say something at the head."""
        node = self.tree.append(message)
        if self.journal is not None:
            self.journal.said(self, node)

    def extend(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.append(message)

    def undo(self, n: int = 1) -> Message | None:
        """Step back to before the person's last message, or the n-th last, and return it; None where there is none."""
        if (question := self.tree.question(n)) is None:
            return None
        self.tree.go_back(question.parent)
        self.changed()
        return question.message

    def redo(self) -> bool:
        """Step forward again to where one was, or to the newest end below; whether there is any."""
        if (place := self.tree.forward()) is None:
            return False
        self.go_to(place)
        return True

    def take_back(self) -> Message | None:
        """Take the last message back, which nobody has answered: no way leads there any more."""
        if not self.head:
            return None
        last = self.tree[self.head]
        self.go_to(last.parent)
        return last.message

    def go_to(self, head: int) -> None:
        """Speak on from another message of the tree; 0 is before the first."""
        self.tree.go_to(head)
        self.changed()

    def changed(self) -> None:
        """Tell the journal that the head, the model, the instructions or the level are others now."""
        if self.journal is not None:
            self.journal.moved(self)

    def call(self, title: str) -> None:
        """Give the conversation a title; "" takes it away, and its first words stand for it again."""
        self.title = title
        self._described()

    def name_here(self, name: str) -> None:
        """Give the place where one stands a name."""
        self.branch_names[name] = self.head
        self._described()

    def unname(self, name: str) -> None:
        """Take a name away; what was said stays."""
        del self.branch_names[name]
        self._described()

    def _described(self) -> None:
        if self.journal is not None:
            self.journal.described(self)

    def switch(self, model: Model) -> None:
        """Let another model answer from now on."""
        if model != self.model:
            self.previous, self.model = self.model, model
            self.changed()

    def pay(self, model: Model, usage: Usage) -> None:
        """Count a request's tokens."""
        spent = Spent(model, usage, time.time())
        self.spent.append(spent)
        if self.journal is not None:
            self.journal.paid(self, spent)

    def reader(self, model: Model) -> Model:
        """The model as it turned out to be, whatever models.yaml says; the same object where nothing was learned."""
        return self.learned.applied(model)

    def view(self, model: Model) -> View | None:
        """What the model is given in place of a part of the spoken path; None where it is given all of it."""
        return holding(self.views, model, self.tree.is_spoken) if self.views else None

    def read_by(self, model: Model) -> Reading:
        """The spoken path as this model is given it."""
        nodes = self.nodes_read_by(model)
        return Reading(Messages(nodes), tuple([node.id for node in nodes]))

    def nodes_read_by(self, model: Model) -> Sequence[Node]:
        """The same as nodes, of which those that were not decoded are not decoded for it."""
        if not self.views:
            return self.tree.path
        return self._readings.nodes(model, self.view(model), self.views, self.tree)

    def add_view(self, view: View) -> None:
        """Give a model something in place of a part of the path, from now on."""
        self.views.append(view)
        self._viewed()

    def undo_view(self, model: Model) -> View | None:
        """Give a model again what it was given before its view; returns the view, None where it has none."""
        if (view := self.view(model)) is not None:
            self.views[self.views.index(view)] = replace(view, undone_after=len(self.nodes))
            self._viewed()
        return view

    def pin(self, question: int) -> None:
        """Keep the turn of a question word for word, whatever is summarised."""
        self.pins.add(question)
        self._viewed()

    def unpin(self, question: int) -> None:
        """Let the turn of a question be summarised as others are."""
        self.pins.discard(question)
        self._viewed()

    def _viewed(self) -> None:
        self._readings.forget()
        if self.journal is not None:
            self.journal.viewed(self)

    def ledger_for(self, model: Model) -> Ledger:
        """What was sent to readers such as this model."""
        name = self._ledger_name(model)
        if name not in self.ledgers:
            self.ledgers[name] = self.known_ledger(model)
        return self.ledgers[name]

    def known_ledger(self, model: Model) -> Ledger:
        """The same where something was sent; else what it would begin as."""
        known = self.ledgers.get(self._ledger_name(model))
        if known is not None:
            return known
        return new_ledger(self.reader(model), self.ledgers, self.view(model), self.path)

    def _ledger_name(self, model: Model) -> str:
        return ledger_name(self._keys.of(self.reader(model)), self.view(model))

    def declared(
        self, reader: Model, tools: tuple[ToolSpec, ...], choice: ToolChoice
    ) -> tuple[tuple[ToolSpec, ...], ToolChoice]:
        """The tools to declare to a model. Those declared before stay so, not to be called, where there are none now.

        Without them a provider loses its cache of the conversation, and the reasoning that is bound to them.
        """
        if not reader.tools:
            return (), "auto"
        return (tools, choice) if tools or not self.tools else (self.tools, "none")

    def declare(self, tools: tuple[ToolSpec, ...]) -> None:
        """Remember which tools were declared to a model; taking them away costs its cache and its reasoning."""
        if tools and tools != self.tools:
            self.tools = tools
            if self.journal is not None:
                self.journal.declared(self)

    def ledger_changed(self, model: Model) -> None:
        """Tell the journal that the ledger of readers such as this model has changed."""
        name = self._ledger_name(model)
        if self.journal is not None and name in self.ledgers:
            self.journal.sent(self, name, self.ledgers[name])

    @cached_property
    def _readings(self) -> "Readings":
        from modules.session.readings import Readings  # nothing is counted before the first prompt

        return Readings()

    def estimate(self, model: Model) -> "PathEstimate":
        """What has been counted of the messages that this model is given, for the number of tokens."""
        return self._readings.estimate(self.view(model))

    def tokens(self, model: Model | None = None, tools: tuple[ToolSpec, ...] = ()) -> int:
        """About how many tokens the next request reads: what the last answer has counted, and an estimate since.

        `tools` are those that would be declared, as far as they are known; else it is those that were.
        """
        model = model or self.model
        reader = self.reader(model)
        path, system = self.nodes_read_by(model), self.system
        if not path and not system:
            return 0
        trusted = reader.full_name not in self.cut_in_silence
        tools, _ = self.declared(reader, tools, "none")
        weights = self.weights.of(reader)
        return self.estimate(model).tokens(path, reader, weights, system, tools, trusted=trusted)

    @property
    def costs(self) -> list[float | None]:
        """Dollars of each request, None where the price is unknown."""
        return self._costs.of(self.spent)

    def cost(self) -> float | None:
        """Dollars spent so far; None where a price is unknown."""
        costs = self.costs
        return None if None in costs else sum(cost for cost in costs if cost is not None)
