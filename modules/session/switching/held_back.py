"""What a person is told of options that a model is not sent: once for each model, and again when it is otherwise."""

from collections.abc import Iterator, Sequence
from typing import assert_never

from modules.llm.generation.options import HeldBack, held_back
from modules.llm.models import Level, Model
from modules.session.conversation import Conversation
from modules.settings.declarations import OptionSettings


def held_back_words(options: OptionSettings, model: Model, level: Level | None) -> str:
    """What of the options is not sent to the model, which is as it turned out to be, and why; "" where all of it is."""
    held = held_back(options, model, level)
    return " ".join(_sentences(held, options, model))


def news_of_options(conversation: Conversation, model: Model, *, again: bool = False) -> str:
    """The same for the options that hold now, unless it was told before and is not to be told `again`."""
    told = held_back_words(conversation.options, conversation.reader(model), conversation.reasoning)
    name = model.full_name
    if told == conversation.options_told.get(name, "") and not again:
        return ""
    conversation.options_told[name] = told
    return told


def _sentences(held: Sequence[HeldBack], options: OptionSettings, model: Model) -> Iterator[str]:
    by_reason: dict[str, list[HeldBack]] = {}
    for one in held:
        by_reason.setdefault(one.why, []).append(one)
    for ones in by_reason.values():
        names, name = _listed([one.name for one in ones]), model.full_name
        are = "is" if len(ones) == 1 else "are"
        match ones[0].why:
            case "never":
                yield f"{names} {are} not sent to {name}, which takes {'none' if len(ones) == 1 else 'none of them'}."
            case "refused":
                yield f"{names} {are} not sent to {name}, which has refused {'it' if len(ones) == 1 else 'them'}."
            case "thinking":
                them = "it" if len(ones) == 1 else "them"
                yield f'{names} {are} not sent to {name} while it thinks. "/reasoning none" lets {them} be sent.'
            case "word":
                words = _listed(model.profile.service_tiers)
                yield f'{names} "{options.service_tier}" is not sent to {name}, which knows {words}.'
            case _:
                assert_never(ones[0].why)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
