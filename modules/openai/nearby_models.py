"""The models of a server on this machine that speaks as OpenAI does, asked for without the SDK."""

from collections.abc import Mapping, Sequence
from typing import Any

from modules.llm.http.endpoint import VERSIONED, roots
from modules.llm.http.model_list_parser import entries_in
from modules.llm.models import Model, Provider
from modules.llm.network.loopback import Ask
from modules.openai.served_window import Page, listed_window, page_for

MOST_MODELS = 500


def nearby_models(provider: Provider, ask: Ask) -> list[Model]:
    """Those of its list, with the windows that they are served with; nothing where what listens is no such server."""
    for root in filter(None, roots(provider)):
        said = ask(f"{root}/models", None)
        if isinstance(said, dict) and isinstance(said.get("data"), list):
            entries = entries_in(said)[:MOST_MODELS]
            page = page_for(entries)
            beside = ask(VERSIONED.sub("", root) + page.path, None) if page is not None else None
            return models_of(provider, entries, page, beside)
    return []


def models_of(
    provider: Provider, entries: Sequence[Mapping[str, Any]], page: Page | None = None, said: Any = None
) -> list[Model]:
    """The models of a list, with what the page beside it says."""
    return [
        Model(
            name=entry["id"],
            id=entry["id"],
            provider=provider,
            window=listed_window(entry, page, said, alone=len(entries) == 1),
            profile=provider.profile,
            known=False,
        )
        for entry in entries
    ]
