"""What a tool is: a function with a name and a schema for the model, and an effect for the person who is asked."""

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints, overload

import msgspec
from msgspec import Struct

from modules.daemon_thread import in_thread
from modules.errors import ToolFailed
from modules.llm.base import ToolSpec
from modules.llm.parts import NAME, Content, Text

if TYPE_CHECKING:
    from docstring_parser import Docstring

    from modules.tools.search_engines import Engine

Effect = Literal["read", "write", "execute", "network"]

ALWAYS = "always"  # when a tool asks whose every plan does

WHY: dict[Effect, str] = {
    "read": "reads what you may not want to show",
    "write": "changes files",
    "execute": "runs a program",
    "network": "goes to the network",
}


class Output(Struct, frozen=True):
    """What a tool came to. A tool may also return plain values; `as_output` makes this of them."""

    parts: tuple[Content, ...]
    is_error: bool = False


class ToolContext(Struct, frozen=True):
    """Where a tool works. A function that has a parameter of this type is given it; the model never sees that.

    `folder` is the working folder, fixed when the program started. `private` is the program's own folder for
    backups. Inside `guarded` every reading asks, too. `environment` is all that a child process gets, and
    `umask` its file mode mask, -1 for the program's own. `private_hosts` may be fetched from although they are not on
    the public internet. `search` gives the search engine that is set. `tell` shows a line of progress.
    """

    folder: Path
    private: Path
    guarded: tuple[Path, ...] = ()
    environment: Mapping[str, str] = {}
    private_hosts: frozenset[str] = frozenset()
    tell: Callable[[str], None] = lambda line: None
    umask: int = -1
    search: "Callable[[], Engine | None]" = lambda: None


class Plan(Struct, frozen=True):
    """A call that was looked at and not yet done. What `do` does is what was shown: it holds all that it needs.

    `asks` is why the person must agree, "" where nobody needs to; `preview` is shown with the question, such as a
    diff. `line` is the command line that a lasting permission is about; "" for a tool that is allowed as a whole.
    A plan that is `apart` is not covered by a permission for the tool as a whole, only by one for its very `line`.
    After `patience` seconds the call is stopped.
    """

    do: Callable[[ToolContext], Awaitable[Any]]
    asks: str = ""
    preview: str = ""
    line: str = ""
    patience: float = 120.0
    apart: bool = False


Prepare = Callable[[dict[str, Any], ToolContext], Awaitable[Plan]]


