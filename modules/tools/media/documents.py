"""The text of a PDF, page by page, read in a process of its own: a file that takes too long or too much is ended."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from modules.errors import FileProblem
from modules.tools.isolated_worker import IsolatedWorker

SECONDS = 20
MEMORY_BYTES = 1_000_000_000
LONGEST_CHARS = 1_000_000  # of text that one document can be


class Extract(Struct, frozen=True):
    """The text of a document, with a mark where each page begins; `note` says how much of it that is."""

    text: str
    note: str


async def text_of(data: bytes, name: str, environment: Mapping[str, str]) -> Extract:
    """The text of a PDF; takes up to SECONDS. `environment` is all that the process gets.

    Raises FileProblem for one that is encrypted, damaged, without pages, or whose pages hold no text.
    """
    worker = IsolatedWorker(page_texts, SECONDS, MEMORY_BYTES)
    lines = [line async for line in worker.answers(data, environment)]  # fewer where it took too long
    first: dict[str, Any] = json.loads(lines[0]) if lines else {"problem": "damaged"}
    if "problem" in first:
        raise _refusal(first["problem"], name)
    texts = [text for line in lines[1:] if not isinstance(text := json.loads(line), dict)]
    return _extract(texts, first["pages"], name)


def _refusal(problem: str, name: str) -> FileProblem:
    match problem:
        case "encrypted":
            return FileProblem(f"{name} is encrypted.", cure="Save a copy of it without a password, and attach that.")
        case "empty":
            return FileProblem(f"{name} has no pages.", cure="Open it to see that it is the right file.")
        case "pypdf":
            return FileProblem(
                f"{name} cannot be read: pypdf is not installed.", cure="Install it with: python -m pip install pypdf."
            )
        case "memory":
            return FileProblem(f"{name} takes too much memory to read.", cure="Attach a part of its pages.")
    return FileProblem(f"{name} is damaged: it cannot be read as a PDF.", cure="Save or download it once more.")


def _extract(texts: list[str | None], pages: int, name: str) -> Extract:
    """The extract from the text of each page that was come to; None is a page that is damaged."""
    filled = sum(1 for text in texts if text and text.strip())
    if not filled and len(texts) == pages:
        held = "its page is a picture or blank" if pages == 1 else "its pages are pictures or blank"
        raise FileProblem(
            f"{name} holds no text: {held}.",
            cure="Attach it as it is, and ask a model that reads PDF.",
        )
    if not filled:
        raise FileProblem(f"{name} takes too long to read.", cure="Attach a part of its pages.")
    pieces = [_piece(f"page {number} of {pages}", text) for number, text in enumerate(texts, 1)]
    note = f"the text of {_count(pages)}"
    if len(texts) < pages:
        left = f"page {pages}" if len(texts) + 1 == pages else f"pages {len(texts) + 1} to {pages}"
        pieces.append(f"[{left} of {pages} left out: the document is too long]")
        note = f"the text of the first {len(texts)} of {_count(pages)}; the document is too long"
    if blank := len(texts) - filled:
        note += f"; {_count(blank)} without text"
    return Extract("\n\n".join(pieces), note)


def _piece(page: str, text: str | None) -> str:
    if text is None:
        return f"[{page}: it cannot be read]"
    return f"[{page}]\n{text.strip()}" if text.strip() else f"[{page}: no text]"


def _count(pages: int) -> str:
    return "1 page" if pages == 1 else f"{pages} pages"


def page_texts(data: bytes) -> Iterator[bytes]:
    """Answers in JSON about a PDF: the number of its pages or a problem, then the text of each page."""
    try:
        for answer in _read(data):
            yield json.dumps(answer).encode()
    except ImportError:
        yield b'{"problem": "pypdf"}'
    except MemoryError:
        yield b'{"problem": "memory"}'
    except Exception:  # a damaged file makes a parser raise anything at all
        yield b'{"problem": "damaged"}'


def _read(data: bytes) -> Iterator[dict[str, str | int] | str | None]:
    import io

    from pypdf import PasswordType, PdfReader

    reader = PdfReader(io.BytesIO(data))
    # Many are encrypted with no password, only to forbid printing; those are for anyone to read.
    if reader.is_encrypted and _is_locked(reader, PasswordType.NOT_DECRYPTED):
        yield {"problem": "encrypted"}
        return
    pages = len(reader.pages)
    yield {"pages": pages} if pages else {"problem": "empty"}
    written = 0
    for page in reader.pages:
        try:
            text = page.extract_text()
        except MemoryError:
            raise
        except Exception:  # of one page; the others may be whole
            yield None
            continue
        room, written = LONGEST_CHARS - written, written + len(text)
        yield text if len(text) <= room else f"{text[:room]}\n[the rest of this page is left out]"
        if written >= LONGEST_CHARS:
            return


def _is_locked(reader: Any, locked: Any) -> bool:
    from pypdf.errors import DependencyError

    try:
        return bool(reader.decrypt("") == locked)
    except (DependencyError, NotImplementedError):  # a cipher that is not there
        return True
