"""Which model of the catalogue goes on for one that was saved: the same, its successor, or whoever answers now."""

from modules.errors import UsageError
from modules.llm.models import Choice, Model, ModelRegistry


def current(stored: Model | None, models: ModelRegistry) -> Choice | None:
    """The catalogue's entry for a model that was saved, its successor with a note, or None where it is gone."""
    if stored is None:
        return None
    try:
        found = models.find(stored.full_name)
    except UsageError:
        return None
    model = found.model
    if not stored.known or (model.known and (model.full_name == stored.full_name or model.id == stored.id)):
        return Choice(model)
    return found if model == models.successor(stored) else None


def answers_now(stored: Model | None, models: ModelRegistry, start: Model) -> Choice:
    """The same, or else `start`, with a note that says so."""
    if choice := current(stored, models):
        return choice
    gone = stored.full_name if stored else "The model of this conversation"
    return Choice(start, f"{gone} is no longer in models.yaml; {start.full_name} answers.")
