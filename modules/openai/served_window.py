"""How much of a conversation a server keeps that people run themselves: what it was started with, as it says itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from modules.llm.http.model_list_parser import entries_in, number_at, window

# In an entry of the list of models. vLLM and SGLang; llama.cpp since 2026 and llama-swap#984; TabbyAPI.
SERVED = ("max_model_len", "loaded_context_length", "meta.n_ctx", "parameters.max_seq_len")
MOST = "max_context_length"  # LM Studio, of a model that is not loaded (lmstudio.ai/docs/app/api/endpoints/rest)
# What such an entry says of the model itself, which may be more than the server keeps.
ABLE = ("context_length", "context_window")


class Page(Struct, frozen=True):
    """Where a server says it beside its list, below its address without "/v1", and under which key.

    `listed` where the page is a list of models; a model that is not loaded has no number there yet.
    """

    path: str
    key: str
    listed: bool = False


# By `owned_by` in the list of models, the only thing there that tells servers apart. LM Studio's /v1/models has ids
# alone (lmstudio-bug-tracker#2139); Ollama's api/show has what the model can, api/ps what is kept (agentty#49).
PAGES = {
    "llamacpp": Page("/props", "default_generation_settings.n_ctx"),
    "koboldcpp": Page("/api/extra/true_max_context_length", "value"),
    "organization_owner": Page("/api/v0/models", "loaded_context_length", listed=True),
    "library": Page("/api/ps", "context_length", listed=True),
}


def page_for(entries: Sequence[Mapping[str, Any]]) -> Page | None:
    """Where else to ask about a whole list, None where its entries say all that the server does."""
    return next((page for entry in entries if (page := page_of(entry))), None)


def listed_window(entry: Mapping[str, Any], page: Page | None, said: Any, *, alone: bool) -> int | None:
    """What a list of models says of one of them in tokens, with what such a page says; None where neither does.

    `alone` where it is the only model of the list: some pages are about the one that the server was started with.
    """
    found = _first(entry, SERVED)
    if found is None and page is not None and page.listed:
        beside = next((one for one in entries_in(said) if one["id"] == entry["id"]), {})
        found = _first(beside, (page.key, MOST))
    elif found is None and page is not None and alone:
        found = window_on(page, said, entry["id"])
    return found or window(entry)


def entry_of(entries: Sequence[Mapping[str, Any]], id: str) -> Mapping[str, Any]:
    """The entry of a model; a server that holds one model answers with it whatever it is called."""
    named = next((entry for entry in entries if id in (entry["id"], *_aliases(entry))), None)
    return named or (entries[0] if len(entries) == 1 else {})


def page_of(entry: Mapping[str, Any]) -> Page | None:
    """Where else to ask, None where the entry says all that the server does."""
    return None if _first(entry, SERVED) else PAGES.get(str(entry.get("owned_by")))


def window_in(entry: Mapping[str, Any]) -> int | None:
    """What the entry says in tokens; None where it says nothing."""
    return _first(entry, (*SERVED, *ABLE))


def window_on(page: Page, said: Any, id: str) -> int | None:
    """What such a page says in tokens; None where it says nothing, or not yet."""
    if page.listed:
        said = entry_of([entry for entry in entries_in(said) if number_at(entry, page.key)], id)
    return number_at(said, page.key) if isinstance(said, Mapping) else None


def _first(entry: Mapping[str, Any], keys: Sequence[str]) -> int | None:
    return next((found for key in keys if (found := number_at(entry, key))), None)


def _aliases(entry: Mapping[str, Any]) -> Sequence[Any]:
    aliases = entry.get("aliases")
    return aliases if isinstance(aliases, list) else ()
