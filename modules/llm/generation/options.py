"""The options of an answer: which of them a model is sent, where they stand in its request, and which are held back."""

from collections.abc import Mapping
from typing import Any, Literal, cast, get_args

from msgspec import Struct

from modules.llm.catalogue.model import Level, Model
from modules.llm.dialects import OptionName, about
from modules.settings.declarations import OptionSettings

NAMES: tuple[OptionName, ...] = get_args(OptionName)
UNSET: tuple[Any, ...] = (None, (), "")  # a provider's own choice
Why = Literal["never", "thinking", "refused", "word"]


class HeldBack(Struct, frozen=True):
    """An option that is set and not sent.

    `why`: the model takes it "never", or not while it is "thinking"; its server has "refused" it; or the "word" is none
    of its own.
    """

    name: OptionName
    why: Why


def chosen(options: OptionSettings) -> Mapping[OptionName, Any]:
    """The options that are set, with their values as JSON has them."""
    given = ((name, getattr(options, name)) for name in NAMES)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given if value not in UNSET}


def sent(options: OptionSettings, model: Model, level: Level | None) -> dict[str, Any]:
    """What of the options goes into a request, by its path there. `level` is how much the model is asked to think.

    The limit of output is among it that the model's server turned out to insist on.
    """
    limit = output_limit(options, model)
    values = {name: value for name, value in chosen(options).items() if _why_not(name, value, model, level) is None}
    given = values | ({"max_output": limit} if limit is not None else {})
    return {path_of(name, model): value for name, value in given.items()}


def held_back(options: OptionSettings, model: Model, level: Level | None) -> list[HeldBack]:
    """What of the options does not go into a request, and why."""
    found = ((name, _why_not(name, value, model, level)) for name, value in chosen(options).items())
    return [HeldBack(name, why) for name, why in found if why is not None]


def taken(model: Model) -> tuple[OptionName, ...]:
    """The options that the model takes, some of them perhaps only while it does not think."""
    return tuple(name for name in NAMES if name in (*_always(model), *model.profile.options_at_none))


def path_of(name: OptionName, model: Model) -> str:
    """Where the option stands in a request to the model, as in "generationConfig.topP"; "" where it has no place."""
    return about(model.provider.dialect).options.get(name, "").format(model.profile)


def output_limit(options: OptionSettings, model: Model) -> int | None:
    """The most tokens of output to ask for; None where nobody has set a limit.

    A person's own is only ever lowered: to what the model can, and to what its server turned out to allow.
    """
    allowed, wanted = model.profile.output_limit, options.max_output
    if not path_of("max_output", model):
        return None
    if wanted is None or _why_not("max_output", wanted, model, None) is not None:
        return allowed
    return min(limit for limit in (wanted, allowed, model.max_output) if limit is not None)


def is_refused(path: str, model: Model) -> bool:
    """Whether the model's server refuses what stands at this path of a request, or what it stands in."""
    return any(path == refused or path.startswith(f"{refused}.") for refused in model.profile.refused)


def put(body: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Set these values in a body, by their paths; what stands beside them there stays."""
    for path, value in values.items():
        *above, last = path.split(".")
        place = body
        for step in above:
            place = cast("dict[str, Any]", place.setdefault(step, {}))
        place[last] = value


def _why_not(name: OptionName, value: Any, model: Model, level: Level | None) -> Why | None:
    """Why the option is not sent; None where it is."""
    path = path_of(name, model)
    if not path:
        return "never"
    if is_refused(path, model):
        return "refused"
    if name not in _always(model):
        if name not in model.profile.options_at_none:
            return "never"
        if model.reasoning and not (level == "none" and "none" in model.reasoning):
            return "thinking" if "none" in model.reasoning else "never"
    if name == "service_tier" and model.profile.service_tiers and value not in model.profile.service_tiers:
        return "word"
    return None


def _always(model: Model) -> tuple[OptionName, ...]:
    named, dialect = model.profile.options, about(model.provider.dialect)
    if named is not None:
        return tuple(name for name in named if name in dialect.options)
    return tuple(name for name in dialect.options if name not in dialect.rare_options)
