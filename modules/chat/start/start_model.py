"""Which model a run begins with: what was asked for, what the settings say, or whoever has a key."""

import difflib
from contextlib import suppress

from modules.config import Config
from modules.errors import BadKey, ConfigError, MissingKey, ParlanceError, UsageError
from modules.llm.dialects import about
from modules.llm.models import Choice, Model, ModelRegistry
from modules.llm.sending_rules import why_forbidden
from modules.own_files import read_text, write_whole
from modules.session.conversation import Conversation

FALLBACK = "offline:guide"
NO_KEY = "No key is set. /key takes one, tries it, and keeps it; then models answer."
LAST_MODEL = "last_model"  # the file in the state folder


def first_choice(models: ModelRegistry, config: Config, asked: str) -> Choice:
    """What was asked for with -m, else PARLANCE_MODEL, else what the settings say, else the default if its key is set,
    else whoever's key is set.

    A key that is none does not keep another provider from being used; the note says so. With no usable key at all
    it is the embedded guide, and the note says what takes one. A key in the keyring is not read for that.
    Raises UnknownModel or AmbiguousModel for a name that was asked for, and ConfigError for a provider to whom nothing
    is to be sent and that there is none of: who has mistyped one would send to it.
    """
    send = config.settings.send
    for name in send.never_to:
        if name not in models.providers:
            near = difflib.get_close_matches(name, models.providers, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(models.providers)}."
            raise ConfigError(f'[send] never_to names "{name}", which is no provider.', cure=hint)
    if wanted := asked or config.get("PARLANCE_MODEL"):
        return models.find(wanted)
    settled, doubt = _settled_choice(models, config)
    if settled is not None:
        return settled
    usual = _usual_choice(models, config)
    return Choice(usual.model, " ".join(filter(None, [doubt, usual.note])))


def _settled_choice(models: ModelRegistry, config: Config) -> tuple[Choice | None, str]:
    """The model that the settings name, where it may answer; else why it does not."""
    name = config.settings.start.model
    if name == "last":
        name = last_model(config)
    if not name:
        return None, ""
    try:
        choice = models.find(name)
    except UsageError as error:
        return None, f"[start] model: {error.message}"
    provider = choice.model.provider
    if why := why_forbidden(provider, config.settings.send):
        return None, f"[start] model is {choice.model.full_name}. {why}"
    if not has_key(choice, config):
        return None, f"[start] model is {choice.model.full_name}, and {provider.key_variable} is not set."
    return choice, ""


def last_model(config: Config) -> str:
    """The full name of the model that was used last in a chat; "" where none was."""
    try:
        return read_text(config.state_folder / LAST_MODEL, 1000).strip()
    except (OSError, UnicodeDecodeError):
        return ""


def remember_model(config: Config, model: Model) -> None:
    """Keep it for the next start. Whoever answers without a network is no choice of anybody's."""
    if about(model.provider.dialect).networked:
        with suppress(OSError):  # it is a convenience
            write_whole(config.state_folder / LAST_MODEL, model.full_name.encode())


def _usual_choice(models: ModelRegistry, config: Config) -> Choice:
    """The default if its key is set, else whoever's key is set, else the embedded guide."""
    send = config.settings.send
    wanting = [models.find(models.default)] if models.default else []
    wanting += [Choice(model) for model in models if model.provider.key_variable is not None]
    wanting = [choice for choice in wanting if not why_forbidden(choice.model.provider, send)]
    faults = list(dict.fromkeys(fault for choice in wanting if (fault := _fault_of_key(choice, config))))
    for choice in wanting:
        if has_key(choice, config):
            return Choice(choice.model, " ".join([*filter(None, [choice.note]), *faults]))
    guide = models.find(FALLBACK)
    return Choice(guide.model, " ".join(faults) or NO_KEY)


def refuse_guide(conversation: Conversation, start: Choice, models: ModelRegistry, config: Config) -> None:
    """Raise MissingKey where the guide would answer only for want of a key: a script takes its words for a model's."""
    if conversation.model.full_name != FALLBACK or not start.note:
        return
    from modules.chat.wording.shell_advice import without_commands  # only where nobody answers

    if start.note != NO_KEY:
        raise MissingKey(without_commands(start.note))
    variables = [one.key_variable for one in models.providers.values() if one.key_variable][:3]
    place = f"Put {', '.join(variables[:-1])} or {variables[-1]} into {config.place_for_keys()}"
    raise MissingKey("No key is set.", cure=f"{place}, with = and the key behind the name.")


def has_key(choice: Choice, config: Config) -> bool:
    try:
        variable = choice.model.provider.key_variable
        return variable is None or config.is_unread(variable) or config.key(variable) is not None
    except ParlanceError:
        return False


def _fault_of_key(choice: Choice, config: Config) -> str:
    """What is wrong with the key that is set for this model; "" for nothing, and where none is set."""
    try:
        variable = choice.model.provider.key_variable
        if variable is not None and not config.is_unread(variable):
            config.key(variable)
    except BadKey as error:
        return str(error)
    except ParlanceError:
        return ""
    return ""
