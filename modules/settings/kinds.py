"""What a setting may be, in words: made of its type, for errors, `/set` and the documents alike."""

from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import inspect


def kind_words(kind: Any) -> str:
    """A type as what may stand there: "a number from 0 to 2"."""
    if words := _literal(kind):
        listed = either([_quoted(word) for word in words])
        return f"a list of {listed}" if shape(kind) == "list" else listed
    return _words(inspect.type_info(kind))


def choices(kind: Any) -> tuple[str, ...]:
    """The words of which a setting is one, or that a list is made of; none where it may be anything."""
    is_switch = isinstance(_bare(inspect.type_info(kind)), inspect.BoolType)
    return ("true", "false") if is_switch else _literal(kind)


def is_optional(kind: Any) -> bool:
    """Whether it may be left without a value."""
    return type(None) in (get_args(get_args(kind)[0]) or get_args(kind))


def shape(kind: Any) -> str:
    """How it is typed: "text", "list", "table", or "value" for all that is one word."""
    match _bare(inspect.type_info(kind)):
        case inspect.StrType() | inspect.LiteralType():
            return "text"
        case inspect.VarTupleType():
            return "list"
        case inspect.DictType():
            return "table"
    return "value"


def items(kind: Any) -> Any:
    """The shape of what a table holds: "list" or "text"."""
    info = _bare(inspect.type_info(kind))
    is_list = isinstance(info, inspect.DictType) and isinstance(info.value_type, inspect.VarTupleType)
    return "list" if is_list else "text"


def either(words: Sequence[str], joint: str = "or") -> str:
    """Words as a choice in a sentence."""
    return f" {joint} ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def _bare(info: inspect.Type) -> inspect.Type:
    """Without what was told of it, and without being left out."""
    if isinstance(info, inspect.Metadata):
        return _bare(info.type)
    if isinstance(info, inspect.UnionType):
        return _bare(next(one for one in info.types if not isinstance(one, inspect.NoneType)))
    return info


def _words(info: inspect.Type) -> str:
    match _bare(info):
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType() as number:
            return "a whole number" + _bounds(number)
        case inspect.FloatType() as number:
            return "a number" + _bounds(number)
        case inspect.VarTupleType():
            return "a list of texts"
        case inspect.DictType(value_type=value):
            return f"names, each with {_words(value)}"
        case _:
            return "a text"


def _literal(kind: Any) -> tuple[str, ...]:
    """The words in a type, in the order in which they are declared, which msgspec does not keep."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    return next((words for inner in get_args(kind) if (words := _literal(inner))), ())


def _bounds(number: inspect.IntType | inspect.FloatType) -> str:
    if number.ge is not None and number.le is not None:
        return f" from {number.ge:g} to {number.le:g}"
    bounds = (("at least", number.ge), ("more than", number.gt), ("at most", number.le), ("less than", number.lt))
    return "".join(f", {word} {bound:g}" for word, bound in bounds if bound is not None)


def _quoted(value: object) -> str:
    return msgspec.json.encode(value).decode()
