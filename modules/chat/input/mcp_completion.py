"""What can be typed of MCP servers, for completion: their names, resources and prompts. Starts none of them."""

import re
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from modules.chat.command import ChatContext, parse_ask
from modules.errors import ParlanceError

if TYPE_CHECKING:  # loaded where there are servers, and never on the way to the first prompt
    from modules.mcp.prompts_and_resources import ServerPrompt
    from modules.mcp.servers import Servers

PATIENCE_SECONDS = 0.5  # for a list that was never seen; the next key calls the wait off
ABOUT_CHARS = 80  # of what is said of one

_RESOURCE = re.compile(r"(?:^|\s)@([^\s:@]+):\S*$")
_PROMPT = re.compile(r"/\w+\s+prompt\s")


def servers_of(chat: ChatContext) -> "Servers | None":
    """The MCP servers, made known without a start; None where there is no mcp.json."""
    return chat.tooling.servers if chat.config.mcp_file.exists() else None


async def look(chat: ChatContext, line: str) -> None:
    """Have what the line goes on with listed, where it goes on with a server that runs."""
    resource, prompt = _RESOURCE.search(line), _PROMPT.match(line)
    if not (resource or prompt) or (servers := chat.tooling.servers_in_use) is None:
        return
    if resource:
        await servers.look(resource[1], "resources", PATIENCE_SECONDS)
    for name in servers.states() if prompt else ():
        if f" {_prompts_of(name)}" in line:
            await servers.look(name, "prompts", PATIENCE_SECONDS)


def complete_resources(chat: ChatContext, typed: str, *, first: bool) -> Iterator[tuple[str, str]]:
    """`server:` for what is typed behind an @, and behind that its resources.

    `first` says that the line begins with it: then what names a model is not a resource.
    """
    if (servers := servers_of(chat)) is None:
        return
    begun, colon, _ = typed.partition(":")
    for name, state in servers.states().items():
        if "@" in name or (first and _asks(chat, f"{name}:x")):
            continue
        if not colon:
            yield f"{name}:", f"MCP server, {state}"
        elif name == begun and state == "ready":
            for one in servers.known_resources(name):
                word = f"{name}:{one.uri}"
                if not re.search(r"\s", one.uri) and not (first and _asks(chat, word)):
                    yield f"{word} ", _about(one.name, one.description)


def complete_prompts(servers: "Servers", args: str) -> Iterator[tuple[str, str]]:
    """`prompt SERVER NAME key=` as far as it is typed, quoted as /mcp reads it."""
    for name, state in servers.states().items():
        head = _prompts_of(name)
        if not args.startswith(head):
            yield head, state
        elif state == "ready":
            prompts = servers.known_prompts(name)
            chosen = next((one for one in prompts if args.startswith(_called(head, one) + " ")), None)
            if chosen is not None:
                yield from _keys(args, _called(head, chosen), chosen)
            else:
                for one in prompts:
                    yield _called(head, one) + " " * bool(one.arguments), _about(one.description)


def _keys(args: str, whole: str, prompt: "ServerPrompt") -> Iterator[tuple[str, str]]:
    """The arguments that are not given yet, in the place of the last word; nothing while a value is typed."""
    given, space, word = args[len(whole) :].rpartition(" ")
    try:
        done = {key.partition("=")[0] for key in shlex.split(given)}
    except ValueError:  # the blank stands inside quotation marks
        return
    if "=" in word:
        return
    for key, needed in prompt.arguments.items():
        if "=" not in key and key not in done:
            yield f"{whole}{given}{space}{shlex.quote(key)}=", "must be given" if needed else "may be left out"


def _prompts_of(server: str) -> str:
    return f"prompt {shlex.quote(server)} "


def _called(head: str, prompt: "ServerPrompt") -> str:
    return head + shlex.quote(prompt.name)


def _asks(chat: ChatContext, word: str) -> bool:
    """Whether the word behind an @ at the beginning of a line is read as a model."""
    try:
        return parse_ask(f"@{word} x", chat.models) is not None
    except ParlanceError:
        return True


def _about(*texts: str) -> str:
    from modules.text.plain_words import one_line

    return one_line(" · ".join(text for text in texts if text), ABOUT_CHARS)
