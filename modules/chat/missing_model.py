"""What to do about a model that its provider does not have: the successor, as a line that works when it is typed."""

from modules.errors import ModelUnavailable, ParlanceError
from modules.llm.models import Model


def with_successor(error: ParlanceError, model: Model) -> ParlanceError:
    """The same error, its cure beginning with the same question to the successor, where the catalogue knows one."""
    if isinstance(error, ModelUnavailable) and model.recommended:
        line = f'"/retry {model.recommended}" asks the model that {model.provider.title} recommends.'
        error.cure = f"{line} {error.cure}".rstrip()
    return error
