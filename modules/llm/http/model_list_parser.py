"""What a provider's models endpoint answered, read liberally: servers disagree on what a list of models looks like."""

import json
from collections.abc import Mapping
from typing import Any

from modules.errors import ProtocolError
from modules.llm.failures.error_report import read_report, short
from modules.llm.models import Provider

LISTS = ("data", "models", "result", "items")
# vLLM and SGLang; llama.cpp; OpenRouter and Together; Groq; Mistral and LM Studio.
WINDOWS = ("max_model_len", "meta.n_ctx", "context_length", "context_window", "max_context_length")
IDS = ("id", "model", "name", "key")  # of these a server has one at least; `name` alone may be meant for people


def read(data: bytes, provider: Provider) -> list[dict[str, Any]]:
    """The entries of the list, each with its id under "id". Raises ProtocolError for what is no list of models."""
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        raise _no_list(provider, data.decode(errors="replace")) from None
    listed = _list_in(answer)
    if listed is None:
        raise _no_list(provider, read_report(0, answer, {}).message)
    entries = [entry for item in listed if (entry := _entry(item))]
    if listed and not entries:
        raise _no_list(provider, json.dumps(listed[0]))
    return entries


def entries_in(answer: Any) -> list[dict[str, Any]]:
    """The same of an answer that is parsed; nothing where it is no list of models."""
    return [entry for item in _list_in(answer) or () if (entry := _entry(item))]


def number_at(entry: Mapping[str, Any], path: str) -> int | None:
    """The number at a path of keys, such as "meta.n_ctx"; None where there is none of use."""
    *above, key = path.split(".")
    for step in above:
        inner = entry.get(step)
        if not isinstance(inner, Mapping):
            return None
        entry = inner
    return number(entry, key)


def window(entry: Mapping[str, Any]) -> int | None:
    """How many tokens a model reads by its entry in the list; None where that is not said."""
    return next((found for key in WINDOWS if (found := number_at(entry, key))), None)


def number(entry: Mapping[str, Any], key: str) -> int | None:
    """A number of tokens; None where there is none of use."""
    value = entry.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _list_in(answer: Any) -> list[Any] | None:
    if isinstance(answer, dict):
        key = next((key for key in LISTS if key in answer), None)
        if key is None:
            return None
        answer = answer[key]
    if isinstance(answer, dict):  # by their ids
        return [{"id": id, **value} if isinstance(value, dict) else id for id, value in answer.items()]
    if answer is None:  # as Go writes an empty list
        return []
    return answer if isinstance(answer, list) else None


def _entry(item: Any) -> dict[str, Any]:
    if isinstance(item, str):
        item = {"id": item}
    if not isinstance(item, dict):
        return {}
    id = next((value for key in IDS if isinstance(value := item.get(key), str) and value.strip()), "")
    return {**item, "id": id.strip()} if id else {}


def _no_list(provider: Provider, said: str) -> ProtocolError:
    words = f" It says: {short(said).rstrip('.')}." if said.strip() else ""
    return ProtocolError(
        f"{provider.host} sent no list of models that can be read.{words}",
        cure=f"Any model can be named without it, as in {provider.name}:NAME.",
    )
