"""What a URL leads to, as a part of a message: by the rules of `fetch_url`, unasked where a person typed the URL."""

import asyncio
import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from modules.chat.input.attachment import Attachment
from modules.config import Config
from modules.errors import FileProblem, ToolFailed
from modules.llm.parts import Attached, Content, File, Text
from modules.tools.tool import ToolContext, as_output

_URL = re.compile(r"https?://\S+", re.I)
_NOTHING = "Nothing was attached."


def is_url(text: str) -> bool:
    """Whether this is the address of a page."""
    return _URL.fullmatch(text.strip()) is not None


async def load_page(url: str, config: Config) -> Attachment:
    """A picture or PDF as it is, else the text, as a file that is called as the URL. Raises FileProblem."""
    from modules.tools.web.fetch import fetch_url  # with the HTTP library, which no file needs

    context = ToolContext(
        Path.cwd(), config.data_folder, environment=config.child_environment,
        private_hosts=frozenset(host.lower() for host in config.settings.tools.private_hosts),
    )  # fmt: skip
    try:
        plan = await fetch_url.prepare({"url": url}, context)
        output = as_output(await _in_time(plan.do(context), plan.patience))
    except ToolFailed as error:
        raise FileProblem(error.message, cure=_NOTHING) from error
    parts = output.parts
    if output.is_error:
        raise FileProblem(parts[0].text if isinstance(parts[0], Text) else url, cure=_NOTHING)
    return Attachment(_named(parts, url))


async def _in_time(work: Any, patience: float) -> Any:
    try:
        async with asyncio.timeout(patience):
            return await work
    except TimeoutError as error:
        raise ToolFailed(f"It did not come within {patience:g} seconds.") from error


def _named(parts: Sequence[Content], url: str) -> Attached:
    """The one part that is attached: a picture or PDF as it is, else the text as a file."""
    media = next((part for part in parts if not isinstance(part, Text)), None)
    if media is not None:
        return replace(media, name=url)
    text = "\n".join(part.text for part in parts if isinstance(part, Text))
    return File("text/plain", base64.b64encode(text.encode(errors="replace")).decode("ascii"), url)
