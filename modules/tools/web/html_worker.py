"""Reading HTML in a process of its own: a page that takes too long or too much memory is ended, and nothing waits."""

import json
from collections.abc import Iterator, Mapping

from modules.daemon_thread import in_thread
from modules.errors import ToolFailed
from modules.tools.isolated_worker import IsolatedWorker
from modules.tools.web import page

AT_ONCE_BYTES = 20_000  # of HTML that take less time to read than a process takes to start, whatever is in them
LONGEST_CHARS = 2_000_000  # of text that one page can be
MEMORY_BYTES = 700_000_000
SECONDS = 35  # longer than anyone waits; the process ends itself where nobody is left to end it


async def text_of(data: bytes, media_type: str, charset: str, url: str, environment: Mapping[str, str]) -> str:
    """What `page.text_of` says; `environment` is all that the process gets. Raises ToolFailed as that does."""
    if len(data) <= AT_ONCE_BYTES or not page.may_be_html(data, media_type):
        text: str = await in_thread(page.text_of, data=data, media_type=media_type, charset=charset, url=url)
        return text
    request = json.dumps([media_type, charset, url]).encode() + b"\n" + data
    answer = await IsolatedWorker(page_text, SECONDS, MEMORY_BYTES).answer(request, environment)
    if not answer:
        raise ToolFailed(f"{url} cannot be read: its HTML ended the process that read it.")
    text, failure = json.loads(answer)
    if failure:
        raise ToolFailed(failure)
    return text


def page_text(request: bytes) -> Iterator[bytes]:
    """One answer in JSON: the text of the page that follows the first line of the request, and what went wrong."""
    about, _, data = request.partition(b"\n")
    media_type, charset, url = json.loads(about)
    text = failure = ""
    try:
        text = page.text_of(data, media_type, charset, url)
    except ToolFailed as failed:
        failure = failed.message
    except MemoryError:
        failure = f"{url} cannot be read: its HTML needs too much memory."
    if len(text) > LONGEST_CHARS:
        text = f"{text[:LONGEST_CHARS]}\n\n[the text is longer than {LONGEST_CHARS} characters; the rest is left out]"
    yield json.dumps([text, failure]).encode()