class Tool(Struct, frozen=True):
    """One tool. `prepare` checks the arguments and plans the call; it raises ToolFailed for what makes no sense.

    `source` is where the tool comes from, in words: "built in", a file, a server. `asks` is what each of its plans
    asks, None where that depends on the arguments; then `when` says for the person when they are asked, in words that
    go on from "asks", "" where nobody has said.
    """

    spec: ToolSpec
    effect: Effect
    prepare: Prepare
    source: str = "built in"
    asks: str | None = None
    when: str = ""

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def asking(self) -> str:
        """When the person is asked about a call, in words."""
        when = self.when if self.asks is None else ALWAYS if self.asks else ""
        if self.asks is not None and not when:
            return "never asks"
        return "always asks" if when == ALWAYS else f"asks {when or 'in some cases'}"


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    *, effect: Effect = "execute", free: bool = False, name: str = "", when: str = ""
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    effect: Effect = "execute",
    free: bool = False,
    name: str = "",
    when: str = "",
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Make a tool of a function: its name, its signature and its docstring are what is declared to the model.

    A parameter is described by `Annotated[str, Meta(description="...")]` or in the docstring. A plain function runs in
    a thread of its own. `free` tools run without asking. A function that returns a Plan is asked about with that: it
    must change nothing before the Plan's `do`, and `when` says when its plans ask. Raises TypeError for a signature
    that no schema can say, and for a name that is not a letter, then letters, digits, _ and -.
    """

    def made(function: Callable[..., Any]) -> Tool:
        if not NAME.fullmatch(called := name or function.__name__):
            raise TypeError(f'"{called}" is no name for a tool: it is a letter, then up to 63 letters, digits, _ or -.')
        hints = get_type_hints(function, include_extras=True)
        wanted = _parameters(function, hints)
        given = [key for key, kind in hints.items() if kind is ToolContext]
        spec = ToolSpec(called, description(function), schema_of(wanted))
        asks = None if hints.get("return") is Plan else "" if free else WHY[effect]

        async def prepare(arguments: dict[str, Any], context: ToolContext) -> Plan:
            values = _converted(arguments, wanted)
            if asks is None:
                plan: Plan = await _called(function, {**values, **dict.fromkeys(given, context)})
                return plan

            async def do(context: ToolContext) -> Any:
                return await _called(function, {**values, **dict.fromkeys(given, context)})

            return Plan(do, asks=asks)

        return Tool(spec, effect, prepare, asks=asks, when=when)

    return made if function is None else made(function)


def description(function: Callable[..., Any]) -> str:
    """The docstring up to the part about arguments, as one paragraph a line."""
    parsed = _docstring(function)
    texts = [parsed.short_description, parsed.long_description]
    return "\n".join(" ".join(text.split()) for text in texts if text)


def schema_of(wanted: type[Struct]) -> dict[str, Any]:
    """The JSON Schema of a tool's parameters, an object that closes itself to other fields."""
    (_,), parts = msgspec.json.schema_components([wanted], ref_template="#/$defs/{name}")
    schema = dict(parts.pop(wanted.__name__))
    schema.pop("title", None)
    schema["additionalProperties"] = False
    return {**schema, "$defs": parts} if parts else schema


def as_output(value: Any) -> Output:
    """A tool's return value as parts: text, pictures and files stay, anything else becomes JSON."""
    match value:
        case Output():
            return value
        case None:
            return Output(())
        case str():
            return Output((Text(value),))
        case list() | tuple() if value and all(isinstance(item, str | Content) for item in value):
            return Output(tuple(Text(item) if isinstance(item, str) else item for item in value))
    if isinstance(value, Content):
        return Output((value,))
    return Output((Text(json.dumps(msgspec.to_builtins(value, str_keys=True), ensure_ascii=False)),))


async def _called(function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    if inspect.iscoroutinefunction(function):
        return await function(**arguments)
    return await in_thread(function, **arguments)


def _parameters(function: Callable[..., Any], hints: Mapping[str, Any]) -> type[Struct]:
    """The parameters that the model gives, as a type that checks them."""
    descriptions = {param.arg_name: param.description for param in _docstring(function).params}
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for key, parameter in inspect.signature(function).parameters.items():
        kind = hints.get(key)
        if kind is ToolContext:
            continue
        if kind is None or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f'The tool "{function.__name__}" needs a type for its parameter "{key}".')
        if text := descriptions.get(key):
            kind = Annotated[kind, msgspec.Meta(description=" ".join(text.split()))]
        fields.append((key, kind) if parameter.default is parameter.empty else (key, kind, parameter.default))
    return msgspec.defstruct(function.__name__, fields, kw_only=True, forbid_unknown_fields=True)


def _docstring(function: Callable[..., Any]) -> "Docstring":
    from docstring_parser import parse  # only where tools are made

    return parse(inspect.getdoc(function) or "")


def _converted(arguments: Mapping[str, Any], wanted: type[Struct]) -> dict[str, Any]:
    """The arguments as the function takes them. Raises ToolFailed with what is wrong, for the model to read."""
    try:
        made = msgspec.convert(dict(arguments), wanted)
    except msgspec.ValidationError as error:
        raise ToolFailed(f"The arguments do not fit: {error}.") from error
    return {field: getattr(made, field) for field in wanted.__struct_fields__}
