"""What a provider's models endpoint answered, read liberally: servers disagree on what a list of models looks like."""

import json
from collections.abc import Mapping
from typing import Any

from modules.errors import ProtocolError
from modules.llm.failures.error_report import read_report, short
from modules.llm.models import Provider

LISTS = ("data", "models", "result", "items")
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
