"""Reading JSON of our own back: the conversation as it was; what does not fit is replaced, and the rest stays."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from modules.llm.catalogue.learned_facts import LearnedFacts
from modules.llm.events import Usage
from modules.llm.models import LEVELS, Model, ModelRegistry
from modules.llm.parts import NAME
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation
from modules.session.counting.prices import Spent
from modules.session.export.as_json import FORMAT, VERSION
from modules.session.export.own_ledgers import read_ledgers
from modules.session.export.own_messages import converted, read_message
from modules.session.export.own_views import read_views
from modules.session.node import Node
from modules.session.storage.saved_models import answers_now, current
from modules.text.surrogates import whole

_ID = re.compile(r"[0-9a-f]{8,64}")


def decoded(data: bytes | str) -> Any:
    """The JSON value of a file. Raises ValueError, in words, for what is none."""
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("It is nested too deeply.") from None
    except UnicodeDecodeError:
        raise ValueError("It is no text in UTF-8.") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"It is no JSON: line {error.lineno} is not understood.") from None
    except ValueError:
        raise ValueError("It is no JSON: a number in it has too many digits.") from None


def is_own(value: Any) -> bool:
    """Whether a JSON value says of itself that it is a conversation of ours, of whatever version."""
    return isinstance(value, dict) and value.get("format") == FORMAT


def read(value: Any, models: ModelRegistry, start: Model, learned: LearnedFacts | None = None) -> Conversation:
    """The conversation in a JSON value, or in the bytes of one, with the id that it had where that is one.

    `start` answers where its own model is gone. It is kept nowhere yet: it has no journal. Raises ValueError, in words,
    for what is no conversation of ours, and for one of a version that this release does not know.
    """
    if isinstance(value, bytes | str):
        value = decoded(value)
    if not is_own(value):
        raise ValueError(f'It is no conversation of ours: it does not say "format": "{FORMAT}".')
    _check_version(value.get("version"))
    rows = value.get("messages")
    if not isinstance(rows, list):
        raise ValueError('It has no list of "messages".')
    stored = [_told(row, Model) for row in _list(value, "models")]
    id = value.get("id")
    conversation = Conversation(
        answers_now(_at(stored, value.get("model")), models, start).model,
        _text(value, "system"),
        id=id if isinstance(id, str) and _ID.fullmatch(id) else _id_of(value),
        learned=learned,
        folder=_text(value, "folder"),
    )
    conversation.title, conversation.source = _text(value, "title"), _text(value, "source")
    conversation.one_shot = value.get("kind") == "one-shot"
    if before := current(_at(stored, value.get("previous")), models):
        conversation.previous = before.model
    conversation.reasoning = next((level for level in LEVELS if level == value.get("reasoning")), None)
    conversation.nodes, places = _nodes(rows)
    conversation.go_to(_place(value.get("head"), places, len(rows)))
    conversation.branch_names = _branch_names(value, places)
    conversation.tools = tuple(tool for row in _list(value, "tools") if (tool := _tool(row)) is not None)
    conversation.spent = [spent for row in _list(value, "spent") if (spent := _spent(row, stored)) is not None]
    conversation.views = read_views(_list(value, "views"), places)
    conversation.pins = {places[id] for id in _list(value, "pins") if _is_count(id) and id in places}
    conversation.ledgers = read_ledgers(value.get("ledgers"), conversation.nodes, places, conversation.views)
    return conversation


def _id_of(value: dict[str, Any]) -> str:
    """An id for a file that names none: the same at each import of it."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def _told(row: Any, kind: type[Any]) -> Any:
    """The value as one of ours; None for what is none, or holds halves of characters, which no file takes."""
    try:
        found = converted(row, kind)
        msgspec.json.encode(found)
    except UnicodeEncodeError:
        return None
    return found


def _check_version(version: Any) -> None:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError('Its "version" is no number that any release has written.')
    if version > VERSION:
        raise ValueError(f"It is of version {version}, and this release reads {VERSION}. A newer release reads it.")


def _nodes(rows: list[Any]) -> tuple[list[Node], dict[int, int]]:
    """The messages in the order of the file, and which of them each id means: they are counted anew where they jump."""
    places: dict[int, int] = {}
    nodes: list[Node] = []
    for at, row in enumerate(rows, 1):
        row = row if isinstance(row, dict) else {}
        # A message answers an earlier one, always: else a path would never end.
        parent = _place(row.get("parent"), places, at - 1)
        nodes.append(Node(at, parent, read_message(row), _seconds(row.get("created"))))
        if _is_count(row.get("id")):
            places.setdefault(row["id"], at)
    return nodes, places


def _place(id: Any, places: Mapping[int, int], otherwise: int) -> int:
    """Which message an id means; 0 is before the first."""
    if not isinstance(id, int) or isinstance(id, bool):
        return otherwise
    return 0 if id == 0 else places.get(id, otherwise)


def _branch_names(value: dict[str, Any], places: Mapping[int, int]) -> dict[str, int]:
    names = value.get("branches")
    if not isinstance(names, dict):
        return {}
    return {whole(name): places[id] for name, id in names.items() if _is_count(id) and id in places}


def _tool(row: Any) -> ToolSpec | None:
    tool = _told(row, ToolSpec)
    return tool if tool is not None and NAME.fullmatch(tool.name) else None


def _spent(row: Any, stored: list[Model | None]) -> Spent | None:
    if not isinstance(row, dict):
        return None
    model, usage = _at(stored, row.get("model")), converted(row.get("usage"), Usage)
    return None if model is None or usage is None else Spent(model, usage, _seconds(row.get("created")))


def _at(stored: list[Model | None], place: Any) -> Model | None:
    return (
        stored[place] if isinstance(place, int) and not isinstance(place, bool) and 0 <= place < len(stored) else None
    )


def _text(value: dict[str, Any], name: str) -> str:
    text = value.get(name)
    return whole(text) if isinstance(text, str) else ""


def _list(value: dict[str, Any], name: str) -> list[Any]:
    rows = value.get(name)
    return rows if isinstance(rows, list) else []


def _seconds(value: Any) -> float:
    is_time = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e11
    return float(value) if is_time else 0.0


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
