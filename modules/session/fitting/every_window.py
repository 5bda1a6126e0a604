"""How full the window of each of many models would be, and what would have to go where it does not fit."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Literal

from msgspec import Struct

from modules.llm.catalogue.model_makers import maker_of
from modules.llm.conversion.replay import reads, sees
from modules.llm.models import Model
from modules.llm.tokens.attachments import rule_of
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation
from modules.session.counting.path_estimate import is_counted_by
from modules.session.counting.prices import is_dated
from modules.session.fitting.room import room
from modules.session.fitting.window_use import WindowUse, window_use

# Nothing; results, pictures and files; a summary of the first turns; more than the last turn leaves.
Goes = Literal["nothing", "old results", "first turns", "too much"]
SUMMARY_SHARE = 0.1  # of what it stands for, about


class Filled(Struct, frozen=True):
    """About how full a window would be: `tokens` of `window`, None where that is unknown.

    What would have to go is `over` tokens; `turns` are the first that a summary would have to stand for.
    """

    model: Model
    tokens: int
    window: int | None
    measured: bool
    goes: Goes = "nothing"
    over: int = 0
    turns: int = 0

    @property
    def share(self) -> float:
        """Of the window; 0 where it is unknown."""
        return self.tokens / self.window if self.window else 0.0


def every_window(conversation: Conversation, models: Sequence[Model], tools: tuple[ToolSpec, ...]) -> list[Filled]:
    """Each model's window, the emptiest first and those of unknown size last.

    The history is taken apart once, as a model is given it that has no view. How much of it the others would have to
    lose is that in proportion.
    """
    candidates = [conversation.model, *models]
    whole = next((one for one in candidates if conversation.view(one) is None), conversation.model)
    outline = _Outline(conversation, window_use(conversation, whole, tools))
    counted: dict[tuple[object, ...], int] = {}
    found = []
    for model in models:
        key = _alike(conversation, model, outline)
        if key not in counted:
            counted[key] = conversation.tokens(model, tools)
        found.append(_filled(conversation, model, counted[key], outline))
    return sorted(found, key=lambda one: (one.window is None, one.share, one.model.full_name))


class _Outline:
    """What can go of a conversation, as one model is given it, in tokens."""

    def __init__(self, conversation: Conversation, use: WindowUse) -> None:
        questions = [node.id for node in conversation.tree.path if node.is_question]
        newest = questions[-1] if questions else 0
        by_turn = dict.fromkeys(questions, 0)
        turn = iter(sorted(questions))
        current, after = 0, next(turn, None)
        self.old_results = 0
        for thing in use.things:
            while after is not None and thing.message >= after:
                current, after = after, next(turn, None)
            if current:
                by_turn[current] += thing.tokens
            if thing.kind in ("result", "attached") and 0 < thing.message < newest:
                self.old_results += thing.tokens
        self.has_attached = any(thing.kind == "attached" for thing in use.things)
        answers = [thing.said for thing in use.things if thing.said is not None and thing.said.origin is not None]
        self._spoken = {answer.origin.model for answer in answers if answer.origin is not None}
        self.counted = {
            answer.origin.issuer for answer in answers if answer.origin is not None and is_counted_by(answer, None)
        }
        self.total = use.total
        self.up_to = list(accumulate(by_turn.values()))

    def has_spoken(self, model: Model) -> bool:
        """Whether the model itself has answered here."""
        return any(is_dated(name, model.id) for name in self._spoken)


def _alike(conversation: Conversation, model: Model, outline: _Outline) -> tuple[object, ...]:
    """What all models have in common that read the same as about as many tokens: a long history is counted for one."""
    reader, view = conversation.reader(model), conversation.view(model)
    return (
        reader.issuer,
        maker_of(reader.id),
        sees(reader),
        reads(reader),
        reader.tools,
        reader.full_name in conversation.cut_in_silence,
        rule_of(reader).pattern if outline.has_attached else "",
        view.number if view is not None else 0,
        model.full_name if conversation.views and outline.has_spoken(reader) else "",  # then its own counts hold
    )


def _filled(conversation: Conversation, model: Model, tokens: int, outline: _Outline) -> Filled:
    reader = conversation.reader(model)
    measured = reader.issuer in outline.counted or conversation.weights.is_measured(reader)
    there = room(reader, measured=measured)
    over = 0 if there is None else max(0, tokens - there)
    filled = Filled(reader, tokens, reader.window, measured, over=over)
    if not over:
        return filled
    scale = tokens / outline.total if outline.total else 1.0
    if outline.old_results * scale >= over:
        return Filled(reader, tokens, reader.window, measured, "old results", over)
    saved = (at for at, said in enumerate(outline.up_to, 1) if said * scale * (1 - SUMMARY_SHARE) >= over)
    turns = next(saved, len(outline.up_to))
    if turns == len(outline.up_to):
        return Filled(reader, tokens, reader.window, measured, "too much", over)
    return Filled(reader, tokens, reader.window, measured, "first turns", over, turns)
