"""Commands about tools: which there are and which are on, and one call in full."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from modules.chat.command import Ask, ChatContext, command
from modules.chat.wording.phrases import count
from modules.errors import UsageError
from modules.llm.dialects import about
from modules.llm.parts import Attached, ToolCall, ToolResult
from modules.llm.web_searches import KIND as SEARCH
from modules.tools.tool import Tool
from modules.tools.toolbox import Toolbox

NAMED = 3  # tools that are off by name, in one sentence
MOST_CHARS = 200_000  # of a spilled result that are printed


def complete_tools(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """What can be done, and behind that the tools that are known already."""
    word, space, _ = args.partition(" ")
    if not space:
        yield from (("on", "switch on"), ("off", "switch off"), ("reload", "read your own tools again"))
        return
    head = args[: args.rindex(" ") + 1]
    if word in ("on", "off"):
        yield from ((head + one.name, one.effect) for one in chat.tooling.toolbox)


@command("/tools [on|off] [name]", complete=complete_tools)
async def tools(chat: ChatContext, args: str) -> Ask | None:
    """Show the tools; switch them on or off.

    The list says which are offered to models now, what each may do, and when it asks you first.
    "/tools off" switches all of them off, "/tools on" on again. With names it is only about those; a star stands for
    any letters, as in "/tools off time__*".
    "/tools reload" reads the tools in your config folder again.
    """
    toolbox = chat.tooling.toolbox
    word, *names = args.split() or [""]
    if word not in ("", "on", "off", "reload") or (names and word == "reload"):
        raise UsageError(f'"{args}" is not understood.', cure="It is /tools, /tools on|off NAME, or /tools reload.")
    if word == "reload":
        for source in toolbox.sources:
            if (reload := getattr(source, "reload", None)) is not None:
                await reload()
    await toolbox.gather()
    if word in ("on", "off"):
        _switch(chat, toolbox, names, word == "on")
        return None
    _list(chat, toolbox)
    return None


def _switch(chat: ChatContext, toolbox: Toolbox, patterns: list[str], on: bool) -> None:
    if not patterns:
        toolbox.enabled = on
        chat.screen.say("Tools are on." if on else "Tools are off. Models are told that they cannot call any.")
        return
    names: list[str] = []
    for pattern in patterns:
        found = [one.name for one in toolbox if fnmatchcase(one.name, pattern)]
        if not found:
            toolbox.check([pattern])
        names += found
    for name in names:
        toolbox.switch(name, on)
    more = "" if toolbox.enabled else " All tools are off at present; /tools on switches them on."
    chat.screen.say(f"{'On' if on else 'Off'}: {', '.join(names)}.{more}")


def _list(chat: ChatContext, toolbox: Toolbox) -> None:
    by_source: dict[str, list[Tool]] = {}
    for one in sorted(toolbox, key=lambda one: one.source != "built in"):
        by_source.setdefault(one.source, []).append(one)
    approval = chat.tooling.approval
    for source, found in by_source.items():
        states = ["on" if toolbox.enabled and toolbox.is_on(one.name) else "off" for one in found]
        kinds = [f"{one.effect}, {'never asks' if approval.everything else one.asking}" for one in found]
        rows = list(zip(states, (one.name for one in found), kinds, strict=True))
        if len(set(kinds)) == 1:  # what holds for all of them is said once
            chat.screen.say(f"{source}: {kinds[0]}")
            chat.screen.table([row[:-1] for row in rows])
        else:
            chat.screen.say(f"{source}:")
            chat.screen.table(rows)
    if remark := _remark(chat, toolbox):
        chat.screen.say(remark)
    if words := _of_search(chat, toolbox):
        chat.screen.say(words)
    if approval.everything:
        chat.screen.say("Everything is allowed without asking (--yes).")
    from modules.chat.dialogs.approval_text import permission_label  # with what draws questions

    for permission in approval.permissions:
        chat.screen.say(f"Allowed without asking: {permission_label(permission)}")
    for permission in (lasting := list(approval.of_folder())):
        chat.screen.say(f"Allowed without asking in this folder: {permission_label(permission)}")
    if lasting:
        chat.screen.say(f"/set tools.allow {toolbox.context.folder}= takes that back.")


def _of_search(chat: ChatContext, toolbox: Toolbox) -> str:
    """Who searches the web for this model, or what to do so that somebody does; "" where the tool is off."""
    choice, reader = chat.tooling.search, chat.conversation.reader(chat.conversation.model)
    if choice is None or not (toolbox.enabled and toolbox.is_on(SEARCH) and reader.tools):
        return ""
    return choice.words(reader)


def _remark(chat: ChatContext, toolbox: Toolbox) -> str:
    """What the list alone does not say of what the model is offered now; "" where it says all."""
    model = chat.conversation.model
    on, off = ([one.name for one in toolbox if toolbox.is_on(one.name) is wanted] for wanted in (True, False))
    if not on and not off:
        return "There are no tools."
    if not toolbox.enabled:
        more = f" and {len(off) - NAMED} more" if len(off) > NAMED else ""
        but = f", but not {', '.join(off[:NAMED])}{more}" if off else ""
        return f"All tools are off: models can call none. /tools on switches them on{but}."
    if not on:
        return "Each tool is switched off; /tools on NAME switches one on."
    if not chat.conversation.reader(model).tools:
        return f"{model.full_name} takes no tools, so it is offered none."
    room = about(model.provider.dialect).most_tools
    if room is not None and len(on) > room:
        return f"{len(on)} are on, and {model.name} takes {room}: the last {len(on) - room} are left out."
    return ""


@command("/tool [number]")
async def tool(chat: ChatContext, args: str) -> Ask | None:
    """Show a tool call in full: arguments and result.

    The number stands in the line of the call, as in "#3"; without one it is the last call.
    """
    from modules.chat.dialogs.approval_text import arguments  # with what draws calls
    from modules.chat.output.tool_lines import numbered

    calls = numbered(chat.conversation)
    if not calls:
        raise UsageError("No tool has been called here.", cure="/tools lists the tools.")
    number = args.removeprefix("#") or str(len(calls))
    if not number.isdecimal() or not 0 < int(number) <= len(calls):
        raise UsageError(f'There is no call "{args}".', cure=f"They are numbered from 1 to {len(calls)}.")
    call, result = calls[int(number) - 1]
    chat.screen.say(f"#{int(number)} {call.name}")
    chat.screen.show("\n".join(arguments(call)))
    if preview := chat.previews.get(call.id):
        chat.screen.say("What it was to do:")
        chat.screen.show(preview)
    chat.screen.say("Failed:" if result is not None and result.is_error else "Result:")
    chat.screen.show(_whole(chat, call, result))
    return None


def _whole(chat: ChatContext, call: ToolCall, result: ToolResult | None) -> str:
    """What the call came to; where the model was given less, the whole of it from its file, and the path."""
    if result is None:
        return "There is none yet."
    path = chat.tooling.toolbox.result_files.path(call.id)
    names = [f"[{part.media_type} {part.name}]" for part in result.parts if isinstance(part, Attached)]
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return "\n".join(filter(None, (result.text, *names))) or "Nothing."
    rest = f"\n[{count(len(text) - MOST_CHARS, 'character')} more]" if len(text) > MOST_CHARS else ""
    return f"{text[:MOST_CHARS]}{rest}\n[The model was given less. The whole is in {path}]"
