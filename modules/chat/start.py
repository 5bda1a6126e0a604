"""Which model a run begins with, and the first lines on the screen."""

from modules.config import Config
from modules.errors import MissingKey, ParlanceError
from modules.llm.models import Choice, ModelRegistry

FALLBACK = "offline:guide"


def first_choice(models: ModelRegistry, config: Config, asked: str, *, guide: bool = True) -> Choice:
    """What was asked for with -m, else PARLANCE_MODEL, else the default if its key is set, else whoever's key is set.

    With no key at all it is the embedded guide, and the note says how to set one. With `guide` False it is MissingKey:
    a script would take the guide's words for a model's.
    Raises UnknownModel or AmbiguousModel for a name that was asked for.
    """
    if wanted := asked or config.get("PARLANCE_MODEL"):
        return models.find(wanted)
    if models.default:
        choice = models.find(models.default)
        if has_key(choice, config):
            return choice
    for model in models:
        if model.provider.key_variable is not None and config.has_key(model.provider.key_variable):
            return Choice(model)
    variables = [p.key_variable for p in models.providers.values() if p.key_variable][:3]
    cure = f"Put {', '.join(variables[:-1])} or {variables[-1]} into {config.folder / '.env'}."
    if not guide:
        raise MissingKey("No key is set.", cure=cure)
    return Choice(models.find(FALLBACK).model, f"No key is set. {cure}")


def has_key(choice: Choice, config: Config) -> bool:
    try:
        variable = choice.model.provider.key_variable
        return variable is None or config.key(variable) is not None
    except ParlanceError:
        return False


def greeting(version: str, choice: Choice) -> list[str]:
    """The lines before the first prompt."""
    lines = [f"Parlance {version} · {choice.model.full_name} · /help lists the commands"]
    return lines + ([choice.note] if choice.note else [])
