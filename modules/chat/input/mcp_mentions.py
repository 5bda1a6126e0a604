"""Resources of MCP servers in a message: `@server:uri` attaches what it holds."""

import base64
import re
from typing import assert_never

from modules.chat.command import ChatContext
from modules.llm.parts import Attached, Content, File, Image, Text

_NAMED = re.compile(r"(?:^|\s)@([^\s:@]+):(\S+)")


def named(chat: ChatContext, line: str) -> list[tuple[str, str]]:
    """Server and URI of each resource that the line names. Nothing is started, nor loaded where no server is."""
    found = _NAMED.findall(line)
    if not found or not chat.config.mcp_file.exists() or (servers := chat.tooling.servers) is None:
        return []
    names = {one.name for one in servers.status()}
    return list(dict.fromkeys((server, uri) for server, uri in found if server in names))


async def attach(chat: ChatContext, resources: list[tuple[str, str]]) -> bool:
    """Attach these to the next message, once each, and say True. Raises ToolFailed for what cannot be read."""
    servers = chat.tooling.servers
    for server, uri in resources:
        name = f"{server}:{uri}"
        if servers is None or any(part.name.partition(" ")[0] == name for part in chat.attachments):
            continue
        for number, part in enumerate(await servers.read(server, uri), 1):
            chat.attachments.append(_attached(part, name if number == 1 else f"{name} {number}"))
    return True


def _attached(part: Content, name: str) -> Attached:
    match part:
        case Text(text):
            return File("text/plain", base64.b64encode(text.encode()).decode(), name)
        case Image(media_type, data):
            return Image(media_type, data, name)
        case File(media_type, data):
            return File(media_type, data, name)
        case _:
            assert_never(part)
