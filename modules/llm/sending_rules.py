"""To whom nothing may be sent, as the settings say: asked in the one place that every request passes."""

from collections.abc import Iterable

from modules.llm.dialects import about
from modules.llm.models import Model, Provider
from modules.llm.network.local_endpoints import is_near
from modules.settings.declarations import SendSettings


def why_forbidden(provider: Provider, rules: SendSettings) -> str:
    """Why nothing may be sent to a provider, in a sentence; "" where it may. One without a network is sent nothing."""
    if provider.name in rules.never_to:
        return f"Nothing is sent to {provider.title}: [send] never_to in your settings names it."
    if rules.only_near and about(provider.dialect).networked and not is_near(provider.base_url):
        return f"Nothing is sent to {provider.title}: [send] only_near in your settings keeps to your own network."
    return ""


def allowed(models: Iterable[Model], rules: SendSettings) -> list[Model]:
    """The models that may be asked, where one is chosen for a person."""
    return [model for model in models if not why_forbidden(model.provider, rules)]
