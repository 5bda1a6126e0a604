"""The command about MCP servers: how they are, logging in, what they have changed, and what else they offer."""

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from modules.chat.command import Ask, ChatContext, command
from modules.chat.input.mcp_completion import complete_prompts, servers_of
from modules.chat.wording.phrases import count
from modules.errors import UsageError
from modules.llm.parts import Attached

if TYPE_CHECKING:  # loaded where there are servers, and never on the way to the first prompt
    from modules.mcp.servers import Servers
    from modules.mcp.status import Status

USAGE = (
    "It is /mcp, or /mcp with restart, login, logout, accept, log, prompt or resources, and a server's name behind it."
)
WORDS = {
    "restart": "stop a server and start it again",
    "login": "log in to a server in the browser",
    "logout": "forget that login",
    "accept": "show what a server has changed, then trust it",
    "log": "what a server wrote to standard error",
    "prompt": "a prompt of a server, to be edited and sent",
    "resources": "what can be attached as @server:uri",
}
OF_A_SERVER = ("restart", "login", "logout", "accept", "log", "prompt")


def complete_mcp(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """What can be done; behind that the servers, and behind "prompt" their prompts."""
    word, space, _ = args.partition(" ")
    if not space:
        yield from WORDS.items()
    elif word in OF_A_SERVER and (servers := servers_of(chat)):
        if word == "prompt":
            yield from complete_prompts(servers, args)
        else:
            yield from ((f"{word} {shlex.quote(name)}", state) for name, state in servers.states().items())


@command("/mcp [action] [server]", aliases=("servers",), complete=complete_mcp)
async def mcp(chat: ChatContext, args: str) -> Ask | None:
    """Show the MCP servers; restart one or log in.

    Servers stand in mcp.json of the config folder and start when tools are first needed.
    "/mcp restart NAME" starts one again.
    "/mcp login NAME" logs in to a server that asks for it, in the browser; "/mcp logout NAME" forgets that.
    "/mcp log NAME" shows what it wrote to standard error.
    "/mcp accept NAME" shows what a server has changed in its tools; typed again, it trusts that.
    "/mcp prompt" lists prompts; "/mcp prompt SERVER NAME key=value" puts one into the next message.
    "/mcp resources" lists what "@server:uri" in a message attaches. Tab completes both where the server runs.
    """
    if (servers := servers_of(chat)) is None:
        chat.screen.say(f"There are no MCP servers. {chat.config.mcp_file} would name them.")
        return None
    word, *rest = _words(args) or [""]
    match word, rest:
        case "", []:
            await servers.check()
            _list(chat, servers)
        case "login", [name]:
            await _login(chat, servers, name)
        case "logout", [name]:
            there = await servers.logout(name)
            chat.screen.say(f'Logged out of "{name}".' if there else f'There was no login to "{name}".')
        case "restart", [name]:
            await servers.restart(name)
            _list(chat, servers, name)
        case "accept", [name]:
            _accept(chat, servers, name)
        case "log", [name]:
            chat.screen.show("\n".join(servers.log(name)) or "It has written nothing.")
        case "prompt" | "prompts", []:
            rows = [
                (f"{one.server} {one.name}", _fields(one.arguments), one.description) for one in await servers.prompts()
            ]
            _table(chat, rows, "There are no prompts.")
        case "prompt", [name, prompt, *given]:
            await _prompt(chat, servers, name, prompt, given)
        case "resources", []:
            found = [(f"@{one.server}:{one.uri}", one.name, one.description) for one in await servers.resources()]
            _table(chat, found, "There are no resources.")
        case _:
            raise UsageError(f'"{args}" is not understood.', cure=USAGE)
    return None


def _words(args: str) -> list[str]:
    try:
        return shlex.split(args)
    except ValueError as error:
        raise UsageError("A quotation mark is open.", cure="Close it.") from error


def _list(chat: ChatContext, servers: "Servers", only: str = "") -> None:
    found = [one for one in servers.status() if only in ("", one.name)]
    if found:
        chat.screen.table([(one.name, one.state, _tools(one), one.where) for one in found])
    else:
        chat.screen.say("mcp.json names no server.")
    for trouble in () if only else servers.troubles:
        chat.screen.say(trouble)
    for one in found:
        if one.wants_login:
            chat.screen.say(f'{one.name} asks for a login. "/mcp login {one.name}" logs in.')
        elif one.trouble:
            more = f" /mcp log {one.name} shows more." if servers.log(one.name) else ""
            chat.screen.say(f"{one.name}: {one.trouble.rstrip('.')}.{more}")
        if one.changed:
            chat.screen.say(f"{one.name} has changed {', '.join(one.changed)}: /mcp accept {one.name} shows how.")


def _tools(one: "Status") -> str:
    """How many tools a server offers, as far as that is known."""
    if one.state == "disabled":
        return "not offered"
    if one.tools is None:
        return "tools not known" if one.state == "failed" else "tools not known yet"
    login = ", logged in" if one.logged_in else ""
    return count(one.tools, "tool") + ("" if one.state == "ready" else " when last seen") + login


async def _login(chat: ChatContext, servers: "Servers", name: str) -> None:
    """Show where to log in, and wait for the browser to come back; Ctrl+C ends the wait."""
    from modules.chat.terminal.browser import open_page

    async def show(url: str, port: int) -> None:
        opened = open_page(chat.config, url)
        chat.screen.say(f'{"The browser opens" if opened else "Open"} this page to log in to "{name}":')
        chat.screen.say(url)
        chat.screen.say(f"From another machine, forward the port first: ssh -L {port}:127.0.0.1:{port}. Ctrl+C stops.")

    async def login() -> bool:
        await servers.login(name, show)
        return True

    if await chat.running.run(login()):
        _list(chat, servers, name)
    else:
        chat.screen.say("Stopped. Nobody was logged in.")


def _accept(chat: ChatContext, servers: "Servers", name: str) -> None:
    try:
        accepted = servers.accept(name)
    except UsageError:  # it was not shown yet; of an unknown server the next line says so
        chat.screen.show(servers.difference(name))
        chat.screen.say(f'These tools are off. "/mcp accept {name}", typed again, trusts what they are now.')
        return
    chat.screen.say(f"Trusted: {', '.join(accepted)}." if accepted else f"{name} has changed nothing.")


async def _prompt(chat: ChatContext, servers: "Servers", name: str, prompt: str, given: list[str]) -> None:
    """Put a prompt into the next message, to be looked at before it is sent: with nothing in it that is not seen."""
    from modules.text.plain_words import plain

    pairs = [word.partition("=") for word in given]
    if wrong := next((key for key, sign, _ in pairs if not sign), ""):
        raise UsageError(f'"{wrong}" is not understood.', cure="What a prompt is given stands as key=value.")
    messages = await servers.prompt(name, prompt, {key: value for key, _, value in pairs})
    chat.draft = "\n\n".join(plain(message.text) for message in messages if message.text)
    chat.attachments += [part for message in messages for part in message.parts if isinstance(part, Attached)]


def _fields(arguments: dict[str, bool]) -> str:
    return " ".join(f"{name}=" if needed else f"[{name}=]" for name, needed in arguments.items())


def _table(chat: ChatContext, rows: Sequence[tuple[str, ...]], nothing: str) -> None:
    if rows:
        chat.screen.table(rows)
    else:
        chat.screen.say(nothing)
