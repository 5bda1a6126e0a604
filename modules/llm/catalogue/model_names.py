"""From what a person typed to the models it may mean: names, aliases, ids, names that are gone, and beginnings."""

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Sequence

from modules.llm.catalogue.model import Model

Match = tuple[Model, str]  # and what a person should know about how it was found

# Ids that a provider's list names beside those of its chat models; see the lists of OpenAI, Groq, Mistral and Google.
NOT_FOR_CHAT = re.compile(
    r"embed|whisper|tts|transcri|dall-e|image|imagen|veo-|sora|moderation|audio|realtime|guard|rerank|[-_]ocr|orpheus"
    r"|speech|voice|davinci|babbage|aqa|lyria|music|video|nano-banana",
    re.I,
)
_DATE = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4})$")


def matches(models: Sequence[Model], typed: str) -> list[Match]:
    """The models that were meant, with the notes; the first kind of name that fits wins, and two are for asking back.

    A model that is not served to everybody is reached by its full id alone; its other names lead to its successor.
    """
    wanted = typed.lower()
    if not wanted:
        return []
    kinds: tuple[Callable[[Model], bool], ...] = (
        lambda model: model.name.lower() == wanted,
        lambda model: model.id.lower() == wanted or wanted in _lower(model.aliases),
        lambda model: model.id.lower().rpartition("/")[2] == wanted,  # without the name of its maker
    )
    for fits in kinds:
        if found := [model for model in models if fits(model)]:
            return _led(found, wanted, models)
    gone = [(old, why, model) for model in models for old, why in model.retired.items()]
    if replaced := [one for one in gone if one[0].lower() == wanted]:
        return _replaced(replaced)
    begun = [model for model in models if model.name.lower().startswith(wanted) or model.id.lower().startswith(wanted)]
    if begun:
        return _led([model for model in begun if not model.restricted] or begun, wanted, models)
    return _replaced(one for one in gone if one[0].lower().startswith(wanted))


def first_of_each_id(found: Iterable[Match]) -> list[Match]:
    """Of providers that serve a model of the very same id, the one that stands first in the catalogue is meant."""
    first: dict[str, str] = {}
    return [one for one in found if first.setdefault(plain(one[0].id), one[0].provider.name) == one[0].provider.name]


def leaving(models: Iterable[Model], typed: str) -> tuple[str, Model, str] | None:
    """The id that is still served but not for long, its successor and the note, where exactly that was typed."""
    for model in models:
        for old, why in model.retiring.items():
            if old.lower() == typed.lower():
                return old, model, f"{old} {why}; {model.name} is its successor."
    return None


def successor(model: Model, models: Iterable[Model]) -> Model | None:
    """What the provider recommends in the place of this model; None where the catalogue knows of nothing."""
    own = [other for other in models if other.provider.name == model.provider.name]
    names = {model.name.lower(), model.id.lower()}
    named = {
        model.successor,
        *(o.successor for o in own if o.restricted and names & {o.id.lower(), *_lower(o.aliases)}),
    }
    for other in own:
        replaces = names & {*_lower(other.retired), *_lower(other.retiring)}
        itself = names & {other.name.lower(), other.id.lower()}
        if not other.restricted and not itself and (replaces or other.name in named):
            return other
    return None


def restriction(model: Model, models: Iterable[Model]) -> str:
    """Who alone is served this model and what its provider recommends, in a sentence; "" where all are."""
    if not model.restricted:
        return ""
    instead = successor(model, models)
    recommended = f"; {model.provider.title} recommends {instead.name}" if instead else ""
    return f"{model.name} is served to {model.restricted}{recommended}."


def nearest(typed: str, models: Iterable[Model]) -> list[str]:
    """The full names of at most three models that may have been meant, none of which is for the few."""
    known = list(models)
    by_word: dict[str, Model] = {}
    for model in known:
        leads = (successor(model, known) or model) if model.restricted else model
        for word in (model.full_name, model.name, model.id, *model.aliases, *model.retired):
            by_word.setdefault(word.lower(), leads)
    words = difflib.get_close_matches(typed.lower(), by_word, n=5, cutoff=0.6)
    words += [word for word in by_word if len(typed) >= 3 and typed.lower() in word]
    return list(dict.fromkeys(by_word[word].full_name for word in words))[:3]


def either(names: list[str]) -> str:
    """Up to five names as one says them, "a, b or c"."""
    shown = names[:5]
    more = f" or {len(names) - 5} more" if len(names) > 5 else ""
    if len(shown) == 1:
        return shown[0] + more
    if more:
        return ", ".join(shown) + more
    return f"{', '.join(shown[:-1])} or {shown[-1]}"


def plain(id: str) -> str:
    """The id in small letters, without the folder that Google's list puts before it."""
    return id.lower().removeprefix("models/")


def release_of(id: str) -> str:
    """The plain id without what a provider's list may add behind it: a date, `:latest`.

    Anthropic lists claude-haiku-4-5-20251001 where claude-haiku-4-5 is asked for, Ollama llama3.1:latest.
    """
    release = plain(id).removesuffix(":latest")
    return _DATE.sub("", release) if release[-1:].isdigit() else release


def is_listed(id: str, listed: Collection[str]) -> bool:
    """Whether a list that holds these releases serves the id. One that ends in -latest is an alias and not listed."""
    wanted = plain(id).removesuffix(":latest")
    return wanted.endswith("-latest") or wanted in listed


def _led(found: Iterable[Model], wanted: str, models: Sequence[Model]) -> list[Match]:
    led: dict[str, Match] = {}
    for model in found:
        instead = successor(model, models) if model.restricted and model.id.lower() != wanted else None
        target = instead or model
        note = " ".join(filter(None, (restriction(model, models), target.note)))
        led.setdefault(target.full_name, (target, note))
    return list(led.values())


def _replaced(gone: Iterable[tuple[str, str, Model]]) -> list[Match]:
    found: dict[str, Match] = {}
    for old, why, model in gone:
        found.setdefault(model.full_name, (model, f"{old} {why}; {model.name} is its successor. {model.note}".strip()))
    return list(found.values())


def _lower(names: Iterable[str]) -> set[str]:
    return {name.lower() for name in names}
