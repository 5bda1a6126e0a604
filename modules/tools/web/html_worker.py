"""Reading HTML in a process of its own: a page that takes too long or too much memory is ended, and nothing waits."""

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import suppress

from modules.config import ROOT
from modules.errors import ToolFailed
from modules.tools.process_limits import limit
from modules.tools.tool import in_thread
from modules.tools.web import page

AT_ONCE_BYTES = 20_000  # of HTML that take less time to read than a process takes to start, whatever is in them
LONGEST_CHARS = 2_000_000  # of text that one page can be
MEMORY_BYTES = 700_000_000
SECONDS = 35  # longer than anyone waits; the process ends itself where nobody is left to end it

_START = f"import sys; sys.path.insert(0, sys.argv[1]); from {__name__} import main; main()"


async def text_of(data: bytes, media_type: str, charset: str, url: str, environment: Mapping[str, str]) -> str:
    """What `page.text_of` says; `environment` is all that the process gets. Raises ToolFailed as that does."""
    if len(data) <= AT_ONCE_BYTES or not page.may_be_html(data, media_type):
        text: str = await in_thread(page.text_of, data=data, media_type=media_type, charset=charset, url=url)
        return text
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", _START, str(ROOT), env=dict(environment), cwd=str(ROOT), start_new_session=True,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        request = json.dumps([media_type, charset, url]).encode()
        answer, _ = await process.communicate(request + b"\n" + data)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if not answer:
        raise ToolFailed(f"{url} cannot be read: its HTML ended the process that read it.")
    text, failure = json.loads(answer)
    if failure:
        raise ToolFailed(failure)
    return text


def main() -> None:
    """Read the page on the standard input, and answer with its text and what went wrong, as JSON."""
    limit(SECONDS, MEMORY_BYTES)
    media_type, charset, url = json.loads(sys.stdin.buffer.readline())
    text = failure = ""
    try:
        text = page.text_of(sys.stdin.buffer.read(), media_type, charset, url)
    except ToolFailed as failed:
        failure = failed.message
    except MemoryError:
        failure = f"{url} cannot be read: its HTML needs too much memory."
    if len(text) > LONGEST_CHARS:
        text = f"{text[:LONGEST_CHARS]}\n\n[the text is longer than {LONGEST_CHARS} characters; the rest is left out]"
    sys.stdout.write(json.dumps([text, failure]))
